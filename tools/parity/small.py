"""Small image towers of timm: the published ones' own makers, with few and narrow layers."""
from timm.models import convnext, eva, fastvit, vision_transformer
from timm.models._registry import register_model
from timm.models.vision_transformer_hybrid import ConvStem, _create_vision_transformer_hybrid

NARROW = {'embed_dim': 32, 'depth': 2, 'num_heads': 2, 'img_size': 64}


@register_model
def small_siglip(pretrained=False, **kw):
    return vision_transformer.vit_base_patch16_siglip_224(**NARROW, **kw)


@register_model
def small_eva02(pretrained=False, **kw):
    return eva.eva02_base_patch16_clip_224(**NARROW, **kw)


@register_model
def small_convnext(pretrained=False, **kw):
    return convnext.convnext_base(depths=(1, 1, 1, 1), dims=(8, 16, 24, 32), **kw)


@register_model
def small_mci0(pretrained=False, **kw):
    return fastvit.fastvit_mci0(layers=(1, 1, 1, 1), embed_dims=(16, 32, 32, 64), **kw)


@register_model
def small_vit_mci(pretrained=False, **kw):
    stem = ConvStem(channels=(8, 8, 32), stride=(4, 2, 2), kernel_size=(4, 2, 2), padding=0, in_chans=3, act_layer=vision_transformer.nn.GELU)
    return _create_vision_transformer_hybrid('vit_base_mci_224', backbone=stem, embed_args={'proj': False}, no_embed_class=True, **NARROW, **kw)
