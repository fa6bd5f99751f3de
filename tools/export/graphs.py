"""Modules to ONNX files, and those to 8-bit and half-precision ones."""
import pathlib
import warnings

import numpy as np
import onnx
import torch

OPSET = 17
# protobuf ends at 2 GB; above this, weights go into a file beside the graph.
LARGE = 1_900_000_000


def save(module, example, path, inputs, outputs, fold=True, length=False):
    """Writes a module's graph with a free batch axis, and with length a free second axis of its inputs; weights lie in one file beside it where they are large."""
    module.eval()  # the exporter gives back the mode it finds, to all that is inside
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    names = inputs + outputs
    size = sum(p.numel() * p.element_size() for p in module.parameters())
    raw = path if size < LARGE else path.parent / 'raw' / path.name
    raw.parent.mkdir(exist_ok=True)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter('ignore')
            got = module(*example)
            shapes = [list(t.shape) for t in (got if isinstance(got, tuple) else (got,))]
            torch.onnx.export(module, example, str(raw), dynamo=False, opset_version=OPSET, input_names=inputs, output_names=outputs,
                              dynamic_axes={n: {0: 'N', 1: 'L'} if length and n in inputs else {0: 'N'} for n in names}, do_constant_folding=fold)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    if raw != path:
        gather(raw, path)
        for f in raw.parent.iterdir():
            f.unlink()
        raw.parent.rmdir()
    share(path, shapes)


def gather(source, path):
    """Puts the weights, which the exporter leaves in a file each, into one."""
    model = onnx.load(str(source))
    onnx.save_model(model, str(path), save_as_external_data=True, all_tensors_to_one_file=True, location=path.name + '.data', size_threshold=1024)


def share(path, shapes):
    """Joins what is computed twice: equal nodes on equal inputs. The exporter writes a trunk that two outputs share
    once for each. And says the shape of each output, which the exporter does not always find."""
    model = onnx.load(str(path), load_external_data=False)
    graph = model.graph
    same, seen, kept, results = {}, {}, [], {o.name for o in graph.output}
    for node in graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = same.get(name, name)
        if node.op_type == 'Identity' and node.output[0] not in results:
            same[node.output[0]] = node.input[0]  # the exporter's way to use a weight twice
            continue
        twin = onnx.NodeProto()
        twin.CopyFrom(node)
        twin.ClearField('output')
        twin.ClearField('name')
        twin.ClearField('doc_string')
        key = twin.SerializeToString(deterministic=True) + bytes([len(node.output)])
        whole = all(a.type not in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS) for a in node.attribute)
        if key in seen and whole and not results & set(node.output):
            same.update(zip(node.output, seen[key]))
            continue
        seen.setdefault(key, list(node.output))
        kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)
    for port, shape in zip(graph.output, shapes):
        for dim, n in list(zip(port.type.tensor_type.shape.dim, shape))[1:]:
            dim.dim_value = n
    onnx.save_model(model, str(path))


def external(path):
    """Files beside a graph that hold its weights."""
    path = pathlib.Path(path)
    model = onnx.load(str(path), load_external_data=False)
    return sorted({e.value for t in model.graph.initializer for e in t.external_data if e.key == 'location'})


def int8(source, target):
    """Weights of matrix products to 8 bits, signed and with a scale for each channel; what flows through the graph
    is quantised while it runs (dynamic)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    target = pathlib.Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    total = pathlib.Path(source).stat().st_size + sum((pathlib.Path(source).parent / f).stat().st_size for f in external(source))
    quantize_dynamic(str(source), str(target), per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=['MatMul', 'Gemm', 'Gather'],
                     use_external_data_format=total > LARGE, extra_options={'MatMulConstBOnly': True})


def fp16(source, target):
    """Weights and what flows between them to half precision; inputs and outputs stay float32. On GPUs norms and
    softmax add up in float32 all the same."""
    from onnxruntime.transformers.float16 import convert_float_to_float16
    target = pathlib.Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    half = convert_float_to_float16(onnx.load(str(source)), keep_io_types=True)
    onnx.save_model(half, str(target), save_as_external_data=half.ByteSize() > LARGE, location=target.name + '.data')


class Session:
    """A graph on the CPU; half says that its weights are of half precision."""

    def __init__(self, path, threads=1, half=False):
        import onnxruntime as ort
        o = ort.SessionOptions()
        o.intra_op_num_threads = threads
        o.log_severity_level = 3
        # ONNX Runtime 1.30 crashes while it changes the layout of convolutions in half precision.
        self.s = ort.InferenceSession(str(path), o, providers=['CPUExecutionProvider'], disabled_optimizers=['NchwcTransformer'] if half else None)
        self.types = {i.name: {'tensor(int32)': np.int32, 'tensor(int64)': np.int64, 'tensor(float)': np.float32, 'tensor(float16)': np.float16}[i.type] for i in self.s.get_inputs()}

    def run(self, feeds, outputs=None):
        n = len(next(iter(feeds.values())))
        rows = []
        for i in range(n):
            rows.append(self.s.run(outputs, {k: v[i:i + 1].astype(self.types[k]) for k, v in feeds.items() if k in self.types}))
        return [np.concatenate([r[j] for r in rows]) for j in range(len(rows[0]))]
