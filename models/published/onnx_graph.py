"""ONNX exports of classifiers: the graph is run as it is by onnxruntime, and its bytes are the detector's weights.

It gives no gradients: heat maps come from covering parts up. A graph that ends in softmax or sigmoid is read before it.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from models.cards import ModelCard
from models.published import labels, pictures, timm_folder
from models.published.base import ONNX_TENSOR, Family, Given, Match, Refused
from models.published.sound import sound_options
from models.published.usual_input import USUAL_INPUT, card_of

SMALLEST = 1e-7  # of a probability, before its logarithm
MOST_CLASSES = 1000
_sessions: weakref.WeakKeyDictionary[nn.Module, Any] = weakref.WeakKeyDictionary()


class OnnxNetwork(nn.Module):
    """Pictures (batch, 3, H, W) or sound (batch, samples) -> the outputs as they are before their last activation."""

    differentiable = False

    def __init__(self, size: int, graph: dict[str, Any], *, normalise: bool) -> None:
        super().__init__()
        self.register_buffer(ONNX_TENSOR, torch.zeros(size, dtype=torch.uint8))
        self.graph, self.normalise = graph, normalise
        self.classes = nn.Identity()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        if self.normalise:  # each recording to zero mean and unit variance
            inputs = functional.layer_norm(inputs, inputs.shape[1:], eps=1e-7)
        array = inputs.detach().float().cpu().numpy()
        if self.graph["kind"] == "channels_last":
            array = np.ascontiguousarray(array.transpose(0, 2, 3, 1))
        at_once = self.graph["shape"][0] or len(array)
        parts = [self._run(array[k : k + at_once], at_once) for k in range(0, len(array), at_once)]
        outputs = torch.from_numpy(np.concatenate(parts).astype(np.float32)).to(inputs.device)
        if outputs.ndim != 2 or outputs.shape[1] != self.graph["classes"]:
            raise ValueError(
                f"the graph gives {tuple(outputs.shape)}, not {self.graph['classes']} outputs a file"
            )
        if self.graph["activation"] == "softmax":
            outputs = outputs.clamp(min=SMALLEST).log()
        elif self.graph["activation"] == "sigmoid":
            outputs = outputs.clamp(SMALLEST, 1 - SMALLEST).logit()
        return self.classes(outputs)

    def _run(self, rows: np.ndarray, wanted: int) -> np.ndarray:
        """A graph of a fixed batch gets it filled up."""
        filled = rows
        if len(rows) < wanted:
            filled = np.concatenate([rows, np.repeat(rows[-1:], wanted - len(rows), axis=0)])
        try:
            session = self._session()
            given = session.get_inputs()[0]
            filled = filled.astype(np.float16) if "float16" in given.type else filled
            found = session.run([self.graph["output"]], {given.name: filled})[0]
        except Exception as error:  # onnxruntime raises kinds of its own
            raise ValueError(" ".join(str(error).split())[:200]) from error
        return np.asarray(found)[: len(rows)]

    def _session(self) -> Any:
        """One a network; not kept in it, so that it can be copied."""
        if self not in _sessions:
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = torch.get_num_threads()
            options.log_severity_level = 4
            data = self.get_buffer(ONNX_TENSOR).cpu().numpy().tobytes()
            _sessions[self] = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        return _sessions[self]


class OnnxFamily(Family):
    name = "onnx"
    about = "an ONNX export of a classifier for pictures or sound"
    source = "an ONNX file"
    licence = "as its authors say"
    modality = "image"
    classifier = "classes"

    def recognise(self, given: Given) -> Match | None:
        if not given.has(ONNX_TENSOR) or not given.graph:
            return None
        graph = dict(given.graph)
        known = labels.of_config({"id2label": graph.pop("labels", {})}, given.name)
        known = labels.of_config(given.config, given.name) or known
        count = len(known) if graph["classes"] is None else graph["classes"]
        if not 1 <= count <= MOST_CLASSES:
            raise Refused(
                f"{given.name} has no head: it gives {count or 'a map or an open number of'} outputs, not classes"
            )
        if known and len(known) != count:
            raise Refused(f"{given.name}: its labels name {len(known)} of {count} outputs")
        independent = count > 1 and graph["activation"] == "sigmoid"
        reading, undecided = labels.read_labels(
            known or {i: f"output {i}" for i in range(count)}, given.name, independent=independent
        )
        graph["classes"] = count
        options = {"size_in_bytes": given.tensors[ONNX_TENSOR].numel(), "graph": graph, **_feeding(given)}
        options["labels"] = list(known.values())
        return Match(
            options,
            "ONNX graph",
            reading,
            undecided=undecided,
            notes=_notes(graph),
            parameters=graph["parameters"],
        )

    def build(self, **options: Any) -> nn.Module:
        return OnnxNetwork(
            int(options["size_in_bytes"]), options["graph"], normalise=bool(options["normalise"])
        )

    def card(self, **options: Any) -> ModelCard:
        return card_of(self, options)

    def recipe(self, **options: Any) -> dict[str, Any]:
        if options["modality"] == "audio":
            windows = "first" if options["graph"]["shape"][1] else "whole"
            return {"windows": windows, "level": "as_is", "trim_silence": False}
        return {"shorter_side": options["shorter_side"], "filter": options["filter"]}

    def defaults(self) -> dict[str, Any]:
        graph = {
            "kind": "channels_first",
            "shape": [1, 3, 224, 224],
            "activation": "",
            "output": "",
            "classes": 2,
        }
        return {**USUAL_INPUT, "size_in_bytes": 0, "graph": graph}


def _notes(graph: dict[str, Any]) -> tuple[str, ...]:
    notes = ["It gives no gradients: its heat maps come from covering parts up."]
    if graph["activation"]:
        notes.append(f"It ends in a {graph['activation']}, which is taken back before its outputs are read.")
    return tuple(notes)


def _feeding(given: Given) -> dict[str, Any]:
    """How files are fed, by what lies beside the graph: nothing in it says so."""
    shape, kind = given.graph["shape"], given.graph["kind"]
    if kind == "audio":
        fed = {"modality": "audio", **sound_options("wav2vec2", given)}
        return fed | ({"seconds": shape[1] / fed["sample_rate"]} if shape[1] else {})
    stated = given.config.get("pretrained_cfg")
    fed = timm_folder.picture_options(given) if stated else pictures.picture_options(given)
    sides = shape[2:4] if kind == "channels_first" else shape[1:3]
    if any(side not in (None, fed["size"]) for side in sides):
        raise Refused(
            f"{given.name}: the graph takes {sides[0]} x {sides[1]} pixels and the configuration gives {fed['size']}"
        )
    return {"modality": "image", **fed}


FAMILY = OnnxFamily()
