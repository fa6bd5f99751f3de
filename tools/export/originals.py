"""Models as their authors publish them, in Python, with all that an export and a comparison ask of them.

An Original has the towers as modules, the original's own preprocessing and tokenizer, and in words what
both do. Everything comes from packages and local files; nothing is downloaded.
"""
import copy
import dataclasses
import json
import pathlib
import typing
import zipfile

import torch

import tokenizer as tok

OPENAI = {'mean': [0.48145466, 0.4578275, 0.40821073], 'std': [0.26862954, 0.26130258, 0.27577711]}


@dataclasses.dataclass
class Original:
    name: str
    dim: int
    image: typing.Callable  # tensor [N, 3, size, size] -> [N, dim]
    text: typing.Callable  # tensors as tokens() gives them -> [N, dim]
    prepare: typing.Callable  # a picture of Pillow -> tensor [3, size, size]
    tokens: typing.Callable  # list of texts -> dict of tensors, by the names of the text model's inputs
    vision_module: torch.nn.Module
    text_module: torch.nn.Module
    preprocess: dict  # size, resize, mode (crop, squash), interpolation, mean, std, rounding
    tokenizer: str  # tokenizer.json
    pad: str  # the token with which texts are filled up
    clean: str  # what is done to a text before the tokenizer
    context: int
    fill: bool  # whether texts are always filled up to context
    scale: float
    bias: float | None
    config: dict  # the model's configuration as its authors publish it
    inputs: list  # names of the text model's inputs


# --- open_clip

def open_clip_model(name, checkpoint=None, tag=None, preprocess=None, texts=None):
    """A model of open_clip by its name there. checkpoint is a file of weights (none: random ones); tag names the
    published weights whose preprocessing and activation are meant; texts is a folder with the configuration and tokenizer of a text
    tower that open_clip takes from transformers, which it would fetch otherwise."""
    import open_clip
    config = copy.deepcopy(open_clip.get_model_config(name))
    if config is None:
        raise SystemExit(f'open_clip {open_clip.__version__} has no model {name}')
    text_cfg = config['text_cfg']
    overrides = {}
    if 'hf_model_name' in text_cfg:
        if not texts:
            raise SystemExit(f'{name} takes its text tower from {text_cfg["hf_model_name"]}: give a folder with its config.json and tokenizer.json (--texts)')
        overrides['text_cfg'] = dict(text_cfg, hf_model_name=str(texts), hf_model_pretrained=False)
    prep = preprocess or open_clip_preprocess(name, tag)
    if quick_gelu(name, tag, checkpoint):
        config['quick_gelu'] = overrides['force_quick_gelu'] = True
    model = open_clip.create_model(name, load_weights=False, pretrained_text=False, force_preprocess_cfg=prep, **overrides)
    if checkpoint:
        # OpenAI's own files are TorchScript, which torch reads without running what else a pickle may hold.
        open_clip.load_checkpoint(model, str(checkpoint), weights_only=not torchscript(checkpoint))
    model.eval().float()
    prep = {**open_clip.transform.PreprocessCfg(**{k: v for k, v in model.visual.preprocess_cfg.items()}).__dict__}
    transform = open_clip.transform.image_transform_v2(open_clip.transform.PreprocessCfg(**prep), is_train=False)
    context = text_cfg.get('context_length', 77)
    kwargs = dict(text_cfg.get('tokenizer_kwargs', {}))
    if 'hf_tokenizer_name' in text_cfg:
        if not texts:
            raise SystemExit(f'{name} has the tokenizer of {text_cfg["hf_tokenizer_name"]}: give a folder with its tokenizer.json (--texts)')
        theirs = open_clip.tokenizer.HFTokenizer(str(texts), context_length=context, **kwargs)
        source, pad = theirs.tokenizer.backend_tokenizer, theirs.tokenizer.pad_token
        source.no_padding()
        source.no_truncation()
        source, clean = source.to_str(), kwargs.get('clean', 'whitespace')
    else:
        theirs = open_clip.tokenizer.SimpleTokenizer(context_length=context, **kwargs)
        source, pad, clean = tok.clip_json(theirs), '!', kwargs.get('clean', 'lower')
    size = prep['size'] if isinstance(prep['size'], int) else prep['size'][0]
    bias = getattr(model, 'logit_bias', None)
    return Original(
        name=name, dim=config['embed_dim'], image=model.visual, text=model.encode_text,
        prepare=transform, tokens=lambda texts: {'text': theirs(texts)},
        vision_module=model.visual, text_module=OpenCLIPText(model),
        preprocess={'size': size, 'resize': size, 'mode': {'shortest': 'crop', 'squash': 'squash'}[prep['resize_mode']],
                    'interpolation': prep['interpolation'], 'mean': list(prep['mean']), 'std': list(prep['std']), 'rounding': 'half-even'},
        tokenizer=source, pad=pad, clean=clean, context=context, fill=True, scale=float(model.logit_scale.detach().exp()),
        bias=None if bias is None else float(bias.detach()), config=config, inputs=['text'])


def open_clip_preprocess(name, tag=None):
    """The preprocessing of the published weights of a model, which must be the same for all of them or named by tag."""
    import open_clip
    tags = [tag] if tag else open_clip.list_pretrained_tags_by_model(name)
    known = []
    for t in tags:
        cfg = open_clip.get_pretrained_cfg(name, t)
        if not cfg:
            raise SystemExit(f'open_clip knows no weights {t} of {name}')
        cfg = {k: list(v) if isinstance(v, tuple) else v for k, v in cfg.items() if k in ('mean', 'std', 'interpolation', 'resize_mode')}
        if cfg not in known:
            known.append(cfg)
    if len(known) > 1:
        raise SystemExit(f'the weights of {name} have different preprocessing; name yours with --tag: {", ".join(tags)}')
    return known[0] if known else {}


def quick_gelu(name, tag, checkpoint):
    """Whether weights were trained with QuickGELU where the model's name does not say so: OpenAI's were, and some of
    others. open_clip's factory only warns of it, and the vectors would be others."""
    import open_clip
    tags = [tag] if tag else open_clip.list_pretrained_tags_by_model(name) if checkpoint else []
    quick = {bool((open_clip.get_pretrained_cfg(name, t) or {}).get('quick_gelu')) for t in tags}
    if len(quick) > 1:
        raise SystemExit(f'the weights of {name} have different activations; name yours with --tag: {", ".join(tags)}')
    return True in quick


def torchscript(path):
    return zipfile.is_zipfile(path) and any(n.endswith('/constants.pkl') for n in zipfile.ZipFile(path).namelist())


class OpenCLIPText(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, text):
        return self.model.encode_text(text)


# --- transformers

class Embeds(torch.nn.Module):
    """A tower of transformers whose vector is one of its model's outputs."""

    def __init__(self, run, inputs, *modules):
        super().__init__()
        self.run, self.inputs = run, inputs
        self.modules_used = torch.nn.ModuleList(modules)

    def forward(self, *args):
        return self.run(**dict(zip(self.inputs, args)))


def transformers_model(folder, model=None, processor=None, tokenizer=None):
    """A model of transformers (CLIP, SigLIP, SigLIP 2, a dual encoder) in a local folder; or, for a comparison, the
    model, image processor and tokenizer themselves."""
    import transformers
    if model is None:
        model = transformers.AutoModel.from_pretrained(folder, local_files_only=True)
        processor = transformers.AutoImageProcessor.from_pretrained(folder, local_files_only=True, use_fast=False)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model.eval().float()
    kind = model.config.model_type
    text_cfg = getattr(model.config, 'text_config', model.config)
    siglip = kind.startswith('siglip')
    # SigLIP 2 was trained on lower case; its tokenizer is Gemma's, which keeps capitals
    # (huggingface/transformers#43101 makes that the tokenizer's own doing).
    lower = siglip and text_cfg.vocab_size >= 256000
    inputs = ['input_ids'] if siglip else ['input_ids', 'attention_mask']
    if kind == 'vision-text-dual-encoder' and 'token_type_ids' in tokenizer.model_input_names:
        inputs.append('token_type_ids')
    context = min(text_cfg.max_position_embeddings, tokenizer.model_max_length)

    def tokens(texts):
        if lower:
            texts = [t.lower() for t in texts]
        got = tokenizer(texts, padding='max_length' if siglip else True, truncation=True, max_length=context, return_tensors='pt')
        return {name: got[name] for name in inputs}

    def image(pixel_values):
        return model.get_image_features(pixel_values=pixel_values)

    def text(**kw):
        return model.get_text_features(**kw)

    c = processor.to_dict()
    size = c['crop_size']['height'] if c.get('do_center_crop') else c['size'].get('height')
    resize = c['size'].get('shortest_edge', size)
    dim = model.config.projection_dim if not siglip else text_cfg.projection_size
    source = tokenizer.backend_tokenizer
    source.no_padding()
    source.no_truncation()
    bias = getattr(model, 'logit_bias', None)
    return Original(
        name=pathlib.Path(folder).name, dim=dim, image=image, text=text,
        prepare=lambda picture: processor(picture, return_tensors='pt')['pixel_values'][0], tokens=tokens,
        vision_module=Embeds(image, ['pixel_values'], model), text_module=Embeds(text, inputs, model),
        preprocess={'size': size, 'resize': resize, 'mode': 'crop' if c.get('do_center_crop') else 'squash',
                    'interpolation': {1: 'lanczos', 2: 'bilinear', 3: 'bicubic', 4: 'box'}[int(c['resample'])],
                    'mean': c['image_mean'], 'std': c['image_std'], 'rounding': 'floor'},
        tokenizer=source.to_str(), pad=tokenizer.pad_token, clean='lowercase' if lower else '', context=context, fill=siglip,
        scale=float(model.logit_scale.detach().exp()), bias=None if bias is None else float(bias.detach()),
        config=dict(model.config.to_dict(), processor=c), inputs=inputs)


# --- M-CLIP text towers, which go with OpenAI's image towers

class MultilingualCLIP(torch.nn.Module):
    """The text tower of M-CLIP (Carlsson et al., Cross-lingual and Multilingual CLIP, LREC 2022): the mean of a
    transformer's tokens, then a linear map into the space of an image tower. Its weights are named as in M-CLIP's own
    package."""

    def __init__(self, config, dim):
        super().__init__()
        import transformers
        self.transformer = transformers.AutoModel.from_config(config)
        self.LinearTransformation = torch.nn.Linear(config.hidden_size, dim)

    def forward(self, input_ids, attention_mask):
        tokens = self.transformer(input_ids=input_ids, attention_mask=attention_mask)[0]
        mask = attention_mask.to(tokens.dtype)
        mean = (tokens * mask.unsqueeze(2)).sum(1) / mask.sum(1)[:, None]
        return self.LinearTransformation(mean)


def mclip_config(folder):
    """The configuration of the transformer inside an M-CLIP tower, whose own names only what it is based on."""
    import transformers
    raw = json.loads((folder / 'config.json').read_text())
    if 'hidden_size' in raw:
        return transformers.AutoConfig.for_model(raw.pop('model_type'), **raw)
    if (folder / 'base_config.json').exists():
        return transformers.AutoConfig.for_model(**json.loads((folder / 'base_config.json').read_text()))
    if raw.get('modelBase') == 'xlm-roberta-large':
        return transformers.XLMRobertaConfig(vocab_size=250002, hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096,
                                             max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0, eos_token_id=2)
    raise SystemExit(f'{folder} is based on {raw.get("modelBase")}: put the config.json of that into it as base_config.json')


def mclip_model(image_name, texts, checkpoint=None, text_checkpoint=None, text=None, preprocess=None, tag='openai'):
    """An image tower of open_clip, OpenAI's unless tag names another, with an M-CLIP text tower: texts is a folder with its config.json,
    tokenizer.json and weights (pytorch_model.bin)."""
    import transformers
    base = open_clip_model(image_name, checkpoint, tag, preprocess or open_clip_preprocess(image_name, tag))
    tokenizer = transformers.AutoTokenizer.from_pretrained(texts, local_files_only=True)
    if text is None:
        text = MultilingualCLIP(mclip_config(pathlib.Path(texts)), base.dim)
        if text_checkpoint:
            got = text.load_state_dict(torch.load(text_checkpoint, map_location='cpu', weights_only=True), strict=False)
            lacks = [k for k in got.missing_keys if 'pooler' not in k and 'position_ids' not in k]
            if lacks:
                raise SystemExit(f'{text_checkpoint} lacks {", ".join(lacks[:5])}')
    text.eval()
    source = tokenizer.backend_tokenizer
    source.no_padding()
    source.no_truncation()

    def tokens(batch):
        got = tokenizer(batch, padding='max_length', truncation=True, max_length=77, return_tensors='pt')
        return {'input_ids': got['input_ids'], 'attention_mask': got['attention_mask']}
    return dataclasses.replace(
        base, text=text, text_module=text, tokens=tokens, tokenizer=source.to_str(), pad=tokenizer.pad_token, clean='',
        inputs=['input_ids', 'attention_mask'],
        config=dict(base.config, text_cfg={'context_length': 77, 'hf_tokenizer_name': pathlib.Path(texts).name}))
