"""Ray Jobs: a shared cluster with a queue that several people share. Workspace and code lie on a shared disk.

Ray is an optional requirement (requirements-cluster.txt) and is imported only when this executor is used.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import BadInput, WorkbenchError, one_line
from core.runs.devices import CPU, slots
from core.runs.executors.base import Command, Executor, Poll, training_arguments
from core.runs.folder import RunFolder
from core.workspace import CODE_ROOT, Workspace

if TYPE_CHECKING:
    from ray.job_submission import JobSubmissionClient


def authorization() -> dict[str, str]:
    """What a cluster that asks for a token is sent: the token from where Ray itself looks for one, in its order.

    Once a token lies in the home folder, which `--executor ray` without a cluster leaves there, `ray start` asks for it.
    """
    if os.environ.get("RAY_AUTH_MODE", "token").lower() != "token":
        return {}
    token = os.environ.get("RAY_AUTH_TOKEN", "")
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
    if not token and path.is_file():
        token = path.read_text(encoding="utf-8")
    return {"Authorization": f"Bearer {token.strip()}"} if token.strip() else {}


class RayExecutor(Executor):
    """Handle: the submission id."""

    name = "ray"
    uses_slots = False

    def __init__(
        self,
        space: Workspace,
        address: str = "http://127.0.0.1:8265",
        arguments: Command = training_arguments,
        *,
        gpus: int | None = None,
    ) -> None:
        super().__init__(space, arguments)
        self.address = address
        self.gpus = gpus  # a run's share; None: one where this machine has one
        self._client: JobSubmissionClient | None = None

    @property
    def client(self) -> JobSubmissionClient:
        if self._client is None:
            try:
                from ray.job_submission import JobSubmissionClient
            except ImportError as error:
                raise BadInput(
                    "the ray executor needs Ray: install requirements-cluster.txt on this machine"
                ) from error
            try:
                self._client = JobSubmissionClient(self.address, headers=authorization())
            except (ConnectionError, RuntimeError) as error:
                raise WorkbenchError(
                    f"no Ray cluster answers at {self.address}: {one_line(error)}"
                ) from error
        return self._client

    def submit(self, run: RunFolder, *, resume: bool, slots: tuple[str, ...], processes: int) -> str:
        command = shlex.join(self.command(run, resume))
        if processes > 1:
            import sys

            command = shlex.join(
                [
                    sys.executable,
                    "-m",
                    "torch.distributed.run",
                    "--standalone",
                    f"--nproc-per-node={processes}",
                    *self.arguments(run, resume),
                ]
            )
        script = (
            f"cd {shlex.quote(str(CODE_ROOT))} && exec {command} >> {shlex.quote(str(run.log_file))} 2>&1"
        )
        gpus = self._gpus(slots) * processes
        return str(
            self.client.submit_job(
                entrypoint=f"bash -c {shlex.quote(script)}",
                runtime_env={"env_vars": self.environment()},
                metadata={"run": run.id},
                entrypoint_num_gpus=gpus or None,
                entrypoint_num_cpus=None if gpus else processes,
            )
        )

    def _gpus(self, taken: tuple[str, ...]) -> int:
        if self.gpus is not None:
            return self.gpus
        return 0 if taken == (CPU,) else int(slots()[0] != CPU)

    def poll(self, handle: str) -> Poll:
        try:
            info = self.client.get_job_info(handle)
        except RuntimeError as error:
            if "does not exist" in str(error) or "404" in str(error):
                return Poll(alive=False, reason="the Ray cluster does not know this job any more")
            return Poll(alive=True)  # the cluster does not answer now; the heartbeat tells the rest
        except ConnectionError:
            return Poll(alive=True)
        state = str(getattr(info.status, "value", info.status))
        if state in ("PENDING", "RUNNING"):
            return Poll(alive=True, waiting=state == "PENDING")
        code = info.driver_exit_code
        return Poll(
            alive=False, code=code, reason=None if code == 0 else one_line(info.message or "")[:300] or None
        )

    def stop(self, handle: str, *, force: bool) -> None:
        """The stop file asks, on whatever machine the worker is; by force means Ray's own stop."""
        if force and self.poll(handle).alive:
            self.client.stop_job(handle)
