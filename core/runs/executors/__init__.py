"""Where a run executes: one small class each, behind one protocol."""

from __future__ import annotations

from importlib.util import find_spec

from core.errors import BadInput
from core.runs.executors.base import Executor, Poll
from core.workspace import Workspace

NAMES = ("local", "torchrun", "ray")


def create(name: str, space: Workspace) -> Executor:
    """The executor of that name, as the `[executor]` table of settings.toml describes it."""
    settings = dict(space.settings().get("executor", {}))
    if name == "local":
        from core.runs.executors.local import LocalExecutor

        return LocalExecutor(space)
    if name == "torchrun":
        from core.runs.executors.torchrun import TorchrunExecutor

        return TorchrunExecutor(
            space,
            nodes=int(settings.get("nodes", 1)),
            rendezvous=str(settings.get("rendezvous", "")),
        )
    if name == "ray":
        from core.runs.executors.ray_jobs import RayExecutor

        return RayExecutor(space, str(settings.get("address", "http://127.0.0.1:8265")))
    raise BadInput(f"unknown executor {name!r}; known are {', '.join(NAMES)}")


def choose_executor(count: int, space: Workspace, asked: str = "") -> str:
    """The name of the executor for a run: what was asked for, else the settings', else torchrun for
    several."""
    settings = space.settings().get("executor", {})
    named = asked or str(settings.get("default", ""))
    if named and named not in NAMES:
        raise BadInput(f"unknown executor {named!r}; known are {', '.join(NAMES)}")
    if named in ("", "local"):
        return "torchrun" if count > 1 or int(settings.get("nodes", 1)) > 1 else "local"
    return named


def list_offered(space: Workspace) -> list[str]:
    """Those that an analyst may choose from: `offer = ["local", "ray"]` in settings.toml, the default first.

    One that this machine cannot use (Ray without its package) is left out.
    """
    settings = space.settings().get("executor", {})
    default, more = str(settings.get("default", "local")), settings.get("offer", [])
    if not isinstance(more, list):
        raise BadInput(f"settings.toml: executor.offer ({more!r}) must be a list of {', '.join(NAMES)}")
    named = list(dict.fromkeys([default, *map(str, more)]))
    if strangers := [name for name in named if name not in NAMES]:
        raise BadInput(f"unknown executor {strangers[0]!r}; known are {', '.join(NAMES)}")
    return [name for name in named if name != "ray" or find_spec("ray") is not None]


__all__ = ["NAMES", "Executor", "Poll", "create", "offered", "suited"]
