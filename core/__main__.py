"""`python -m core VERB …`"""

from __future__ import annotations

import sys

from core.startup import QuickExit

if __name__ == "__main__":
    leaving = QuickExit()

    from core.cli import main

    sys.exit(leaving.with_code(main(sys.argv[1:])))
