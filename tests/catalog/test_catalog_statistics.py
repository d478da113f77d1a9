"""Bands, counts and advice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.catalog import advice, statistics
from core.catalog.expected import FIRST, Expected, compare_with_expected
from core.catalog.info import DatasetInfo
from core.catalog.layouts import layouts
from core.catalog.partners import partners
from core.catalog.published import OFFERS, balanced_datasets, suggestions
from core.catalog.scan import scan
from core.catalog.statistics import Count, severity
from core.cli import main
from core.training.options.config import TrainConfig
from core.workspace import Workspace
from tests.catalog.layout_trees import OFFICIAL, TREES, build, media


@pytest.mark.parametrize(
    ("real", "fake", "band"),
    [
        (100, 100, "balanced"),
        (100, 150, "balanced"),
        (150, 100, "balanced"),
        (100, 151, "mild"),
        (200, 100, "mild"),
        (1000, 2001, "moderate"),
        (100, 500, "moderate"),
        (1000, 5001, "severe"),
        (1000, 100, "severe"),
        (100, 1001, "extreme"),
        (0, 5, "single-class"),
        (5, 0, "single-class"),
        (0, 0, "single-class"),
        (3, 30, "severe"),
        (7, 11, "mild"),
    ],
)
def test_bands_include_their_upper_end(real: int, fake: int, band: str) -> None:
    assert severity(real, fake) == severity(fake, real) == band


def test_ratio_is_majority_over_minority() -> None:
    assert Count(890, 5639).ratio == pytest.approx(5639 / 890)
    assert Count(9, 3).ratio == 3.0
    assert Count(0, 8).ratio is None


def info(*rows: tuple[str | None, str, str | None, int | None, int], **more: object) -> DatasetInfo:
    names = ("split", "modality", "method", "label", "n")
    counts = [dict(zip(names, row, strict=True)) for row in rows]
    return DatasetInfo("x", "generic", "/x", counts=counts, **more)  # type: ignore[arg-type]


def test_counts_by_split_modality_and_method() -> None:
    about = info(
        ("train", "image", None, 0, 10),
        ("train", "image", "GAN", 1, 20),
        (None, "video", "GAN", 1, 5),
        ("test", "video", None, 1, 2),
        ("test", "video", None, None, 7),
    )
    assert statistics.count(about.counts) == Count(10, 27, 7)
    assert statistics.count_by(about, "split") == {
        "train": Count(10, 20, 0),
        "unassigned": Count(0, 5, 0),
        "test": Count(0, 2, 7),
    }
    assert statistics.count_by(about, "modality") == {"image": Count(10, 20), "video": Count(0, 7, 7)}
    assert statistics.methods(about) == {"GAN": 25}
    assert statistics.totals([about, about]) == {"image": Count(20, 40), "video": Count(0, 14, 14)}


def test_missing_against_what_was_published() -> None:
    rows = ((None, "video", None, 0, 600), (None, "video", None, 1, 5000))
    published = {"real": 1000, "fake": 4000}
    assert statistics.missing(info(*rows, published=published)) == {"real": 400, "fake": 0}
    assert statistics.missing(info(*rows)) is None
    assert statistics.missing(info(*rows, published=published, extra={"copies": 2})) == {
        "real": 700,
        "fake": 1500,
    }


def test_compressions_are_copies(tmp_path: Path, space: Workspace) -> None:
    about = scan([build(tmp_path / "data", OFFICIAL)], space=space).datasets[0]
    assert about.extra["copies"] == 2
    assert statistics.missing(about) == {"real": 998, "fake": 4996}


BANDS = {
    "balanced": (100, 100),
    "mild": (100, 180),
    "moderate": (100, 400),
    "severe": (100, 900),
    "extreme": (100, 5000),
}


@pytest.mark.parametrize("modality", ["image", "audio", "video", "multimodal"])
@pytest.mark.parametrize("band", [*BANDS, "single-class"])
def test_advice_presets_are_training_options(band: str, modality: str) -> None:
    real, fake = BANDS.get(band, (0, 10))
    found = advice.for_counts(real, fake, modality)
    assert found.severity == band and f"{real:,} real" in found.text
    for options in [found.preset, *(path.options for path in found.paths)]:
        TrainConfig.from_dict({**options, "modality": modality})


def test_a_badge_says_the_band_beside_the_advice() -> None:
    found = advice.for_counts(*BANDS["mild"], "image", name="Faces")
    assert found.headline == "Faces: 100 real and 180 fake samples (1.8:1, mild)."
    assert found.beside_badge == "Faces: 100 real and 180 fake samples (1.8:1)."


def test_advice_grows_with_the_band() -> None:
    options = {band: advice.for_counts(*counts, "image").preset for band, counts in BANDS.items()}
    assert options["balanced"]["loss"] == "cross_entropy" and options["balanced"]["balancing"] == []
    assert options["mild"]["loss"] == "focal" and options["mild"]["balancing"] == []
    assert all(o["threshold_method"] for o in options.values())
    assert set(options["moderate"]["balancing"]) == {"sampler", "minority_augmentation"}
    assert options["moderate"]["augmentation"]
    assert options["severe"] == options["moderate"]
    assert set(options["extreme"]["balancing"]) == {"sampler", "minority_augmentation"}
    frozen = advice.for_counts(*BANDS["extreme"], "image", frozen=True)
    assert set(frozen.preset["balancing"]) == {"sampler", "minority_augmentation", "smote"}
    (smote,) = [t for t in advice.for_counts(*BANDS["extreme"], "image").techniques if "SMOTE" in t.name]
    assert not smote.options and "tune: head" in smote.cost
    assert all(t.cost for t in frozen.techniques)


@pytest.mark.parametrize(("band", "best"), [("severe", "FoR"), ("extreme", "In-the-Wild")])
def test_three_paths_side_by_side(band: str, best: str) -> None:
    found = advice.for_counts(*BANDS[band], "audio", name="DEEP-VOICE")
    instead, combined, alone = found.paths
    assert {s.dataset for s in instead.suggestions} == {"FoR", "WaveFake"}
    assert all(s.gain.endswith(" by itself") for s in instead.suggestions)
    assert all(" becomes " in s.gain for s in combined.suggestions)
    assert set(combined.options["dataset_weights"]) == {"DEEP-VOICE", best}
    assert alone.options == found.preset
    assert f"DEEP-VOICE and {best}" in found.text


@pytest.mark.parametrize("modality", ["image", "audio", "video", "multimodal"])
@pytest.mark.parametrize("real", [0, 8, 500, 4_000, 12_483, 90_000])
@pytest.mark.parametrize("fake", [0, 9, 600, 21_044, 108_978])
def test_nothing_is_advised_that_makes_it_worse(modality: str, real: int, fake: int) -> None:
    """The ratio after adding, worked out here again from what is said to be added."""
    before = max(real, fake) / min(real, fake) if real and fake else float("inf")
    for one in suggestions(real, fake, modality):
        after = (real + one.real, fake + one.fake)
        assert min(after) > 0 and one.real + one.fake > 0
        assert one.ratio_after == pytest.approx(max(after) / min(after))
        assert one.ratio_after < before


def test_what_is_gained_is_said_as_people_say_it() -> None:
    (of_fakes,) = [one for one in suggestions(0, 24, "image") if one.dataset == "140k Real and Fake Faces"]
    assert of_fakes.gain == "together almost 1:1"
    (of_severe,) = [one for one in suggestions(35, 215, "audio") if one.dataset == "FoR"]
    assert of_severe.gain == "6.14:1 becomes 1.03:1"


def test_what_is_in_the_catalogue_counts_as_it_is_there_and_comes_first() -> None:
    rows = ((None, "image", None, 0, 10), (None, "image", None, 1, 90))
    about = info(*rows)
    here = replace(info((None, "image", None, 0, 40), (None, "image", None, 1, 20)), name="GenImage")
    combined = advice.advise(about, [about, here]).paths[1]
    best = combined.suggestions[0]
    assert (best.dataset, best.real, best.fake, best.here) == ("GenImage", 40, 20, True)
    assert best.gain == "9:1 becomes 2.2:1 with what is in the catalogue"
    assert "and GenImage: 9:1 becomes 2.2:1" in combined.what and "drawn equally often" in combined.what
    demo = advice.advise(about, [about, replace(here, demo=True)]).paths[1]
    assert not any(one.here for one in demo.suggestions), "demo data is no help to real data"


def test_a_set_is_never_advised_to_itself() -> None:
    rows = ((None, "video", None, 0, 500), (None, "video", None, 1, 21_044))
    about = replace(info(*rows), layout="fakeavceleb", name="FakeAVCeleb")
    found = {s.dataset for path in advice.advise(about).paths for s in path.suggestions}
    assert found == {"LAV-DF", "AV-Deepfake1M"}


def test_fakes_only_are_paired_with_what_they_were_made_of() -> None:
    rows = ((None, "audio", None, 1, 117_985),)
    about = replace(info(*rows), layout="wavefake", name="WaveFake")
    (path,) = advice.advise(about).paths
    best = path.suggestions[0]
    assert (best.dataset, best.real, best.fake) == ("LJSpeech-1.1", 13_100, 0)
    own = replace(info((None, "audio", None, 0, 13_100)), layout="wavefake", name="LJSpeech-1.1")
    other = replace(
        info((None, "audio", None, 0, 99), (None, "audio", None, 1, 9)), layout="generic", name="Mine"
    )
    found = partners(about, [about, own, other])
    assert [(p.name, p.same_source, p.adds) for p in found] == [
        ("LJSpeech-1.1", True, 13_100),
        ("Mine", False, 99),
    ]
    assert found[1].shortcut.endswith("two collections: format or loudness may give the class away")
    assert partners(other, [about, own]) == []


def test_pictures_have_no_loudness() -> None:
    fakes = replace(info((None, "image", None, 1, 50)), name="Fakes")
    reals = replace(info((None, "image", None, 0, 50)), name="Reals")
    (found,) = partners(fakes, [fakes, reals])
    assert found.shortcut.endswith("two collections: format or resolution may give the class away")


def test_partners_of_the_same_language_come_first() -> None:
    fakes = replace(info((None, "audio", None, 1, 500)), layout="codecfake-vctk", name="CodecFake of VCTK")
    chinese, english = (
        replace(info((None, "audio", None, 0, n), (None, "audio", None, 1, 9)), layout=layout, name=name)
        for layout, name, n in (("add2023", "ADD 2023", 999), ("in-the-wild", "In-the-Wild", 99))
    )
    found = partners(fakes, [fakes, chinese, english])
    assert [(p.name, p.same_language) for p in found] == [("In-the-Wild", True), ("ADD 2023", False)]
    assert "same language" in found[0].why and found[1].shortcut.startswith("the language alone")


class TestExpected:
    def rows(self, root: Path, space: Workspace) -> dict[str, Expected]:
        return {row.layout: row for row in compare_with_expected(scan([root], space=space).datasets)}

    def test_every_known_dataset_once_the_first_nine_in_order(self) -> None:
        rows = compare_with_expected([])
        assert sorted(row.layout for row in rows) == sorted(layouts())
        assert tuple(row.layout for row in rows[:9]) == FIRST
        assert {row.state for row in rows} == {"not found"}

    def test_what_is_published_is_the_same_wherever_it_is_said(self) -> None:
        published = {row.name: row.published for row in compare_with_expected([])}
        whole = [one for kind in OFFERS for one in balanced_datasets(kind) if not one.part]
        assert len(whole) > 9
        for one in whole:
            assert published[one.dataset] == {"real": one.real, "fake": one.fake}

    def test_a_demo_copy_is_not_found_and_is_told(self) -> None:
        about = replace(
            info((None, "audio", None, 0, 9)), layout="in-the-wild", name="In-the-Wild", demo=True
        )
        rows = {row.name: row for row in compare_with_expected([about])}
        assert (rows["In-the-Wild"].state, rows["In-the-Wild"].missing) == ("not found", [])
        assert rows["In-the-Wild"].demo and not rows["WaveFake"].demo

    def test_a_list_that_is_missing(self, tmp_path: Path, space: Workspace) -> None:
        files = media(*(f"FakeAVCeleb/videos/{i}.mp4" for i in range(5)))
        row = self.rows(build(tmp_path / "data", files), space)["fakeavceleb"]
        assert row.state == "partly" and row.root.endswith("FakeAVCeleb")
        assert any("meta_data.csv: is missing" in line for line in row.missing)
        assert "none of its 5 samples has a label" in row.missing

    def test_parts_and_counts(self, tmp_path: Path, space: Workspace) -> None:
        tree = next(tree for tree in TREES if tree.name == "ASVspoof 2019 LA")
        files = {p: text for p, text in tree.files.items() if "LA_dev/" not in p}
        row = self.rows(build(tmp_path / "data", files), space)["asvspoof2019-la"]
        assert row.state == "partly" and "the validation part is missing" in row.missing
        assert "12,482 of 12,483 published real samples are missing" in row.missing

    @pytest.mark.parametrize(
        ("files", "layout", "missing"),
        [
            (
                ("Celeb-DF-v2/Celeb-real/id0_0000.mp4", "Celeb-DF-v2/Celeb-synthesis/id0_id1_0000.mp4"),
                "celeb-df",
                ["the folder YouTube-real is missing", "the list List_of_testing_videos.txt is missing"],
            ),
            (
                (
                    "FF/original_sequences/youtube/c23/videos/000.mp4",
                    *(
                        f"FF/manipulated_sequences/{m}/c23/videos/000_003.mp4"
                        for m in ("Deepfakes", "FaceSwap")
                    ),
                ),
                "faceforensics",
                ["the folder Face2Face is missing", "the folder NeuralTextures is missing"],
            ),
            (
                (
                    "FakeAVCeleb/RealVideo-RealAudio/African/men/id00076/00109.mp4",
                    "FakeAVCeleb/RealVideo-FakeAudio/African/men/id00076/00109_fake.mp4",
                    "FakeAVCeleb/FakeVideo-FakeAudio/African/men/id00076/00109_0_id00001_wavtolip.mp4",
                ),
                "fakeavceleb",
                ["the folder FakeVideo-RealAudio is missing", "the list meta_data.csv is missing"],
            ),
            (
                ("AV-Deepfake1M/train/id1/x/real.mp4", "AV-Deepfake1M/val/id2/y/real.mp4"),
                "av-deepfake1m",
                ["the list train_metadata.json is missing", "the list val_metadata.json is missing"],
            ),
            (
                ("LAV-DF/train/000000.mp4",),
                "lav-df",
                ["the folder dev is missing", "the folder test is missing"],
            ),
        ],
    )
    def test_names_the_folders_and_lists_that_are_missing(
        self, files: tuple[str, ...], layout: str, missing: list[str], tmp_path: Path, space: Workspace
    ) -> None:
        row = self.rows(build(tmp_path / "data", media(*files)), space)[layout]
        named = [line for line in row.missing if line.startswith(("the folder", "the list"))]
        assert (row.state, named) == ("partly", missing)

    def test_a_part_of_av_deepfake1m_without_its_list(self, tmp_path: Path, space: Workspace) -> None:
        files = media("AV-Deepfake1M/train/id1/x/real.mp4", "AV-Deepfake1M/val/id2/y/real.mp4")
        (about,) = scan([build(tmp_path / "data", files)], space=space).datasets
        assert [line.partition(",")[0] for line in about.problems] == [
            "train_metadata.json: is missing",
            "val_metadata.json: is missing",
        ]

    def test_what_is_whole_is_found(self, tmp_path: Path, space: Workspace) -> None:
        tree = next(tree for tree in TREES if tree.name == "FoR")
        assert self.rows(build(tmp_path / "data", tree.files), space)["for"].state == "found"

    def test_command(self, tmp_path: Path, space: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
        root = build(tmp_path / "data", media("FakeAVCeleb/videos/a.mp4"))
        assert main(["scan", str(root), "--expected", "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)["expected"]
        assert rows[3]["layout"] == "fakeavceleb" and rows[3]["state"] == "partly"
        assert main(["scan", str(root), "--expected"]) == 0
        assert "not found  FaceForensics++" in capsys.readouterr().out


@pytest.mark.parametrize("modality", ["image", "audio", "video", "multimodal"])
def test_suggestions_say_where_from_and_where_to(modality: str) -> None:
    for suggestion in balanced_datasets(modality):
        assert (
            suggestion.source
            and suggestion.licence
            and suggestion.size
            and suggestion.folder
            and suggestion.why
            and suggestion.ask
        )


def test_first_choice_for_pictures() -> None:
    assert balanced_datasets("image")[0].dataset == "140k Real and Fake Faces"


def test_the_best_balanced_come_first() -> None:
    for modality in OFFERS:
        ratios = [one.own_ratio or 0.0 for one in balanced_datasets(modality)]
        assert ratios == sorted(ratios)
