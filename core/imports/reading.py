"""A published file or folder as tensors, with nothing executed and nothing unpacked beyond `[limits]`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from core.errors import BadInput
from core.imports import keras_file, onnx_file
from core.media.limits import Limits, reason
from core.training.learning import checkpoint_size
from models.published import Given
from models.published.base import ONNX_TENSOR

NESTED = ("state_dict", "model_state_dict", "model", "net", "network", "params")
PREFIXES = ("module.", "timm_model.", "model.", "backbone.", "net.", "network.", "state_dict.", "_orig_mod.")
DOCUMENT_BYTES = 10_000_000  # of a config.json
WEIGHTS_OF_A_FOLDER = ("model.safetensors", "pytorch_model.bin", "model.onnx", "onnx/model.onnx")
# Each says in which file of several each tensor lies.
SHARDS = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
ONE_OF_SEVERAL = re.compile(r"-\d{5}-of-\d{5}\.\w+$")
SUFFIXES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".tar", ".h5", ".hdf5", ".onnx")


@dataclass(frozen=True)
class Contents:
    """What a source holds, and which of its wrappings were taken off."""

    given: Given
    path: Path  # of the weights
    peeled: tuple[str, ...]


def read(source: Path, limits: Limits | None = None) -> Contents:
    limits = limits or Limits.from_settings()
    if not source.exists():
        raise BadInput(f"there is no {source}; name a file or folder of weights")
    path = _weights_in(source) if source.is_dir() else source
    if ONE_OF_SEVERAL.search(path.name):
        raise BadInput(_in_several(path, source))
    limits.check_file(path)
    content = _shards(path, limits) if path.name in SHARDS else _reader(path)(path, limits)
    folder = source if source.is_dir() else path.parent
    given = replace(content.given, name=source.name, weights=path.name)
    beside = path.name in (*WEIGHTS_OF_A_FOLDER, *SHARDS) and (folder / "config.json").is_file()
    if source.is_dir() or beside or content.given.graph:
        given = replace(
            given,
            config=_document(folder / "config.json"),
            processor=_document(folder / "preprocessor_config.json"),
        )
    return replace(content, given=given)


def _weights_in(folder: Path) -> Path:
    """The one file of weights of a folder."""
    for name in (*WEIGHTS_OF_A_FOLDER, *SHARDS):
        if (folder / name).is_file():
            return folder / name
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    if len(found) == 1 or any(ONE_OF_SEVERAL.search(path.name) for path in found):
        return found[0]
    if not found:
        raise BadInput(f"{folder.name} holds no file of weights ({', '.join(SUFFIXES)})")
    raise BadInput(
        f"{folder.name} holds {len(found)} files of weights; name one of them, e.g. {found[0].name}"
    )


def _in_several(path: Path, source: Path) -> str:
    """Of a file that is one of several of a model."""
    index = SHARDS[path.suffix == ".bin"]
    if source.is_dir() or not (path.parent / index).is_file():
        return f"{path.name} is one of several files; {index}, which says what lies in which, is missing beside it"
    return f"{path.name} is one of several files of a model; name their folder"


def _reader(path: Path) -> Callable[[Path, Limits], Contents]:
    """By what the file begins with; an ONNX file has no such mark and goes by its name."""
    with path.open("rb") as file:
        head = file.read(64)
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return _keras
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < path.stat().st_size:
        return _safetensors
    if head.startswith(b"version https://git-lfs"):
        raise BadInput(f"{path.name} is a Git LFS pointer, not the weights; fetch them with `git lfs pull`")
    if head.lstrip()[:1] == b"<":
        raise BadInput(f"{path.name} is a web page, not the weights; download the file itself")
    if path.suffix.lower() == ".onnx":
        return _onnx
    return _torch


def _torch(path: Path, limits: Limits) -> Contents:
    tensors, peeled = _load_torch(path, limits)
    return _peel(tensors, path, peeled)


def _load_torch(path: Path, limits: Limits) -> tuple[dict[str, torch.Tensor], list[str]]:
    """The tensors, and the names of the dictionaries that they lie in."""
    checkpoint_size.check(path, limits)
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever a damaged or hostile file provokes
        raise BadInput(f"{path.name} is no checkpoint of plain tensors ({type(error).__name__})") from error
    if isinstance(content, dict) and {"schema", "recipe", "card"} <= content.keys():
        instead = f"detect --run {path}" if "kind" in content else "detect --run with the folder of its run"
        raise BadInput(f"{path.name} is a detector of this workbench already: `{instead}` judges with it")
    peeled: list[str] = []
    for _ in range(checkpoint_size.DEEPEST):
        inner = next(
            (n for n in NESTED if isinstance(content, dict) and isinstance(content.get(n), dict)), None
        )
        if inner is None:
            break
        content = content[inner]
        peeled.append(inner)
    if not isinstance(content, dict):
        raise BadInput(f"{path.name} holds no table of tensors; name the file of the weights")
    tensors = {str(k): v for k, v in content.items() if isinstance(v, torch.Tensor)}
    if content and not tensors:
        raise BadInput(
            f"{path.name} holds no tensors; its entries are {', '.join(map(str, list(content)[:5]))}"
        )
    return tensors, peeled


def _safetensors(path: Path, limits: Limits) -> Contents:
    return _peel(_load_safetensors(path), path, [])


def _load_safetensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:  # the format itself holds every tensor within the bytes of the file
        return load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise BadInput(f"{path.name} is no safetensors file that can be read ({reason(error)})") from error


def _shards(index: Path, limits: Limits) -> Contents:
    """A large model in several files: all of them together, within the limits of one."""
    stated = _document(index).get("weight_map")
    places = stated if isinstance(stated, dict) else {}
    names = sorted({str(name) for name in places.values()})
    if not names:
        raise BadInput(f"{index.name} names no files of weights")
    for name in names:
        if Path(name).name != name or not (index.parent / name).is_file():
            raise BadInput(f"{index.name} names {name[:80]!r}, which does not lie beside it")
    parts = [index.parent / name for name in names]
    packed = sum(part.stat().st_size for part in parts)
    checkpoint_size.check_bytes(index.name, packed, packed, limits)
    tensors: dict[str, torch.Tensor] = {}
    for part in parts:
        limits.check_file(part)
        tensors |= _load_safetensors(part) if part.suffix == ".safetensors" else _load_torch(part, limits)[0]
        unpacked = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
        checkpoint_size.check_bytes(index.name, unpacked, packed, limits)
    lost = [str(name) for name in places if name not in tensors]
    if lost:
        raise BadInput(
            f"{index.name}: {len(lost)} of {len(places)} tensors do not lie where it says ({', '.join(lost[:3])}); "
            "fetch its files again"
        )
    return _peel(tensors, index, [])


def _keras(path: Path, limits: Limits) -> Contents:
    arrays = keras_file.arrays(path, limits)
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    return Contents(Given(tensors, config={"format": "keras"}), path, ())


def _onnx(path: Path, limits: Limits) -> Contents:
    """The graph stays as it is: its bytes travel as one tensor."""
    content, graph = onnx_file.read(path, limits)
    data = torch.frombuffer(bytearray(content), dtype=torch.uint8)
    return Contents(Given({ONNX_TENSOR: data}, graph=graph), path, ())


def _peel(tensors: Mapping[str, torch.Tensor], path: Path, peeled: list[str]) -> Contents:
    """Without the prefixes that all names share."""
    found = dict(tensors)
    if not found:
        raise BadInput(f"{path.name} holds no tensors")
    while True:
        prefix = next((p for p in PREFIXES if all(name.startswith(p) for name in found)), None)
        if prefix is None or len(found) < 2:
            break
        found = {name.removeprefix(prefix): value for name, value in found.items()}
        peeled.append(prefix)
    return Contents(Given(found), path, tuple(peeled))


def _document(path: Path) -> dict[str, Any]:
    """A JSON document beside the weights; empty where there is none."""
    if not path.is_file():
        return {}
    if path.stat().st_size > DOCUMENT_BYTES:
        raise BadInput(f"{path.name} has {path.stat().st_size:,} bytes; no configuration is that long")
    try:
        document = json.loads(path.read_bytes(), parse_constant=lambda word: math.nan)
    except (ValueError, RecursionError, OSError) as error:
        raise BadInput(f"{path.name} is not valid JSON ({type(error).__name__})") from error
    if not isinstance(document, dict):
        raise BadInput(f"{path.name} holds no table of names")
    return document
