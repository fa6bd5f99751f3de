"""Writes clipengine/preprocess/testdata/pillow.json: what Pillow makes of computed pictures.

    pip install pillow==10.4.0
    python tools/preprocess/reference.py > clipengine/preprocess/testdata/pillow.json

Each case is a picture of w by h pixels whose channels are a formula of x and y, and the
SHA-256 of its pixels after resizing and cropping as torchvision (half-even) or
transformers (floor) crop. Pillow is pinned: since version 13 it scales tall pictures, when they
are squashed, along y first, which rounds a few pixels differently from what models saw.
"""
import hashlib
import json
import sys

import PIL
from PIL import Image

FILTERS = {'bicubic': Image.BICUBIC, 'bilinear': Image.BILINEAR, 'lanczos': Image.LANCZOS, 'box': Image.BOX}
SHAPES = [(640, 480), (480, 640), (224, 224), (225, 224), (331, 500), (500, 331), (1023, 767), (100, 100), (61, 347),
          (3, 5), (1, 1), (1, 900), (900, 1), (2000, 37), (448, 448), (260, 261), (1600, 1067)]


def picture(w, h):
    data = bytearray()
    for y in range(h):
        for x in range(w):
            data += bytes(((x * 7 + y * 3 + x * y // 5) & 255, (x * y + (x >> 3) * 29) & 255, 255 * ((x // 9 + y // 7) & 1)))
    return Image.frombytes('RGB', (w, h), bytes(data))


def offset(rest, rounding):
    return int(round(rest / 2.0)) if rounding == 'half-even' else rest // 2


def prepare(im, size, resize, mode, filt, rounding):
    w, h = im.size
    if mode == 'squash':
        return im.resize((size, size), FILTERS[filt])
    if w < h:
        nw, nh = resize, int(resize * h / w)
    else:
        nw, nh = int(resize * w / h), resize
    im = im.resize((nw, nh), FILTERS[filt])
    x, y = offset(nw - size, rounding), offset(nh - size, rounding)
    return im.crop((x, y, x + size, y + size))


def main():
    cases = []
    for w, h in SHAPES:
        im = picture(w, h)
        plans = [(224, 224, 'crop', 'bicubic', 'half-even'), (224, 224, 'crop', 'bicubic', 'floor'),
                 (260, 260, 'crop', 'bicubic', 'half-even'), (224, 256, 'crop', 'bilinear', 'half-even'),
                 (256, 256, 'squash', 'bicubic', 'half-even'), (384, 384, 'squash', 'bilinear', 'half-even'),
                 (99, 111, 'crop', 'lanczos', 'floor'), (64, 64, 'squash', 'box', 'half-even')]
        for size, resize, mode, filt, rounding in plans:
            if mode == 'crop' and max(w, h) > 20 * min(w, h):
                continue  # the whole resized picture, which only Pillow computes, would be huge
            out = prepare(im, size, resize, mode, filt, rounding)
            cases.append({'w': w, 'h': h, 'size': size, 'resize': resize, 'mode': mode, 'filter': filt,
                          'rounding': rounding, 'sha256': hashlib.sha256(out.tobytes()).hexdigest()})
    json.dump({'made_by': f'Pillow {PIL.__version__}', 'cases': cases}, sys.stdout, indent=0)
    sys.stdout.write('\n')


if __name__ == '__main__':
    main()
