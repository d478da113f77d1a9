"""`python -m dashboard`: start the server, after checking that it may serve where it is asked to."""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from core.access import check_exposure
from core.errors import BadInput, one_line
from core.migrations import open_workspace
from core.workspace import workspace

# Streamlit's settings lie at the top of a checkout; an installed workbench has them in this package.
HERE = Path(__file__).resolve().parent
INSTALLED = (HERE / ".streamlit").is_dir()
ROOT = HERE if INSTALLED else HERE.parent


def secrets_file() -> Path:
    """Where sign-in is configured: beside the code, or in the workspace of an installed workbench."""
    return (workspace().root if INSTALLED else ROOT) / ".streamlit" / "secrets.toml"


def sign_in_configured() -> bool:
    secrets = secrets_file()
    try:
        return secrets.exists() and "auth" in tomllib.loads(secrets.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{secrets} cannot be read ({one_line(error)}); mend it or take it away") from error


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m dashboard", description="start the workbench")
    parser.add_argument(
        "--address", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument("--port", type=int, default=8501)
    args = parser.parse_args(arguments)
    try:
        check_exposure(args.address, sign_in=sign_in_configured(), space=open_workspace())
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Deepfake workbench: http://{args.address}:{args.port}", file=sys.stderr)
    os.chdir(ROOT)  # Streamlit finds .streamlit/ beside the code from here
    # Here, so that what was asked is checked before Streamlit is loaded.
    from dashboard.server import serve

    serve(args.address, args.port, secrets_file())
    return 0


if __name__ == "__main__":
    sys.exit(main())
