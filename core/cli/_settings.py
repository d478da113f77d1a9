"""The configuration of a run as commands take it: CONFIG.yaml, and fields over it with `--set`."""

from __future__ import annotations

import argparse
from typing import Any

from core.training.options.yaml_fields import parse_setting, read_yaml


def add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="settings",
        help="one field; the value is YAML",
    )


def read_settings(args: argparse.Namespace) -> dict[str, Any]:
    given = read_yaml(args.config) if args.config else {}
    given.update(parse_setting(setting) for setting in args.settings)
    return given
