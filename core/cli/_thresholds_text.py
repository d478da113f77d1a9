"""Operating points and what each costs, as a person reads them in a terminal."""

from __future__ import annotations

from typing import Any

from core import numbers, words
from core.thresholds import methods, slices
from core.thresholds.own_scale import uncertain_scores

SHOWN = {"precision": 11, "recall": 9, "fpr": 12, "f1": 9, "balanced_accuracy": 10}  # width of each column
FIELD = (
    ("mindcf", "minDCF"),
    ("actdcf", "actDCF"),
    ("cllr", "Cllr"),
    ("mintdcf", "min t-DCF (2019)"),
    ("mintdcf_2021", "min t-DCF (2021)"),
)
READ_AS = {
    "probability": "probabilities",
    "log likelihood ratio": "logarithms of a likelihood ratio",
}


def show(result: dict[str, Any]) -> str:
    ends = result.get("intervals", {})
    ranking = " · ".join(
        f"{words.figure(name)} {numbers.interval(result[name], *(ends.get(name) or (None, None)))}"
        for name in ("auc", "ap", "eer")
    )
    lines = [
        f"{numbers.count_of(result['n'], 'sample')}, {result['positives']:,} fake · {ranking} at the threshold {numbers.threshold(result['eer_threshold'])}",
        f"Thresholds are chosen on {_part_name(result['chosen_on'])}; all figures are those of "
        f"{_part_name(result['looking_at'])}.",
        *_field(result, ends),
        "",
        f"{'':<43}{'fakes':>12}{'false':>12}{'reals':>12}{'fakes':>12}{'':>20}{'false-alarm':>12}{'':>9}{'balanced':>10}{'cost of':>10}",
        f"{'rule':<30}{'threshold':>13}{'found':>12}{'alarms':>12}{'kept':>12}{'missed':>12}"
        f"{'precision':>11}{'recall':>9}{'rate':>12}{'F1':>9}{'accuracy':>10}{'1,000':>10}",
    ]
    for point in result["points"]:
        name = methods.title(point["method"]) + ("" if point["reachable"] else " (not reached)")
        counts = "".join(f"{point[c]:>12,}" for c in ("tp", "fp", "tn", "fn"))
        shares = "".join(f"{numbers.number(point[c]):>{width}}" for c, width in SHOWN.items())
        cost = numbers.number(point["cost"])
        lines.append(f"{name:<30} {numbers.threshold(point['threshold']):>12}{counts}{shares} {cost:>9}")
        if "band" in point:
            lines.append(_band(point["band"], result["direction"]["fake_scores"] == "low"))
    lines += _slices(result["slices"]) if "slices" in result else []
    return "\n".join([*lines, *(f"! {warning}" for warning in result["warnings"])])


def _part_name(split: str) -> str:
    return "all samples" if split == "all" else f"the {words.split(split)} part"


def _field(result: dict[str, Any], ends: dict[str, Any]) -> list[str]:
    """The field's measures, and which end of the scores is fake."""
    if "mindcf" not in result:
        return []
    figures = [
        f"{words} {numbers.interval(result[name], *(ends.get(name) or (None, None)))}"
        for name, words in FIELD
        if result.get(name) is not None
    ]
    recalls = [
        f"recall at {100 * float(rate):g} % false alarms "
        f"{numbers.interval(value, *(ends.get('tpr_at_fpr', {}).get(rate) or (None, None)))}"
        for rate, value in result["tpr_at_fpr"].items()
    ]
    costs, direction = result["dcf_costs"], result["direction"]
    return [
        " · ".join(figures)
        + f" (where a rejected real costs {costs['miss']:g}, an accepted fake {costs['false_alarm']:g}, and "
        f"{100 * costs['spoof_prior']:g} % of the files are fake; the scores are taken for "
        f"{READ_AS[result['scores_read_as']]})",
        " · ".join(recalls),
        f"{words.capital(direction['fake_scores'])} scores mean fake, {direction['because']}. Fake is what scores "
        f"{'at most' if direction['fake_scores'] == 'low' else 'at least'} the threshold.",
    ]


def _slices(found: dict[str, Any]) -> list[str]:
    """A line for each slice: its own threshold, and what that changes."""
    lines = [
        "",
        f"A threshold for each {found['by']}, with {slices.PRESETS[found['preset']]} (the single threshold is "
        f"{numbers.threshold(found['threshold'])}):",
    ]
    for part in found["slices"]:
        own = (
            f"keeps the single threshold: {part['too_small']}"
            if part["too_small"]
            else f"{numbers.threshold(part['threshold'])}, {_change(part, 'recall')}, {_change(part, 'fpr')}"
        )
        lines.append(f"{part['name'][:40]:<40} {part['fake']:>9,} fake {part['real']:>9,} real  {own}")
    return [*lines, f"{'all together':<40} {_change(found, 'recall')}, {_change(found, 'fpr')}"]


def _change(part: dict[str, Any], name: str) -> str:
    change, figure = part[name], words.figure(name)
    if change is None:
        return f"{figure} –"
    shown = numbers.interval(change["value"], *change["interval"])
    return f"{figure} changes by {shown} ({change['more']:,} more, {change['fewer']:,} fewer called fake)"


def _band(band: dict[str, Any], turned: bool) -> str:
    wrong = (
        "nothing is decided"
        if band["error"] is None
        else f"{numbers.share_with_interval(band, 'error')} of the decided are wrong"
    )
    return (
        f"    uncertain {uncertain_scores(band['low'], band['high'], turned)}: "
        f"{numbers.share_with_interval(band, 'queue')} are left to a person, {wrong}"
    )
