"""Verdicts as a person reads them in a terminal."""

from __future__ import annotations

from typing import Any

from core import numbers
from core.detection.verdict import Verdict
from core.detection.wording import spoken


def show(entries: list[dict[str, Any]]) -> str:
    lines = []
    for entry in entries:
        name = _shown(entry["file"])
        lines += [f"{name}: {known['words']}" for known in entry.get("catalogued") or ()]
        lines += [line for one in (entry, *entry.get("others", ())) for line in _lines(one)]
        if "combined" in entry:
            from core.detection.stacking import Combined

            lines.append(f"  {Combined(**entry['combined']).words}")
    return "\n".join(lines + _makers(entries)) or "no media files"


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in name)


def _lines(entry: dict[str, Any]) -> list[str]:
    """The verdict, and under it what takes from it."""
    name = _shown(entry["file"])
    held = [f"  {' '.join(r['words'] for r in entry['reservations'])}"] if entry["reservations"] else []
    if entry["status"] == "error":
        return [f"{name}: error: {entry['reason']}"]
    if entry["status"] == "not_applicable":
        return [f"{name}: not applicable: {entry['reason']}", *held]
    verdict = Verdict.from_dict(entry)
    if verdict.without_evidence:
        reason = entry["reason"]
        more = [f"  {reason}"] if reason and not verdict.is_reserved(reason) else []
        score = f"{numbers.number(entry['score'])} means nothing here"
        return [f"{name}: uncertain  {entry['words']}  (score {score}; {_called(entry)})", *held, *more]
    threshold = numbers.threshold(entry["threshold"])
    word = spoken(entry["verdict"], entry["words"])
    return [
        f"{name}: {word}  score {numbers.number(entry['score'])} (threshold {threshold}; {_called(entry)})"
        f"  {entry['words']}",
        *held,
    ]


def _called(entry: dict[str, Any]) -> str:
    return str(entry["about"].get("name") or entry["detector"])


def _makers(entries: list[dict[str, Any]]) -> list[str]:
    """Who made the detectors that judged, once each."""
    found = {}
    for entry in entries:
        for one in (entry, *entry.get("others", ())):
            if one["detector"] and one["about"].get("lines"):
                found[one["detector"]] = f"{_called(one)}: {' '.join(one['about']['lines'])}"
    return list(found.values())
