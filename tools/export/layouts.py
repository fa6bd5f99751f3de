"""Writes an Original as a folder that Descry adds: in its own layout, or in one in which models are published."""
import hashlib
import json
import pathlib

import torch

import graphs
import towers


class Visual(torch.nn.Module):
    """As published for Immich: the vector has length 1 already."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, *args):
        return torch.nn.functional.normalize(self.inner(*args), dim=-1)


def write(original, folder, layout='descry', card=None, parts=True, fold=True):
    """Writes the folder and returns the paths of the two graphs and the name of the output for parts, or ''."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return {'descry': descry, 'immich': immich, 'transformers.js': transformers_js}[layout](original, folder, card or {}, parts, fold)


def pictures(o):
    return torch.zeros(1, 3, o.preprocess['size'], o.preprocess['size'])


def example(o, dtype):
    got = o.tokens(['a photo of two dogs'])
    return tuple(got[name].to(dtype) for name in o.inputs)


def dump(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + '\n')


def vision(o, path, wrap, input_name, output, parts, fold):
    tower = towers.with_parts(o) if parts else None
    if tower is None:
        graphs.save(wrap(o.vision_module), (pictures(o),), path, [input_name], [output], fold)
        return ''
    graphs.save(tower, (pictures(o),), path, [input_name], [output, 'patch_embeds'], fold)
    return 'patch_embeds'


def descry(o, folder, card, parts, fold):
    p = o.preprocess
    patches = vision(o, folder / 'vision.onnx', lambda m: m, 'pixel_values', 'image_embeds', parts, fold)
    text_inputs = ['input_ids'] if o.inputs == ['text'] else o.inputs
    save_text(o, folder / 'text.onnx', o.text_module, text_inputs, 'text_embeds', torch.int64, fold)
    resize = {'mode': 'squash' if p['mode'] == 'squash' else 'shortest_edge', 'size': p['resize'], 'interpolation': p['interpolation']}
    if p['mode'] == 'crop' and p['rounding'] == 'floor':
        resize['rounding'] = 'floor'
    config = {'image_size': p['size'], 'resize': resize,
              'mean': p['mean'], 'std': p['std'], 'text': {'max_length': o.context, 'clean': o.clean, 'fill': o.fill}, 'embed_dim': o.dim, 'logit_scale': o.scale}
    if o.bias is not None:
        config['logit_bias'] = o.bias
    dump(folder / 'preprocess.json', config)
    (folder / 'tokenizer.json').write_text(o.tokenizer)
    dump(folder / 'tokenizer_config.json', {'pad_token': o.pad})
    finish(o, folder, card, patches)
    return folder / 'vision.onnx', folder / 'text.onnx', patches


def save_text(o, path, module, names, output, dtype, fold):
    graphs.save(module, example(o, dtype), path, names, [output], fold, length=not o.fill)


def immich(o, folder, card, parts, fold):
    p = o.preprocess
    patches = vision(o, folder / 'visual/model.onnx', Visual, 'image', 'embedding', parts, fold)
    save_text(o, folder / 'textual/model.onnx', Visual(o.text_module), o.inputs, 'embedding', torch.int32, fold)
    dump(folder / 'config.json', o.config)
    dump(folder / 'visual/preprocess_cfg.json', {
        'size': [p['size'], p['size']], 'mode': 'RGB', 'mean': p['mean'], 'std': p['std'], 'interpolation': p['interpolation'],
        'resize_mode': 'squash' if p['mode'] == 'squash' else 'shortest', 'fill_color': 0})
    (folder / 'textual').mkdir(exist_ok=True)
    (folder / 'textual/tokenizer.json').write_text(o.tokenizer)
    dump(folder / 'textual/tokenizer_config.json', {'pad_token': o.pad, 'model_max_length': o.context})
    finish(o, folder, card, patches)
    return folder / 'visual/model.onnx', folder / 'textual/model.onnx', patches


def transformers_js(o, folder, card, parts, fold):
    if 'processor' not in o.config:
        raise SystemExit('the layout of transformers.js is for models of transformers; open_clip models have descry and immich')
    siglip = o.config['model_type'].startswith('siglip')
    image, text = ('pooler_output', 'pooler_output') if siglip else ('image_embeds', 'text_embeds')
    patches = vision(o, folder / 'onnx/vision_model.onnx', lambda m: m, 'pixel_values', image, parts, fold)
    save_text(o, folder / 'onnx/text_model.onnx', o.text_module, o.inputs, text, torch.int64, fold)
    config = {k: v for k, v in o.config.items() if k != 'processor'}
    dump(folder / 'config.json', plain(config))
    dump(folder / 'preprocessor_config.json', plain(o.config['processor']))
    (folder / 'tokenizer.json').write_text(o.tokenizer)
    dump(folder / 'tokenizer_config.json', {'pad_token': o.pad, 'model_max_length': o.context})
    finish(o, folder, card, patches)
    return folder / 'onnx/vision_model.onnx', folder / 'onnx/text_model.onnx', patches


def plain(value):
    return json.loads(json.dumps(value, default=str))


def finish(o, folder, card, patches):
    """bundle.json: what the other files do not say, and what every file must be."""
    about = {'name': card.get('name') or o.name, 'logit_scale': round(o.scale, 4)}
    if o.bias is not None:
        about['logit_bias'] = round(o.bias, 4)
    for key in ('licence', 'licence_note', 'source', 'languages'):
        if card.get(key):
            about[key] = card[key]
    if patches:
        about['patches'] = patches
    about['digests'] = {}
    for f in sorted(p for p in folder.rglob('*') if p.is_file() and p.name != 'bundle.json'):
        with f.open('rb') as data:
            about['digests'][f.relative_to(folder).as_posix()] = hashlib.file_digest(data, 'sha256').hexdigest()
    dump(folder / 'bundle.json', about)


def variant(o, source, target, layout, convert, card=None):
    """A second folder of the same model with converted graphs; its name says what they were converted to."""
    import shutil
    card = dict(card or {})
    card['name'] = f'{card.get("name") or o.name} ({convert.__name__})'
    source, target = pathlib.Path(source), pathlib.Path(target)
    names = {'descry': ('vision.onnx', 'text.onnx'), 'immich': ('visual/model.onnx', 'textual/model.onnx'),
             'transformers.js': ('onnx/vision_model.onnx', 'onnx/text_model.onnx')}[layout]
    for f in source.rglob('*'):
        if f.is_file() and f.suffix in ('.json', '.md'):
            (target / f.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(f, target / f.relative_to(source))
    convert(source / names[0], target / names[0])
    if convert is graphs.fp16:
        # For GPUs; texts are encoded on the CPU, which computes in float32 anyway.
        for name in [names[1], *(str(pathlib.Path(names[1]).parent / f) for f in graphs.external(source / names[1]))]:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)
    else:
        convert(source / names[1], target / names[1])
    patches = json.loads((source / 'bundle.json').read_text()).get('patches', '')
    finish(o, target, card, patches)
    return target / names[0], target / names[1], patches
