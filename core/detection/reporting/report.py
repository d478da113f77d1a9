"""The report: one HTML file that needs nothing else, prints well, and says what it was made from.

No scripts and nothing from outside: pictures are inside the file, the timeline is drawn as SVG. Everything that
comes from the judged file or its name is escaped.
"""

from __future__ import annotations

import base64
import html
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.detection.explanations import METHODS
from core.detection.reporting.style import STYLE, timeline
from core.detection.verdict import HeatMap, Verdict
from core.workspace import write_atomic

MOST_MAPS = 8  # pictures of one file in the report
HIDDEN = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF], "\ufffd"
)
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def save(path: Path, verdicts: Sequence[Verdict], together: Sequence[str] = ()) -> None:
    write_atomic(path, as_html(verdicts, together=together))


def as_html(verdicts: Sequence[Verdict], now: float | None = None, together: Sequence[str] = ()) -> str:
    """`together`: where several detectors judged, what they say together of each file, in words."""
    made = time.strftime("%Y-%m-%d %H:%M %Z", time.localtime(now))
    each = len(verdicts) // len(together) if together else 1  # detectors that judged one file
    parts = [_overview(verdicts, each, together)] if len(verdicts) > 1 else []
    parts += [_section(v, facts=n % each == 0) for n, v in enumerate(verdicts)]
    body = "\n".join(parts) or "<p>No media files.</p>"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>Detection report</title><style>{STYLE}</style></head><body>"
        f"<header><h1>Detection report</h1><p>made {text(made)}</p></header>{body}</body></html>\n"
    )


def text(value: object) -> str:
    """Any text as HTML that shows it: marks that turn or hide text are made visible."""
    visible = "".join(c if c.isprintable() or c == " " else "\ufffd" for c in str(value).translate(HIDDEN))
    return html.escape(visible, quote=True)


def number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _overview(verdicts: Sequence[Verdict], each: int, together: Sequence[str]) -> str:
    """A line a verdict; of several detectors those on one file stand beside one another."""
    files = len(verdicts) // each
    title = f"{files:,} file{'s' * (files > 1)}" + (f", {each} detectors" if each > 1 else "")
    rows = []
    for n, v in enumerate(verdicts):
        rows.append(
            f'<tr><td>{text(v.file)}</td><td class="short">{_badge(v)}</td><td class="short">{number(v.score)}</td>'
            f"<td>{text(v.detector or '–')}</td><td>{text(v.reason or v.words)}</td></tr>"
        )
        if each > 1 and n % each == each - 1:
            rows.append(f'<tr><td colspan="5">{text(together[n // each])}</td></tr>')
    head = "".join(f"<th>{name}</th>" for name in ("file", "verdict", "score", "detector", ""))
    return (
        f'<section><h2>{title}</h2><table class="overview"><tr>{head}</tr>{"".join(rows)}</table></section>'
    )


def _badge(verdict: Verdict) -> str:
    word = verdict.verdict or verdict.status.replace("_", " ")
    return f'<span class="badge {text(word.replace(" ", "-"))}">{text(word)}</span>'


def _section(verdict: Verdict, *, facts: bool = True) -> str:
    """What one detector says of one file; the file's own facts stand with the first detector only."""
    parts = [f"<h2>{text(verdict.file)}</h2>"]
    if verdict.learned_nothing:
        parts.append('<p class="alarm">This detector learned nothing: its verdicts are no evidence.</p>')
    parts.append(f'<p class="verdict">{_badge(verdict)} {text(verdict.words)}</p>')
    if verdict.reason:
        parts.append(f"<p>{text(verdict.reason)}</p>")
    if verdict.score is not None:
        parts += [_figures(verdict), timeline(verdict)]
    parts += [_maps(verdict), _contributions(verdict), _outside(verdict)]
    parts += [
        _list("Caveats", verdict.caveats),
        _list("How it came about", verdict.notes),
        _facts(verdict.facts) if facts else "",
    ]
    return "<section>" + "".join(p for p in parts if p) + "</section>"


def _figures(v: Verdict) -> str:
    above = sum(u.score >= v.threshold for u in v.units) if v.threshold is not None else 0
    kind = v.units[0].kind if v.units else "unit"
    point = v.operating_point
    rows = {
        "score": number(v.score),
        "probability": _probability(v),
        "threshold": "none: nothing is called fake" if v.threshold is None else number(v.threshold),
        "chosen by": f"{point.get('method') or '–'} on {point.get('chosen_on') or '–'}, {point.get('who') or '–'}",
        "uncertain band": f"{number(v.band[0])} to {number(v.band[1])}" if v.band else "none",
        f"{kind}s above the threshold": f"{above} of {len(v.units)}",
        "people": str(len(v.tracks)) if len(v.tracks) > 1 else "",
        "detector": f"{v.detector} ({v.model})",
        "seconds": number(v.seconds, 1),
    }
    return _table({k: x for k, x in rows.items() if x})


def _probability(v: Verdict) -> str:
    if not v.calibrated:
        return "not calibrated"
    among = "" if v.prevalence is None else f", among files of which {v.prevalence:.0%} are fake"
    return f"{number(v.probability)} (calibrated{among})"


def _maps(v: Verdict) -> str:
    shown: list[str] = []
    seen: set[str] = set()
    for one in sorted(v.explanations, key=lambda m: -_score(v, m)):
        if one.path in seen or len(seen) >= MOST_MAPS or not Path(one.path).is_file():
            continue
        seen.add(one.path)
        shown.append(_map(v, one))
    return f'<h3>Where it looked</h3><div class="maps">{"".join(shown)}</div>' if shown else ""


def _score(v: Verdict, one: HeatMap) -> float:
    return v.units[one.unit].score if one.unit < len(v.units) else 0.0


def _map(v: Verdict, one: HeatMap) -> str:
    data = base64.b64encode(Path(one.path).read_bytes()).decode("ascii")
    when = f"{one.t0:.2f} s" if one.t1 <= one.t0 else f"{one.t0:.1f} to {one.t1:.1f} s"
    parts = [METHODS.get(one.method, one.method), when if v.duration else "", _whose(v, one)]
    words = ", ".join([p for p in parts if p] + [f"score {number(_score(v, one))}"])
    wide = "" if one.kind == "picture" else ' class="wide"'
    return (
        f'<figure{wide}><img alt="heat map" src="data:image/jpeg;base64,{data}">'
        f"<figcaption>{text(words)}<br>{text(faithful(one))}</figcaption></figure>"
    )


def _whose(v: Verdict, one: HeatMap) -> str:
    """Which person, where there are several."""
    return f"person {v.units[one.unit].track + 1}" if len(v.tracks) > 1 and one.unit < len(v.units) else ""


def faithful(one: HeatMap) -> str:
    """The figure of faithfulness in words."""
    f = one.faithfulness
    if f is None:
        return "not tested for faithfulness"
    means = (
        "the map marks what the score rests on" if f.holds else "no better than chance: do not read into it"
    )
    return (
        f"removing the marked {f.share:.0%} {_moves(f.drop)}, as much at random {_moves(f.random)}: {means}"
    )


def _moves(drop: float) -> str:
    if abs(drop) < 0.0005:
        return "leaves the score as it is"
    return f"{'lowers' if drop > 0 else 'raises'} the score by {abs(drop):.3f}"


def _contributions(v: Verdict) -> str:
    if not v.contributions:
        return ""
    rows = {
        str(c["modality"]): f"adds {c['adds']:+.3f} (score without it {c['without']:.3f})"
        for c in v.contributions
    }
    return "<h3>What each modality adds</h3>" + _table(rows)


def _outside(v: Verdict) -> str:
    lines = [f"{'outside: ' if o.get('out') else ''}{o['words']}" for o in v.outside]
    return _list("Compared with what the detector was trained on", lines)


def _facts(facts: Mapping[str, Any]) -> str:
    if not facts:
        return ""
    media = facts.get("media") or {}
    rows = {"SHA-256": facts.get("sha256"), **media, "bytes": f"{facts.get('bytes', 0):,}"}
    parts = ["<h3>What the file says of itself</h3>", "<p>Facts, not mixed into the score.</p>"]
    parts.append(_table({k: x for k, x in rows.items() if x not in (None, "", False)}))
    for name, title in (("exif", "EXIF and text fields"), ("tags", "Tags"), ("c2pa", "C2PA manifest")):
        if facts.get(name):
            parts.append(f"<h4>{title}</h4>" + _table(facts[name]))
    for twin in facts.get("duplicates") or []:
        parts.append(
            f"<p>Same file as {text(twin['id'])} of {text(twin['dataset'])}, labelled {text(twin['label'])}.</p>"
        )
    return "".join(parts) + _list("", facts.get("remarks") or [])


def _table(rows: Mapping[str, Any]) -> str:
    cells = "".join(f"<tr><th>{text(k)}</th><td>{text(_flat(x))}</td></tr>" for k, x in rows.items())
    return f"<table>{cells}</table>"


def _flat(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _list(title: str, lines: Iterable[str]) -> str:
    items = "".join(f"<li>{text(line)}</li>" for line in lines)
    return (f"<h3>{text(title)}</h3>" if title and items else "") + (f"<ul>{items}</ul>" if items else "")
