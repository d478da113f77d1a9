"""The stored table of networks: true, quick, and no end of what can be added."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from core.runs import cards
from core.workspace import Workspace
from models import registry
from tests.models.test_registry import ADDED

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.long
def test_the_stored_table_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every network built without values; mend it with `python .ci/cards.py`."""
    monkeypatch.delenv(registry.FOLDERS_VARIABLE, raising=False)
    written = runpy.run_path(str(ROOT / ".ci" / "cards.py"))["written"]
    assert cards.STORED.read_text(encoding="utf-8") == written()


def test_the_stored_table_knows_every_network_of_the_tree() -> None:
    assert cards.further_files() == []
    assert [card["name"] for card in cards.stored()] == registry.list_models()
    assert all(card["input"] == registry.card(card["name"]).input for card in cards.stored())


def test_every_option_that_a_form_offers_has_a_name_a_help_and_its_values() -> None:
    """But what a field of the form sets, the number of datasets, and the inside of wav2vec 2.0."""
    elsewhere = {"dropout", "domains", "sizes", "speech_sizes"}
    for card in cards.stored():
        name, asked = card["name"], card["asked"]
        assert set(asked) == set(card["options"]) - elsewhere, name
        for option, one in asked.items():
            default = card["options"][option]
            assert one["title"] != option and one["help"].endswith("."), (name, option)
            values = [value for value, _ in one["choices"]]
            if isinstance(default, (str, bool)):
                assert default in values, (name, option)
            else:
                assert default in values if values else one["low"] < one["high"], (name, option)


def test_the_command_lists_them_without_torch() -> None:
    code = (
        "import sys; from core.cli import main; main(['models', '--json']); sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0 and b'"simple_cnn"' in done.stdout


@pytest.mark.long
def test_a_network_of_ones_own_is_looked_up_once(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "added.py").write_text(ADDED)
    monkeypatch.setenv(registry.FOLDERS_VARIABLE, str(tmp_path))
    assert cards.incomplete(space) and cards.cards(space) == cards.stored()
    cards.look_up(space)
    found = {card["name"]: card for card in cards.cards(space)}
    assert found.pop("added_by_test")["parameters"] == 3 * 64 * 2 + 2
    assert list(found.values()) == cards.stored() and not cards.incomplete(space)
    (tmp_path / "added.py").write_text(ADDED + "\n# changed\n")
    assert cards.incomplete(space)
