"""Compares graphs with the Python original on pictures and texts."""
import pathlib

import numpy as np
import torch
from PIL import Image

import graphs
import towers

TEXTS = ['a photo of a dog', 'two children playing in the snow', 'a city at night, seen from a bridge', 'Grandma\'s birthday cake & candles', '  odd   spaces\tand a line\nbreak ',
         'ein Hund läuft über die Wiese', '日落时在海滩上奔跑的狗', '🐶 on the beach', 'x', 'the quick brown fox jumps over the lazy dog. ' * 20]


def photos(folder=None):
    """Pictures of a folder, or made ones."""
    if folder:
        return [Image.open(p).convert('RGB') for p in sorted(pathlib.Path(folder).glob('*.jpg'))]
    rng = np.random.default_rng(1)
    made = []
    for w, h in ((640, 480), (333, 500), (800, 300)):
        coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
        made.append(coarse.resize((w, h), Image.BICUBIC))
    return made


def unit(x):
    x = np.asarray(x, dtype=np.float64)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def cosines(a, b):
    """The least cosine of rows that belong together, and the least after the mean of the first set is taken off both."""
    a, b = unit(a), unit(b)
    mean = a.mean(0)
    centred = (unit(a - mean) * unit(b - mean)).sum(-1).min() if len(a) > 1 else float('nan')
    return float((a * b).sum(-1).min()), float(centred)


@torch.no_grad()
def images_of(original, pictures):
    return np.concatenate([original.image(original.prepare(p)[None]).float().numpy() for p in pictures])


@torch.no_grad()
def texts_of(original, texts, batch=4):
    rows = []
    for i in range(0, len(texts), batch):
        rows.append(original.text(**original.tokens(texts[i:i + batch])).float().numpy())
    return np.concatenate(rows)


def graph_images(original, path, pictures, half=False):
    s = graphs.Session(path, threads=2, half=half)
    name = next(iter(s.types))
    return np.concatenate([s.run({name: original.prepare(p)[None].numpy()})[0] for p in pictures])


@torch.no_grad()
def parts(original, path, pictures, half=False):
    """The least cosine of the vectors of parts with those that the module gives."""
    module, s = towers.with_parts(original), graphs.Session(path, half=half)
    name, least = next(iter(s.types)), 1.0
    for p in pictures[:3]:
        tensor = original.prepare(p)[None]
        least = min(least, cosines(module(tensor)[1][0].numpy(), s.run({name: tensor.numpy()}, ['patch_embeds'])[0][0])[0])
    return least


def graph_texts(original, path, texts, half=False):
    s = graphs.Session(path, threads=2, half=half)
    rows = []
    for t in texts:
        got = original.tokens([t])
        feeds = {k: v.numpy() for k, v in got.items()}
        if 'input_ids' in s.types and 'input_ids' not in feeds:
            feeds['input_ids'] = feeds.pop('text')
        rows.append(s.run(feeds)[0])
    return np.concatenate(rows)
