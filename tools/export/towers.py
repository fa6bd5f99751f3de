"""Image towers with a second output: vectors for the parts of a picture, in the space of whole pictures.

In a transformer, attention mixes the parts, and the last block's output for a part says little of it. Its values,
taken past the attention and led on as the whole picture's vector is, do (Zhou, Loy and Dai, Extract Free Dense Labels
from CLIP, ECCV 2022). CLIP's residual networks end in an attention of their own, SigLIP in one with a learned
question: there the same is done with that. Where the mean over places is taken (ConvNeXt, FastViT of MobileCLIP),
each place is led on alone.
"""
import torch
from torch.nn.functional import linear


class Parts(torch.nn.Module):
    """An image tower that gives the whole picture's vector and its parts'."""

    def __init__(self, whole, parts, *modules):
        super().__init__()
        self.whole, self.parts = whole, parts
        self.modules_used = torch.nn.ModuleList(modules)

    def forward(self, pixel_values):
        return self.whole(pixel_values), self.parts(pixel_values)


def with_parts(original):
    """The image tower with vectors of parts, or None where there is no sound way to have them. The trunk is computed
    twice in the module and once in the graph: what is the same is joined when the graph is simplified."""
    v = original.vision_module
    kind = type(v).__name__
    if kind == 'VisionTransformer' and v.attn_pool is None and v.pool_type == 'tok':
        return Parts(v, lambda x: vit(v, x), v)
    if kind == 'ModifiedResNet':
        return Parts(v, lambda x: resnet(v, x), v)
    if kind == 'TimmModel':
        trunk = v.trunk
        name = type(trunk).__name__
        if name == 'VisionTransformer' and trunk.attn_pool is not None:
            return Parts(v, lambda x: v.head(pooled(trunk, x)), v)
        if name == 'VisionTransformer' and trunk.global_pool == 'token':
            return Parts(v, lambda x: v.head(timm_vit(trunk, x)), v)
        if name == 'ConvNeXt':
            return Parts(v, lambda x: v.head(trunk.head.norm(trunk.forward_features(x)).flatten(2).transpose(1, 2)), v)
        if name == 'FastVit':
            return Parts(v, lambda x: v.head(trunk.head.fc(trunk.forward_features(x).flatten(2).transpose(1, 2))), v)
        return None
    if kind == 'Embeds':
        model = v.modules_used[0]
        if model.config.model_type == 'clip':
            return Parts(v, lambda x: hf_clip(model, x), v)
        if model.config.model_type.startswith('siglip'):
            return Parts(v, lambda x: hf_siglip(model, x), v)
    return None


def vit(v, x):
    x = v._embeds(x)
    blocks = v.transformer.resblocks
    for block in blocks[:-1]:
        x = block(x)
    last = blocks[-1]
    y, attn = last.ln_1(x), last.attn
    d = y.shape[-1]
    values = linear(y, attn.in_proj_weight[2 * d:], attn.in_proj_bias[2 * d:])
    parts = last.ls_1(attn.out_proj(values))[:, 1:]
    return v.ln_post(parts) @ v.proj


def resnet(v, x):
    x = v.stem(x)
    for layer in (v.layer1, v.layer2, v.layer3, v.layer4):
        x = layer(x)
    pool = v.attnpool
    return pool.c_proj(pool.v_proj(x.flatten(2).transpose(1, 2)))


def pooled(trunk, x):
    x = trunk.forward_features(x)
    pool = trunk.attn_pool
    if pool.pos_embed is not None:
        x = x + pool.pos_embed.unsqueeze(0)
    d = x.shape[-1]
    bias = pool.kv.bias
    values = linear(x, pool.kv.weight[d:], None if bias is None else bias[d:])
    values = pool.proj(values)
    values = values + pool.mlp(pool.norm(values))
    return trunk.head(trunk.fc_norm(values))


def timm_vit(trunk, x):
    x = trunk.patch_embed(x)
    x = trunk._pos_embed(x)
    x = trunk.norm_pre(x)
    for block in trunk.blocks[:-1]:
        x = block(x)
    last = trunk.blocks[-1]
    y, attn = last.norm1(x), last.attn
    d = y.shape[-1]
    values = linear(y, attn.qkv.weight[2 * d:], None if attn.qkv.bias is None else attn.qkv.bias[2 * d:])
    parts = last.ls1(attn.proj(values))[:, trunk.num_prefix_tokens:]
    return trunk.head(trunk.fc_norm(trunk.norm(parts)))


def hf_clip(model, x):
    v = model.vision_model
    x = v.pre_layrnorm(v.embeddings(x))
    for layer in v.encoder.layers[:-1]:
        x = layer(x, None, None)[0]
    last = v.encoder.layers[-1]
    parts = last.self_attn.out_proj(last.self_attn.v_proj(last.layer_norm1(x)))[:, 1:]
    return model.visual_projection(v.post_layernorm(parts))


def hf_siglip(model, x):
    v = model.vision_model
    x = v(x).last_hidden_state
    head = v.head
    attn = head.attention
    d = x.shape[-1]
    values = attn.out_proj(linear(x, attn.in_proj_weight[2 * d:], attn.in_proj_bias[2 * d:]))
    return values + head.mlp(head.layernorm(values))
