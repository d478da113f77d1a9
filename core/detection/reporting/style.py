"""How the detection report looks beside what all reports share: its style sheet, and its timeline as SVG."""

from __future__ import annotations

from markupsafe import Markup

from core import numbers
from core.detection import wording
from core.detection.verdict import Unit, Verdict

REAL, FAKE, NO_EVIDENCE = "#0072B2", "#D55E00", "#777"
WIDTH, HEIGHT, LEFT, BOTTOM = 720, 170, 36, 24

STYLE = Markup(
    """
.overview th,.overview .short{white-space:nowrap;overflow-wrap:normal} .overview .sentence{overflow-wrap:break-word} .overview th:first-child{width:36%} .verdict{font-size:1.3rem;margin:.6rem 0}
.known{border:2px solid #1b1b1b;padding:.5rem 1rem;font-weight:600;overflow-wrap:anywhere}
@media screen and (max-width:600px){.overview,.overview tbody,.overview tr,.overview td:first-child,.overview td:last-child{display:block}
.overview tr{border-bottom:1px solid #ddd;padding:.4rem 0} .overview tr:first-child{display:none} .overview td{display:inline;padding:0 .3rem 0 0}
.overview td:first-child:not(:last-child){font-weight:600} .overview .score::before{content:"score "} .overview .by::before{content:"by "}}
@media print{.verdict{font-size:12pt} svg{max-height:4.5cm}}
"""
)


def timeline(verdict: Verdict) -> Markup:
    """Scores of the units over time, a line a person, with the threshold; nothing for a single unit.

    Only numbers go into it.
    """
    units, threshold = verdict.units, None if verdict.without_evidence else verdict.threshold
    if len(units) < 2:
        return Markup("")
    end = max((u.t1 for u in units), default=0.0) or 1.0
    parts = [_axes(end)]
    if threshold is not None and 0 <= threshold <= 1:
        y = _y(threshold)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#333" stroke-dasharray="6 4"/>'
        )
    for track in sorted({u.track for u in units}):
        own = sorted((u for u in units if u.track == track), key=lambda u: u.t0)
        points = " ".join(f"{_x(u, end):.1f},{_y(u.score):.1f}" for u in own)
        parts.append(f'<polyline points="{points}" fill="none" stroke="#999"/>')
        unsure = verdict.without_evidence or wording.is_leaning(verdict.words)
        real, fake = (NO_EVIDENCE, NO_EVIDENCE) if unsure else (REAL, FAKE)
        parts += [_mark(u, end, threshold, real, fake) for u in own]
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="scores over time"'
    drawn = f'<figure class="scrolling"><svg {size}>{"".join(parts)}</svg><figcaption>{_legend(threshold)}</figcaption></figure>'
    return Markup(f"<h3>Over time</h3>{drawn}")


def _legend(threshold: float | None) -> str:
    if threshold is None:
        return "The score, from 0 (real) to 1 (fake)."
    return "The score, from 0 (real) to 1 (fake). × lies at the threshold (dashed) or above it, ● below."


def _axes(end: float) -> str:
    lines = []
    for share in (0.0, 0.5, 1.0):
        y = _y(share)
        lines.append(f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e5e5e5"/>')
        lines.append(f'<text x="2" y="{y + 4:.1f}" font-size="11">{share:.1f}</text>')
    for k in range(5):
        x = LEFT + (WIDTH - LEFT - 10) * k / 4
        anchor = ("start", "middle", "middle", "middle", "end")[k]
        lines.append(
            f'<text x="{x:.0f}" y="{HEIGHT - 6}" font-size="11" text-anchor="{anchor}">{numbers.short(end * k / 4)} s</text>'
        )
    return "".join(lines)


def _mark(unit: Unit, end: float, threshold: float | None, real: str, fake: str) -> str:
    """A circle for real, a cross for fake, in these colours: told apart without them."""
    x, y = _x(unit, end), _y(unit.score)
    if threshold is not None and unit.score >= threshold:
        return f'<path d="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8" stroke="{fake}" stroke-width="2"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{real}"/>'


def _x(unit: Unit, end: float) -> float:
    return LEFT + (WIDTH - LEFT - 10) * ((unit.t0 + unit.t1) / 2) / end


def _y(score: float) -> float:
    return 8 + (HEIGHT - BOTTOM - 16) * (1 - min(1.0, max(0.0, score)))
