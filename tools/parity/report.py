"""docs/parity.md from the rows of what was run."""
import importlib.metadata
import platform
import subprocess

import architectures

FAULTS = ['squash for crop, or crop for squash', 'blue for red', 'nearest neighbour', 'crop one pixel off', 'end of text one token early']

HEAD = """# How near Descry comes to the Python originals

Written by `make parity`. Published weights are not needed for this: every architecture of the catalogue is built in Python with the packages of its authors and with random weights from seeds, exported in the layout in which such models are published, and run through Descry. Both sides see the same {photos} sample photos and the same 200 texts in many languages, with emoji, long ones and odd spaces (`internal/parity/testdata/texts.json`).

- The photos are decoded in full, upright and without a colour profile. Python decodes them with Pillow and Descry with its own decoder; the SHA-256 of the pixels must be the same before anything is compared. From there on each side does all by itself: scaling, cropping, normalising, cleaning texts, token numbers, running the model, unit vectors.
- Python runs the model in PyTorch in float32, Descry the exported graph in ONNX Runtime on the CPU. Compared is the least cosine over all photos and all texts: at least 0.9999. With random weights all photos look alike, and what they share would hide a difference; so the mean of the original's vectors is taken off both and the cosine must still be 0.9999.
- int8 is the same export with 8-bit weights (signed, a scale for each channel; what flows through is quantised while it runs; convolutions stay in float32). It is compared with Python's ONNX Runtime on the very same graph (6 photos, 40 texts), where at least 0.9999 is asked, and its distance from the float32 original is reported. With random weights, which use their whole range, that distance is no forecast for trained ones.
- The last columns are planted faults: pictures squashed where they should be cropped (or cropped where they should be squashed), blue and red exchanged, nearest neighbour instead of the filter, the crop one pixel off, the end of the text one token early. Given is the least cosine without the mean on a few photos or texts; a fault that reached 0.9999 would fail the run. Networks of convolutions take a picture that is one pixel off for nearly the same, which is why the limit is that high.
- Token numbers must be the same for all 200 texts. CLIP's vocabulary is the original one. Those of XLM-RoBERTa, NLLB, SigLIP (T5's kind), Gemma and BERT are not in packages; others stand in, trained by the same tool with the same normaliser and the same special tokens (`tools/parity/vocabularies.py`).

Small models of every family are compared in the same way by `go test ./internal/parity`, which needs no Python.
"""


def commit(root):
    return subprocess.run(['git', 'rev-parse', '--short', 'HEAD'], cwd=root, capture_output=True, text=True).stdout.strip()


def versions():
    packages = ['torch', 'torchvision', 'open_clip_torch', 'timm', 'transformers', 'tokenizers', 'onnx', 'onnxruntime', 'numpy', 'pillow']
    return ', '.join(f'{p} {importlib.metadata.version(p)}' for p in packages) + f', Python {platform.python_version()}'


LIMIT = 0.9999  # as in internal/parity/parity_test.go


def passed(row):
    r = row['result']
    return min(r['Images'] + r['Texts'] + (r.get('Int8') or [])) >= LIMIT and r['WrongIDs'] == 0 and max(r['Faults'].values()) < LIMIT


def cosine(x):
    if x is None:
        return '–'
    return f'{x:.7f}' if x > 0.999 else f'{x:.4f}'


def mega(n):
    return f'{n / 1e6:.0f} M' if n < 9.95e9 else f'{n / 1e9:.1f} G'


def line(a, row):
    size = 'whole' if not a.depth else f'{a.depth} blocks'
    head = f'| {a.name} | {a.layout} | {size} |'
    if row is None:
        return head + ' not run |' + ' |' * 9
    if 'result' not in row:
        return head + f' failed: {row.get("error", "see the log")[:80]} |' + ' |' * 9
    r = row['result']
    return head + (f' {row["pixels"]} px, {row["dim"]} | {mega(row["parameters"])}, {mega(row["bytes"])}B | {cosine(r["Images"][0])} | {cosine(r["Images"][1])} | {cosine(r["Texts"][0])} | {cosine(r["Texts"][1])} | '
                   f'{"all" if not r["WrongIDs"] else str(200 - r["WrongIDs"])} | {"yes" if row["parts"] else "no"} | {"passed" if passed(row) else "**failed**"} |')


def line8(a, row):
    r = (row or {}).get('result', {})
    if not r:
        return f'| {a.name} | not run |' + ' |' * 9
    i8, far, faults = r.get('Int8') or [None, None], r.get('Distance') or [None, None], r['Faults']
    return f'| {a.name} | {cosine(i8[0])} | {cosine(i8[1])} | {cosine(far[0])} | {cosine(far[1])} | ' + ' | '.join(f'{faults[f]:.4f}' for f in FAULTS) + ' |'


def write(path, rows):
    out = [HEAD.format(photos=24)]
    for title, listed in (('At full size', architectures.WHOLE), ('All others', architectures.OTHERS)):
        out += [f'## {title}', '']
        if title == 'All others':
            out += ['Of these, the first two blocks of each transformer (and of each stage of ConvNeXt and FastViT) were kept; all else is as large as it is: widths, heads, pictures, vocabulary, residual networks.', '']
        out += ['| architecture | layout | depth | picture, vector | numbers, file | pictures | without mean | texts | without mean | token numbers | parts | result |', '|---|---|---|---|---|--:|--:|--:|--:|---|---|---|']
        out += [line(a, rows.get(a.name)) for a in listed]
        out += ['', '| architecture | int8 pictures, same graph | texts, same graph | int8 to float32 pictures | texts | squash or crop | blue for red | nearest | one pixel off | end of text |', '|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|']
        out += [line8(a, rows.get(a.name)) for a in listed]
        out.append('')
    ran = sorted({row.get('commit', '') for row in rows.values()} - {''})
    out += ['## How this was made', '', f'`make parity` installs the packages below into `build/py` and does all of the above, one model at a time; each export is deleted after its comparison. '
            '`make parity ONLY="RN50 ViT-B-16"` runs these alone. A row that was not run says so.', '', f'Versions: {versions()}; ONNX Runtime in Descry 1.30.0; commits {", ".join(ran)}.', '']
    path.write_text('\n'.join(out))
