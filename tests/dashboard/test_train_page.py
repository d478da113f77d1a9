"""The Train page without a browser: the form, advice, presets, YAML, and what Start refuses and does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.catalog import shortcuts, table
from core.catalog.table import DatasetInfo, save
from core.runs import cards
from core.runs.folder import RunFolder
from core.training.options import unused_options
from core.training.options.checks import check_tune
from core.training.options.config import TrainConfig
from core.workspace import Workspace
from dashboard import theme
from dashboard.train import data as train_data
from dashboard.train import option_form
from tests.dashboard.html_tables import tables_of

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "dashboard" / "app.py"

STORED = cards.stored  # the tree's own networks
CARDS = [
    {
        "name": "mobilenetv3_small",
        "modality": "image",
        "parameters": 1_520_000,
        "input": "pictures of 224 × 224 pixels",
        "about": "the quick one",
        "source": "2019",
        "options": {"dropout": 0.1},
        "tune": "all",
        "pretrained": "tag",
        "objectives": {"domain": 0.0},
    },
    {
        "name": "forensic_residual",
        "modality": "image",
        "parameters": 23_000,
        "input": "pictures of 224 × 224 pixels, cropped and not resized",
        "about": "compact",
        "source": "ours",
        "options": {"dropout": 0.3, "drop_path": 0.0},
        "tune": "head",
        "pretrained": None,
        "objectives": {},
    },
    {
        "name": "simple_cnn",
        "modality": "video",
        "parameters": 422_530,
        "input": "16 frames",
        "about": "three layers",
        "source": "ours",
        "options": {},
    },
]


@pytest.fixture(autouse=True)
def fresh_caches(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, object]]]:
    """No server state from other tests, cards without asking the networks, and nothing is really started."""
    import streamlit as st

    st.cache_resource.clear()
    st.cache_data.clear()
    monkeypatch.setattr(cards, "stored", lambda: CARDS)
    started: list[dict[str, object]] = []
    from core.runs import manager

    monkeypatch.setattr(manager.RunManager, "start_waiting", lambda self: started.append({}))
    monkeypatch.setattr(manager.RunManager, "_keep", lambda self: None)  # nor later, by a thread that is left
    yield started
    st.cache_resource.clear()


@pytest.fixture
def add_dataset(space: Workspace) -> Callable[..., None]:
    def add(name: str, modality: str, real: int, fake: int) -> None:
        rows = [
            {
                "id": f"{name}/{label}/{i}",
                "path": f"{label}/{i}.png",
                "dataset": name,
                "layout": "x",
                "modality": modality,
                "label": label,
                "method": "swap" if label else None,
                "groups": [f"{label}-{i}"],
                "bytes": 1,
                "mtime_ns": 1,
            }
            for label, n in ((0, real), (1, fake))
            for i in range(n)
        ]
        counts = [
            {"split": None, "modality": modality, "method": m, "label": label, "n": n}
            for label, n, m in ((0, real, None), (1, fake, "swap"))
            if n
        ]
        info = DatasetInfo(name=name, layout="x", root=str(space.root), counts=counts)
        save(name, pd.DataFrame(rows), info, space)

    return add


def open_page(preset: dict[str, object] | None = None) -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    if preset is not None:
        page.session_state["train_preset"] = preset
    page.switch_page("views/train.py").run()
    assert not page.exception, page.exception
    return page


def text_of(page: AppTest) -> str:
    kinds = ("markdown", "caption", "error", "warning", "info")
    return "\n".join(str(e.value) for kind in kinds for e in getattr(page, kind)).replace("\\", "")


def widget(page: AppTest, kind: str, name: str, part: str = "") -> object:
    generation = page.session_state["train_generation"]
    return getattr(page, kind)(key=f"train-{name}-{generation}{part}")


def submitted(space: Workspace) -> list[dict[str, object]]:
    return [yaml.safe_load((p / "config.yaml").read_text()) for p in sorted(space.runs.glob("2*"))]


def test_without_data_the_next_step_is_offered(space: Workspace) -> None:
    page = open_page()
    assert "There is no data yet" in text_of(page)


def test_every_field_that_does_something_has_its_widget(
    add_dataset: Callable[..., None], space: Workspace
) -> None:
    add_dataset("faces", "image", 60, 60)
    add_dataset("more faces", "image", 30, 30)
    page = open_page(
        {
            "modality": "image",
            "datasets": ["faces", "more faces"],
            "protocol": "heldout_method",
            "heldout": "swap",
        }
    )
    generation = page.session_state["train_generation"]
    kinds = ("selectbox", "multiselect", "number_input", "text_input", "text_area", "toggle", "pills")
    drawn = {str(e.key) for kind in kinds for e in getattr(page, kind)}
    missing = [
        f.name
        for f in fields(TrainConfig)
        if not any(k.startswith(f"train-{f.name}-{generation}") for k in drawn)
    ]
    card = next(card for card in cards.cards(space) if card["name"] == "forensic_residual")
    assert set(missing) == set(unused_options.find_unused(page.session_state["train_config"], card))


def test_marks_and_units_stay_with_their_words() -> None:
    shown = train_data.Dataset("All faces", 5, 5, "balanced", True).shown
    assert shown.split(" ") == ["All", "faces\u00a0·", "●\u00a0balanced\u00a0·", "demo"]
    sound = theme.with_units("4 s of sound at 16,000 Hz").split(" ")
    assert sound == ["4\u00a0s", "of", "sound", "at", "16,000\u00a0Hz"]
    assert theme.with_units("pictures of 224 × 224 pixels").split(" ")[2:] == [
        "224\u00a0×\u00a0224\u00a0pixels"
    ]
    assert option_form.label("seconds") == "Length of a piece of sound (s)"
    assert option_form.label("epochs") == "Epochs"


def test_a_threshold_method_is_chosen_from_a_list_with_its_parameter(
    add_dataset: Callable[..., None],
) -> None:
    add_dataset("faces", "image", 50, 50)
    page = open_page()
    widget(page, "selectbox", "threshold_method").select("fpr").run()
    assert page.session_state["train_config"]["threshold_method"] == "fpr=0.01"
    assert "Threshold: False alarms at most 1 %." in text_of(page).replace("\u00a0", " ")
    share = next(n for n in page.number_input if n.label == "False alarms at most (%)")
    share.set_value(0.5).run()
    assert page.session_state["train_config"]["threshold_method"] == "fpr=0.005"
    widget(page, "selectbox", "threshold_method").select("cost").run()
    assert page.session_state["train_config"]["threshold_method"] == "cost=1:5"
    TrainConfig.from_dict(page.session_state["train_config"])


def test_a_part_without_one_class_is_named_with_its_consequence(
    add_dataset: Callable[..., None], space: Workspace
) -> None:
    add_dataset("faces", "image", 50, 50)
    info = table.info("faces", space)
    rows = table.load(["faces"], space)
    rows["split"] = ["train" if i % 2 else "val" for i in range(len(rows))]
    rows.loc[rows.index[-10:], "split"] = "test"  # fakes
    save("faces", rows, info, space)
    text = text_of(open_page({"modality": "image", "datasets": ["faces"], "protocol": "official"}))
    assert (
        "The test part has no real sample: results will lack AUC, precision and false alarms, which are measured on the "
        "test part." in text
    )


def test_data_of_one_class_is_refused_in_plain_words(add_dataset: Callable[..., None]) -> None:
    add_dataset("only fakes", "image", 0, 30)
    page = open_page({"modality": "image", "datasets": ["only fakes"]})
    said = text_of(page)
    assert "0 real and 30 fake" in said and said.count("real samples are missing") == 1 and not page.error
    assert page.button(key="train-start").help == "First add real samples, beside the data."
    assert "split" not in said and "{'" not in said  # once, and in the words of the page


def test_a_clone_says_at_once_that_it_is_one(add_dataset: Callable[..., None]) -> None:
    add_dataset("faces", "image", 50, 50)
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    page.session_state["train_preset"] = {"modality": "image", "datasets": ["faces"]}
    page.session_state["train_cloned"] = "My run"
    page.switch_page("views/train.py").run()
    assert "This is a copy of **My run**" in text_of(page)


def test_the_form_says_how_imbalanced_the_data_is_and_ticks_the_advice(
    add_dataset: Callable[..., None],
) -> None:
    add_dataset("faces", "image", 40, 160)
    page = open_page()
    text = text_of(page)
    assert "moderate" in text and "40 real and 160 fake" in text
    assert "Focal loss** :green-badge[✔ chosen]  \nEasy samples" in text
    config = page.session_state["train_config"]
    assert config["loss"] == "focal"
    assert {"sampler", "minority_augmentation"} <= set(config["balancing"])
    assert widget(page, "selectbox", "loss").value == "focal"


def test_advice_that_nobody_took_is_said_and_taken_with_one_press(
    add_dataset: Callable[..., None],
) -> None:
    """A link names the data alone: nothing is ticked, and nothing pretends to be."""
    add_dataset("faces", "image", 18, 160)
    page = open_page({"modality": "image", "datasets": ["faces"], "balancing": ["class_weights"]})
    assert page.session_state["train_config"]["loss"] == "cross_entropy"
    text = text_of(page)
    assert "and not chosen: Focal loss, Weighted sampler and Stronger augmentation of the minority" in text
    assert "Focal loss** :gray-badge[not chosen]  \nEasy samples" in text
    page.button(key="train-take-advice").click().run()
    config = page.session_state["train_config"]
    assert config["loss"] == "focal" and "flip" in config["augmentation"]
    assert config["balancing"][:3] == ["class_weights", "sampler", "minority_augmentation"]
    assert "not chosen: Focal" not in text_of(page)
    assert not [one for one in page.button if one.key == "train-take-advice"]


def test_advice_of_extreme_imbalance_runs_with_the_network_that_is_chosen(
    add_dataset: Callable[..., None], space: Workspace
) -> None:
    """SMOTE is ticked where the backbone is frozen anyway; nothing is frozen for it in silence."""
    add_dataset("faces", "image", 10, 160)
    page = open_page({"modality": "image", "datasets": [], "model": "mobilenetv3_small"})
    widget(page, "multiselect", "datasets").select("faces").run()
    config = page.session_state["train_config"]
    assert "smote" not in config["balancing"] and config["tune"] is None and "sampler" in config["balancing"]
    assert "it needs “What learns: the head alone”" in text_of(page)
    check_tune(TrainConfig.from_dict(config), "all")
    page = open_page()
    config = page.session_state["train_config"]
    assert "smote" in config["balancing"] and config["tune"] is None  # the default network is in head mode
    check_tune(TrainConfig.from_dict(config), "head")


def test_an_option_that_does_nothing_for_the_network_is_not_offered(add_dataset: Callable[..., None]) -> None:
    add_dataset("faces", "image", 50, 50)
    page = open_page({"modality": "image", "datasets": ["faces"], "model": "mobilenetv3_small"})
    assert widget(page, "number_input", "dropout")
    names = {control.key.split("-")[1] for control in page.number_input if control.key.startswith("train-")}
    assert "seconds" not in names and "focal_gamma" not in names and "warmup" not in names
    assert {"epochs", "plateau_patience", "weight_decay"} <= names
    page = open_page({"modality": "image", "datasets": ["faces"], "model": "", "seconds": 2.0})
    names = {control.key.split("-")[1] for control in page.number_input if control.key.startswith("train-")}
    assert "seconds" in names and "domain_weight" not in names  # what somebody has set is shown


def test_an_option_of_the_network_is_a_choice_with_a_name_and_a_help(
    add_dataset: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards, "stored", STORED)
    add_dataset("voices", "audio", 50, 50)
    page = open_page({"modality": "audio", "datasets": ["voices"], "model": "logmel_resnet18"})
    scale = widget(page, "selectbox", "model_options", "-scale")
    assert scale.label == "Spacing of the frequencies" and "as the ear hears" in scale.help
    assert scale.options == ["mel, as the ear hears", "linear, all alike"]
    assert page.session_state["train_config"]["model_options"] == {}
    scale.select("linear").run()
    assert page.session_state["train_config"]["model_options"] == {"scale": "linear"}
    bands = widget(page, "number_input", "model_options", "-bands")
    assert (bands.value, bands.min, bands.max) == (128, 8, 256)
    assert widget(page, "selectbox", "model_options", "-backbone").options[1] == "ResNet-18"


def test_what_the_size_decides_is_an_empty_field_and_odd_values_stay(
    add_dataset: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards, "stored", STORED)
    add_dataset("clips", "video", 50, 50)
    odd = {"layers": 99, "heads": "many", "size": ["a"], "domains": 3}
    preset = {"modality": "multimodal", "datasets": ["clips"], "model": "fusion"}
    page = open_page({**preset, "model_options": odd})
    assert page.session_state["train_config"]["model_options"] == odd
    width = widget(page, "number_input", "model_options", "-width")
    assert width.value is None and width.placeholder == "as the size says"
    width.set_value(128).run()
    assert page.session_state["train_config"]["model_options"] == {**odd, "width": 128}


def test_what_the_catalogue_has_beside_is_named_with_its_reason(add_dataset: Callable[..., None]) -> None:
    add_dataset("faces", "image", 50, 50)
    add_dataset("voices", "audio", 50, 50)
    text = text_of(open_page({"modality": "image", "datasets": ["faces"]}))
    assert "voices** holds recordings, and this kind of detector takes pictures" in text
    page = open_page({"modality": "multimodal", "datasets": ["faces", "voices"]})
    assert not page.button(key="train-start").disabled


def test_video_with_sound_begins_with_clips_before_pictures(
    add_dataset: Callable[..., None], space: Workspace
) -> None:
    add_dataset("a faces", "image", 50, 50)
    add_dataset("b one class", "video", 50, 0)
    add_dataset("clips", "video", 50, 50)
    assert train_data.first_choice(space, "multimodal")["datasets"] == ["clips"]
    assert train_data.first_choice(space, "image")["datasets"] == ["a faces"]


def test_the_plan_is_said_once_with_its_leaks(add_dataset: Callable[..., None]) -> None:
    add_dataset("faces", "image", 50, 50)
    page = open_page()
    (plan,) = [found for found in tables_of(page) if "share" in found]
    assert plan.to_numpy().tolist() == [
        ["training", "64 %", "32", "32"],
        ["validation", "16 %", "8", "8"],
        ["test", "20 %", "10", "10"],
    ]
    assert text_of(page).count("No person, source or clip that the data names is in two parts") == 1


def test_data_without_a_split_of_its_own_is_divided_by_person_source_or_clip(
    add_dataset: Callable[..., None], space: Workspace
) -> None:
    add_dataset("faces", "image", 50, 50)
    add_dataset("listed", "image", 50, 50)
    give_a_split("listed", space)
    page = open_page()
    assert page.session_state["train_config"]["protocol"] == "group"
    assert "the dataset's own split" not in widget(page, "selectbox", "protocol").options
    widget(page, "multiselect", "datasets").set_value(["listed"]).run()
    assert page.session_state["train_config"]["protocol"] == "official"
    # The dataset brings every part.
    assert "shares" not in {str(one.key).split("-")[1] for one in page.selectbox}
    widget(page, "multiselect", "datasets").set_value(["listed", "faces"]).run()
    assert page.session_state["train_config"]["protocol"] == "group"
    widget(page, "selectbox", "protocol").select("official").run()
    assert "faces: it has no split of its own, so it is divided by person, source or clip" in text_of(page)
    assert widget(page, "selectbox", "shares").value == "64/16/20"


def test_a_set_of_another_page_is_divided_as_it_allows(
    add_dataset: Callable[..., None], space: Workspace
) -> None:
    add_dataset("faces", "image", 50, 50)
    preset = {"modality": "image", "datasets": ["faces"]}
    assert open_page(preset).session_state["train_config"]["protocol"] == "group"
    give_a_split("faces", space)
    assert open_page(preset).session_state["train_config"]["protocol"] == "official"
    asked = {**preset, "protocol": "random"}
    assert open_page(asked).session_state["train_config"]["protocol"] == "random"


def test_without_a_choice_it_says_from_what_it_learns(add_dataset: Callable[..., None]) -> None:
    add_dataset("faces", "image", 50, 50)
    add_dataset("more faces", "image", 50, 50)
    page = open_page({"modality": "image", "datasets": []})
    assert "it learns from all of this kind: faces and more faces" in text_of(page)
    assert "100 real and 100 fake samples" in text_of(page)


def test_a_class_that_is_missing_is_added_with_a_button(add_dataset: Callable[..., None]) -> None:
    add_dataset("faces", "image", 50, 50)
    add_dataset("only fakes", "image", 0, 30)
    page = open_page({"modality": "image", "datasets": ["only fakes"]})
    page.button(key="train-complete-faces").click().run()
    assert page.session_state["train_config"]["datasets"] == ["only fakes", "faces"]
    assert not page.button(key="train-start").disabled


def test_a_division_that_nothing_can_be_learned_from_starts_nothing(
    add_dataset: Callable[..., None], space: Workspace
) -> None:
    add_dataset("faces", "image", 50, 50)
    give_a_split("faces", space, train=[1])
    page = open_page({"modality": "image", "datasets": ["faces"]})
    (said,) = page.error
    assert "the training part has no real sample" in said.value.replace("\\", "")
    assert page.button(key="train-start").disabled


def give_a_split(name: str, space: Workspace, train: Sequence[int] = (0, 1)) -> None:
    """Every other sample for training, of these labels alone; the rest for validation and test."""
    info, rows = table.info(name, space), table.load([name], space)
    rows["split"] = [
        "train" if i % 2 and label in train else "val" if i % 4 < 2 else "test"
        for i, label in enumerate(rows["label"])
    ]
    counted = Counter(zip(rows["split"], rows["label"].astype(int), strict=True))
    counts = [
        {"split": split, "modality": "image", "method": "swap" if label else None, "label": label, "n": n}
        for (split, label), n in counted.items()
    ]
    save(name, rows, replace(info, counts=counts), space)


@pytest.fixture
def single_sets(space: Workspace, tmp_path: Path) -> dict[str, object]:
    """A set of fakes and one of reals, whose pictures differ in size."""
    for name, label, side in (("only fakes", 1, 96), ("only reals", 0, 48)):
        rows = []
        for i in range(12):
            path = tmp_path / name / f"{i}.png"
            path.parent.mkdir(exist_ok=True)
            pixels = np.random.default_rng(i + label).integers(0, 255, (side, side, 3), np.uint8)
            Image.fromarray(pixels).save(path)
            status = path.stat()
            rows.append(
                {
                    "id": f"{name}/{i}.png",
                    "path": f"{i}.png",
                    "dataset": name,
                    "layout": "x",
                    "modality": "image",
                    "label": label,
                    "method": "swap" if label else None,
                    "groups": [f"{label}-{i}"],
                    "bytes": status.st_size,
                    "mtime_ns": status.st_mtime_ns,
                }
            )
        counts = [
            {"split": None, "modality": "image", "method": "swap" if label else None, "label": label, "n": 12}
        ]
        info = DatasetInfo(name=name, layout="x", root=str(tmp_path / name), counts=counts)
        save(name, pd.DataFrame(rows), info, space)
    return {"modality": "image", "datasets": ["only fakes", "only reals"]}


def test_a_pairing_of_single_classes_says_its_shortcut_before_the_start(
    single_sets: dict[str, object], space: Workspace
) -> None:
    page = open_page(single_sets)
    said = text_of(page)
    assert "only fakes has fakes only and only reals has real samples only" in said
    assert "These datasets were collected apart: format or resolution may give the class away" in said
    assert "Nobody has measured yet what this pairing gives away" in said
    command = page.code[0].value.replace("\\\n  ", "")
    assert command == "python -m core shortcuts --together --dataset 'only fakes' 'only reals'"
    assert not page.button(key="train-start").disabled
    of_all = text_of(open_page({**single_sets, "datasets": []}))
    assert "it learns from all of this kind" in of_all and "only fakes has fakes only" in of_all
    shortcuts.probe_together(["only fakes", "only reals"], space=space)
    said = text_of(open_page(single_sets))
    assert "alone tells real from fake here: AUC 1.0" in said and "Nobody has measured" not in said


def test_the_button_measures_the_pairing(single_sets: dict[str, object], space: Workspace) -> None:
    page = open_page(single_sets)
    page.button(key="train-pairing-probe").click().run()
    for _ in range(100):
        if shortcuts.measured_together(["only fakes", "only reals"], space=space) is not None:
            break
        page.run()
    assert "alone tells real from fake here" in text_of(page.run())


def test_sets_of_both_classes_are_no_pairing(add_dataset: Callable[..., None]) -> None:
    add_dataset("one", "image", 10, 10)
    add_dataset("two", "image", 10, 10)
    assert "pairing" not in text_of(open_page({"modality": "image", "datasets": ["one", "two"]}))


def test_start_submits_what_the_form_says(add_dataset: Callable[..., None], space: Workspace) -> None:
    add_dataset("faces", "image", 50, 50)
    page = open_page()
    widget(page, "number_input", "epochs").set_value(7).run()
    widget(page, "selectbox", "monitor").select("macro_f1").run()
    page.button(key="train-start").click().run()
    assert not page.exception
    (config,) = submitted(space)
    assert (config["epochs"], config["monitor"], config["datasets"]) == (7, "macro_f1", ["faces"])
    assert config["model"] == TrainConfig.from_dict({"modality": "image"}).model_name


def test_start_takes_what_was_typed_last(add_dataset: Callable[..., None], space: Workspace) -> None:
    """Leaving a field for the button sends both at once."""
    add_dataset("faces", "image", 50, 50)
    page = open_page()
    widget(page, "number_input", "learning_rate").set_value(0.01)
    page.button(key="train-start").click().run()
    assert not page.exception
    (config,) = submitted(space)
    assert config["learning_rate"] == 0.01


def test_start_is_heard_also_when_the_estimate_begins_at_that_moment(
    add_dataset: Callable[..., None], space: Workspace
) -> None:
    add_dataset("faces", "image", 50, 50)
    page = open_page()
    key, _ = page.session_state["train-estimate-since"]
    page.session_state["train-estimate-since"] = (key, 0.0)  # nothing was changed for long
    page.button(key="train-start").click().run()
    assert not page.exception
    assert len(submitted(space)) == 1


def test_where_it_runs_is_a_choice_where_the_settings_offer_several(
    add_dataset: Callable[..., None], space: Workspace
) -> None:
    add_dataset("faces", "image", 50, 50)
    assert [control for control in open_page().segmented_control if control.label == "Runs on"] == []
    space.settings_file.write_text('[executor]\noffer = ["local", "torchrun"]\n')
    page = open_page()
    page.segmented_control(key="train-executor").set_value("torchrun").run()
    page.button(key="train-start").click().run()
    assert not page.exception
    (run,) = space.runs.glob("2*")
    assert RunFolder(run).status().executor == "torchrun"
    space.settings_file.write_text('[executor]\noffer = ["moon"]\n')
    assert "unknown executor 'moon'" in text_of(open_page())


@pytest.mark.parametrize(
    ("preset", "said"),
    [
        ({"modality": "audio", "datasets": []}, "No dataset in the catalogue holds sound"),
        ({"datasets": ["only fakes"]}, "real samples are missing"),
        ({"datasets": ["gone"]}, "gone is not in the catalogue"),
        (
            {"datasets": ["faces"], "balancing": ["smote"], "tune": "all"},
            "needs “What learns: the head alone”",
        ),
        (
            {"datasets": ["faces"], "protocol": "heldout_method"},
            "choose the method that only the test part has",
        ),
        ({"datasets": ["faces"], "threshold_method": "guess"}, "How the threshold is chosen"),
    ],
)
def test_start_says_what_is_wrong_and_starts_nothing(
    add_dataset: Callable[..., None], space: Workspace, preset: dict[str, object], said: str
) -> None:
    add_dataset("faces", "image", 50, 50)
    add_dataset("only fakes", "image", 0, 50)
    page = open_page({"modality": "image", **preset})
    assert said in text_of(page)
    assert page.button(key="train-start").disabled
    assert submitted(space) == []


def test_of_data_that_is_gone_one_line_is_said_and_no_plan_of_other_data(
    add_dataset: Callable[..., None],
) -> None:
    add_dataset("faces", "image", 50, 50)
    assert tables_of(open_page({"modality": "image", "datasets": ["faces"]}))
    page = open_page({"modality": "image", "datasets": ["gone"]})
    (said,) = page.error
    assert "gone is not in the catalogue" in said.value
    assert not tables_of(page)


def test_presets_change_what_they_say(add_dataset: Callable[..., None]) -> None:
    add_dataset("faces", "image", 50, 50)
    page = open_page()
    for name, field, value in (
        ("quick look", "max_samples_per_class", 200),
        ("everything on", "loss", "weighted_focal"),
        ("head only", "tune", "head"),
        ("baseline", "balancing", []),
    ):
        page.button(key=f"preset-{name}").click().run()
        assert page.session_state["train_config"][field] == value
        TrainConfig.from_dict(page.session_state["train_config"])


def test_yaml_can_be_edited_and_a_mistake_changes_nothing(add_dataset: Callable[..., None]) -> None:
    add_dataset("faces", "image", 50, 50)
    page = open_page()
    area = next(a for a in page.text_area if str(a.key).startswith("train-yaml-"))
    document = yaml.safe_load(area.value)
    assert document["datasets"] == ["faces"]
    assert document["model"] == "forensic_residual"  # which the page suggests
    area.set_value(yaml.safe_dump({**document, "epochs": 3, "loss": "focal"})).run()
    page.button(key="train-yaml-apply").click().run()
    assert widget(page, "number_input", "epochs").value == 3
    assert page.session_state["train_config"]["loss"] == "focal"
    area = next(a for a in page.text_area if str(a.key).startswith("train-yaml-"))
    area.set_value("epochz: 4").run()
    page.button(key="train-yaml-apply").click().run()
    assert "unknown option 'epochz'" in text_of(page)
    assert page.session_state["train_config"]["epochs"] == 3


def test_another_modality_offers_its_own_data_and_augmentation(add_dataset: Callable[..., None]) -> None:
    add_dataset("faces", "image", 50, 50)
    add_dataset("clips", "video", 30, 60)
    page = open_page()
    widget(page, "selectbox", "modality").select("video").run()
    config = page.session_state["train_config"]
    assert (config["modality"], config["datasets"]) == ("video", ["clips"])
    assert "audio_noise" not in widget(page, "pills", "augmentation").options


def test_the_usual_batch_is_that_of_what_is_looked_at(add_dataset: Callable[..., None]) -> None:
    add_dataset("faces", "image", 50, 50)
    add_dataset("clips", "video", 30, 60)
    page = open_page({"modality": "image", "datasets": ["faces"]})
    assert widget(page, "selectbox", "batch_size").options[0] == "32 (usual)"
    widget(page, "selectbox", "modality").select("video").run()
    assert widget(page, "selectbox", "batch_size").options[0] == "4 (usual)"


def test_a_viewer_sees_no_way_to_start(
    add_dataset: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.access import Person
    from dashboard import session

    add_dataset("faces", "image", 50, 50)
    monkeypatch.setattr(session, "person", lambda: Person("eve", operator=False))
    page = open_page()
    assert page.button(key="train-start").disabled
    assert "Operators start runs" in text_of(page)


def test_every_field_of_the_form_has_a_name_of_its_own(add_dataset: Callable[..., None]) -> None:
    add_dataset("faces", "image", 30, 90)
    page = open_page()
    fields_of = [page.number_input, page.text_input, page.selectbox, page.multiselect, page.toggle]
    labels = [one.label for kind in fields_of for one in kind]
    assert "Dropout" in labels and len(labels) == len(set(labels)), sorted(labels)


def test_the_form_stands_in_the_address_and_a_link_fills_it(add_dataset: Callable[..., None]) -> None:
    add_dataset("faces", "image", 50, 50)
    add_dataset("more, faces", "image", 50, 50)
    changed = {"modality": "image", "datasets": ["more, faces"], "epochs": 7, "loss": "focal", "name": "mine"}
    page = open_page(changed)
    link = {name: "".join(value) for name, value in page.query_params.items()}
    assert link["epochs"] == "7" and "batch_size" not in link
    again = AppTest.from_file(str(APP), default_timeout=60).run()
    for name, value in link.items():
        again.query_params[name] = value
    again.switch_page("views/train.py").run()
    assert not again.exception
    config = again.session_state["train_config"]
    assert {name: config[name] for name in changed} == changed


@pytest.mark.parametrize("value", ["[broken", "many", "-3"])
def test_a_link_that_is_no_configuration_opens_the_page_as_usual(
    add_dataset: Callable[..., None], value: str
) -> None:
    add_dataset("faces", "image", 50, 50)
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    page.query_params["epochs"] = value
    page.switch_page("views/train.py").run()
    assert not page.exception
    assert page.session_state["train_config"]["datasets"] == ["faces"]
