"""Makes a case: a model as a folder in its published layout, and what the Python original makes of the sample photos
and the texts with it.

    python tools/parity/case.py NAME FOLDER            for the Go test: go test ./internal/parity -case FOLDER
    python tools/parity/case.py --fixture NAME FILE.zip   a small one, whose weights come from their seeds
"""
import argparse
import hashlib
import json
import pathlib
import shutil
import tempfile
import time
import zipfile

import build  # first: it finds tools/export

import numpy as np
import onnx
import torch
from PIL import Image

import architectures
import check
import graphs
import layouts
import weights

ROOT = build.ROOT
SAMPLES = ROOT / 'assets/samples'
TEXTS = ROOT / 'internal/parity/testdata/texts.json'
# How many photos and texts the 8-bit graphs are compared on.
PHOTOS8, TEXTS8 = 6, 40
PLACES = {'immich': 'bundle/textual/tokenizer.json', 'transformers.js': 'bundle/tokenizer.json', 'descry': 'bundle/tokenizer.json'}


def photos():
    return [(p.name, Image.open(p).convert('RGB')) for p in sorted(SAMPLES.glob('*.jpg'))]


def fingerprint(ids):
    return hashlib.sha256(','.join(str(int(i)) for i in ids).encode()).hexdigest()[:8]


def ids_of(o, texts):
    out = []
    for t in texts:
        got = o.tokens([t])
        row = got[o.inputs[0]][0]
        if not o.fill and 'attention_mask' in got:
            row = row[got['attention_mask'][0] > 0]
        out.append(fingerprint(row))
    return out


def make(a, folder, fold=True):
    """Writes the case and returns what only Python knows of it."""
    folder = pathlib.Path(folder)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as work:
        o, recipes = build.original(a, work)
        texts = json.loads(TEXTS.read_text())
        pictures = photos()
        images = check.images_of(o, [p for _, p in pictures])
        words = check.texts_of(o, texts)
        np.concatenate([check.unit(images), check.unit(words)]).astype('<f4').tofile(mkdir(folder) / 'vectors.f32')
        vision, text, patches = layouts.write(o, folder / 'bundle', a.layout, {'name': a.name}, fold=fold)
        case = {'Name': a.name, 'Layout': a.layout, 'Dim': o.dim, 'IDs': ids_of(o, texts),
                'Photos': [{'Name': n, 'SHA256': hashlib.sha256(p.tobytes()).hexdigest()[:16]} for n, p in pictures]}
        size = sum(f.stat().st_size for f in (folder / 'bundle').rglob('*.onnx*'))
        vision_module, text_module, o.vision_module, o.text_module, o.image, o.text = o.vision_module, o.text_module, None, None, None, None
        parameters = sum(p.numel() for p in {p for m in (vision_module, text_module) for p in m.parameters()})
        if fold:
            recipes = None
            del vision_module, text_module
        report = {'name': a.name, 'layout': a.layout, 'depth': a.depth, 'parts': bool(patches), 'bytes': size, 'pixels': o.preprocess['size'], 'dim': o.dim, 'parameters': parameters}
        if a.int8:
            v8, t8, _ = layouts.variant(o, folder / 'bundle', folder / 'bundle-int8', a.layout, graphs.int8)
            i8 = check.graph_images(o, v8, [p for _, p in pictures[:PHOTOS8]])
            w8 = check.graph_texts(o, t8, texts[:TEXTS8])
            case.update(Photos8=PHOTOS8, Texts8=TEXTS8)
            np.concatenate([check.unit(i8), check.unit(w8)]).astype('<f4').tofile(folder / 'vectors-int8.f32')
            report['bytes8'] = sum(f.stat().st_size for f in (folder / 'bundle-int8').rglob('*.onnx*'))
    (folder / 'case.json').write_text(json.dumps(case))
    report['seconds'] = round(time.monotonic() - start)
    (folder / 'report.json').write_text(json.dumps(report))
    return case, recipes


def mkdir(path):
    path.mkdir(parents=True, exist_ok=True)
    return path


# --- fixtures

def seeds(folder, recipes):
    """Moves weights that a recipe makes out of the graphs into files that are made again from the recipes."""
    known = {}
    for r, tensor in recipes.values():
        data = weights.values(r, tensor.numel())
        known[data.tobytes()] = (r, 0)
    listed = []
    for path in sorted((folder / 'bundle').rglob('*.onnx')):
        model = onnx.load(str(path))
        offset, name = 0, path.name + '.data'
        for t in list(model.graph.initializer):
            if t.data_type != onnx.TensorProto.FLOAT or np.prod(t.dims) < 24:
                continue
            data = onnx.numpy_helper.to_array(t).astype('<f4').tobytes()
            if data not in known:
                print('kept in the graph:', path.name, t.name, list(t.dims))
                continue
            r, _ = known[data]
            t.ClearField('raw_data')
            t.ClearField('float_data')
            t.data_location = onnx.TensorProto.EXTERNAL
            for k, v in (('location', name), ('offset', str(offset)), ('length', str(len(data)))):
                entry = t.external_data.add()
                entry.key, entry.value = k, v
            listed.append({'File': (path.parent / name).relative_to(folder).as_posix(), 'Offset': offset, 'Count': len(data) // 4, 'Seed': r['seed'], 'Scale': r['scale'], 'Shift': r['shift']})
            offset += (len(data) + 4095) // 4096 * 4096
        for node in model.graph.node:
            node.ClearField('doc_string')
        path.write_bytes(model.SerializeToString())
    return listed


def fixture(a, target):
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        case, recipes = make(a, folder, fold=False)
        case['Weights'] = seeds(folder, recipes)
        place = folder / PLACES[a.layout]
        case['Place'] = PLACES[a.layout]
        if a.words in ('xlmr', 't5', 'gemma'):
            case['Tokenizer'] = f'clipengine/tokenize/testdata/{a.words}.json.gz'
            place.unlink()
        elif a.words == 'nllb':
            case['Normalizer'] = 'clipengine/tokenize/testdata/xlmr.json.gz'
            t = json.loads(place.read_text())
            t['normalizer'] = None
            place.write_text(json.dumps(t, ensure_ascii=False))
        elif a.words == 'bert':
            case['Tokenizer'] = 'assets/starter/tokenizer.json'
            place.unlink()
        elif a.layout == 'immich':
            place.unlink()  # CLIP's own vocabulary is in the program
            case['Place'] = ''
        # The files are not whole without their weights, so their digests mean nothing.
        about = json.loads((folder / 'bundle/bundle.json').read_text())
        del about['digests']
        (folder / 'bundle/bundle.json').write_text(json.dumps(about))
        (folder / 'case.json').write_text(json.dumps(case, separators=(',', ':')))
        (folder / 'report.json').unlink()
        with zipfile.ZipFile(target, 'w', zipfile.ZIP_DEFLATED, compresslevel=9) as z:
            for f in sorted(p for p in folder.rglob('*') if p.is_file()):
                z.writestr(zipfile.ZipInfo(f.relative_to(folder).as_posix(), (2020, 1, 1, 0, 0, 0)), f.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    print(target, pathlib.Path(target).stat().st_size)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--fixture', action='store_true')
    ap.add_argument('name')
    ap.add_argument('target')
    args = ap.parse_args()
    torch.set_num_threads(2)
    a = architectures.find(args.name)
    if args.fixture:
        fixture(a, args.target)
    else:
        shutil.rmtree(args.target, ignore_errors=True)
        make(a, args.target)


if __name__ == '__main__':
    main()
