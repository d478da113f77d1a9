"""The graph of an ONNX file, read within limits: what goes in, what comes out, and how large it gets on the way.

bytes ─parse─▶ one input, one output, its last activation ─shapes of all between─▶ more than `[limits]` bytes? refused
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.media.limits import Limits, reason

ENDLESS = ("Loop", "Scan")  # how often they go round is not known before
PASSING = ("Identity", "Cast", "Squeeze", "Unsqueeze", "Reshape", "Flatten")  # nodes that change no value
ACTIVATIONS = {"Softmax": "softmax", "Sigmoid": "sigmoid"}
FLOATS = {1: "float32", 10: "float16"}
UNKNOWN_SIDE = 224  # stands for a side that the file leaves open, while sizes are added up
UNKNOWN_SAMPLES = 64_600
MOST_IN_ONE = 2_000_000_000  # bytes: what one protobuf message holds
DOCUMENT_BYTES = 1_000_000  # of a list of labels
NAMED = ("id2label", "labels", "classes", "names")


def read(path: Path, limits: Limits) -> tuple[bytes, dict[str, Any]]:
    """The graph as one file, and its facts: `input` and `output` (names), `shape` (None where it is open), `kind`, `activation`, `parameters`, `labels`."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except (DecodeError, ValueError, RuntimeError) as error:
        raise BadInput(f"{path.name} is no ONNX file that can be read ({reason(error)})") from error
    graph = model.graph
    _require_plain(path.name, graph)
    moved = _bring_inside(path, model, limits)
    given = {tensor.name for tensor in graph.initializer}
    inputs = [one for one in graph.input if one.name not in given]
    if len(inputs) != 1:
        names = ", ".join(one.name for one in inputs[:4]) or "none"
        raise BadInput(
            f"{path.name} takes {len(inputs)} inputs ({names}); only graphs with one are known here"
        )
    shape, kind = _input(path.name, inputs[0])
    _require_small(path.name, model, inputs[0], shape, limits)
    output = next(
        (one for one in graph.output if one.name == "logits"), graph.output[0] if graph.output else None
    )
    if output is None:
        raise BadInput(f"{path.name} has no output")
    found = {
        "input": inputs[0].name,
        "output": output.name,
        "shape": shape,
        "kind": kind,
        "activation": _activation(graph, output.name),
        "classes": _classes(output),
        "parameters": sum(math.prod(tensor.dims) for tensor in graph.initializer),
        "labels": _labels(path.name, model),
    }
    return model.SerializeToString() if moved else path.read_bytes(), found


def _require_plain(name: str, graph: Any) -> None:
    """Dense weights, and nothing that may go round for ever."""
    for one in _graphs(graph):
        if len(one.sparse_initializer):
            raise BadInput(f"{name} keeps sparse weights; export it with dense ones")
        endless = [node.op_type for node in one.node if node.op_type in ENDLESS]
        if endless:
            raise BadInput(
                f"{name} goes round in a {endless[0]}: how much it costs is not known, it is not opened"
            )


def _bring_inside(path: Path, model: Any, limits: Limits) -> bool:
    """Weights that exporters put into a file beside the graph, never from anywhere else. Whether there were any."""
    from onnx import external_data_helper

    tensors = [
        tensor for one in _graphs(model.graph) for tensor in _tensors(one) if tensor.data_location == 1
    ]
    total = path.stat().st_size
    for tensor in tensors:
        entries = {entry.key: entry.value for entry in tensor.external_data}
        place = entries.get("location", "")
        beside = path.parent / place
        if not place or Path(place).name != place or not beside.is_file() or beside.is_symlink():
            raise BadInput(
                f"{path.name} keeps weights in {place[:80] or 'another file'}, which is no file beside it; put it there"
            )
        total += math.prod(tensor.dims) * _bytes_of(tensor)
        if total > limits.bytes or total > MOST_IN_ONE:
            raise BadInput(
                f"{path.name} unpacks to more than {min(limits.bytes, MOST_IN_ONE):,} bytes, the limit"
            )
    try:
        if tensors:
            external_data_helper.load_external_data_for_model(model, str(path.parent))
            for tensor in tensors:
                del tensor.external_data[:]
                tensor.data_location = 0
    except (OSError, ValueError, RuntimeError) as error:
        raise BadInput(f"{path.name}: the weights beside it cannot be read ({reason(error)})") from error
    return bool(tensors)


def _tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t


def _bytes_of(tensor: Any) -> int:
    from onnx import helper

    return int(helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize)


def _graphs(graph: Any, depth: int = 0) -> Iterator[Any]:
    yield graph
    for node in graph.node if depth < 8 else ():
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _graphs(attribute.g, depth + 1)
            for inner in attribute.graphs:
                yield from _graphs(inner, depth + 1)


def _input(name: str, given: Any) -> tuple[list[int | None], str]:
    """Its shape, and whether that is pictures (channels first or last) or sound."""
    tensor = given.type.tensor_type
    shape = [
        one.dim_value if one.HasField("dim_value") and one.dim_value > 0 else None for one in tensor.shape.dim
    ]
    if tensor.elem_type not in FLOATS:
        raise BadInput(
            f"{name} takes whole numbers or words; only pictures and sound as real numbers are known here"
        )
    if len(shape) == 2:
        return shape, "audio"
    if len(shape) == 4 and 3 in (shape[1], shape[3]):
        return shape, "channels_first" if shape[1] == 3 else "channels_last"
    shown = " x ".join("?" if one is None else str(one) for one in shape)
    raise BadInput(f"{name} takes an input of {shown}; only pictures in colour and mono sound are known here")


def _require_small(name: str, model: Any, given: Any, shape: list[int | None], limits: Limits) -> None:
    """With one file going in, nothing on the way may be larger than a file may be."""
    import onnx

    known = onnx.ModelProto()
    known.CopyFrom(model)
    own = next(one for one in known.graph.input if one.name == given.name)
    for place, dimension in enumerate(own.type.tensor_type.shape.dim):
        if shape[place] is None:
            dimension.dim_value = 1 if not place else (UNKNOWN_SAMPLES if len(shape) == 2 else UNKNOWN_SIDE)
    try:
        inferred = onnx.shape_inference.infer_shapes(known, data_prop=True).graph
    except (onnx.shape_inference.InferenceError, ValueError, RuntimeError) as error:
        raise BadInput(f"{name} is no graph whose sizes can be told ({reason(error)})") from error
    sizes = [math.prod(tensor.dims) for tensor in inferred.initializer]
    for one in (*inferred.value_info, *inferred.output, *inferred.input):
        dims = [part.dim_value for part in one.type.tensor_type.shape.dim]
        sizes.append(math.prod(max(1, n) for n in dims))
    for node in inferred.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                sizes.append(math.prod(attribute.t.dims))
    most = 4 * max(sizes, default=0)
    if most > limits.bytes:
        raise BadInput(
            f"{name} makes a tensor of {most:,} bytes; the limit is {limits.bytes:,} (settings.toml, [limits] bytes)"
        )


def _activation(graph: Any, output: str) -> str:
    """What the last node does to the outputs; empty where they come as they are."""
    makers = {name: node for node in graph.node for name in node.output}
    for _ in range(len(PASSING)):
        node = makers.get(output)
        if node is None:
            return ""
        if node.op_type in ACTIVATIONS:
            return ACTIVATIONS[node.op_type]
        if node.op_type not in PASSING or not node.input:
            return ""
        output = node.input[0]
    return ""


def _classes(output: Any) -> int | None:
    """How many outputs a file gets; None where that is open, 0 where it gets no row of them."""
    dims = [one.dim_value for one in output.type.tensor_type.shape.dim]
    if len(dims) not in (0, 2):
        return 0
    return dims[1] if dims and dims[1] > 0 else None


def _labels(name: str, model: Any) -> dict[str, str]:
    """The names of the outputs where the file's own metadata has them."""
    for entry in model.metadata_props:
        if entry.key not in NAMED or len(entry.value) > DOCUMENT_BYTES:
            continue
        try:
            found = json.loads(entry.value)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{name}: its {entry.key} is no JSON ({type(error).__name__})") from error
        if isinstance(found, list):
            return {str(i): str(word) for i, word in enumerate(found)}
        if isinstance(found, dict):
            return {str(i): str(word) for i, word in found.items()}
    return {}
