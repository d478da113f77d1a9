"""The report: one HTML file that needs nothing else, or a PDF to file away, with all that it was made from.

What stands in it is gathered here; how it is laid out stands in report.html. The order is that of the page: what the
catalogue says of the file, the verdict, what takes from it, who made the detector, then the evidence.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core import html, numbers, pdf, words
from core.access import LOCAL, Person
from core.detection import fact_rows, wording
from core.detection.explanations import METHODS
from core.detection.reporting import faithfulness
from core.detection.reporting.style import STYLE, timeline
from core.detection.verdict import HeatMap, Verdict
from core.version import VERSION
from core.workspace import write_atomic

MOST_MAPS = 8  # pictures of one file in the report
MOST_FACTS = 12  # lines of one kind of facts in a PDF, which stays within three pages a file
MOST_MAPS_OF_PDF = 6
TEMPLATE = Path(__file__).with_name("report.html")
PARTS = {"exif": "EXIF and text fields", "tags": "Tags", "c2pa": "Content Credentials (C2PA)"}


def save(
    path: Path, verdicts: Sequence[Verdict], together: Sequence[str] = (), person: Person = LOCAL
) -> None:
    """PDF where the path ends in .pdf, else HTML."""
    if path.suffix.lower() == ".pdf":
        write_atomic(path, as_pdf(verdicts, together=together, person=person))
    else:
        write_atomic(path, as_html(verdicts, together=together, person=person))


def as_pdf(
    verdicts: Sequence[Verdict],
    now: float | None = None,
    together: Sequence[str] = (),
    person: Person = LOCAL,
) -> bytes:
    """One to three pages a file."""
    return pdf.from_html(as_html(verdicts, now, together, person, brief=True))


def as_html(
    verdicts: Sequence[Verdict],
    now: float | None = None,
    together: Sequence[str] = (),
    person: Person = LOCAL,
    *,
    brief: bool = False,
) -> str:
    """`together`: where several detectors judged, what they say together of each file, in words.

    `brief` counts the long lists of facts from some length on instead of printing them.
    """
    each = len(verdicts) // len(together) if together else 1  # detectors that judged one file
    when = time.strftime("%Y-%m-%d %H:%M %Z", time.localtime(now))
    return html.render(
        TEMPLATE,
        style=STYLE,
        heading="Detection report",
        made=f"made {when} {person.by} with deepfake workbench {VERSION}",
        overview=_overview(verdicts, each, together) if len(verdicts) > 1 else None,
        sections=[_section(v, facts=n % each == 0, brief=brief) for n, v in enumerate(verdicts)],
    )


def _called(verdict: Verdict) -> str:
    """The detector's name, its identity where it has none."""
    return str(verdict.about.get("name") or verdict.detector or "")


def _word(verdict: Verdict) -> str:
    return wording.spoken(verdict.verdict or verdict.status, verdict.words)


def _overview(verdicts: Sequence[Verdict], each: int, together: Sequence[str]) -> dict[str, Any]:
    """A line a verdict; of several detectors those on one file stand beside one another."""
    files = len(verdicts) // each
    rows: list[dict[str, str]] = []
    for n, v in enumerate(verdicts):
        rows.append(
            {
                "file": v.file,
                "word": _word(v),
                "score": numbers.number(v.score),
                "detector": _called(v) or "–",
                "words": _gist(v),
            }
        )
        if each > 1 and n % each == each - 1:
            rows.append({"together": together[n // each]})
    title = f"{files:,} file{'s' * (files > 1)}" + (f", {each} detectors" if each > 1 else "")
    return {"title": title, "rows": rows}


def _gist(v: Verdict) -> str:
    """In one line of a table; which detectors were asked of a file that none judged stands in the file's own part."""
    if v.status == "not_applicable":
        return wording.beyond(wording.NOT_APPLICABLE, v.words)
    return v.reason or v.words


def _section(v: Verdict, *, facts: bool, brief: bool) -> dict[str, Any]:
    """What one detector says of one file; the file's own facts stand with the first detector only."""
    held = [one["words"] for one in v.reservations]
    judged = v.score is not None
    # Where the detector is no evidence, the red line says so, and the headline does not say it once more.
    headline = "" if v.learned_nothing and held else wording.beside(_word(v), v.words or v.reason or "")
    return {
        "file": v.file,
        "catalogued": [one["words"] for one in v.catalogued],
        "word": _word(v),
        "headline": headline,
        "reservations": [wording.beyond(headline, one) for one in held]
        or ([wording.LEARNED_NOTHING] if v.learned_nothing else []),
        "alarm": v.learned_nothing,
        "reason": _reason(v),
        "about": v.about.get("lines") or [],
        "figures": _figures(v) if judged else {},
        "timeline": timeline(v) if judged else "",
        "maps": _maps(v, MOST_MAPS_OF_PDF if brief else MOST_MAPS),
        "what_adds": wording.what_adds(v.contributions) if v.contributions else "",
        "contributions": {
            words.modality(
                str(c["modality"])
            ): f"adds {numbers.change(c['adds'])} (score without it {numbers.number(c['without'])})"
            for c in v.contributions
        },
        "outside": [f"{'outside: ' if o.get('out') else ''}{o['words']}" for o in v.outside],
        "caveats": v.caveats,
        "notes": [note for note in v.notes if note not in " ".join(held)],
        "facts": _facts(v.facts, MOST_FACTS if brief else None) if facts and v.facts else None,
    }


def _reason(v: Verdict) -> str:
    """What headline and reservations have not said."""
    if not v.reason or v.reason in v.words or v.is_reserved(v.reason):
        return ""
    return wording.beyond(v.words, v.reason)


def _figures(v: Verdict) -> dict[str, str]:
    if v.without_evidence:
        return {"score": f"{numbers.number(v.score)}, {wording.MEANINGLESS}", **_which_detector(v)}
    above = sum(u.score >= v.threshold for u in v.units) if v.threshold is not None else 0
    kind = v.units[0].kind if v.units else "unit"
    threshold = "none: nothing is called fake" if v.threshold is None else numbers.threshold(v.threshold)
    chosen = wording.describe_choice(v.operating_point)
    rows = {
        "score": f"{numbers.number(v.score)}, from 0 (real) to 1 (fake)",
        "probability that it is fake": _probability(v),
        "threshold": f"{threshold}, {chosen}" if chosen else threshold,
        "scores left to a person": wording.band(v.band),
        f"{kind}s above the threshold": f"{above} of {len(v.units)}" if len(v.units) > 1 else "",
        "people whose faces were found": str(len(v.tracks)) if len(v.tracks) > 1 else "",
        **_which_detector(v),
        "judged and explained in": f"{numbers.number(v.seconds)} seconds",
    }
    return {k: x for k, x in rows.items() if x}


def _which_detector(v: Verdict) -> dict[str, str]:
    """Its name, and what tells it from others of that name and from what it was before."""
    rows = {
        "detector": f"{_called(v)} ({words.network(v.model)})" if v.model else _called(v),
        "its identity": "" if _called(v) == v.detector else str(v.detector),
        "SHA-256 of its weights": str(v.about.get("weights_sha256") or ""),
    }
    return {k: x for k, x in rows.items() if x}


def _probability(v: Verdict) -> str:
    """None of a score that only leans: what it is worth is not known."""
    if wording.is_leaning(v.words):
        return ""
    if not v.calibrated:
        return "not calibrated"
    among = (
        ""
        if v.prevalence is None
        else f", among files of which {numbers.short_percent(v.prevalence)} are fake"
    )
    return f"{numbers.number(v.probability)} (calibrated{among})"


def _maps(v: Verdict, most: int) -> list[dict[str, Any]]:
    shown: dict[str, HeatMap] = {}
    for one in sorted(v.explanations, key=lambda m: -_score(v, m)):
        if one.path not in shown and len(shown) < most and Path(one.path).is_file():
            shown[one.path] = one
    return [_map(v, one) for one in shown.values()]


def _score(v: Verdict, one: HeatMap) -> float:
    return v.units[one.unit].score if one.unit < len(v.units) else 0.0


def _map(v: Verdict, one: HeatMap) -> dict[str, Any]:
    when = f"{one.t0:.2f} s" if one.t1 <= one.t0 else f"{one.t0:.2f} to {one.t1:.2f} s"
    score = "" if v.without_evidence else f"score {numbers.number(_score(v, one))}"
    parts = [METHODS.get(one.method, one.method), when if v.duration else "", _whose(v, one), score]
    return {
        "wide": one.kind != "picture",
        "data": base64.b64encode(Path(one.path).read_bytes()).decode("ascii"),
        "words": ", ".join(p for p in parts if p),
        "faithful": words.capital(
            faithfulness.describe(one.faithfulness, meaningless=bool(v.without_evidence))
        ),
    }


def _whose(v: Verdict, one: HeatMap) -> str:
    """Which person, where there are several."""
    return f"person {v.units[one.unit].track + 1}" if len(v.tracks) > 1 and one.unit < len(v.units) else ""


def _facts(facts: Mapping[str, Any], most: int | None) -> dict[str, Any]:
    parts = {title: fact_rows.of_part(facts, name) for name, title in PARTS.items()}
    return {
        "media": {
            "SHA-256": str(facts.get("sha256") or numbers.NOTHING),
            "size, bytes": numbers.count(facts.get("bytes")),
            **fact_rows.of_contents(facts),
        },
        "parts": {title: _first(rows, most) for title, rows in parts.items() if rows},
        "remarks": facts.get("remarks") or [],
    }


def _first(rows: dict[str, str], most: int | None) -> dict[str, str]:
    """All, or as many as a PDF has room for and how many more there are."""
    if most is None:
        return rows
    short = {k[:60]: x if len(x) <= 200 else f"{x[:200]} …" for k, x in list(rows.items())[:most]}
    more = len(rows) - most
    return {**short, "and": f"{more} more lines in the HTML report"} if more > 0 else short
