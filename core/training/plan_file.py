"""plan.json: which sample is on which side, and what a resumed run must find again."""

from __future__ import annotations

from core.catalog.shares import shares_reached
from core.errors import BadInput
from core.media.recipe import Recipe
from core.runs.folder import RunFolder
from core.runs.titles import name_of
from core.training.learning.last_checkpoint import Progress
from core.training.scoring import evaluation
from core.training.setup import Setup


def check_plan(folder: RunFolder, setup: Setup, *, resumed: bool) -> None:
    """A resumed run must find the samples that it began with, on the same sides."""
    before = (folder.document("plan") or {}).get("hash")
    now = evaluation.provenance.plan_hash(setup.planned.rows)
    if resumed and before != now:
        raise BadInput(
            f"{name_of(folder)} cannot go on: the catalogue gives another plan than it began with ({before}, now {now}); "
            "start a new run"
        )


def save_plan(
    folder: RunFolder, setup: Setup, state: Progress, skipped: dict[str, dict[str, str]] | None = None
) -> None:
    """plan.json: which sample is on which side, what was left out, and the recipe that all were prepared
    by."""
    planned, rows = setup.planned, setup.planned.rows
    folder.save_document(
        "plan",
        {
            "protocol": planned.protocol,
            "seed": setup.config.seed,
            "hash": evaluation.provenance.plan_hash(rows),
            "data_hash": evaluation.provenance.data_hash(rows),
            "datasets": sorted(rows["dataset"].unique().tolist()),
            "counts": planned.counts(),
            "kinds": rows.loc[rows["split"] == "train", "modality"].value_counts().to_dict(),
            "shares": {"asked": setup.config.shares, "reached": shares_reached(planned.counts())},
            "dropped": planned.dropped,
            "unlabelled": planned.unlabelled,
            "notes": list(planned.notes),
            "recipe": setup.recipe.to_dict(),
            "model": setup.config.model_name,
            "model_options": setup.model_options,
            "tune": setup.tune,
            "learning_rate": setup.learning_rate,
            "batch_size": setup.config.batch,
            "accumulation": setup.config.accumulation,
            "objectives": setup.objectives,
            "skipped": skipped if skipped is not None else {"train": state.unusable},
            "unreadable": state.unreadable,
            "splits": {s: rows.loc[rows["split"] == s, "id"].tolist() for s in ("train", "val", "test")},
        },
    )


def read_recipe(folder: RunFolder) -> Recipe | None:
    document = folder.document("plan")
    return Recipe.from_dict(document["recipe"]) if document else None
