"""From a published file to a detector of the house. Nothing is guessed: what does not fit to the last tensor is refused."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

import models
from core import audit
from core.access import LOCAL, Person
from core.errors import BadInput
from core.imports import store
from core.imports.reading import Contents, read
from core.media.faces import best_detector
from core.media.recipe import Recipe
from core.runs.folder import RunFolder
from core.training.learning import best_model
from core.workspace import Workspace, workspace
from models.published import PREFIX, Family, Match, Refused, recognise
from models.published.families import shapes
from models.published.labels import choose
from models.weights import folder_in_force

EXPLAINED = (Refused, models.BadOption, models.UnknownModel, models.MissingWeights)
COUNTERS = ".num_batches_tracked"  # says how long it was trained and touches no output
SHOWN = 3  # names of tensors in a message
FRAMES_OF_A_CLIP = 16  # that an image detector looks at, one by one


def import_detector(
    source: Path | str,
    *,
    name: str | None = None,
    family: str | None = None,
    fake: str | None = None,
    person: Person = LOCAL,
    space: Workspace | None = None,
) -> dict[str, Any]:
    """Make `detectors/<name>/` of a file or folder and say what it is."""
    person.require_operator("import a detector")
    space = space or workspace()
    source = Path(source).expanduser()
    contents = read(source)
    place = store.free_place(name or _name_of(source), space)
    try:
        with folder_in_force(str(space.weights)):  # where a head's backbone lies
            one, match = recognise(contents.given, family)
            match = _read_as(match, fake)
            network, notes = _fill(one, match, contents)
        recipe = _recipe(one, match, network.card, space)
        _try_out(network, recipe)
    except EXPLAINED as error:
        raise BadInput(str(error)) from error
    about = _about(place.name, one, match, network, contents, notes, person)
    options = {**match.options, "reading": _plain(asdict(match.reading))}
    document = best_model.document(network, network.card, recipe, PREFIX + one.name, options)
    _save(place, document, about, recipe, space)
    audit.record(person, "import detector", place.name, space, family=one.name)
    return about


def _read_as(match: Match, fake: str | None) -> Match:
    """Which end is fake: as the user says, else as the file or its authors do."""
    if fake is not None:
        return choose(match, fake)
    if match.undecided:
        raise Refused(match.undecided)
    return match


def _name_of(source: Path) -> str:
    name = source.name if source.is_dir() else source.name.split(".")[0] or source.stem
    return re.sub(r"[^\w .()-]+", "_", name).strip(" ._") or "detector"


def _fill(one: Family, match: Match, contents: Contents) -> tuple[torch.nn.Module, list[str]]:
    """The network with every published tensor in its place."""
    with _building(contents.given.name, one.name):
        given = one.rename(contents.given.tensors, **{**one.defaults(), **match.options})
        wanted = shapes(one, match.options)
    head = one.head(**{**one.defaults(), **match.options})
    unused = [n for n in given if n not in wanted and n.startswith(one.unused)] if one.unused else []
    given = {n: t for n, t in given.items() if n not in unused}
    _require_fit(contents.given.name, one.name, head, wanted, given)
    with _building(contents.given.name, one.name):
        network = models.create(PREFIX + one.name, **match.options, reading=asdict(match.reading))
    state = network.state_dict()
    for published, tensor in given.items():
        place = _place(published, head)
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise Refused(
                f"{contents.given.name}: {published} holds values that are no numbers; the file is damaged"
            )
        if tensor.is_floating_point() != state[place].is_floating_point():
            raise Refused(
                f"{contents.given.name}: {published} holds {str(tensor.dtype).removeprefix('torch.')}, and the network "
                f"takes {str(state[place].dtype).removeprefix('torch.')}; name a file of plain weights"
            )
        state[place] = tensor.to(state[place].dtype)
    network.load_state_dict(state)
    notes = [f"{len(unused)} tensors that the published network never uses were left out"] if unused else []
    return network.eval(), notes


@contextmanager
def _building(name: str, family: str) -> Iterator[None]:
    """Libraries raise and warn of whatever a hostile configuration provokes; the user gets one line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except EXPLAINED:
        raise
    except Exception as error:
        raise Refused(f"{name}: no network of {family} can be built ({error})") from error


def _place(published: str, classifier: str) -> str:
    if published.startswith(classifier + "."):
        return "head.classifier" + published.removeprefix(classifier)
    return "encoder." + published


def _require_fit(
    name: str,
    family: str,
    head: str,
    wanted: Mapping[str, tuple[int, ...]],
    given: Mapping[str, torch.Tensor],
) -> None:
    """Every tensor there, none left over, each of its shape."""
    missing = [n for n in wanted if n not in given and not n.endswith(COUNTERS)]
    over = [n for n in given if n not in wanted]
    other = [
        f"{n} {tuple(given[n].shape)} instead of {shape}"
        for n, shape in wanted.items()
        if n in given and tuple(given[n].shape) != shape
    ]
    headless = [n for n in missing if n.startswith(head + ".")]
    if headless:
        raise Refused(
            f"{name} has no head: {_count_names(headless, 'missing')}; a head is never filled with random weights, "
            "name a file that has it"
        )
    parts = [
        _count_names(missing, "missing"),
        _count_names(over, "left over"),
        _count_names(other, "of another shape"),
    ]
    wrong = [part for part in parts if part]
    if wrong:
        raise Refused(f"{name} does not fit {family} ({len(wanted)} tensors): {'; '.join(wrong)}")


def _count_names(names: list[str], what: str) -> str:
    if not names:
        return ""
    shown = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
    return f"{len(names)} {'tensor' if len(names) == 1 else 'tensors'} {what} ({shown})"


def _recipe(one: Family, match: Match, card: models.ModelCard, space: Workspace) -> Recipe:
    usual = Recipe(
        modality=card.modality,
        frames=FRAMES_OF_A_CLIP,
        image_size=card.size,
        resize=card.resize,
        face_detector=best_detector(space),
        sample_rate=card.sample_rate,
        seconds=card.seconds,
    )
    return replace(usual, **one.recipe(**{**one.defaults(), **match.options}))


@torch.no_grad()
def _try_out(network: torch.nn.Module, recipe: Recipe) -> None:
    """One pass over noise: a file that fits by its names may still not run."""
    noise = torch.Generator().manual_seed(0)
    count = round(recipe.seconds * recipe.sample_rate)
    shape = (1, count) if recipe.modality == "audio" else (1, 3, recipe.image_size, recipe.image_size)
    try:
        outputs = network(torch.randn(shape, generator=noise) * 0.1)
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise Refused(f"the network does not run on its own input ({error})") from error
    if tuple(outputs.shape) != (1, 2) or not bool(torch.isfinite(outputs).all()):
        raise Refused("the network gives no finite score; the file is damaged")


def _about(
    name: str,
    one: Family,
    match: Match,
    network: torch.nn.Module,
    contents: Contents,
    notes: list[str],
    person: Person,
) -> dict[str, Any]:
    card: models.ModelCard = network.card  # type: ignore[assignment]
    peeled = [f"taken off: {', '.join(contents.peeled)}"] if contents.peeled else []
    return {
        "detector": name,
        "family": one.name,
        "title": match.title,
        "parameters": match.parameters or sum(p.numel() for p in network.parameters()),
        "modality": card.modality,
        "input": card.input,
        "fake": match.reading.label,
        "fake_because": match.reading.words,
        "licence": one.licence,
        "source": one.source,
        "published": [{"figure": f.value, "protocol": f.protocol} for f in match.published],
        "peeled": list(contents.peeled),
        "notes": [*peeled, *notes, *match.notes],
        "file": contents.path.name,
        "sha256": _digest(contents.path),
        "imported": time.time(),
        "who": person.name,
        "measured": None,
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _save(
    place: Path, document: dict[str, Any], about: dict[str, Any], recipe: Recipe, space: Workspace
) -> None:
    """Whole or not at all: made beside its place, then moved there in one step."""
    space.detectors.mkdir(parents=True, exist_ok=True)
    made = RunFolder(tempfile.mkdtemp(prefix=".import-", dir=space.detectors))
    try:
        best_model.save(made.best_model, document)
        made.save_config({"name": place.name, "modality": recipe.modality, "model": document["model"]})
        made.save_document("detector", about)
        now = time.time()
        made.set_status(state="completed", created=now, started=now, ended=now, person=about["who"])
        made.path.chmod(0o755)
        store.free_place(place.name, space)
        made.path.rename(place)
    except BaseException:
        shutil.rmtree(made.path, ignore_errors=True)
        raise


def _plain(value: Any) -> Any:
    """Lists for tuples, which JSON and weights_only readers do not share."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value
