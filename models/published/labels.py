"""Which output is fake, by the words of `id2label`: the two ends of published detectors lie either way round."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from models.published.base import Match, Reading, Refused

FAKE = {
    "fake", "deepfake", "spoof", "spoofed", "synthetic", "artificial", "generated", "ai", "aigenerated", "forged",
    "manipulated", "computergenerated", "cloned", "synthesized", "synthesised", "tampered", "gan", "diffusion",
}  # fmt: skip
REAL = {
    "real", "bonafide", "genuine", "human", "authentic", "original", "natural", "pristine", "live", "hum",
    "realism", "photo", "photograph",
}  # fmt: skip
NOT = {"not", "non", "no", "un"}


def read_labels(labels: Mapping[int, str], name: str) -> tuple[Reading, str]:
    """Of `{0: "Real", 1: "Fake"}` that output 1 is fake; where the words do not say so, why it is undecided."""
    sides = {index: side_of(word) for index, word in labels.items()}
    fake = tuple(i for i, side in sides.items() if side == "fake")
    shown = ", ".join(f"{i} = {word}" for i, word in labels.items()) or "none"
    if len(labels) < 2 or None in sides.values() or not fake or len(fake) == len(labels):
        undecided = f"{name}: nothing says which output is fake (labels: {shown}); say it with --fake LABEL"
        return Reading(max(2, len(labels)), (1,), "", ""), undecided
    because = f"the file's own id2label: {shown}"
    return Reading(len(labels), fake, because, " or ".join(labels[i] for i in fake)), ""


def side_of(label: str) -> str | None:
    """`AI-generated`, `Deepfake`, `bona-fide`, `not real`; None where the words name neither side, or both."""
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label).lower())
    joined = "".join(words)
    negated = bool(words) and words[0] in NOT
    rest = words[1:] if negated else words
    sides = {
        side
        for side, known in (("fake", FAKE), ("real", REAL))
        if known & {*rest, joined} or any(word.rstrip("s") in known for word in rest)
    }
    if "fake" in joined:
        sides.add("fake")
    if "bona" in rest and "fide" in rest:
        sides.add("real")
    if len(sides) != 1:
        return None
    (side,) = sides
    return {"fake": "real", "real": "fake"}[side] if negated else side


def of_config(config: Mapping[str, Any], name: str) -> dict[int, str]:
    """id2label of a config.json, by number."""
    found = config.get("id2label")
    if not isinstance(found, Mapping) or not found:
        return {}
    try:
        labels = {int(index): str(word) for index, word in found.items()}
    except (TypeError, ValueError) as error:
        raise Refused(f"{name}: id2label numbers its labels by {list(found)[:3]}, not by outputs") from error
    if sorted(labels) != list(range(len(labels))) or len(labels) > 10_000:
        raise Refused(f"{name}: id2label names outputs {sorted(labels)[:5]}…, not 0 to {len(labels) - 1}")
    return dict(sorted(labels.items()))


def choose(match: Match, label: str) -> Match:
    """The match read as the user says: `label` is a label's word or an output's number."""
    reading = match.reading
    words = match.options.get("labels") or []
    wanted = label.strip().casefold()
    chosen = [i for i, word in enumerate(words) if str(word).casefold() == wanted]
    if not chosen and wanted.isdigit() and int(wanted) < max(reading.outputs, 2):
        chosen = [int(wanted)]
    if not chosen:
        known = ", ".join(map(str, words)) or " or ".join(map(str, range(max(reading.outputs, 2))))
        raise Refused(f"--fake {label!r} is no label of this detector; it has {known}")
    shown = str(words[chosen[0]]) if words else f"output {chosen[0]}"
    if reading.outputs == 1:  # of one sigmoid: 1 says that a high value is fake, 0 that a low one is
        high = chosen[0] == 1
        shown = str(words[chosen[0]]) if words else ("a high output" if high else "a low output")
        return replace(
            match, undecided="", reading=Reading(1, (0,) if high else (), "said with --fake", shown)
        )
    return replace(
        match, undecided="", reading=Reading(reading.outputs, tuple(chosen), "said with --fake", shown)
    )
