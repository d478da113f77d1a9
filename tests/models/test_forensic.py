"""The forensic networks against NumPy and SciPy, and the spectrogram against librosa."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import scipy.linalg
import torch
from torchaudio.functional import spectrogram

import models
from core.training.process.memory import peak_bytes
from models.audio.spectrogram import LogSpectrogram, band_edges, power_spectrum, triangles
from models.covariance import Standardised, SymmetricLog
from models.image import forensic_residual as picture


def test_the_logarithm_is_scipys() -> None:
    generator = torch.Generator().manual_seed(0)
    half = torch.randn(3, 2, 6, 6, generator=generator, dtype=torch.float64)
    matrices, floor = half @ half.transpose(-1, -2), torch.tensor([[0.1], [0.5]], dtype=torch.float64)
    given = SymmetricLog.apply(matrices, floor)
    for i in range(3):
        for j in range(2):
            expected = scipy.linalg.logm(matrices[i, j].numpy() + float(floor[j]) * np.eye(6))
            np.testing.assert_allclose(given[i, j].numpy(), expected, atol=1e-9)


def test_its_gradient_holds_where_eigenvalues_meet() -> None:
    generator = torch.Generator().manual_seed(1)
    half = torch.randn(2, 4, 4, generator=generator, dtype=torch.float64)
    floor = torch.full((1,), 0.1, dtype=torch.float64)

    def even(matrices: torch.Tensor) -> torch.Tensor:
        return SymmetricLog.apply((matrices + matrices.transpose(-1, -2)) / 2, floor)

    assert torch.autograd.gradcheck(even, ((half @ half.transpose(-1, -2)).requires_grad_(),))
    same = torch.eye(4, dtype=torch.float64)[None].requires_grad_()
    even(same).diagonal(dim1=1, dim2=2).sum().backward()
    torch.testing.assert_close(same.grad, torch.eye(4, dtype=torch.float64)[None] / 1.1)


def test_the_picture_network_pools_the_covariance_of_patches() -> None:
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (40, 50, 3)).astype(np.float64)
    reach = (picture.PATCH - 1) * picture.SPACINGS[1] + 1
    seen = np.lib.stride_tricks.sliding_window_view(grey, (reach, reach), axis=(0, 1))
    taken = seen[..., :: picture.SPACINGS[1], :: picture.SPACINGS[1]].reshape(-1, 3, picture.PATCH**2)
    rest = (taken - taken.mean(2, keepdims=True)).reshape(len(taken), -1)
    expected = scipy.linalg.logm(rest.T @ rest / len(rest) + picture.SMALLEST * np.eye(rest.shape[1])).real

    net = models.create("forensic_residual").eval()
    inputs = torch.from_numpy(grey / 127.5 - 1).permute(2, 0, 1)[None].float()
    with torch.no_grad():
        embedding = net.embed(inputs)[0].numpy()
    half = len(embedding) // 4
    row, column = np.triu_indices(len(expected))
    weight = np.where(row == column, 1.0, np.sqrt(2.0))
    np.testing.assert_allclose(embedding[2 * half : 3 * half], expected[row, column] * weight, atol=5e-3)


def test_a_picture_of_any_size_will_do() -> None:
    net = models.create("forensic_residual").eval()
    for height, width in ((32, 32), (61, 97), (130, 64)):
        local: dict[str, torch.Tensor] = {}
        hook = net.encoder.local.register_forward_hook(lambda m, a, out, kept=local: kept.update(out=out))
        with torch.no_grad():
            logits = net(torch.rand(1, 3, height, width) * 2 - 1)
        hook.remove()
        assert torch.isfinite(logits).all()
        assert local["out"].shape[2:] == (-(-height // picture.CELL), -(-width // picture.CELL))


def test_the_level_of_a_recording_does_not_matter() -> None:
    torch.manual_seed(0)
    sound = torch.randn(2, 20_000)
    for name in ("forensic_sound", "logmel_mobilenetv3_small", "raw_waveform"):
        net = models.create(name).eval()
        with torch.no_grad():
            torch.testing.assert_close(net(sound * 0.05), net(sound), rtol=1e-3, atol=1e-4)


def test_a_very_short_recording_passes() -> None:
    for name in ("forensic_sound", "logmel_mobilenetv3_small", "raw_waveform"):
        net = models.create(name).eval()
        assert torch.isfinite(net(0.1 * torch.randn(1, 1600))).all(), name


def test_the_mel_scale_is_librosas() -> None:
    edges = band_edges(40, "mel", 20.0, 8000.0)
    expected = librosa.mel_frequencies(42, fmin=20.0, fmax=8000.0, htk=True)
    np.testing.assert_allclose(edges.numpy(), expected, rtol=1e-4)
    bank = triangles(edges, torch.linspace(0, 8000, 257))
    reference = librosa.filters.mel(
        sr=16_000, n_fft=512, n_mels=40, fmin=20.0, fmax=8000.0, htk=True, norm=None
    )
    wide = reference.sum(1) > 0
    np.testing.assert_allclose(bank.numpy()[wide], reference[wide], atol=1e-4)
    assert (bank.sum(1) > 0).all()  # librosa leaves the narrowest bands empty


def test_the_transform_is_librosas() -> None:
    sound = torch.randn(4000)
    for centred in (True, False):
        power = power_spectrum(sound[None], torch.hann_window(512), 160, centred=centred)[0]
        expected = librosa.stft(sound.numpy(), n_fft=512, hop_length=160, center=centred, pad_mode="constant")
        np.testing.assert_allclose(power.numpy(), np.abs(expected) ** 2, rtol=1e-3, atol=1e-3)
        own = spectrogram(
            sound[None],
            0,
            torch.hann_window(512),
            512,
            160,
            512,
            2.0,
            False,
            center=centred,
            pad_mode="constant",
        )
        torch.testing.assert_close(power, own[0])
    assert LogSpectrogram(scale="linear", bands=64)(sound[None]).shape == (1, 1, 64, 26)


def test_standardised_follows_what_it_saw() -> None:
    torch.manual_seed(0)
    layer = Standardised(3).train()
    for _ in range(200):
        layer(5 + 2 * torch.randn(16, 3))
    torch.testing.assert_close(layer.mean, torch.full((3,), 5.0), rtol=0.05, atol=0.3)
    torch.testing.assert_close(layer.variance, torch.full((3,), 4.0), rtol=0.4, atol=0.3)
    one = layer(torch.full((1, 3), 5.0))  # a batch of one is standardised, not learned from
    assert one.abs().max() < 0.3


@pytest.mark.parametrize(
    ("name", "shape"), [("forensic_residual", (2, 3, 100, 70)), ("forensic_sound", (2, 20_000))]
)
def test_without_gradients_the_whole_is_what_its_cells_are_together(
    name: str, shape: tuple[int, ...]
) -> None:
    """Cells are for explanations; scoring finds the covariance of the whole at once."""
    torch.manual_seed(0)
    net, inputs = models.create(name, pretrained=False).eval(), torch.randn(shape) * 0.3
    by_cells = net.encoder(inputs)
    with torch.no_grad():
        whole = net.encoder(inputs)
    np.testing.assert_allclose(whole, by_cells.detach(), atol=5e-3)


@pytest.mark.parametrize(
    ("name", "shape"), [("forensic_residual", (16, 3, 96, 96)), ("forensic_sound", (16, 16_000))]
)
def test_a_training_in_which_the_encoder_stays_as_it_is_holds_few_samples_at_once(
    name: str, shape: tuple[int, ...]
) -> None:
    """Gradients are on in a training, and none goes through these encoders: a batch of 32 once held 5.7 GB."""
    torch.manual_seed(0)
    encoder, inputs = models.create(name, pretrained=False).train().encoder, torch.randn(shape) * 0.3
    whole = encoder(inputs).detach()
    encoder.requires_grad_(False)
    assert peak_bytes(lambda: encoder(inputs)) < 1.5 * peak_bytes(lambda: encoder(inputs[:2]))
    np.testing.assert_allclose(encoder(inputs), whole, atol=5e-3)
