"""Every key that a page can show has a name that a person can read, and one thing has one name."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import fields
from typing import Any

import pytest

from core import option_words
from core import words as core_words
from core.catalog import advice, statistics
from core.catalog.layouts import layouts
from core.detection import explanations
from core.imports import store
from core.runs import comparison, curves, executors
from core.runs.figures import SHOWN
from core.runs.folder import FINAL_STATES
from core.runs.presets import presets
from core.thresholds import methods
from core.training import augmentation, losses
from core.training.balancing import TECHNIQUES
from core.training.options.choices import MODALITIES, MONITORS
from core.training.options.config import TrainConfig
from core.training.scoring import epoch_metrics
from dashboard import theme, words
from dashboard.runs import order

KINDS: dict[str, dict[str, Any]] = {
    "balancing": TECHNIQUES,
    "losses": losses.LOSSES,
    "augmentation": augmentation.AUGMENTATIONS,
    "methods": methods.KNOWN,
}


def states_title(kind: type) -> bool:
    """Whether the class's own body states it, and not a parent or the registry."""
    (body,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(body, ast.ClassDef)
    targets = [t for node in body.body if isinstance(node, ast.Assign) for t in node.targets]
    return any(isinstance(target, ast.Name) and target.id == "title" for target in targets)


@pytest.mark.parametrize("folder", KINDS)
def test_every_registered_class_states_its_title(folder: str) -> None:
    nameless = [
        name
        for name, kind in KINDS[folder].items()
        if not states_title(kind if isinstance(kind, type) else type(kind))
    ]
    assert nameless == []
    titles = [kind.title for kind in KINDS[folder].values()]
    assert len(set(titles)) == len(titles)


def test_help_names_options_and_values_as_the_form_does() -> None:
    for field in fields(TrainConfig):
        text = words.help_text(field.name)
        assert not re.search(r"\b[a-z]+_[a-z_]+\b|\btune\b", text), (field.name, text)
        for key in [*option_words.CHOICES.get(field.name, {}), *words.REGISTERED.get(field.name, {})]:
            if re.search(rf"(?<![\w-]){re.escape(str(key))}:", field.metadata["help"]):
                assert f"{words.choice(field.name, key)}:" in text, (field.name, key)
        assert text[0].isupper() and text.endswith(".")


def test_an_error_about_a_field_names_it_as_the_form_does() -> None:
    assert words.message("learning_rate: 5 is too much") == "Learning rate: 5 is too much"
    assert words.message("run-1: nothing here") == "run-1: nothing here"


def test_a_class_without_a_title_is_called_by_its_own_name_not_by_its_parents() -> None:
    assert methods.KNOWN["f1"].title == "Best F1" and methods.KNOWN["fbeta"].title == "Best F{}"  # its parent
    assert core_words.capital(core_words.plain("my_own_trick")) == "My own trick"


def test_every_network_has_a_name() -> None:
    from models import registry

    assert [name for name in registry.list_models() if name not in core_words.NETWORKS] == []
    assert [name for name in core_words.NETWORKS if name not in registry.list_models()] == []
    assert set(core_words.FAMILIES) == set(store.families())


def test_every_explanation_has_a_name() -> None:
    known = {*explanations.PICTURE_METHODS, *explanations.TIME_METHODS, explanations.AUTO}
    assert known <= set(words.EXPLANATIONS)
    assert all(title and "_" not in title for title in words.EXPLANATIONS.values())


def test_every_figure_has_a_name() -> None:
    known = {*SHOWN, *comparison.FIGURES, *MONITORS, *curves.SYSTEM, *epoch_metrics.FIGURES}
    assert [name for name in known if name not in core_words.FIGURES] == []


def test_every_state_severity_part_place_and_kind_of_media_has_a_name() -> None:
    assert set(theme.STATE) == set(core_words.STATES) == set(order.STATES)
    assert set(order.STATES) >= {*FINAL_STATES, "queued", "running", "stopping"}
    assert set(theme.SEVERITY) == set(core_words.SEVERITIES) == set(statistics.SEVERITIES)
    assert set(statistics.SPLITS) == set(core_words.SPLITS)
    assert set(executors.NAMES) == set(core_words.PLACES)
    assert set(MODALITIES) == set(core_words.MODALITIES)


def test_every_preset_and_layout_has_a_name() -> None:
    assert all(words.preset(p) and "_" not in words.preset(p) for m in MODALITIES for p in presets(m))
    assert [slug for slug, layout in layouts().items() if not layout.dataset] == []


def test_no_option_and_no_value_shows_an_underscore() -> None:
    raw = []
    for field in fields(TrainConfig):
        raw += [words.option(field.name)] if "_" in words.option(field.name) else []
        shown = [words.choice(field.name, c) for c in field.metadata["choices"]]
        raw += [text for text in shown if "_" in text]
        assert len(set(shown)) == len(shown), field.name
    assert raw == []
    assert words.choice("faces", True) == "yes" and words.choice("faces", "auto") == "as the data needs"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("macro_f1", "Best macro F1"),
        ("precision=0.95", "Precision at least 95 %"),
        ("fpr=0.005", "False alarms at most 0.5 %"),
        ("fbeta=2", "Best F2"),
        ("cost=1:5", "Lowest cost 1:5"),
        ("default", "Default (0.5)"),
        ("precision=much", "Precision at least much"),
        ("a line of my own", "a line of my own"),
    ],
)
def test_threshold_methods_read_as_sentences(text: str, title: str) -> None:
    assert words.threshold_method(text) == title


def test_advice_calls_techniques_by_their_titles() -> None:
    """What the advice says and what the form ticks bear one name."""
    found = advice.for_counts(1_000, 20_000, "image").techniques
    for technique in found:
        for name in technique.options.get("balancing", []):
            assert technique.name == TECHNIQUES[name].title
        if loss := technique.options.get("loss"):
            assert technique.name == losses.LOSSES[loss].title
