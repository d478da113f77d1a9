"""`python -m benchmarks.faults`: kill processes, fill disks, start two servers; then look for what was lost or half-written.

Each kill hits a real process in the middle of a scan, a cache fill, a save of operating points, a run, a detection, an
export, an import, the service, or the dashboard while its run goes on. After it the workspace must read as before or as
after, never as something between. The same holds on a disk that is full from the start or fills up on the way, and
where two servers write one workspace at once.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

from benchmarks.fault_bench import Bench, make_pictures
from benchmarks.fault_kills import FAULTS
from benchmarks.full_disk import fill_disks
from benchmarks.two_servers import two_dashboards, two_writers
from core.catalog.scan import scan
from core.workspace import Workspace

# Of all kills. A run comes before what needs one.
SHARES = {
    "save": 0.3,
    "cache": 0.1,
    "scan": 0.1,
    "run": 0.1,
    "detect": 0.12,
    "export": 0.08,
    "import": 0.08,
    "service": 0.06,
    "server": 0.06,
}


def bombard(kills: int, seed: int, root: Path, disks: int = 0, servers: bool = False) -> Bench:
    os.environ["DEEPFAKE_WORKSPACE"] = str(root / "workspace")
    bench = Bench(Workspace(root / "workspace"), root / "data" / "faulty", random.Random(seed))
    make_pictures(bench.data)
    scan([bench.data], space=bench.space)
    for kind, share in SHARES.items():
        bench.wanted = max(1, round(kills * share))
        for attempt in range(10 * bench.wanted):
            if bench.kills.get(kind, 0) >= bench.wanted:
                break
            FAULTS[kind](bench)
            tell(f"{kind}: {bench.kills.get(kind, 0)}/{bench.wanted} kills after {attempt + 1} attempts")
    if disks:
        fill_disks(bench, disks)
        tell(f"full disks: {bench.full}")
    if servers:
        two_writers(bench)
        two_dashboards(bench)
    return bench


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--disks", type=int, default=50, help="acts on a full disk (default 50)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = bombard(args.kills, args.seed, Path(folder), args.disks, servers=True)
    print("\n".join(f"{kind:<8} {n:>4} kills" for kind, n in bench.kills.items()))
    print("\n".join(f"{kind:<8} {n:>4} full disks" for kind, n in bench.full.items()))
    missing = args.kills - sum(bench.kills.values())
    if missing > 0:
        bench.wrong.append(f"{missing} of {args.kills} kills hit nothing: processes ended before them")
    print(
        "\n".join(f"WRONG: {line}" for line in bench.wrong)
        or "nothing lost, nothing half-written, no wrong state"
    )
    return 1 if bench.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
