"""Folders as the hub holds them: in several files, or with something missing that says what they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import ViTForImageClassification

from core.errors import BadInput
from core.imports.importing import import_detector
from core.media.limits import Limits
from core.runs.folder import open_run
from core.training.learning import best_model
from core.workspace import Workspace
from tests.imports import published_files as files

BIN, BIN_INDEX = "pytorch_model-{:05d}-of-00002.bin", "pytorch_model.bin.index.json"


def sharded_vit(folder: Path) -> Path:
    """As `save_pretrained(max_shard_size=…)` writes it."""
    net = ViTForImageClassification.from_pretrained(files.tiny_vit(folder))
    (folder / "model.safetensors").unlink()
    net.save_pretrained(folder, max_shard_size="10KB")
    assert len(list(folder.glob("model-*.safetensors"))) > 1
    return folder


def in_pickles(folder: Path) -> Path:
    """The same tensors in files of torch, as older versions of transformers wrote them."""
    state = ViTForImageClassification.from_pretrained(folder).state_dict()
    for path in folder.glob("model*"):
        path.unlink()
    names = list(state)
    places = {name: BIN.format(1 + (k > len(names) // 2)) for k, name in enumerate(names)}
    for file in set(places.values()):
        torch.save({name: state[name] for name in names if places[name] == file}, folder / file)
    (folder / BIN_INDEX).write_text(json.dumps({"metadata": {}, "weight_map": places}))
    return folder


def change(folder: Path, **values: Any) -> Path:
    """The folder with other values in its config.json; None takes one out."""
    path = folder / "config.json"
    config = json.loads(path.read_text()) | values
    path.write_text(json.dumps({key: value for key, value in config.items() if value is not None}))
    return folder


def answer(name: str, space: Workspace) -> list[float]:
    network: Any = best_model.load(open_run(name, space=space)).network
    with torch.no_grad():
        outputs: torch.Tensor = network.outputs(torch.linspace(-1, 1, 3 * 32 * 32).reshape(1, 3, 32, 32))
    found: list[float] = outputs[0].tolist()
    return found


def test_several_files_are_one_detector(tmp_path: Path, space: Workspace) -> None:
    import_detector(files.tiny_vit(tmp_path / "vit"), name="whole", space=space)
    folder = sharded_vit(tmp_path / "shards")
    import_detector(folder, name="shards", space=space)
    import_detector(folder / "model.safetensors.index.json", name="index", space=space)
    import_detector(in_pickles(folder), name="pickles", space=space)
    whole = answer("whole", space)
    for name in ("shards", "index", "pickles"):
        assert answer(name, space) == pytest.approx(whole, abs=1e-6), name


def test_one_of_several_files_names_their_folder_or_what_is_missing(tmp_path: Path, space: Workspace) -> None:
    folder = sharded_vit(tmp_path / "shards")
    one = next(folder.glob("model-00001-of-*"))
    with pytest.raises(BadInput, match=r"is one of several files of a model; name their folder"):
        import_detector(one, space=space)
    index = folder / "model.safetensors.index.json"
    kept = index.read_text()
    index.unlink()
    for source in (one, folder):
        with pytest.raises(BadInput, match=r"model\.safetensors\.index\.json, .* is missing beside it"):
            import_detector(source, space=space)
    index.write_text(kept)
    next(folder.glob("model-00002-of-*")).write_bytes(one.read_bytes())
    with pytest.raises(BadInput, match=r"tensors do not lie where it says .* fetch its files again"):
        import_detector(folder, space=space)


def test_limits_hold_for_all_files_together(tmp_path: Path, space: Workspace) -> None:
    from core.imports.reading import read

    folder = in_pickles(files.tiny_vit(tmp_path / "vit"))
    largest = max(path.stat().st_size for path in folder.glob("*.bin"))
    with pytest.raises(BadInput, match=r"index.json unpacks to [\d,]+ bytes; the limit is"):
        read(folder, Limits(bytes=largest + 1))


def test_a_pickle_among_several_files_is_never_run(tmp_path: Path, space: Workspace) -> None:
    folder = in_pickles(files.tiny_vit(tmp_path / "vit"))
    torch.save(files.Nothing(), folder / BIN.format(2))
    with pytest.raises(BadInput, match="no checkpoint of plain tensors"):
        import_detector(folder, space=space)


@pytest.mark.parametrize("in_several", [False, True])
def test_a_folder_without_config_json_says_so(in_several: bool, tmp_path: Path, space: Workspace) -> None:
    folder = (sharded_vit if in_several else files.tiny_vit)(tmp_path / "vit")
    (folder / "config.json").unlink()
    for family in (None, "huggingface"):
        with pytest.raises(
            BadInput, match=r"config.json is missing beside model\.safetensors.*; put it there"
        ):
            import_detector(folder, family=family, space=space)


def test_a_configuration_that_names_no_network(tmp_path: Path, space: Workspace) -> None:
    folder = change(files.tiny_vit(tmp_path / "vit"), model_type=None)
    assert import_detector(folder, space=space)["title"] == "ViTForImageClassification"
    with pytest.raises(BadInput, match="names neither model_type nor an architecture of transformers"):
        import_detector(change(folder, architectures=None), name="other", space=space)


def test_what_is_no_classifier_is_named(tmp_path: Path, space: Workspace) -> None:
    from transformers import ViTConfig, ViTModel

    folder = files.tiny_vit(tmp_path / "vit")
    config = ViTConfig.from_pretrained(folder)
    ViTModel(config).save_pretrained(folder)
    with pytest.raises(
        BadInput, match=r"calls it ViTModel, which is no classifier; .* ViTForImageClassification"
    ):
        import_detector(folder, space=space)
    with pytest.raises(
        BadInput, match=r"no classifier of pictures or sound for model_type 'bert'; .*; name a"
    ):
        import_detector(change(folder, model_type="bert"), space=space)


@pytest.mark.parametrize("kind", ["vit", "whisper"])
def test_a_missing_preprocessor_is_asked_for(kind: str, tmp_path: Path, space: Workspace) -> None:
    place = tmp_path / kind
    folder = files.tiny_vit(place) if kind == "vit" else files.tiny_sound(place, kind)
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(BadInput, match=r"preprocessor_config.json is missing, .*; put it beside"):
        import_detector(folder, space=space)


@pytest.mark.parametrize(
    ("file", "values", "message"),
    [
        ("config.json", {"max_source_positions": 70}, "makes 100 steps of 1 s, and config.json takes 140"),
        ("config.json", {"max_source_positions": "many"}, "makes 100 steps of 1 s, and config.json takes 0"),
        ("preprocessor_config.json", {"hop_length": 0}, "gives hop_length = 0"),
        ("preprocessor_config.json", {"feature_size": 40}, "of 40 bands, and config.json takes 20"),
    ],
)
def test_a_whisper_whose_two_files_do_not_fit(
    file: str, values: dict[str, Any], message: str, tmp_path: Path, space: Workspace
) -> None:
    folder = files.tiny_sound(tmp_path / "whisper", "whisper")
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
    with pytest.raises(BadInput, match=message):
        import_detector(folder, space=space)
