"""What a file states of its compression: a JPEG by its tables, a recording by its codec and rate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from PIL import Image

from core.detection.domain import decision
from core.detection.domain.compression import Compression, compression_of
from core.media.probe import probe
from core.training.reference import rule
from core.training.reference.rule import Processed


@pytest.mark.parametrize(("codec", "kbits"), [("mp3", 128), ("aac", 128), ("libopus", 64), ("ac3", 96)])
def test_the_container_tells_a_compressed_recording(codec: str, kbits: int, tmp_path: Path) -> None:
    """Each is measured as the kind of its own codec at the nearest rate; one that is not measured as any."""
    sound = 0.3 * np.sin(np.arange(3 * 48_000) * 0.05) * np.random.default_rng(0).uniform(0.5, 1, 3 * 48_000)
    path = tmp_path / {"mp3": "a.mp3", "aac": "a.m4a", "libopus": "a.opus", "ac3": "a.ac3"}[codec]
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=48_000, layout="mono")
        stream.bit_rate = kbits * 1000
        frame = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48_000
        for part in av.AudioResampler(
            format=stream.format, rate=48_000, frame_size=stream.frame_size or 960
        ).resample(frame):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    kinds = ("MP3 kbit/s 128", "MP3 kbit/s 64", "AAC kbit/s 128", "Opus kbit/s 64", "noise dB SNR 30")
    known = SimpleNamespace(
        codecs=("flac", "pcm_s16le"), processed=tuple(Processed(name, {}, 1.0, 20) for name in kinds)
    )
    found = compression_of(probe(path), known, "audio")
    assert found is not None
    names = [one.name for one in found.among(known.processed)]
    wanted = {
        "mp3": ["MP3 kbit/s 128"],
        "aac": ["AAC kbit/s 128"],
        "libopus": ["Opus kbit/s 64"],
        "ac3": list(kinds[:4]),
    }
    assert names == wanted[codec]
    among_lossy = compression_of(probe(path), SimpleNamespace(codecs=("flac", "mp3"), spans={}), "audio")
    assert among_lossy is not None and among_lossy.known


def measured(*names: str) -> tuple[Processed, ...]:
    return tuple(Processed(name, {}, 1.0, 20) for name in names)


@pytest.mark.parametrize(
    ("quality", "lowest", "lower"),
    [(70, 92, True), (70, 74, False), (95, 92, False), (70, None, False)],
    ids=["lower than all", "about as low", "higher", "an old reference"],
)
def test_a_jpeg_is_told_among_jpegs_by_its_quality(
    quality: int, lowest: int | None, lower: bool, tmp_path: Path
) -> None:
    Image.new("RGB", (16, 16), (90, 120, 30)).save(tmp_path / "x.jpg", quality=quality)
    spans = {} if lowest is None else {"quality": (lowest, 96)}
    known = SimpleNamespace(codecs=("jpeg", "png"), spans=spans)
    found = compression_of(probe(tmp_path / "x.jpg"), known, "image")
    assert found is not None
    assert found.known is not lower
    assert found.words == f"JPEG of quality {quality}"


@pytest.mark.parametrize(
    ("file", "stands_for_it"),
    [
        (Compression("jpeg", quality=92), "JPEG 90"),
        (Compression("jpeg", quality=71), "JPEG 70"),
        (Compression("jpeg", quality=25), None),
        (Compression("mp3", 320.0), "MP3 kbit/s 128"),
        (Compression("mp3", 70.0), "MP3 kbit/s 64"),
        (Compression("mp3", 32.0), None),
        (Compression("opus", 12.0), None),
    ],
    ids=lambda one: getattr(one, "words", str(one)),
)
def test_only_what_was_compressed_as_hard_stands_for_a_file(
    file: Compression, stands_for_it: str | None
) -> None:
    """Its loss would be told too small otherwise."""
    kinds = measured("JPEG 90", "JPEG 70", "MP3 kbit/s 128", "MP3 kbit/s 64", "Opus kbit/s 64", "noise 5")
    assert [one.name for one in file.among(kinds)] == ([stands_for_it] if stands_for_it else [])
    assert file.is_harder_than_any(kinds) is (stands_for_it is None)
    assert not file.is_harder_than_any(measured("noise 5"))


def test_a_file_outside_or_compressed_too_hard_is_uncertain_and_its_compression_named() -> None:
    blocks = {"network": np.random.default_rng(3).normal(size=(60, 5))}
    known = rule.fit(blocks, list(range(60)), np.ones(60, bool), {"val": 60})
    seventy = Processed("JPEG 70", {"network": np.zeros(5)}, 1.0, 20, 0.89, 0.9, 0.95)
    known = replace(known, processed=(seventy,))
    far = {"network": np.full((1, 5), 40.0)}
    found = decision.decide(known, far, compression=Compression("jpeg", quality=70))
    assert found.inside is False
    assert "JPEG of quality 70" in found.processing and found.processing in found.why
    assert decision.decide(known, far).processing == ""
    near = {"network": blocks["network"][:1]}
    too_hard = decision.decide(known, near, compression=Compression("jpeg", quality=25))
    assert too_hard.inside is False and "JPEG of quality 25" in too_hard.processing


@pytest.mark.parametrize(
    ("file", "named"),
    [
        (Compression("jpeg", quality=70, known=True), "JPEG 70"),
        (Compression("jpeg", quality=85, known=True), None),
        (Compression("mp3", 128.0, known=True), "MP3 kbit/s 128"),
        (Compression("mp3", 320.0, known=True), None),
        (Compression("vorbis", known=True), None),
    ],
    ids=lambda one: getattr(one, "words", str(one)),
)
def test_compression_that_known_files_have_is_named_and_costs_no_verdict(
    file: Compression, named: str | None
) -> None:
    kinds = measured("JPEG 90", "JPEG 70", "MP3 kbit/s 128", "MP3 kbit/s 64")
    assert [one.name for one in file.among(kinds)] == ([named] if named else [])
    assert not file.is_harder_than_any(kinds)
    blocks = {"network": np.random.default_rng(3).normal(size=(60, 5))}
    known = rule.fit(blocks, list(range(60)), np.ones(60, bool), {"val": 60})
    costly = tuple(Processed(one.name, {"network": np.zeros(5)}, 1.0, 20, 0.6, 0.9, 0.5) for one in kinds)
    near = decision.decide(
        replace(known, processed=costly), {"network": blocks["network"][:1]}, compression=file
    )
    assert near.inside is True
    assert ("after" in near.processing) is (named is not None)
