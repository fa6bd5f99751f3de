"""The architectures of the catalogue, and small ones of each family."""
import copy
import dataclasses

OPENAI_MEAN, OPENAI_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
OPENAI = {'mean': OPENAI_MEAN, 'std': OPENAI_STD, 'interpolation': 'bicubic', 'resize_mode': 'shortest'}
SIGLIP = {'mean': [0.5] * 3, 'std': [0.5] * 3, 'interpolation': 'bicubic', 'resize_mode': 'squash'}
MOBILE = {'mean': [0.0] * 3, 'std': [1.0] * 3, 'interpolation': 'bilinear', 'resize_mode': 'shortest'}


@dataclasses.dataclass
class Architecture:
    name: str
    kind: str  # open_clip, mclip, or of transformers: clip, siglip, dual
    layout: str = 'immich'
    model: str = ''  # name in open_clip
    config: dict = None  # the configuration, where it is not open_clip's own
    prep: dict = None
    words: str = ''  # the tokenizer, where it is not CLIP's: a name in vocabularies.py
    text: dict = None  # the configuration of a text tower of transformers
    merges: int = 0  # CLIP's vocabulary, cut after so many merges
    depth: int = 0  # blocks of each transformer that are kept; 0: all
    int8: bool = True


def xlmr(layers, width, heads, vocab=250002):
    return {'type': 'xlm-roberta', 'vocab_size': vocab, 'hidden_size': width, 'num_hidden_layers': layers, 'num_attention_heads': heads,
            'intermediate_size': 4 * width, 'max_position_embeddings': 514, 'type_vocab_size': 1, 'layer_norm_eps': 1e-5, 'pad_token_id': 1, 'bos_token_id': 0, 'eos_token_id': 2}


def nllb(layers, width, heads, inner, vocab=256206, positions=1024):
    return {'type': 'm2m_100', 'vocab_size': vocab, 'd_model': width, 'encoder_layers': layers, 'decoder_layers': 1, 'encoder_attention_heads': heads, 'decoder_attention_heads': heads,
            'encoder_ffn_dim': inner, 'decoder_ffn_dim': 16, 'max_position_embeddings': positions, 'scale_embedding': True, 'activation_function': 'relu',
            'pad_token_id': 1, 'bos_token_id': 0, 'eos_token_id': 2}


def bert(layers, width, heads, vocab=501153):
    return {'type': 'bert', 'vocab_size': vocab, 'hidden_size': width, 'num_hidden_layers': layers, 'num_attention_heads': heads, 'intermediate_size': 4 * width}


def hf_clip(size, patch, vision, text, dim, act='quick_gelu', vocab=49408):
    (vl, vw, vh), (tl, tw, th) = vision, text
    return {'projection_dim': dim,
            'vision_config': {'image_size': size, 'patch_size': patch, 'hidden_size': vw, 'intermediate_size': 4 * vw, 'num_hidden_layers': vl, 'num_attention_heads': vh, 'hidden_act': act, 'projection_dim': dim},
            'text_config': {'hidden_size': tw, 'intermediate_size': 4 * tw, 'num_hidden_layers': tl, 'num_attention_heads': th, 'hidden_act': act, 'projection_dim': dim, 'vocab_size': vocab,
                            'max_position_embeddings': 77, 'bos_token_id': vocab - 2, 'eos_token_id': vocab - 1, 'pad_token_id': 1}}


def hf_siglip(size, patch, vision, inner, text=None, vocab=32000):
    layers, width, heads = vision
    tl, tw, th, ti = text or (layers, width, heads, inner)
    return {'vision_config': {'image_size': size, 'patch_size': patch, 'hidden_size': width, 'intermediate_size': inner, 'num_hidden_layers': layers, 'num_attention_heads': heads},
            'text_config': {'hidden_size': tw, 'intermediate_size': ti, 'num_hidden_layers': tl, 'num_attention_heads': th, 'vocab_size': vocab,
                            'max_position_embeddings': 64, 'projection_size': width}}


def clip(name, prep=OPENAI, **kw):
    return Architecture(name, 'open_clip', model=name, prep=prep, **kw)


# The four that began it and one each of SigLIP 2, XLM-R and NLLB, whole.
WHOLE = [
    clip('ViT-B-32'), clip('ViT-L-14'), clip('RN50x64'), clip('ViT-L-14-336'),
    clip('ViT-B-16-SigLIP2', SIGLIP, words='gemma'),
    clip('xlm-roberta-base-ViT-B-32', words='xlmr', text=xlmr(12, 768, 12)),
    clip('nllb-clip-base-siglip', SIGLIP, words='nllb', text=nllb(12, 1024, 16, 4096)),
]

# All others, with the first two blocks of each transformer and of each stage of ConvNeXt and FastViT, and all else as large as it is.
OTHERS = [
    clip('RN50'), clip('RN101'), clip('RN50x4'), clip('RN50x16'), clip('ViT-B-16'), clip('ViT-B-16-plus-240'), clip('ViT-B-32-256'), clip('ViT-B-32-quickgelu'), clip('ViT-B-16-quickgelu'),
    clip('ViT-L-14-quickgelu'), clip('ViT-H-14'), clip('ViT-H-14-378-quickgelu'), clip('ViT-g-14'),
    clip('convnext_base_w'), clip('convnext_large_d_320'), clip('EVA02-B-16'), clip('EVA02-L-14'),
    clip('ViT-B-16-SigLIP', SIGLIP, words='t5'), clip('ViT-B-16-SigLIP-i18n-256', SIGLIP, words='t5'), clip('ViT-L-16-SigLIP-384', SIGLIP, words='t5'),
    clip('ViT-SO400M-14-SigLIP-384', SIGLIP, words='t5'), clip('ViT-B-32-SigLIP2-256', SIGLIP, words='gemma'),
    clip('ViT-L-16-SigLIP2-256', SIGLIP, words='gemma'), clip('ViT-SO400M-16-SigLIP2-384', SIGLIP, words='gemma'), clip('ViT-gopt-16-SigLIP2-256', SIGLIP, words='gemma'),
    clip('MobileCLIP2-S0', MOBILE), clip('MobileCLIP-S1', MOBILE), clip('MobileCLIP-S2', MOBILE), clip('MobileCLIP-B', MOBILE), clip('MobileCLIP2-B', MOBILE), clip('MobileCLIP2-S3', dict(OPENAI, interpolation='bilinear')), clip('MobileCLIP2-S4', dict(OPENAI, interpolation='bilinear')), clip('MobileCLIP2-L-14', OPENAI),
    clip('xlm-roberta-large-ViT-H-14', words='xlmr', text=xlmr(24, 1024, 16)),
    clip('nllb-clip-large-siglip', SIGLIP, words='nllb', text=nllb(24, 1024, 16, 8192)),
    Architecture('M-CLIP XLM-R large with ViT-B-32', 'mclip', model='ViT-B-32', prep=OPENAI, words='xlmr', text=xlmr(24, 1024, 16)),
    Architecture('M-CLIP LaBSE with ViT-L-14', 'mclip', model='ViT-L-14', prep=OPENAI, words='bert', text=bert(12, 768, 12)),
    Architecture('CLIP ViT-B/32 of transformers', 'clip', 'transformers.js', config=hf_clip(224, 32, (12, 768, 12), (12, 512, 8), 512), words='clip'),
    Architecture('CLIP ViT-L/14@336 of transformers', 'clip', 'transformers.js', config=hf_clip(336, 14, (24, 1024, 16), (12, 768, 12), 768), words='clip'),
    Architecture('TinyCLIP ViT-8M-16-Text-3M', 'clip', 'transformers.js', config=hf_clip(224, 16, (10, 256, 4), (3, 256, 4), 512, 'gelu'), words='clip'),
    Architecture('TinyCLIP ViT-39M-16-Text-19M', 'clip', 'transformers.js', config=hf_clip(224, 16, (12, 512, 8), (6, 512, 8), 512, 'gelu'), words='clip'),
    Architecture('TinyCLIP ViT-40M-32-Text-19M', 'clip', 'transformers.js', config=hf_clip(224, 32, (12, 512, 8), (6, 512, 8), 512, 'gelu'), words='clip'),
    Architecture('SigLIP base-patch16-224 of transformers', 'siglip', 'transformers.js', config=hf_siglip(224, 16, (12, 768, 12), 3072), prep=SIGLIP, words='t5'),
    Architecture('SigLIP 2 base-patch16-256 of transformers', 'siglip', 'transformers.js', config=hf_siglip(256, 16, (12, 768, 12), 3072, vocab=256000), prep=SIGLIP, words='gemma'),
    Architecture('LiT: ViT-B/16 and BERT', 'dual', 'transformers.js', config={'dim': 512, 'size': 224, 'width': 768, 'layers': 12, 'heads': 12}, words='bert'),
]

# The 8-bit graph runs in the same runtime on both sides, so one of each kind shows what there is to see.
for a in OTHERS:
    a.depth = 2
    a.int8 = a.name in ('RN50', 'convnext_base_w', 'EVA02-B-16', 'ViT-B-16-SigLIP', 'MobileCLIP-S1', 'CLIP ViT-B/32 of transformers')

SMALL_TEXT = {'context_length': 77, 'vocab_size': 49408, 'width': 32, 'heads': 2, 'layers': 2}
SMALL_VIT = {'image_size': 64, 'layers': 2, 'width': 64, 'head_width': 32, 'patch_size': 16}


def small(name, vision, text_cfg, prep=OPENAI, dim=16, **kw):
    extra = kw.pop('extra', {})
    return Architecture(name, 'open_clip', config=dict({'embed_dim': dim, 'vision_cfg': vision, 'text_cfg': text_cfg}, **extra), prep=prep, int8=False, **kw)


def timm(name, pool, proj, size=64):
    return {'timm_model_name': name, 'timm_model_pretrained': False, 'timm_pool': pool, 'timm_proj': proj, 'timm_drop': 0.0, 'image_size': size}


def siglip_text(vocab, **kw):
    return dict({'context_length': 64, 'vocab_size': vocab, 'hf_tokenizer_name': 'stand-in', 'tokenizer_kwargs': {'clean': 'canonicalize'}, 'width': 32, 'heads': 2, 'layers': 2,
                 'no_causal_mask': True, 'proj_bias': True, 'pool_type': 'last', 'norm_kwargs': {'eps': 1e-6}}, **kw)


SIGMOID = {'init_logit_bias': -10, 'custom_text': True}
HF_TEXT = {'hf_model_name': 'stand-in', 'hf_tokenizer_name': 'stand-in'}

# Each family once in the layout in which it is published; fixtures of the Go tests. Vectors of few numbers keep them small.
SMALL = [
    small('vit', SMALL_VIT, SMALL_TEXT),
    small('vit-quickgelu', dict(SMALL_VIT, patch_size=8, image_size=40), SMALL_TEXT, extra={'quick_gelu': True}),
    small('resnet', {'image_size': 64, 'layers': [1, 1, 1, 1], 'width': 8, 'patch_size': None}, SMALL_TEXT, extra={'quick_gelu': True}),
    small('convnext', timm('small_convnext', '', 'linear', 64), SMALL_TEXT),
    small('convnext-d', timm('small_convnext', '', 'mlp', 96), SMALL_TEXT),
    small('eva02', timm('small_eva02', 'token', None), SMALL_TEXT, extra={'custom_text': True}),
    small('siglip', timm('small_siglip', 'map', 'none'), siglip_text(1520), SIGLIP, dim=32, extra=SIGMOID, words='t5'),
    small('siglip2', timm('small_siglip', 'map', 'none'), siglip_text(1920, act_kwargs={'approximate': 'tanh'}), SIGLIP, dim=32, extra=SIGMOID, words='gemma'),
    small('mobileclip', timm('small_mci0', 'avg', None, 128), dict(SMALL_TEXT, no_causal_mask=True), MOBILE, extra={'custom_text': True}),
    small('mobileclip-b', timm('small_vit_mci', 'token', None), SMALL_TEXT, MOBILE, extra={'custom_text': True}),
    small('xlm-roberta', SMALL_VIT, dict(HF_TEXT, hf_pooler_type='mean_pooler', hf_proj_type='mlp'), words='xlmr', text=xlmr(2, 32, 2, 1810)),
    small('nllb', timm('small_siglip', 'map', 'none'), dict(HF_TEXT, hf_proj_type='linear', hf_pooler_type='cls_pooler'), SIGLIP, dim=32, extra=SIGMOID, words='nllb', text=nllb(2, 16, 2, 32, 1610, 80)),
    Architecture('mclip', 'mclip', config={'embed_dim': 16, 'vision_cfg': SMALL_VIT, 'text_cfg': SMALL_TEXT, 'quick_gelu': True}, prep=OPENAI, words='xlmr', text=xlmr(2, 32, 2, 1810), int8=False),
    Architecture('hf-clip', 'clip', 'transformers.js', config=hf_clip(64, 16, (2, 64, 2), (2, 32, 2), 16, vocab=1514), words='clip', merges=1000, int8=False),
    Architecture('tinyclip', 'clip', 'transformers.js', config=hf_clip(64, 32, (1, 48, 2), (1, 32, 2), 16, 'gelu', 1514), words='clip', merges=1000, int8=False),
    Architecture('hf-siglip', 'siglip', 'transformers.js', config=hf_siglip(64, 16, (2, 32, 2), 64, vocab=1520), prep=SIGLIP, words='t5', int8=False),
    Architecture('hf-siglip2', 'siglip', 'transformers.js', config=hf_siglip(64, 16, (2, 32, 2), 64, vocab=256000), prep=SIGLIP, words='gemma', int8=False),
    Architecture('lit', 'dual', 'transformers.js', config={'dim': 16, 'size': 64, 'width': 32, 'layers': 2, 'heads': 2}, words='bert', int8=False),
]


def find(name):
    for a in WHOLE + OTHERS + SMALL:
        if a.name == name:
            return copy.deepcopy(a)
    raise SystemExit(f'no architecture {name}')
