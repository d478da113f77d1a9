"""What an import says of a file and what it refuses: labels, prefixes, leftovers, code, bombs, names that are taken."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.access import Person
from core.errors import BadInput, NotAllowed
from core.imports import store
from core.imports.importing import import_detector
from core.runs.folder import open_run
from core.training.learning import best_model
from core.workspace import Workspace
from tests.imports import published_files as files


def test_a_file_of_no_family_names_the_families(tmp_path: Path, space: Workspace) -> None:
    with pytest.raises(BadInput, match=r"is of no family known here: its 4 tensors .* known are aasist"):
        import_detector(files.of_no_family(tmp_path / "other.pth"), space=space)


@pytest.mark.parametrize("name", ["AASIST", "AASIST-L"])
def test_aasist_answers_as_the_authors_code(name: str, shared_weights: Path, space: Workspace) -> None:
    about = import_detector(shared_weights / f"{name}.pth", space=space)
    assert about["parameters"] == {"AASIST": 297_866, "AASIST-L": 85_306}[name]
    network: Any = best_model.load(open_run(name, space=space)).network
    rows = list(csv.DictReader((shared_weights / "aasist_reference_logits.csv").open()))
    for row in [r for r in rows if r["network"] == name][:2]:
        seed = int(row["input"].split("default_rng(")[1].split(")")[0])
        sound = (np.random.default_rng(seed).standard_normal(64_600) * 0.1).astype(np.float32)
        with torch.no_grad():
            outputs = network.outputs(torch.from_numpy(sound)[None])[0].tolist()
            score = network(torch.from_numpy(sound)[None])[0].softmax(-1)[1].item()
        expected = [float(row["logit_0_spoof"]), float(row["logit_1_bonafide"])]
        assert outputs == pytest.approx(expected, abs=1e-4)
        assert score == pytest.approx(torch.tensor(expected).softmax(-1)[0].item(), abs=1e-5)


@pytest.mark.parametrize(
    ("labels", "fake"),
    [
        ({0: "Real", 1: "Fake"}, "Fake"),
        ({0: "FAKE", 1: "REAL"}, "FAKE"),
        ({0: "artificial", 1: "human"}, "artificial"),
        ({0: "spoof", 1: "bonafide"}, "spoof"),
        ({0: "AI-generated", 1: "Deepfake", 2: "real photo"}, "AI-generated or Deepfake"),
    ],
)
def test_id2label_alone_says_which_end_is_fake(
    labels: dict[int, str], fake: str, tmp_path: Path, space: Workspace
) -> None:
    about = import_detector(files.tiny_vit(tmp_path / "vit", labels), space=space)
    assert about["fake"] == fake and "the file's own labels" in about["fake_because"]


@pytest.mark.parametrize(
    "labels", [{0: "LABEL_0", 1: "LABEL_1"}, {0: "cat", 1: "fake"}, {0: "fake", 1: "deepfake"}]
)
def test_labels_that_do_not_say_it_are_refused(
    labels: dict[int, str], tmp_path: Path, space: Workspace
) -> None:
    folder = files.tiny_vit(tmp_path / "vit", labels)
    with pytest.raises(BadInput, match=r"nothing says which output is fake .* --fake LABEL"):
        import_detector(folder, space=space)
    assert (
        import_detector(folder, fake=labels[1], space=space)["fake_because"]
        == "as it was said when it was imported"
    )


def test_several_labels_may_mean_fake(tmp_path: Path, space: Workspace) -> None:
    """Of a detector that names the generator; its probability is that of all of them together."""
    labels = {0: "stylegan", 1: "photo", 2: "stable diffusion", 3: "midjourney"}
    folder = files.tiny_vit(tmp_path / "vit", labels)
    with pytest.raises(BadInput, match="several with a comma"):
        import_detector(folder, space=space)
    with pytest.raises(BadInput, match=r"'stylegan,dalle' is no label"):
        import_detector(folder, fake="stylegan,dalle", space=space)
    with pytest.raises(BadInput, match="names every output"):
        import_detector(folder, fake="0,1,2,3", space=space)
    about = import_detector(folder, fake="Midjourney, stylegan,2", space=space)
    assert about["fake"] == "stylegan or stable diffusion or midjourney"


def test_a_hugging_face_folder_answers_as_transformers(tmp_path: Path, space: Workspace) -> None:
    from PIL import Image
    from transformers import ViTForImageClassification, ViTImageProcessor

    from core.detection.detector import Detector
    from core.media.prepare import prepare

    folder = files.tiny_vit(tmp_path / "vit", {0: "FAKE", 1: "REAL"})
    import_detector(folder, name="vit", space=space)
    picture = tmp_path / "picture.png"
    pixels = np.random.default_rng(0).integers(0, 255, (90, 70, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(picture)
    detector = Detector.open("vit", space=space)
    judged = detector.judge(prepare(picture, detector.recipe, space=space))
    theirs = ViTForImageClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        inputs = ViTImageProcessor.from_pretrained(folder)(Image.open(picture), return_tensors="pt")
        expected = theirs(**inputs).logits[0].softmax(-1)[0].item()
    assert judged is not None and judged.score == pytest.approx(expected, abs=2e-3)


def test_prefixes_are_peeled_off_and_said(tmp_path: Path, space: Workspace) -> None:
    path = tmp_path / "wrapped.pth"
    torch.save({"state_dict": {f"module.{k}": v for k, v in files.state_of("aasist").items()}}, path)
    about = import_detector(path, space=space)
    assert about["peeled"] == ["state_dict", "module."] and "state_dict, module." in about["notes"][0]


def test_tensors_left_over_are_counted_and_named(tmp_path: Path, space: Workspace) -> None:
    path = tmp_path / "more.pth"
    torch.save({**files.state_of("aasist"), "extra.weight": torch.zeros(1)}, path)
    with pytest.raises(BadInput, match=r"1 tensor left over \(extra.weight\)"):
        import_detector(path, space=space)


def test_part_of_a_family_is_named_with_what_it_lacks(tmp_path: Path, space: Workspace) -> None:
    state = files.state_of("aasist")
    torch.save({name: state[name] for name in list(state)[::2]}, tmp_path / "half.pth")
    for family in (None, "aasist"):
        with pytest.raises(BadInput, match=r"114 of its 229 tensors are missing \("):
            import_detector(tmp_path / "half.pth", family=family, space=space)


@pytest.mark.parametrize("kind", [torch.int64, torch.bool, torch.complex64])
def test_weights_of_another_kind_are_never_cast(kind: torch.dtype, tmp_path: Path, space: Workspace) -> None:
    state = files.state_of("aasist")
    state["out_layer.weight"] = state["out_layer.weight"].to(kind)
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(BadInput, match=r"out_layer.weight holds \w+, and the network takes float32"):
        import_detector(tmp_path / "a.pth", space=space)
    torch.save({"G": state, "D": state}, tmp_path / "b.pth")
    with pytest.raises(BadInput, match="holds no tensors; its entries are G, D"):
        import_detector(tmp_path / "b.pth", space=space)


def test_what_was_downloaded_instead_of_weights_is_named(tmp_path: Path, space: Workspace) -> None:
    path = tmp_path / "model.pth"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 123\n")
    with pytest.raises(BadInput, match="Git LFS pointer, not the weights; fetch them"):
        import_detector(path, space=space)
    path.write_text("<!doctype html><title>Sign in</title>")
    with pytest.raises(BadInput, match="web page, not the weights"):
        import_detector(path, space=space)


def test_the_published_word_for_fake_is_taken_with_fake(tmp_path: Path, space: Workspace) -> None:
    path = files.aasist(tmp_path / "a.pth")
    assert import_detector(path, name="said", fake="Spoof", space=space)["fake"] == "spoof"
    with pytest.raises(BadInput, match=r"it has 0 or 1 .spoof is fake by itself."):
        import_detector(path, name="other", fake="bonafide", space=space)


def test_a_hugging_face_folder_in_several_files(tmp_path: Path, space: Workspace) -> None:
    from safetensors.torch import load_file, save_file

    folder = files.tiny_vit(tmp_path / "vit")
    whole = import_detector(folder, name="whole", space=space)
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    half = len(tensors) // 2
    parts = {f"model-{k}.safetensors": dict(list(tensors.items())[k * half :][:half]) for k in (0, 1)}
    for name, part in parts.items():
        save_file(part, folder / name)
    index = {"weight_map": {tensor: name for name, part in parts.items() for tensor in part}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert import_detector(folder, name="parts", space=space)["parameters"] == whole["parameters"]
    (folder / "model-1.safetensors").unlink()
    with pytest.raises(BadInput, match=r"'model-1.safetensors', which does not lie beside it"):
        import_detector(folder, name="torn", space=space)
    index["weight_map"] = {"a": "../vit/model-0.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(BadInput, match="does not lie beside it"):
        import_detector(folder, name="elsewhere", space=space)


def test_a_pickle_is_never_run(tmp_path: Path, space: Workspace) -> None:
    path = tmp_path / "pickled.pth"
    torch.save(files.Nothing(), path)
    with pytest.raises(BadInput, match="no checkpoint of plain tensors"):
        import_detector(path, space=space)


def bomb(path: Path) -> Path:
    """A checkpoint of zeros, compressed: kilobytes that unpack to a gigabyte."""
    whole = path.with_suffix(".whole")
    torch.save({"zeros": torch.zeros(1)}, whole)
    with (
        zipfile.ZipFile(whole) as parts,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out,
    ):
        for part in parts.infolist():
            data = parts.read(part)
            out.writestr(part.filename, b"\0" * 400_000_000 if part.filename.endswith("data/0") else data)
    return path


def test_what_unpacks_to_too_much_is_refused_before_it_is_loaded(tmp_path: Path, space: Workspace) -> None:
    path = bomb(tmp_path / "bomb.pth")
    assert path.stat().st_size < 4_000_000
    with pytest.raises(BadInput, match="no weights shrink that far"):
        import_detector(path, space=space)
    with pytest.raises(BadInput, match="no weights shrink that far"):
        best_model.read(path)


def test_one_number_seen_a_million_times_is_refused(tmp_path: Path, space: Workspace) -> None:
    path = tmp_path / "view.pth"
    torch.save({"a": torch.zeros(1).expand(10**12)}, path)
    with pytest.raises(BadInput, match=r"unpacks to 4,000,000,000,000 bytes; the limit is"):
        import_detector(path, space=space)


def test_an_h5_that_points_elsewhere_is_refused(tmp_path: Path, space: Workspace) -> None:
    import h5py

    path = files.mesonet(tmp_path / "meso.h5")
    with h5py.File(path, "a") as file:
        file["away"] = h5py.ExternalLink("/etc/passwd", "/")
    with pytest.raises(BadInput, match="link to elsewhere"):
        import_detector(path, space=space)


def test_an_h5_that_declares_more_than_it_holds_is_refused(tmp_path: Path, space: Workspace) -> None:
    import h5py

    path = tmp_path / "huge.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("conv2d_1/conv2d_1/kernel:0", (10**6, 10**6), np.float32, chunks=(1000, 1000))
    assert path.stat().st_size < 100_000
    with pytest.raises(BadInput, match=r"unpacks to 4,000,000,000,000 bytes"):
        import_detector(path, space=space)


def test_a_safetensors_header_that_declares_more_than_the_file_is_refused(
    tmp_path: Path, space: Workspace
) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [10**9], "data_offsets": [0, 4 * 10**9]}}).encode()
    path = tmp_path / "huge.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(BadInput, match="is no safetensors file that can be read"):
        import_detector(path, space=space)


def test_a_configuration_that_asks_for_a_billion_layers_is_refused(tmp_path: Path, space: Workspace) -> None:
    folder = files.tiny_vit(tmp_path / "vit")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 10**9}))
    with pytest.raises(BadInput, match="asks for num_hidden_layers"):
        import_detector(folder, space=space)


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("wav2vec2", "sampling_rate", None),
        ("wav2vec2", "sampling_rate", "abc"),
        ("wav2vec2", "sampling_rate", -1),
        ("ast", "max_length", 10**9),
        ("ast", "num_mel_bins", [1]),
        ("ast", "std", 0),
    ],
)
def test_odd_values_of_a_feature_extractor_are_one_line(
    kind: str, key: str, value: object, tmp_path: Path, space: Workspace
) -> None:
    folder = files.tiny_sound(tmp_path / "sound", kind)
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(BadInput, match=f"preprocessor_config.json gives {key} = "):
        import_detector(folder, space=space)


def test_odd_values_of_a_configuration_are_one_line(tmp_path: Path, space: Workspace) -> None:
    for folder, key, value in (
        (files.tiny_sound(tmp_path / "ast", "ast"), "initializer_range", float("nan")),
        (files.tiny_timm(tmp_path / "timm"), "model_args", [1, 2]),
    ):
        path = folder / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
        with pytest.raises(BadInput, match=r"can be built|which is no table"):
            import_detector(folder, space=space)
    folder = files.tiny_vit(tmp_path / "vit")
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "architectures": -1}))
    assert import_detector(folder, space=space)["title"] == "vit"


def test_code_of_a_folder_is_never_run(tmp_path: Path, space: Workspace) -> None:
    folder = files.tiny_vit(tmp_path / "vit")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {"AutoModel": "evil.Evil"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text("raise SystemExit('run')")
    with pytest.raises(BadInput, match="code of the folder's own is never run"):
        import_detector(folder, space=space)


def test_list_rename_delete(tmp_path: Path, space: Workspace) -> None:
    from core.access import LOCAL
    from core.detection.defaults import default_detector, set_default

    import_detector(files.tiny_vit(tmp_path / "vit"), name="first", space=space)
    set_default("image", "first", LOCAL, space)
    store.rename("first", "second", LOCAL, space)
    assert [one.name for one in store.list_imported(space)] == ["second"]
    assert default_detector("image", space) == "second"
    store.delete("second", LOCAL, space)
    assert store.list_imported(space) == [] and default_detector("image", space) is None
    with pytest.raises(BadInput, match="there is no imported detector"):
        store.delete("second", LOCAL, space)


@pytest.mark.parametrize("name", ["../out", "", ".hidden", "a/b", "x" * 101, "trailing "])
def test_a_name_is_never_a_path(name: str, tmp_path: Path, space: Workspace) -> None:
    with pytest.raises(BadInput):
        store.free_place(name, space)


def test_a_taken_name_is_refused(tmp_path: Path, space: Workspace) -> None:
    folder = files.tiny_vit(tmp_path / "vit")
    import_detector(folder, space=space)
    with pytest.raises(BadInput, match="is taken; choose another with --name"):
        import_detector(folder, space=space)


def test_a_viewer_imports_nothing(tmp_path: Path, space: Workspace) -> None:
    with pytest.raises(NotAllowed):
        import_detector(tmp_path, person=Person("eve", operator=False), space=space)
