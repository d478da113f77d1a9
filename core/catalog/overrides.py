"""What the analyst said about a folder: its name, which folders are real or fake, and what 1 means in its list."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace

from core.access import LOCAL, Person
from core.catalog.layouts.base import FAKE, split_of
from core.catalog.paths import inside
from core.errors import BadInput
from core.workspace import Workspace, workspace, write_json


@dataclass(frozen=True)
class Override:
    """Said of one folder. `labels` maps folders below it ("" is itself) to real, fake or unlabelled."""

    name: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    one_is: int = FAKE  # what 1 means in a list of numbers
    skip: bool = False  # not to be catalogued

    def facts(self, relative: str) -> dict[str, str] | None:
        """What is said of a folder below, by the deepest mapping that holds it; None where nothing is."""
        fits = [key for key in self.labels if key == "" or relative == key or relative.startswith(key + "/")]
        if not fits:
            return None
        label = self.labels[max(fits, key=len)]
        facts = {"label": {"real": "0", "fake": "1"}[label]} if label in ("real", "fake") else {}
        split = next((part for part in relative.split("/") if split_of(part)), None)
        return facts | ({"split": split} if split else {})


def read(space: Workspace | None = None) -> dict[str, Override]:
    """All overrides by absolute folder."""
    path = (space or workspace()).catalog / "overrides.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    # Nothing was renamed or turned yet.
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise BadInput(f"{path} is not valid JSON ({error}); mend or delete it") from error
    known = {f.name for f in fields(Override)}
    return {
        folder: Override(**{k: v for k, v in values.items() if k in known})
        for folder, values in document.items()
    }


def save(folder: str, override: Override, person: Person = LOCAL, space: Workspace | None = None) -> None:
    """Remember what is said of a folder; the next scan follows it."""
    person.require_operator("name a dataset or map its labels")
    wrong = sorted(set(override.labels.values()) - {"real", "fake", "unlabelled"})
    if wrong:
        raise BadInput(f"a folder is mapped to {wrong[0]!r}; it can be real, fake or unlabelled")
    if override.one_is not in (0, 1):
        raise BadInput(f"1 is said to mean {override.one_is}; it can mean 0 (real) or 1 (fake)")
    space = space or workspace()
    said = read(space) | {folder.rstrip("/"): override}
    write_json(space.catalog / "overrides.json", {k: asdict(v) for k, v in said.items()})


def take_back(folder: str, person: Person = LOCAL, space: Workspace | None = None) -> None:
    """What was left out of the catalogue and lies in this folder is wanted again."""
    for path, said in read(space).items():
        if said.skip and inside(path, folder):
            save(path, replace(said, skip=False), person, space)
