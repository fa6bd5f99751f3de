"""Measures text-to-photo retrieval of a model bundle in Python, as the reference that the
program's own path is held against (internal/acceptance).

    pip install onnxruntime==1.30.0 tokenizers==0.23.3 pillow==13.0.0 numpy
    python tools/parity/captions.py MODEL_DIR CAPTIONS_DIR OUT.json [--vectors FILE.npz]

MODEL_DIR holds vision.onnx, text.onnx, tokenizer.json and preprocess.json. CAPTIONS_DIR holds
captions.json ({file: [captions]}) and photos/. Every caption is a query, its photo the one
right answer; R@k is the share of captions whose photo is among the first k. Ties go to the
photo that comes first by file name, as the program breaks them by photo id. Vectors are
rounded to float16 as the program stores them. The output holds figures only:
no photo, no caption, no vector.
"""

import argparse
import json
import os

import numpy as np

# ONNX Runtime reports on its users from 1.29 on, unless told not to before it is loaded.
os.environ.update(ORT_DISABLE_TELEMETRY="1", ORT_TELEMETRY_DISABLED="1")
import onnxruntime as ort
from PIL import Image
from tokenizers import Tokenizer


def session(path):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def tensor(path, conf):
    """Short side to the model's size (PIL bicubic, antialiased), centre crop, normalise."""
    size = conf["crop"]["size"]
    image = Image.open(path).convert("RGB")
    width, height = image.size
    if width <= height:
        target = (size, int(size * height / width))
    else:
        target = (int(size * width / height), size)
    if (width, height) != target:
        image = image.resize(target, Image.BICUBIC)
    left = int(round((target[0] - size) / 2.0))
    top = int(round((target[1] - size) / 2.0))
    image = image.crop((left, top, left + size, top + size))
    pixels = np.asarray(image, np.float32)
    pixels = (pixels - np.array(conf["mean"], np.float32)) / np.array(conf["std"], np.float32)
    return pixels.transpose(2, 0, 1)[None]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("captions")
    parser.add_argument("out")
    parser.add_argument("--vectors", help="also write the vectors, for experiments")
    args = parser.parse_args()

    with open(os.path.join(args.model, "preprocess.json")) as f:
        conf = json.load(f)
    with open(os.path.join(args.captions, "captions.json")) as f:
        captions = json.load(f)
    vision = session(os.path.join(args.model, "vision.onnx"))
    text = session(os.path.join(args.model, "text.onnx"))
    tokenizer = Tokenizer.from_file(os.path.join(args.model, "tokenizer.json"))
    tokenizer.enable_truncation(conf["text"]["max_length"])
    tokenizer.no_padding()

    names = sorted(captions)
    images = np.concatenate(
        [
            vision.run(None, {"pixel_values": tensor(os.path.join(args.captions, "photos", n), conf)})[0]
            for n in names
        ]
    )
    queries, owner = [], []
    for i, name in enumerate(names):
        for caption in captions[name]:
            ids = np.array([tokenizer.encode(caption).ids], np.int64)
            queries.append(text.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0])
            owner.append(i)
    queries, owner = np.stack(queries), np.array(owner)

    stored = images.astype(np.float16).astype(np.float32)
    scores = queries @ stored.T
    own = scores[np.arange(len(owner)), owner]
    ahead = (scores > own[:, None]).sum(1)
    level = (scores == own[:, None]) & (np.arange(len(names))[None] < owner[:, None])
    rank = 1 + ahead + level.sum(1)

    figures = {
        "photos": len(names),
        "queries": len(owner),
        "recall_at_1": round(float((rank <= 1).mean()) * 100, 2),
        "recall_at_5": round(float((rank <= 5).mean()) * 100, 2),
        "recall_at_10": round(float((rank <= 10).mean()) * 100, 2),
        "mean_reciprocal_rank": round(float((1 / rank).mean()), 4),
        "onnxruntime": ort.__version__,
    }
    with open(args.out, "w") as f:
        json.dump(figures, f, indent=1)
        f.write("\n")
    print(json.dumps(figures, indent=1))
    if args.vectors:
        np.savez(args.vectors, images=images, queries=queries, owner=owner, names=names)


if __name__ == "__main__":
    main()
