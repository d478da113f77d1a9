"""`serve`: detection over HTTP for other programs."""

from __future__ import annotations

import argparse
import socket
import sys
from typing import Any

from core.errors import BadInput

SUMMARY = "serve detection over HTTP for other programs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--address", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument("--port", type=int, default=8600, help="port to listen on (default: %(default)s)")
    parser.add_argument(
        "--new-token",
        metavar="NAME",
        help="make a token, print it once, keep its hash in settings.toml, and end",
    )


def run(args: argparse.Namespace) -> Any:
    from core.access import LOCAL
    from core.service import tokens
    from core.workspace import workspace

    space = workspace()
    if args.new_token:
        return {"name": args.new_token, "token": tokens.make(args.new_token, LOCAL, space)}
    tokens.check_exposure(args.address, space)
    _check_free(args.address, args.port)
    import uvicorn

    from core.service.app import create

    app = create(space)
    print(f"Detection service: http://{args.address}:{args.port}/docs", file=sys.stderr)
    uvicorn.run(app, host=args.address, port=args.port, log_level="warning", access_log=False)
    return {"served": f"{args.address}:{args.port}"}


def _check_free(address: str, port: int) -> None:
    if not 0 < port < 65536:
        raise BadInput(f"--port ({port}) must be between 1 and 65535")
    try:
        with socket.create_server((address, port)):
            return
    except OSError as error:
        raise BadInput(
            f"{address}:{port} cannot be listened on ({error.strerror}); name another --port"
        ) from error


def show(result: Any) -> str:
    if "token" in result:
        return f"token of {result['name']}, shown this once: {result['token']}"
    return "the service has ended"
