"""Balanced datasets to suggest by modality: where they come from, their licence and size, and where they belong."""

from __future__ import annotations

from dataclasses import dataclass

from core.catalog.layouts import layouts


@dataclass(frozen=True)
class Suggestion:
    """A published dataset to fetch."""

    dataset: str
    source: str
    licence: str
    size: str
    folder: str  # below a data root
    why: str


CHOICES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "image": (
        ("140k", "140k Real and Fake Faces/real_vs_fake/real-vs-fake", "70,000 real and 70,000 fake faces"),
        ("archive", "archive/Dataset", "about as many real as fake pictures, many scenes"),
        ("ciplab", "real_and_fake_face", "1,081 real and 960 fake, edited by hand"),
    ),
    "audio": (
        (
            "asvspoof2019-la",
            "LA",
            "speaker-disjoint splits and a test with attacks that training has not seen",
        ),
        (
            "wavefake",
            "WaveFake/generated_audio",
            "117,985 fakes of one voice; pairs one to one with its reals",
        ),
        ("for", "The Fake-or-Real (FoR) Dataset/for-norm", "about as many real as fake utterances"),
    ),
    "video": (
        ("faceforensics", "FaceForensics++", "1,000 reals; one manipulation at a time is balanced exactly"),
        ("dfdc-preview", "dfdc_preview", "1,131 reals of paid actors in many scenes"),
    ),
    "multimodal": (
        ("lav-df", "LAV-DF", "36,431 reals with labels for picture and sound, and the fake stretches"),
        ("fakeavceleb", "FakeAVCeleb_v1.2", "all four combinations of real and fake picture and sound"),
    ),
}


def balanced_datasets(modality: str) -> tuple[Suggestion, ...]:
    """What to fetch for a modality, the best first."""
    known = layouts()
    return tuple(
        Suggestion(
            known[slug].dataset, known[slug].source, known[slug].licence, known[slug].size, folder, why
        )
        for slug, folder, why in CHOICES.get(modality, CHOICES["video"])
    )
