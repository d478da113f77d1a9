"""python -m benchmarks.scan_shards: a scan of samples in Parquet shards against reading the same columns with pyarrow.

Makes shards as image sets are distributed (image{bytes, path}, prompt, label, model), then lets a process that only
reads those columns, with pyarrow's defaults, and a first scan into an empty workspace take turns.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.scan import CODE, Measured, measured

ROWS = 10_000  # a shard
PICTURE = 400  # bytes; they are never read
GROUP = 1_000  # rows
READER = """
import sys, glob, pyarrow.parquet as pq
rows = 0
for path in sorted(glob.glob(sys.argv[1] + "/*.parquet")):
    rows += pq.read_table(path, columns=["label", "model", "prompt", "image.path"]).num_rows
print(rows)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="samples (default 1,000,000)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of reading and scanning (default 3)")
    parser.add_argument("--folder", type=Path, help="where to make the shards (default: a temporary folder)")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="shards-benchmark-", dir=args.folder))
    try:
        began = time.perf_counter()
        shards = make_shards(folder / "tree" / "OpenFake" / "data", args.rows)
        print(f"{args.rows:,} samples in {shards} shards, made in {time.perf_counter() - began:.0f} s\n")
        read(folder)  # nobody shall pay for the first look at the files
        report([(read(folder), scan(folder)) for _ in range(args.rounds)])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_shards(folder: Path, rows: int) -> int:
    """Shards of ROWS samples; half of them fake, by twelve models."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    words = ["a", "photo", "of", "an", "old", "house", "by", "the", "sea", "at", "night", "in", "rain"]
    count = -(-rows // ROWS)
    for shard in range(count):
        n = min(ROWS, rows - shard * ROWS)
        fake = generator.integers(0, 2, n)
        models = generator.integers(0, 12, n)
        image = pa.StructArray.from_arrays(
            [
                pa.array([generator.bytes(PICTURE) for _ in range(n)], pa.binary()),
                pa.array([f"{shard}_{i}.jpg" for i in range(n)]),
            ],
            ["bytes", "path"],
        )
        prompts = [" ".join(generator.choice(words, 12)) for _ in range(n)]
        table = pa.table(
            {
                "image": image,
                "prompt": prompts,
                "label": ["fake" if f else "real" for f in fake],
                "model": [f"model-{m}" if f else "real" for f, m in zip(fake, models, strict=True)],
            }
        )
        pq.write_table(table, folder / f"train-{shard:05d}-of-{count:05d}.parquet", row_group_size=GROUP)
    return count


def read(folder: Path) -> Measured:
    with (folder / "read.txt").open("wb") as out:
        command = [sys.executable, "-c", READER, str(folder / "tree" / "OpenFake" / "data")]
        return measured(command, out.fileno(), dict(os.environ))


def scan(folder: Path) -> Measured:
    workspace = folder / "workspace"
    shutil.rmtree(workspace, ignore_errors=True)
    with (folder / "scan.json").open("wb") as out:
        env = {**os.environ, "DEEPFAKE_WORKSPACE": str(workspace), "PYTHONPATH": str(CODE)}
        command = [sys.executable, "-m", "core", "scan", str(folder / "tree"), "--json"]
        return measured(command, out.fileno(), env)


def report(turns: list[tuple[Measured, Measured]]) -> None:
    print(f"{'round':<6} {'reading':>9} {'scan':>9} {'ratio':>6} {'memory':>9}")
    for i, (reading, scanning) in enumerate(turns, 1):
        print(
            f"{i:<6} {reading.seconds:>7.2f} s {scanning.seconds:>7.2f} s "
            f"{scanning.seconds / reading.seconds:>6.2f} {scanning.peak / 1e6:>6.0f} MB"
        )
    ratios = sorted(scanning.seconds / reading.seconds for reading, scanning in turns)
    print(
        f"\n{'':<34} {'measured':>9} {'aim':>13}\n"
        f"{'scan / reading (median)':<34} {ratios[len(ratios) // 2]:>9.2f} {'at most 2':>13}\n"
        f"{'memory with all processes':<34} {max(s.peak for _, s in turns) / 1e6:>6.0f} MB {'1,500 MB':>13}"
    )


if __name__ == "__main__":
    main()
