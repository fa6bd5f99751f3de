"""Makes assets/ocr from the models that rapidocr-onnxruntime carries (PP-OCRv4, Apache-2.0).

The graphs stay as they are; their weights are kept in half precision and cast back when the
model is loaded, which halves the files. The characters of the recognition model, which its file
holds as metadata, are written beside it.

Usage: model.py FOLDER   (in a virtual environment with requirements.txt)
"""

import hashlib
import pathlib
import sys

import numpy as np
import onnx
import rapidocr_onnxruntime
from onnx import TensorProto, helper, numpy_helper

# What the numbers in docs were measured with.
DIGESTS = {
    "ch_PP-OCRv4_det_infer.onnx": "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
    "ch_PP-OCRv4_rec_infer.onnx": "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
}
MODELS = pathlib.Path(rapidocr_onnxruntime.__file__).parent / "models"


def half(model):
    """Replaces each constant of 64 numbers or more by one in half precision and a cast."""
    nodes = []
    for node in model.graph.node:
        if node.op_type == "Constant":
            value = next((a for a in node.attribute if a.name == "value"), None)
            array = numpy_helper.to_array(value.t) if value is not None else np.zeros(0)
            if array.dtype == np.float32 and array.size >= 64:
                small = array.astype(np.float16)
                if not np.isfinite(small).all():
                    raise SystemExit(f"{node.output[0]} does not fit half precision")
                name = node.output[0] + ".half"
                nodes.append(helper.make_node("Constant", [], [name], value=numpy_helper.from_array(small, name)))
                nodes.append(helper.make_node("Cast", [name], [node.output[0]], to=TensorProto.FLOAT))
                continue
        nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for source, name in (("ch_PP-OCRv4_det_infer.onnx", "detect.onnx"), ("ch_PP-OCRv4_rec_infer.onnx", "recognise.onnx")):
        data = (MODELS / source).read_bytes()
        if hashlib.sha256(data).hexdigest() != DIGESTS[source]:
            raise SystemExit(f"{source} is another file than the one that was checked")
        model = onnx.load_from_string(data)
        half(model)
        for prop in model.metadata_props:
            if prop.key == "character":
                (out / "characters.txt").write_text("\n".join(prop.value.splitlines()) + "\n", encoding="utf-8", newline="\n")
        del model.metadata_props[:]
        (out / name).write_bytes(model.SerializeToString(deterministic=True))
    for path in sorted(out.iterdir()):
        print(hashlib.sha256(path.read_bytes()).hexdigest(), path.name)


if __name__ == "__main__":
    main()
