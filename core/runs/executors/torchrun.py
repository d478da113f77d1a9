"""Several processes that train together, one a device, started by torchrun; over several nodes with a meeting point.

On one node torchrun finds a free port by itself. For several nodes, settings.toml names how many and where they
meet (`[executor] nodes = 2`, `rendezvous = "host:port"`); this machine starts its own share, and the same command
runs on every other node with the shared workspace.
"""

from __future__ import annotations

import sys

from core.errors import BadInput
from core.runs.executors.base import Command, training_arguments
from core.runs.executors.local import LocalExecutor
from core.runs.folder import RunFolder
from core.workspace import Workspace


class TorchrunExecutor(LocalExecutor):
    """Handle: that of the torchrun process, which starts and watches the workers."""

    name = "torchrun"

    def __init__(
        self,
        space: Workspace,
        arguments: Command = training_arguments,
        *,
        nodes: int = 1,
        rendezvous: str = "",
    ) -> None:
        super().__init__(space, arguments)
        if nodes > 1 and ":" not in rendezvous:
            raise BadInput(
                'several nodes need a meeting point: set `rendezvous = "host:port"` under [executor] in settings.toml'
            )
        self.nodes, self.rendezvous = nodes, rendezvous

    def submit(self, run: RunFolder, *, resume: bool, slots: tuple[str, ...], processes: int) -> str:
        return self._start(self.torchrun(run, resume, processes), run, slots)

    def torchrun(self, run: RunFolder, resume: bool, processes: int) -> list[str]:
        where = (
            ["--standalone"]
            if self.nodes == 1
            else [
                f"--nnodes={self.nodes}",
                "--rdzv-backend=c10d",
                f"--rdzv-endpoint={self.rendezvous}",
                f"--rdzv-id={run.id}",
            ]
        )
        return [
            sys.executable,
            "-m",
            "torch.distributed.run",
            *where,
            f"--nproc-per-node={processes}",
            *self.arguments(run, resume),
        ]

    def stop(self, handle: str, *, force: bool) -> None:
        """The stop file ends all ranks after the same batch; a signal to torchrun would end each where it
        stands."""
        if force:
            super().stop(handle, force=True)
