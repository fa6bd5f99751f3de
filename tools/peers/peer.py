"""One of the programs that Descry is measured beside. It gets ready, says its versions, and then does one round of work
for each line that it reads, so that whoever starts several can let them work in turns.

    python peer.py KIND GRAPH SIZE THREADS TENSORS PHOTOS [ARCHITECTURE]

KIND is ort-calls (one call per core), ort-threads (one call on all cores), torch, or rclip; with "-photos" behind it the
round begins with the JPEGs, else with float32 tensors [N,3,SIZE,SIZE] in the file TENSORS.
"""
import concurrent.futures
import importlib.metadata
import json
import os
import pathlib
import sys
import tempfile
import time

os.environ['ORT_DISABLE_TELEMETRY'] = '1'
import numpy as np
from PIL import Image

kind, graph, size, threads, tensors, photos = sys.argv[1:7]
size, threads, from_photos = int(size), int(threads), kind.endswith('-photos')
kind = kind.removesuffix('-photos')
paths = sorted(pathlib.Path(photos).glob('*.jpg'))
batch = 8


def given():
    return np.fromfile(tensors, np.float32).reshape(-1, 3, size, size)


def prepare(path):
    """CLIP's preprocessing as torchvision and open_clip do it with Pillow."""
    image = Image.open(path).convert('RGB')
    w, h = image.size
    k = size / min(w, h)
    image = image.resize((max(size, round(w * k)), max(size, round(h * k))), Image.Resampling.BICUBIC)
    left, top = (image.width - size) // 2, (image.height - size) // 2
    x = np.asarray(image.crop((left, top, left + size, top + size)), np.float32) / 255
    x = (x - np.float32([0.48145466, 0.4578275, 0.40821073])) / np.float32([0.26862954, 0.26130258, 0.27577711])
    return np.ascontiguousarray(x.transpose(2, 0, 1))


def session(intra):
    import onnxruntime
    o = onnxruntime.SessionOptions()
    o.intra_op_num_threads, o.log_severity_level = intra, 3
    return onnxruntime.InferenceSession(graph, o, providers=['CPUExecutionProvider'])


def ort_calls():
    s, pool = session(1), concurrent.futures.ThreadPoolExecutor(threads)
    name, out = s.get_inputs()[0].name, s.get_outputs()[0].name
    if from_photos:
        return lambda: list(pool.map(lambda p: s.run([out], {name: prepare(p)[None]}), paths))
    return lambda xs=given(): list(pool.map(lambda x: s.run([out], {name: x[None]}), xs))


def batches(pool):
    """Batches of prepared photos, each made while the one before is being encoded."""
    if not from_photos:
        xs = given()
        return lambda: (xs[i:i + batch] for i in range(0, len(xs), batch))

    def read():
        futures = [pool.submit(prepare, p) for p in paths]
        for i in range(0, len(futures), batch):
            yield np.stack([f.result() for f in futures[i:i + batch]])
    return read


def ort_threads():
    s, read = session(threads), batches(concurrent.futures.ThreadPoolExecutor(threads))
    name, out = s.get_inputs()[0].name, s.get_outputs()[0].name
    return lambda: [s.run([out], {name: x}) for x in read()]


def eager():
    import open_clip
    import torch
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model, read = open_clip.create_model(sys.argv[7], pretrained=None).eval(), batches(concurrent.futures.ThreadPoolExecutor(threads))

    def work():
        with torch.inference_mode():
            return [model.encode_image(torch.from_numpy(x), normalize=True).numpy() for x in read()]
    return work


def rclip():
    from rclip import db, main, model, model_download
    # Its published weights are not here: a graph of the same architecture is run by the session that it makes itself.
    inner = model_download._load_onnx_session(graph)

    class Session:
        def get_inputs(self):
            return inner.get_inputs()

        def run(self, _, feed):
            return inner.run([inner.get_outputs()[0].name], {inner.get_inputs()[0].name: feed['input']})
    model_download.load_visual_query_session = Session
    m = model.Model()
    if not from_photos:
        xs = list(given())
        return lambda: [m.compute_preprocessed_image_features(xs[i:i + batch], for_indexing=True) for i in range(0, len(xs), batch)]

    def work():
        with tempfile.TemporaryDirectory() as d:
            database = db.DB(pathlib.Path(d) / 'rclip.db')
            r = main.RClip(m, database, batch, None)
            r._index_images((str(p), {'modified_at': p.stat().st_mtime, 'size': p.stat().st_size}) for p in paths)
            database.commit()
            r.close()
            n = database._con.execute('SELECT count(*) FROM images').fetchone()[0]
            database.close()
            assert n == len(paths), n
    return work


round_of_work = {'ort-calls': ort_calls, 'ort-threads': ort_threads, 'torch': eager, 'rclip': rclip}[kind]()
round_of_work()
versions = {}
for name in ('onnxruntime', 'torch', 'open_clip_torch', 'rclip', 'pillow', 'numpy'):
    try:
        versions[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(versions), flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    round_of_work()
    print(json.dumps(time.perf_counter() - start), flush=True)
