"""What the columns of a score file are called: here, and by others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import BadInput
from core.thresholds.plain_columns import PlainColumns

# Beside label and score.
OPTIONAL = ("id", "group", "dataset", "modality", "identity", "method", "split", "probability")
# Names that others give their columns, the first that a file has: ASVspoof 5, DeepFense, scikit-learn's y_true, what
# scripts of test runs write. Case, spaces and hyphens do not count: `CM Label` and `cm-label` are cm_label. Names that
# may also mean a verdict (prediction, confidence) or the other end (score_real) are left to the user.
# fmt: off
ALIASES = {
    "sample_id": "id", "utterance": "id", "utterance_id": "id", "utt_id": "id", "utt": "id",
    "component": "group", "attack": "method",
    "truth": "label", "key": "label", "cm_label": "label", "y_true": "label", "true_label": "label",
    "ground_truth": "label", "groundtruth": "label", "gt": "label", "gt_label": "label", "is_fake": "label",
    "target": "label", "class": "label", "y": "label",
    "score_spoof": "score", "spoof_score": "score", "cm_score": "score", "y_score": "score",
    "score_fake": "score", "fake_score": "score", "prob_fake": "score", "fake_prob": "score", "p_fake": "score",
    "prob_spoof": "score", "spoof_prob": "score", "p_spoof": "score", "fake_probability": "score",
    "probability_fake": "score", "y_prob": "score", "prob": "score", "probability": "score", "logit": "score",
}
# fmt: on
# Only where two files are joined: a file may stand in several rows of its own scores, an id may not.
FILE_NAMES = {"filename": "id", "file_name": "id", "file": "id", "path": "id"}


@dataclass
class Asked:
    """Which columns are wanted, under which names of the file's own; and what there is to say about the answer."""

    needed: tuple[str, ...] = ("label", "score")
    # House name -> the file's own, or a place from 1.
    mapping: Mapping[str, str] = field(default_factory=dict)
    scores_as_text: bool = False
    fake_word: str | None = None  # the label that means fake, as the user says
    columns: dict[str, str] = field(default_factory=dict)  # as they were found
    assumption: str = ""  # what was taken for granted about a file without a header
    left_out: int = 0  # rows of the workbench's own feedback that have no score


def _plain_name(column: str) -> str:
    """`True Label` and `cm-label` are true_label and cm_label."""
    return re.sub(r"[\s_-]+", "_", column.strip().casefold())


def names(header: list[str], name: str, asked: Asked | None = None) -> dict[str, str]:
    """House name -> the file's own name of each column that is read."""
    asked = asked or Asked()
    plain: dict[str, str] = {}
    for column in header:
        key = _plain_name(column)
        if key in ("label", "score", *OPTIONAL) and key in plain and key not in asked.mapping:
            raise BadInput(f"{name} has two columns “{key}”")
        plain.setdefault(key, column)
    for alias, known in (ALIASES | (FILE_NAMES if "id" in asked.needed else {})).items():
        if known not in plain and alias in plain:
            plain[known] = plain[alias]
    shown = f"the columns {', '.join(header[:12])}" if header else "nothing"
    for known, own in asked.mapping.items():
        if _plain_name(own) not in plain:
            raise BadInput(f"{name} has no column “{own}”; it has {shown}")
        plain[known] = plain[_plain_name(own)]
    missing = [c for c in asked.needed if c not in plain]
    if missing:
        wanted = " and ".join(asked.needed)
        raise BadInput(
            f"{name} has no column “{missing[0]}”; it has {shown} (needed are {wanted}; "
            f"--column {missing[0]}=NAME names another)"
        )
    found = {known: plain[known] for known in ("label", "score", *OPTIONAL) if known in plain}
    asked.columns = dict(found)
    return found


def places_taken(mapping: Mapping[str, str]) -> dict[str, int]:
    """The columns that are named by their places, from 0."""
    by_place = bool(mapping) and all(own.isdigit() for own in mapping.values())
    return {known: int(own) - 1 for known, own in mapping.items()} if by_place else {}


def places(plain: PlainColumns, name: str, asked: Asked) -> dict[str, str]:
    """House name -> place (from 1) of each column of a file without a header."""
    for own in asked.mapping.values():
        if not own.isdigit() or not 1 <= int(own) <= plain.count:
            raise BadInput(
                f"{name} has no header: a column is named by its place, 1 to {plain.count}, not {own!r}"
            )
    found = {known: str(place + 1) for known, place in plain.known().items()} | dict(asked.mapping)
    _refuse_doubts(plain, name, asked, found)
    asked.columns = {known: f"column {own}" for known, own in found.items()}
    if plain.assumed:
        fake = f"{asked.fake_word} for fake" if asked.fake_word else "1 for fake"
        score = f", and column {found['score']} for scores" if "score" in asked.needed else ""
        asked.assumption = (
            f"{name} has no header: column {found['label']}, of 0 and 1, is taken for the labels, {fake}{score}; "
            "--column label=PLACE says otherwise"
        )
    return found


def _refuse_doubts(plain: PlainColumns, name: str, asked: Asked, found: Mapping[str, str]) -> None:
    """What the file does not say by itself."""
    if plain.begins_as_header and plain.assumed:
        raise BadInput(
            f"{name} begins with the numbers {', '.join(map(str, range(plain.count)))}, which are no names of columns; "
            "write label, score and the like there"
        )
    for known, choices in plain.doubts:
        shown = " and ".join(str(place + 1) for place in choices[:4])
        raise BadInput(
            f"{name} has no header, and its columns {shown} may each be the {known}; "
            f"--column {known}={choices[-1] + 1} names one"
        )
    missing = [c for c in asked.needed if c not in found]
    if missing:
        help_ = "; a key file says the labels (--key KEY)" if missing[0] == "label" else ""
        raise BadInput(
            f"{name} has {plain.count} columns without a header, and none is "
            f"{'an' if missing[0] == 'id' else 'a'} {missing[0]}{help_}"
        )
