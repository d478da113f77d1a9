"""report.html: the results of a run on one page that needs nothing else and prints well."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.training.scoring.evaluation.provenance import package_lines
from core.training.scoring.evaluation.text import ROWS, people_text, threshold_text, with_interval

PICTURES = (
    ("training_curves.png", "Training curves"),
    ("roc_pr_curves.png", "ROC and precision-recall"),
    ("threshold_analysis.png", "What the threshold does"),
    ("confusion_matrix_default.png", "Confusion at 0.5"),
    ("confusion_matrix_optimal.png", "Confusion at the chosen threshold"),
)
STYLE = """
body{font:15px/1.45 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
table{border-collapse:collapse;margin:.5rem 0 1.5rem;width:100%} td,th{border-bottom:1px solid #ddd;padding:.25rem .6rem;
text-align:left} .warn{border-left:4px solid #D55E00;background:#fdf1ea;padding:.6rem 1rem;margin:.6rem 0}
img{max-width:100%} figure{margin:1rem 0;break-inside:avoid} figcaption,small{color:#555}
@media print{body{margin:0}}
"""


def report(run: str, config: Mapping[str, Any], metrics: Mapping[str, Any], results: Path) -> str:
    parts = [f"<h1>{_text(run)}</h1>", f"<p>{_text(_subject(config, metrics))}</p>"]
    if metrics["learned_nothing"]:
        parts.append(
            f'<p class="warn"><b>Learned nothing.</b> {_text(metrics["learned_nothing_reason"])}.</p>'
        )
    parts += [f'<p class="warn">{_text(warning)}.</p>' for warning in metrics.get("warnings", [])]
    for split, title in (
        ("test", "Test (opened once, at the end)"),
        ("val", "Validation (the threshold was chosen here)"),
    ):
        if split in metrics:
            parts += [f"<h2>{title}</h2>", _split(metrics[split])]
    for name, caption in PICTURES:
        if (results / name).exists():
            data = base64.b64encode((results / name).read_bytes()).decode()
            parts.append(
                f'<figure><img alt="{_text(caption)}" src="data:image/png;base64,{data}">'
                f"<figcaption>{_text(caption)}</figcaption></figure>"
            )
    parts.append("<h2>Made by</h2><p><small>" + "<br>".join(map(_text, package_lines(metrics["provenance"]))))
    parts.append("</small></p><h2>Configuration</h2><table>")
    parts += [f"<tr><td>{_text(k)}</td><td>{_text(v)}</td></tr>" for k, v in config.items()]
    body = "\n".join(parts) + "</table>"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{_text(run)}</title>'
        f"<style>{STYLE}</style><body>{body}</body></html>\n"
    )


def _text(value: Any) -> str:
    return html.escape(str(value))


def _subject(config: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    best = f", best epoch {metrics['best_epoch']}" if metrics.get("best_epoch") else ""
    datasets = ", ".join(map(str, config.get("datasets") or [])) or "every fitting dataset"
    return f"{config.get('model')} ({config.get('modality')}) on {datasets}, split {config.get('protocol')}{best}"


def _split(figures: Mapping[str, Any]) -> str:
    parts = [
        f"<p>{figures['n']:,} samples: {figures['real']:,} real, {figures['fake']:,} fake. Always answering with the "
        f"larger class has accuracy {figures['majority_baseline']:.3f}; always answering fake has F1 "
        f"{figures['always_fake_f1']:.3f}.</p>"
    ]
    if figures.get("people"):
        parts.append(f"<p>{_text(people_text(figures['people'], figures['n']).capitalize())}.</p>")
    for at in ("at_default", "at_chosen"):
        parts += [f'<p class="warn">{_text(warning)}.</p>' for warning in figures[at]["warnings"]]
    parts.append(_table("Samples", figures))
    if figures["units"]:
        parts.append(_table("Units (frames, faces, segments)", figures["units"]))
    for part, rows in figures["by"].items():
        if len(rows) > 1:
            parts.append(_parts_table(part, rows))
    return "\n".join(parts)


def _table(title: str, figures: Mapping[str, Any]) -> str:
    default, chosen = figures["at_default"], figures["at_chosen"]
    rows = "".join(
        f"<tr><td>{label}</td><td>{with_interval(default, key)}</td><td>{with_interval(chosen, key)}</td></tr>"
        for key, label in ROWS
        if default.get(key) is not None or chosen.get(key) is not None
    )
    return (
        f"<table><tr><th>{title}</th><th>default {threshold_text(default['threshold'])}</th>"
        f"<th>chosen {threshold_text(chosen['threshold'])}</th></tr>{rows}</table>"
    )


def _parts_table(part: str, rows: list[Mapping[str, Any]]) -> str:
    body = "".join(
        f"<tr><td>{_text(row['name'])}</td><td>{row['real']:,}</td><td>{row['fake']:,}</td>"
        f"<td>{with_interval(row, 'auc')}</td><td>{with_interval(row, 'balanced_accuracy')}</td></tr>"
        for row in rows[:60]
    )
    return (
        f"<table><tr><th>by {_text(part)}</th><th>real</th><th>fake</th><th>AUC</th>"
        f"<th>balanced accuracy (chosen)</th></tr>{body}</table>"
    )
