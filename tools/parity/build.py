"""Builds the Python original of an architecture with weights from seeds."""
import contextlib
import copy
import json
import pathlib
import sys

import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / 'tools/export'))

import originals
import small  # noqa: F401 - registers the small towers
import vocabularies
import weights


@contextlib.contextmanager
def no_init():
    """Leaves out the random numbers that modules begin with: they are overwritten."""
    names = [n for n in dir(torch.nn.init) if n.endswith('_') and not n.startswith('_')]
    kept = {n: getattr(torch.nn.init, n) for n in names}
    for n in names:
        setattr(torch.nn.init, n, lambda tensor, *a, **k: tensor)
    try:
        yield
    finally:
        for n, f in kept.items():
            setattr(torch.nn.init, n, f)


def cut(module, depth):
    """Keeps the first blocks of every transformer."""
    for name, child in module.named_modules():
        if isinstance(child, (torch.nn.ModuleList, torch.nn.Sequential)) and name.rsplit('.', 1)[-1] in ('resblocks', 'blocks', 'layers', 'layer') and len(child) > depth:
            if type(child[0]).__name__.endswith(('Block', 'Layer')):
                del child[depth:]


def original(a, work):
    work = pathlib.Path(work)
    texts = None
    if a.words and a.words != 'clip' or a.text:
        import transformers
        config = None
        if a.text:
            config = transformers.AutoConfig.for_model(a.text['type'], **{k: v for k, v in a.text.items() if k != 'type'})
        texts = vocabularies.folder(work / 'texts', a.words, config)
    if a.kind in ('open_clip', 'mclip'):
        return open_clip(a, texts, work)
    return transformers_model(a, work)


def open_clip(a, texts, work):
    import open_clip
    name = a.model
    config = copy.deepcopy(a.config or open_clip.get_model_config(name))
    if a.depth:
        for tower in ('vision_cfg', 'text_cfg'):
            if isinstance(config[tower].get('layers'), int):
                config[tower]['layers'] = min(a.depth, config[tower]['layers'])
    name = ('siglip-' if 'siglip' in a.name.lower() else '') + 'parity'
    path = work / f'{name}.json'
    path.write_text(json.dumps(config))
    open_clip.add_model_config(path)
    with no_init():
        if a.kind == 'mclip':
            o = mclip(a, name, texts)
        else:
            o = originals.open_clip_model(name, preprocess=a.prep, texts=texts)
    o.name = a.name
    o.config = config
    if a.kind == 'mclip':
        o.config = dict(config, text_cfg={'context_length': 77, 'hf_tokenizer_name': 'M-CLIP'})
    if a.depth:
        cut(o.vision_module, a.depth)
        cut(o.text_module, a.depth)
    return o, fill(o)


def open_clip_dim(name):
    import open_clip
    return open_clip.get_model_config(name)['embed_dim']


def mclip(a, name, texts):
    import transformers
    config = transformers.AutoConfig.from_pretrained(texts)
    dim = open_clip_dim(name)
    return originals.mclip_model(name, texts, text=originals.MultilingualCLIP(config, dim), preprocess=a.prep)


def transformers_model(a, work):
    import transformers
    limit = {'clip': 77, 'siglip': 64, 'dual': 512}[a.kind]
    tokenizer = transformers.AutoTokenizer.from_pretrained(vocabularies.folder(work / 'words', a.words, limit=limit, merges=a.merges))
    c = copy.deepcopy(a.config)
    if a.kind == 'siglip' and c['text_config']['vocab_size'] >= 256000 and c['text_config']['hidden_size'] < 64:
        small_vocab = 1920  # the vocabulary's size tells the family; the fixture's rows that no text names are left out
    else:
        small_vocab = None
    with no_init():
        if a.kind == 'clip':
            model = transformers.CLIPModel(transformers.CLIPConfig(**c))
            processor = transformers.CLIPImageProcessor(size={'shortest_edge': c['vision_config']['image_size']}, crop_size=c['vision_config']['image_size'])
        elif a.kind == 'siglip':
            said = c['text_config']['vocab_size']
            c['text_config']['vocab_size'] = small_vocab or said
            model = transformers.SiglipModel(transformers.SiglipConfig(**c))
            model.config.text_config.vocab_size = said
            side = c['vision_config']['image_size']
            processor = transformers.SiglipImageProcessor(size={'height': side, 'width': side}, resample=3)
        else:
            v = transformers.ViTConfig(hidden_size=c['width'], num_hidden_layers=a.depth or c['layers'], num_attention_heads=c['heads'], intermediate_size=4 * c['width'], image_size=c['size'], patch_size=16)
            t = transformers.BertConfig(vocab_size=tokenizer.vocab_size, hidden_size=c['width'], num_hidden_layers=a.depth or c['layers'], num_attention_heads=c['heads'], intermediate_size=4 * c['width'])
            model = transformers.VisionTextDualEncoderModel(transformers.VisionTextDualEncoderConfig.from_vision_text_configs(v, t, projection_dim=c['dim']))
            processor = transformers.ViTImageProcessor(size={'height': c['size'], 'width': c['size']})
    if a.depth:
        cut(model, a.depth)
    o = originals.transformers_model(a.name, model, processor, tokenizer)
    return o, fill(o)


def fill(o):
    """Weights from seeds; their recipes by name, with the tensors they made."""
    made = {}
    for prefix, module in (('v.', o.vision_module), ('t.', o.text_module)):
        recipes = weights.fill(module)
        tensors = dict(module.named_parameters())
        tensors.update(module.named_buffers())
        made.update({prefix + n: (r, tensors[n]) for n, r in recipes.items()})
    # A module in both towers was filled twice: what it holds now is what the later recipe says.
    return made
