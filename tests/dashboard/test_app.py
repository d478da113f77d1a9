"""The script of the dashboard in processes that are no session."""

from __future__ import annotations

import subprocess
import sys

from core.workspace import CODE_ROOT

AS_A_CHILD = "import runpy; runpy.run_path('dashboard/app.py', run_name='__mp_main__')"


def test_a_process_that_a_page_starts_draws_nothing() -> None:
    """As `multiprocessing` does: it reads the script of the process that began it."""
    done = subprocess.run([sys.executable, "-c", AS_A_CHILD], cwd=CODE_ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "ScriptRunContext" not in done.stderr
