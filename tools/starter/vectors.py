"""Writes what Pillow and ONNX Runtime make of the sample photos with the starter model.

    pip install pillow==10.4.0 onnxruntime==1.30.0 numpy
    python tools/starter/vectors.py > internal/acceptance/testdata/sample-vectors.json
"""
import json
import os
import pathlib
import sys

import numpy as np

# ONNX Runtime reports on its users from 1.29 on, unless told not to before it is loaded.
os.environ.update(ORT_DISABLE_TELEMETRY='1', ORT_TELEMETRY_DISABLED='1')
import onnxruntime
from PIL import Image, ImageOps

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIZE = 260


def tensor(path):
    im = ImageOps.exif_transpose(Image.open(path)).convert('RGB')
    w, h = im.size
    w, h = (SIZE, int(SIZE * h / w)) if w < h else (int(SIZE * w / h), SIZE)
    im = im.resize((w, h), Image.BICUBIC)
    x, y = int(round((w - SIZE) / 2.0)), int(round((h - SIZE) / 2.0))
    a = np.asarray(im.crop((x, y, x + SIZE, y + SIZE)), np.float32)
    return ((a - 127) / 128).transpose(2, 0, 1)[None]


def main():
    o = onnxruntime.SessionOptions()
    o.intra_op_num_threads = 1
    s = onnxruntime.InferenceSession(str(ROOT / 'assets/starter/vision.onnx'), o, ['CPUExecutionProvider'])
    out = {}
    for p in sorted((ROOT / 'assets/samples').glob('*.jpg')):
        v = s.run(None, {'pixel_values': tensor(p)})[0][0]
        out[p.name] = [round(float(x), 5) for x in v]
    json.dump(out, sys.stdout, separators=(',', ':'))
    sys.stdout.write('\n')


if __name__ == '__main__':
    main()
