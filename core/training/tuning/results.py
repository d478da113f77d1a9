"""What a tuning found: its trials ranked, and pictures for print."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from core.training.options.config import TrainConfig
from core.training.tuning.trials import count_done


def summary(study: optuna.Study, folder: Path, trials: int, config: TrainConfig) -> dict[str, Any]:
    """All trials, the best first."""
    rows: list[dict[str, Any]] = [
        {
            "number": t.number,
            "state": t.state.name.lower(),
            "value": t.value if t.state == TrialState.COMPLETE else None,
            "params": dict(t.params),
            "run": t.user_attrs.get("run"),
            "epochs": len(t.intermediate_values),
        }
        for t in study.get_trials(deepcopy=False)
    ]
    sign = 1 if config.lower_is_better else -1
    ranked = sorted(rows, key=lambda r: (r["value"] is None, sign * float(r["value"] or 0.0), r["number"]))
    return {
        "folder": str(folder),
        "trials": trials,
        "done": count_done(study),
        "monitor": config.monitor,
        "best": ranked[0] if ranked and ranked[0]["value"] is not None else None,
        "all": ranked,
    }


def write_plots(study: optuna.Study, results: Path) -> None:
    """History, importances and slices, as pictures for print."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from optuna.visualization import matplotlib as drawn

    results.mkdir(parents=True, exist_ok=True)
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    plots: dict[str, Callable[[optuna.Study], Any]] = {
        "optimization_history": drawn.plot_optimization_history
    }
    if complete:
        plots["slice"] = drawn.plot_slice
        plots["intermediate_values"] = drawn.plot_intermediate_values
    if len({t.value for t in complete}) > 1:
        plots["param_importances"] = drawn.plot_param_importances
    for name, plot in plots.items():
        with warnings.catch_warnings():  # a tuning of few trials draws little, and that is no news
            warnings.simplefilter("ignore")
            plot(study)
        plt.savefig(results / f"{name}.png", dpi=150, bbox_inches="tight")
        plt.close("all")
