"""Which output is fake, by the words of `id2label`: the two ends of published detectors lie either way round."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from models.published.base import Match, Reading, Refused

# fmt: off
FAKE = {
    "fake", "deepfake", "spoof", "spoofed", "synthetic", "artificial", "generated", "ai", "aigenerated", "forged",
    "manipulated", "computergenerated", "cloned", "synthesized", "synthesised", "tampered", "gan", "diffusion",
}
REAL = {
    "real", "bonafide", "genuine", "human", "authentic", "original", "natural", "pristine", "live", "hum",
    "realism", "photo", "photograph",
}
# fmt: on
SHOWN = 8  # labels in a message
NOT = {"not", "non", "no", "un"}


def read_labels(labels: Mapping[int, str], name: str, *, independent: bool = False) -> tuple[Reading, str]:
    """Of `{0: "Real", 1: "Fake"}` that output 1 is fake; where the words do not say so, why it is undecided.

    Of one output alone its word says what a high value means. `independent`: each output is a yes or no of its own.
    """
    sides = {index: side_of(word) for index, word in labels.items()}
    fake = tuple(i for i, side in sides.items() if side == "fake")
    named = [f"{i} = {word[:60]}" for i, word in labels.items()]
    more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
    shown = (", ".join(named[:SHOWN]) or "none") + more
    because = f"the file's own labels: {shown}"
    if len(labels) == 1 and sides[0] is not None:
        word = labels[0] if fake else f"a low {labels[0]}"
        return Reading(1, (0,) if fake else (), because, word), ""
    if None in sides.values() or not fake or (len(fake) == len(labels) and not independent):
        undecided = f"{name}: nothing says which output is fake (labels: {shown}); say it with --fake LABEL"
        if len(labels) > 2:
            undecided += ", several with a comma between them"
        return Reading(max(1, len(labels)), (0,), "", "", independent), undecided
    return Reading(len(labels), fake, because, " or ".join(labels[i] for i in fake), independent), ""


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
    """The match read as the user says: `label` is a label's word or an output's number, or several of them with a comma
    between.

    Of one output 1 says that a high value is fake, 0 that a low one is; so do its word and any other.
    """
    reading = match.reading
    words = [str(word) for word in match.options.get("labels") or []]
    wanted = label.strip().casefold()
    if not words and not match.undecided and wanted == reading.label.casefold():
        return replace(
            match, reading=replace(reading, words=f"as it was said when it was imported, and {reading.words}")
        )
    single = reading.outputs == 1
    chosen = _numbers(wanted, words, reading.outputs)
    if single and wanted in map(str.casefold, words):
        chosen = [1]  # the word of the one output: a high value
    if len(chosen) == reading.outputs > 1:
        raise Refused(f"the label {label!r} names every output; one must be left that means real")
    if not chosen:
        known = ", ".join(words) or " or ".join(map(str, range(max(reading.outputs, 2))))
        known += f" ({reading.label} is fake by itself)" if not words and not match.undecided else ""
        raise Refused(f"the label {label!r} is no label of this detector; it has {known}")
    if single:
        high = chosen[0] == 1
        called = words[0] if words else "output"
        chosen, shown = ([0], f"a high {called}") if high else ([], f"a low {called}")
    else:
        shown = " or ".join(words[i] if words else f"output {i}" for i in chosen)
    read = replace(reading, fake=tuple(chosen), words="as it was said when it was imported", label=shown)
    return replace(match, undecided="", reading=read)


def _numbers(wanted: str, words: Sequence[str], outputs: int) -> list[int]:
    """The outputs that `wanted` names, in the network's order; none where a part of it names no output."""
    names = [word.casefold() for word in words]
    parts = [wanted] if wanted in names else [part.strip() for part in wanted.split(",")]
    found = set()
    for part in parts:
        if part in names:
            found |= {i for i, name in enumerate(names) if name == part}
        elif part.isdigit() and int(part) < max(outputs, 2):
            found.add(int(part))
        else:
            return []
    return sorted(found)
