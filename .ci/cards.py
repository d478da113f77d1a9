"""Write models/cards.json, the table of all networks that the tree brings; with --check only tell whether it
is true."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def written() -> str:
    """The text of the file: every network built without values."""
    from core.cli.models import describe
    from core.runs import cards
    from models import registry

    os.environ.pop(cards.FOLDERS_VARIABLE, None)
    document = {"files": cards.network_files(), "cards": [describe(name) for name in registry.list_models()]}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    from core.runs import cards

    text = written()
    if "--check" in arguments:
        agrees = cards.STORED.read_text(encoding="utf-8") == text
        print(
            "models/cards.json is true"
            if agrees
            else "models/cards.json is not true; run python .ci/cards.py"
        )
        return int(not agrees)
    cards.STORED.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
