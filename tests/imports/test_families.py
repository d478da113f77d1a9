"""Every family takes its own files to the last tensor and refuses all others, whichever end is fake."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from core.errors import BadInput
from core.imports import store
from core.imports.importing import import_detector
from core.runs.folder import open_run
from core.training.learning import best_model
from core.workspace import Workspace
from models.published import clip_backbone, families
from tests.imports import published_files as files

FOLDERS = ("huggingface", "onnx", "timm")
ON_CLIP = ("clip_linear", "rine")
LARGE = (
    "cnndetection",
    "deepfakebench_efficientnet",
    "deepfakebench_f3net",
    "deepfakebench_resnet34",
    "deepfakebench_xception",
)
HEADS = {
    "aasist": "out_layer",
    "clip_linear": "weight",
    "cnndetection": "fc.",
    "deepfakebench_resnet34": ".fc.",
    "deepfakebench_f3net": "last_linear",
    "deepfakebench_xception": "last_linear",
    "deepfakebench_efficientnet": "last_layer",
    "huggingface": "classifier",
    "mesonet": "dense_4",
    "rine": "head.6",
    "timm": "head.",
    "xlsr_aasist": "out_layer",
    "xlsr_sls": "fc3",
}


def made(family: str, folder: Path) -> Path:
    path = folder / f"given{'' if family in FOLDERS else '.h5' if family == 'mesonet' else '.pth'}"
    return files.MAKERS[family](path)


def changed(path: Path, without: str = "", more: str = "") -> Path:
    """The same file without the tensors whose name holds `without`, or with one more."""
    if path.suffix == ".h5":
        import h5py

        with h5py.File(path, "a") as file:
            if without:
                del file[without]
            if more:
                file[more] = [0.0]
        return path
    inner = path / "model.safetensors" if path.is_dir() else path
    if path.is_dir():
        from safetensors.torch import load_file, save_file

        content = load_file(inner)
    else:
        content = torch.load(inner, weights_only=True)
    state = content.get("model", content)
    for name in [n for n in state if without and without in n]:
        del state[name]
    if more:
        shared = "module." if all(name.startswith("module.") for name in state) else ""
        state[shared + more] = torch.zeros(1)
    if path.is_dir():
        save_file(content, inner)
    else:
        torch.save(content, inner)
    return path


@pytest.fixture(autouse=True)
def small_clip(request: pytest.FixtureRequest, space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backbone of CLIP's shape and names that is small, where weights lie."""
    if getattr(request.node, "callspec", None) and request.node.callspec.params.get("family") in ON_CLIP:
        monkeypatch.setattr(clip_backbone, "SIZES", files.CLIP_SIZES)
        files.clip_backbone(space.weights)


@pytest.mark.parametrize(
    "family", [pytest.param(f, marks=pytest.mark.long) if f in LARGE else f for f in files.MAKERS]
)
class TestEveryFamily:
    def test_its_own_file_becomes_a_detector_and_the_other_label_order_turns_it(
        self, family: str, tmp_path: Path, space: Workspace
    ) -> None:
        path = made(family, tmp_path)
        about = import_detector(path, name="one", space=space)
        assert about["family"] == family and about["parameters"] > 0 and about["fake_because"]
        options = best_model.read(open_run("one", space=space).best_model)["model_options"]
        reading = options["reading"]
        high = reading["fake"] == [1] or (reading["outputs"] == 1 and reading["fake"])
        turned = import_detector(path, name="two", fake="0" if high else "1", space=space)
        assert turned["fake_because"] == "as it was said when it was imported"
        first = best_model.load(open_run("one", space=space))
        second = best_model.load(open_run("two", space=space))
        sides: tuple[int, ...] = (1, round(first.recipe.seconds * first.recipe.sample_rate))
        if about["modality"] == "image":
            sides = (1, 3, first.recipe.image_size, first.recipe.image_size)
        noise = torch.randn(sides, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            scores = [one.network(noise)[0].softmax(-1)[1].item() for one in (first, second)]
        assert sum(scores) == pytest.approx(1, abs=1e-5)

    def test_a_file_without_its_head_is_refused(self, family: str, tmp_path: Path, space: Workspace) -> None:
        if family == "onnx":
            path = files.tiny_onnx(tmp_path / "given", head=False)
        else:
            path = changed(made(family, tmp_path), without=HEADS[family])
        with pytest.raises(BadInput, match=r"has no head"):
            import_detector(path, family=family, name="mine", space=space)
        assert store.list_imported(space) == []

    def test_somebody_elses_file_is_refused(self, family: str, tmp_path: Path, space: Workspace) -> None:
        with pytest.raises(BadInput, match="is not of the family"):
            import_detector(files.of_no_family(tmp_path / "other.pth"), family=family, space=space)

    def test_what_is_left_over_is_named_and_counted(
        self, family: str, tmp_path: Path, space: Workspace
    ) -> None:
        if family == "onnx":
            pytest.skip("the graph is run whole: it holds nothing but what it uses")
        path = changed(
            made(family, tmp_path), more="conv2d_x/extra" if family == "mesonet" else "extra.thing"
        )
        expected = r"is not of the family" if family == "clip_linear" else r"1 tensor left over \(.*extra"
        with pytest.raises(BadInput, match=expected):
            import_detector(path, family=family, name="mine", space=space)


def test_every_family_is_tested_here() -> None:
    assert set(families()) == set(files.MAKERS)
    assert set(store.families()) == set(families())


@pytest.mark.parametrize("family", ON_CLIP)
def test_a_head_on_clip_names_the_backbone_it_needs(family: str, tmp_path: Path, space: Workspace) -> None:
    for file in space.weights.iterdir():
        file.unlink()
    with pytest.raises(
        BadInput, match=r"needs its backbone: put .* vit_large_patch14_clip_quickgelu_224\.openai"
    ):
        import_detector(made(family, tmp_path), space=space)


def test_a_prefix_is_peeled_off_and_what_pre_training_needed_is_left_out(
    tmp_path: Path, space: Workspace
) -> None:
    about = import_detector(made("xlsr_sls", tmp_path), space=space)
    assert about["peeled"] == ["module."]
    assert "2 tensors that the published network never uses were left out" in about["notes"]


def test_the_family_says_what_was_published(tmp_path: Path, space: Workspace) -> None:
    about = import_detector(made("xlsr_aasist", tmp_path), space=space)
    assert [one["figure"] for one in about["published"]] == ["EER 0.82 %", "EER 2.85 %"]
