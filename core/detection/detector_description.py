"""What made a detector, in the words of somebody who has never trained one: data, methods, figures, date.

It stands beside every verdict and travels with an export.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core import numbers, words
from core.runs.folder import RunFolder
from core.thresholds.operating_point import OperatingPoint

MOST_NAMED = 6  # datasets or methods; more are counted
INTERVALS = ("auc", "recall", "false_alarms")  # of what they are known
SPLITS = {"train": "training", "val": "validation", "test": "test"}


@dataclass(frozen=True)
class About:
    """None or empty where the detector does not say it."""

    datasets: tuple[str, ...] = ()
    demo: bool = False
    methods: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()  # of files it learned from: image, audio, video, silent (clips without sound)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)  # split: real, fake
    measured_on: str | None = None  # test | val
    auc: float | None = None
    auc_interval: tuple[float, float] | None = None
    threshold: float | None = None  # of recall and false alarms
    recall: float | None = None  # share of the fakes that are found
    recall_interval: tuple[float, float] | None = None
    false_alarms: float | None = None  # share of the reals that are called fake
    false_alarms_interval: tuple[float, float] | None = None
    date: float | None = None  # Unix seconds
    origin: str = ""  # of a detector of others: what it is, from whom, under which licence
    published: tuple[str, ...] = ()  # figures of its authors, each with its protocol

    @classmethod
    def from_dict(cls, document: object) -> About:
        """Of a file from elsewhere: what does not fit is left out."""
        if not isinstance(document, Mapping):
            return cls()
        numbers: dict[str, Any] = {
            n: _number(document.get(n)) for n in ("auc", "threshold", "recall", "false_alarms", "date")
        }
        intervals: dict[str, Any] = {f"{n}_interval": _pair(document.get(f"{n}_interval")) for n in INTERVALS}
        measured_on = document.get("measured_on")
        return cls(
            datasets=_names(document.get("datasets")),
            demo=document.get("demo") is True,
            methods=_names(document.get("methods")),
            kinds=_names(document.get("kinds")),
            counts=_counts(document.get("counts")),
            measured_on=measured_on if measured_on in ("test", "val") else None,
            origin=str(document.get("origin") or "")[:400],
            published=_names(document.get("published")),
            **numbers,
            **intervals,
        )

    def at(self, point: OperatingPoint) -> About:
        """Recall and false alarms at the threshold in force; unknown where it was never measured there."""
        figures = point.figures.get(self.measured_on or "")
        if isinstance(figures, Mapping) and _number(figures.get("recall")) is not None:
            return replace(self, threshold=point.threshold, **_found_and_alarms(figures))
        if self.threshold == point.threshold:
            return self
        return replace(self, threshold=point.threshold, **_found_and_alarms({}))

    @property
    def validation(self) -> tuple[int, int] | None:
        """Real and fake files that its limits were set on."""
        val = self.counts.get("val")
        return (val["real"], val["fake"]) if val else None

    @property
    def lines(self) -> list[str]:
        """Sentences for page, command and report."""
        made = (self._learned_from(), self._published(), self._did(), self._made())
        return [line for line in made if line]

    def _learned_from(self) -> str:
        if self.origin:
            return f"Published by others: {self.origin}. None of your files were used to train it."
        if not self.datasets:
            return "What it learned from is not stated."
        text = f"Learned from {_join_names(words.quoted(self.datasets))}"
        text += " (demo data only)" if self.demo else ""
        train = self.counts.get("train")
        text += f": {train['real']:,} real and {train['fake']:,} fake files" if train else ""
        text += f"; kinds of fake: {_join_names(self.methods)}" if self.methods else ""
        return text + "."

    def _published(self) -> str:
        if not self.origin:
            return ""
        if not self.published:
            return "No figures of its authors are known here."
        return f"Its authors state: {words.spelled_out('; '.join(self.published))}."

    def _did(self) -> str:
        if self.auc is None:
            return f"How well it does {'on files of yours ' if self.origin else ''}was not measured."
        part = self.counts.get(self.measured_on or "", {})
        n = sum(part.values())
        unseen = "test files that it had not seen" if self.measured_on == "test" else "validation files"
        if self.origin:
            unseen = f"labelled files of {_join_names(words.quoted(self.datasets)) or 'yours'} that its threshold was not chosen on"
        low, high = self.auc_interval or (None, None)
        text = f"On {f'{n:,} ' if n else ''}{unseen}: AUC {numbers.interval(self.auc, low, high)}"
        if self.recall is not None:
            share = numbers.percent_interval(self.recall, *(self.recall_interval or (None, None)))
            text += f"; at its threshold it finds {share} of the fakes"
        if self.false_alarms is not None:
            share = numbers.percent_interval(self.false_alarms, *(self.false_alarms_interval or (None, None)))
            text += f" and calls {share} of the real ones fake"
        return text + "."

    def _made(self) -> str:
        verb = "Imported" if self.origin else "Made"
        return (
            "" if self.date is None else f"{verb} on {time.strftime('%Y-%m-%d', time.localtime(self.date))}."
        )


def describe_run(folder: RunFolder, metrics: Mapping[str, Any]) -> About:
    """From the run's own documents: plan.json, metrics.json, status.json."""
    plan = folder.document("plan") or {}
    measured_on = next((s for s in ("test", "val") if isinstance(metrics.get(s), Mapping)), None)
    figures = metrics.get(measured_on or "") or {}
    at = figures.get("at_chosen") or {}
    datasets = _names(plan.get("datasets")) or _names(folder.config().get("datasets"))
    return About(
        datasets=datasets,
        demo=metrics.get("demo") is True,
        methods=_methods(metrics),
        kinds=_kinds(plan, metrics),
        counts=_counts(plan.get("counts")) or _count_measured(metrics),
        measured_on=measured_on,
        auc=_number(at.get("auc")),
        auc_interval=_pair((at.get("intervals") or {}).get("auc")),
        threshold=_number(at.get("threshold")),
        **_found_and_alarms(at),
        date=folder.status().ended or _number(metrics.get("written")),
        **describe_imported(folder.imported),
    )


def _found_and_alarms(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Of figures at a threshold, as a run or an operating point keeps them."""
    stated = figures.get("intervals")
    intervals = stated if isinstance(stated, Mapping) else {}
    return {
        "recall": _number(figures.get("recall")),
        "recall_interval": _pair(intervals.get("recall")),
        "false_alarms": _number(figures.get("fpr")),
        "false_alarms_interval": _pair(intervals.get("fpr")),
    }


def describe_imported(imported: Mapping[str, Any] | None) -> dict[str, Any]:
    """What detector.json says of the detector's authors."""
    if imported is None:
        return {}
    title, source, licence = (str(imported.get(key) or "") for key in ("title", "source", "licence"))
    figures = imported.get("published")
    rows = [one for one in figures if isinstance(one, Mapping)] if isinstance(figures, list) else []
    return {
        "origin": f"{words.architecture(title)} ({source}), licence {licence}",
        "published": tuple(f"{one.get('figure')} ({one.get('protocol')})" for one in rows),
    }


def _methods(metrics: Mapping[str, Any]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for split in ("val", "test"):
        for row in ((metrics.get(split) or {}).get("by") or {}).get("method") or []:
            if row.get("fake"):
                found.setdefault(str(row.get("name")))
    return tuple(found)


def _kinds(plan: Mapping[str, Any], metrics: Mapping[str, Any]) -> tuple[str, ...]:
    """The kinds of its training files; of a run whose plan does not say them, of those that it was measured on."""
    stated = plan.get("kinds")
    found = {str(k) for k, n in stated.items() if n} if isinstance(stated, Mapping) else set()
    for split in ("val", "test"):
        rows = {by: _sizes(metrics.get(split), by) for by in ("modality", "present")}
        if not isinstance(stated, Mapping):
            found |= set(rows["modality"])
        unheard = sum(n for name, n in rows["present"].items() if "audio" not in name.split("+"))
        if "video" in found and unheard > rows["modality"].get("image", 0):
            found.add("silent")
    return tuple(sorted(found))


def _sizes(figures: object, by: str) -> dict[str, int]:
    """Samples by the name of a breakdown."""
    rows = (figures.get("by") or {}).get(by) if isinstance(figures, Mapping) else None
    return {str(row.get("name")): int(row.get("real") or 0) + int(row.get("fake") or 0) for row in rows or []}


def _count_measured(metrics: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    return _counts({s: metrics[s] for s in ("val", "test") if isinstance(metrics.get(s), Mapping)})


def _counts(document: object) -> dict[str, dict[str, int]]:
    if not isinstance(document, Mapping):
        return {}
    found = {}
    for split in SPLITS:
        part = document.get(split)
        if isinstance(part, Mapping) and all(isinstance(part.get(k), int) for k in ("real", "fake")):
            found[split] = {"real": int(part["real"]), "fake": int(part["fake"])}
    return found


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _pair(value: object) -> tuple[float, float] | None:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        return None
    low, high = (_number(v) for v in value)
    return None if low is None or high is None else (low, high)


def _names(value: object) -> tuple[str, ...]:
    return (
        tuple(str(v)[:120] for v in value if isinstance(v, str))[:200]
        if isinstance(value, (list, tuple))
        else ()
    )


def _join_names(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    shown = ", ".join(names[:MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
