"""Write requirements*.txt from the pins in pyproject.toml; with --check only tell whether they agree."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# file: what it says of itself, the extra whose pins it holds (None: those that everybody needs)
FILES = {
    "requirements.txt": (
        "One set that was tried together, for machines with and without a GPU (Python 3.11 or later).",
        None,
    ),
    "requirements-test.txt": ("What only the tests and checks need.", "test"),
    "requirements-cluster.txt": ("Optional: the Ray Jobs executor for a shared cluster.", "cluster"),
}


def written(root: Path = ROOT) -> dict[str, str]:
    """The text of each file."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = {}
    for name, (about, extra) in FILES.items():
        pins = project["dependencies"] if extra is None else project["optional-dependencies"][extra]
        above = [] if extra is None else ["-r requirements.txt"]
        texts[name] = "\n".join([f"# {about} Written from pyproject.toml.", *above, *pins]) + "\n"
    return texts


def main(arguments: list[str]) -> int:
    differ = [n for n, text in written().items() if (ROOT / n).read_text(encoding="utf-8") != text]
    if arguments == ["--check"]:
        if differ:
            print(
                f"{', '.join(differ)}: not the pins of pyproject.toml; change these, then python .ci/requirements.py"
            )
        return len(differ) > 0
    for name in differ:
        (ROOT / name).write_text(written()[name], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
