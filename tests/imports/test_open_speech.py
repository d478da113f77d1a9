"""Published weights as they are, on the open speech: AASIST at chance through `detect`, MesoNet built as published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from core.cli import main
from core.imports.importing import import_detector
from core.runs.folder import open_run
from core.training.learning import best_model
from core.workspace import Workspace


@pytest.mark.long
def test_aasist_is_at_chance_on_the_open_speech_through_detect(
    shared_weights: Path, shared_data: Path, space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    from sklearn.metrics import roc_auc_score

    import_detector(shared_weights / "AASIST.pth", space=space)
    capsys.readouterr()
    assert main(["detect", str(shared_data / "speech"), "--run", "AASIST", "--json"]) == 0
    entries: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    known = pd.read_csv(shared_data / "speech" / "manifest.csv").set_index("file")["label"]
    scored = {str(Path(e["file"]).relative_to(shared_data / "speech")): e for e in entries}
    assert set(scored) == set(known.index)
    assert {e["verdict"] for e in entries} == {"uncertain"}
    auc = roc_auc_score(known == "fake", [scored[name]["score"] for name in known.index])
    assert auc == pytest.approx(0.478, abs=0.01)


@pytest.mark.parametrize(
    ("name", "title", "trainable"),
    [
        ("Meso4_DF", "Meso4", 27_977),
        ("Meso4_F2F", "Meso4", 27_977),
        ("MesoInception_DF", "MesoInception4", 28_615),
        ("MesoInception_F2F", "MesoInception4", 28_615),
    ],
)
def test_the_files_of_mesonet_become_what_the_paper_counts(
    name: str, title: str, trainable: int, shared_weights: Path, space: Workspace
) -> None:
    """The parameters are those of arXiv 1809.00888, and a low output is fake."""
    about = import_detector(shared_weights / f"{name}.h5", space=space)
    assert (about["title"], about["parameters"], about["fake"]) == (title, trainable, "a low output")
    loaded = best_model.load(open_run(name, space=space))
    assert loaded.recipe.faces and loaded.recipe.image_size == 256
    network: Any = loaded.network
    pictures = torch.rand((2, 3, 256, 256), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        real = network.outputs(pictures).sigmoid()[:, 0]
        assert torch.allclose(network(pictures).softmax(-1)[:, 1], 1 - real, atol=1e-6)
    if title == "Meso4":
        assert real.tolist() == pytest.approx(
            meso4(shared_weights / f"{name}.h5", pictures.numpy()), abs=1e-4
        )


def meso4(path: Path, pictures: np.ndarray) -> list[float]:
    """The four layers of the paper in numpy and SciPy, from the file's own arrays."""
    import h5py
    from scipy.signal import correlate

    found: dict[str, np.ndarray] = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda n, one: found.update({n.split("/", 1)[1]: one[()]}) if hasattr(one, "dtype") else None
        )
    layers = sorted(
        {n.split("/")[0] for n in found}, key=lambda n: (n.rsplit("_", 1)[0], int(n.rsplit("_", 1)[1]))
    )
    convolutions = [n for n in layers if n.startswith("conv2d")]
    norms = [n for n in layers if n.startswith("batch")]
    first, last = (n for n in layers if n.startswith("dense"))
    maps = pictures.transpose(0, 2, 3, 1)  # (batch, height, width, channels)
    for number, (convolution, norm) in enumerate(zip(convolutions, norms, strict=True)):
        kernel, bias = (found[f"{convolution}/{part}:0"] for part in ("kernel", "bias"))
        reach = kernel.shape[0] // 2
        padded = np.pad(maps, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
        sums = [
            correlate(padded, kernel[None, ..., k], mode="valid", method="fft")[..., 0]
            for k in range(kernel.shape[-1])
        ]
        maps = np.maximum(np.stack(sums, axis=-1) + bias, 0)
        gamma, beta, mean, variance = (
            found[f"{norm}/{part}:0"] for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        maps = (maps - mean) / np.sqrt(variance + 1e-3) * gamma + beta
        step = 4 if number == 3 else 2
        batch, height, width, channels = maps.shape
        maps = maps.reshape(batch, height // step, step, width // step, step, channels).max(axis=(2, 4))
    hidden = maps.reshape(len(maps), -1) @ found[f"{first}/kernel:0"] + found[f"{first}/bias:0"]
    hidden = np.where(hidden > 0, hidden, 0.1 * hidden)
    logits = hidden @ found[f"{last}/kernel:0"] + found[f"{last}/bias:0"]
    return (1 / (1 + np.exp(-logits[:, 0]))).tolist()
