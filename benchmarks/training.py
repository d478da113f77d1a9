"""What the training loop costs beyond its arithmetic: `python -m benchmarks.training [--device cpu|cuda] [--memory] [--json]`.

Without an option: the loop's steps against a bare loop over the same tensors with the same network, and the share of
its time that the loop waits for data when the prepared cache is filled. `--device`: step, epoch and validation beside
a bare loop, for five networks. `--memory`: the most memory that every network's default needs. Media are made here.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

import models
from benchmarks import training_media, training_parts
from core.memory import keep_freed
from core.training.options.config import TrainConfig
from core.training.process.ranks import Ranks, describe, own_device
from core.workspace import CODE_ROOT, Workspace

OVERHEAD_AT_MOST = 1.05
WAIT_AT_MOST = 0.05
STEP_AT_LEAST, EPOCH_AT_LEAST = 0.95, 0.9  # of the bare loop's samples a second
VIDEO_AT_MOST = 4 * 1024  # MB of a video network's default
CPU = Ranks(0, 1, torch.device("cpu"))
NETWORKS: dict[str, dict[str, Any]] = {
    "resnet50": {"modality": "image"},
    "efficientnet_b0": {"modality": "image"},
    "vit_base_patch16_224": {"modality": "image"},
    "efficientnet_lstm": {"modality": "video", "frames": 16},
    "fusion": {"modality": "multimodal"},
}
BATCHES = {
    "cpu": {"image": 8, "video": 2, "multimodal": 2},
    "cuda": {"image": 128, "video": 16, "multimodal": 8},
}
MANY = {"cpu": (64, 16), "cuda": (6000, 400)}  # pictures, clips
SHARED = {
    "faces": False,
    "protocol": "group",
    "scheduler": "cosine",
    "clip_norm": 1.0,
    "epochs": training_parts.EPOCHS + 1,
    "early_stopping": None,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cpu", "cuda"), help="five networks beside the bare loop")
    parser.add_argument("--memory", action="store_true", help="peak of every network's default")
    parser.add_argument("--only", nargs="+", metavar="NETWORK", help="of --device or --memory")
    parser.add_argument("--peak-of", help=argparse.SUPPRESS)
    parser.add_argument("--model", default="mobilenetv3_small")
    parser.add_argument("--size", type=int, default=224, help="pixels (default 224)")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=12, help="timed steps of each kind (default 12)")
    parser.add_argument("--pictures", type=int, default=256)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("--device cuda: there is no CUDA device on this machine")
    root = Path(tempfile.mkdtemp(prefix="benchmark-training-"))
    try:
        if args.peak_of:
            print(json.dumps(peak(root, args.peak_of)))
            return
        measure, show = (memory, memory_lines) if args.memory else (overhead, lines)
        if args.device and not args.memory:
            measure, show = networks, network_lines
        measured = measure(root, args)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    print(json.dumps(measured, indent=2) if args.json else show(measured))
    sys.exit(0 if measured["within"] else 1)


# A step, and waiting for data


def overhead(root: Path, args: argparse.Namespace) -> dict[str, Any]:
    space = Workspace(root / "workspace")
    name = training_media.pictures(space, root / "pictures", args.pictures, args.size)
    config = TrainConfig.from_dict(
        {**SHARED, "modality": "image", "model": args.model, "datasets": [name], "image_size": args.size}
        | {"batch_size": args.batch, "augmentation": ["flip"], "device": "cpu"}
    )
    job = training_parts.job_of(config, space, root / "overhead")
    batch = next(iter(job.loader.batches(job.draws_of(1)[:1])))
    bare = training_parts.Bare(job)
    job.network.train()
    ratio, other, ours = training_parts.side_by_side(
        lambda: bare.step(batch), lambda: training_parts.own_step(job, batch), bare.wait, args.steps
    )
    wait, rate = training_parts.waiting(job.setup, root / "waiting", CPU)
    return {
        "threads": torch.get_num_threads(),
        "bare_step_ms": round(1000 * other, 2),
        "loop_step_ms": round(1000 * ours, 2),
        "overhead": round(ratio - 1, 4),
        "data_wait": round(wait, 4),
        "samples_per_second": round(rate, 1),
        "within": ratio <= OVERHEAD_AT_MOST and wait <= WAIT_AT_MOST,
    }


def lines(measured: dict[str, Any]) -> str:
    return "\n".join(
        [
            f"a step: bare {measured['bare_step_ms']} ms, the loop's {measured['loop_step_ms']} ms, "
            f"overhead {100 * measured['overhead']:.1f} % (at most 5 %)",
            f"waiting for data: {100 * measured['data_wait']:.1f} % (at most 5 %), "
            f"{measured['samples_per_second']} samples/s on {measured['threads']} threads",
        ]
    )


# Five networks beside the bare loop


def networks(root: Path, args: argparse.Namespace) -> dict[str, Any]:
    space = Workspace(root / "workspace")
    pictures, clips = MANY[args.device]
    seen = training_media.pictures(space, root / "pictures", pictures, args.size)
    talking = training_media.clips(space, root / "clips", clips, 256, 16)
    found: dict[str, Any] = {}
    for name in args.only or NETWORKS:
        asked = NETWORKS[name]
        config = TrainConfig.from_dict(
            {**SHARED, **asked, "model": name, "device": args.device}
            | {"datasets": [seen if asked["modality"] == "image" else talking]}
            | {"batch_size": BATCHES[args.device][asked["modality"]]}
        )
        found[name] = training_parts.compare(config, space, root / name, args.steps)
        print(network_line(name, found[name]), file=sys.stderr, flush=True)
    within = all(
        one["step"]["ratio"] >= STEP_AT_LEAST and one["epoch"]["ratio"] >= EPOCH_AT_LEAST
        for one in found.values()
    )
    return {"device": describe(own_device(args.device)), "networks": found, "within": within}


def network_lines(measured: dict[str, Any]) -> str:
    rows = [network_line(name, one) for name, one in measured["networks"].items()]
    return "\n".join([f"{measured['device']}: samples/s, bare and ours (ours over bare)", *rows])


def network_line(name: str, one: dict[str, Any]) -> str:
    parts = [
        f"{part} {one[part]['bare']:.1f} {one[part]['ours']:.1f} ({one[part]['ratio']:.2f})"
        for part in ("step", "epoch", "validation")
    ]
    return (
        f"  {name} ({one['precision']}, batch {one['batch']}, {one['workers']} reader(s)): {', '.join(parts)}, "
        f"validation over a step {one['validation_over_step']:.1f}"
    )


# Memory


def memory(root: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Each network in a process of its own: memory that was freed is kept."""
    found: dict[str, Any] = {}
    for name in args.only or models.list_models():
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.training", "--peak-of", name],
            cwd=CODE_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
            found[name] = {"error": reason}
        else:
            found[name] = json.loads(done.stdout)
        print(memory_line(name, found[name]), file=sys.stderr, flush=True)
    videos = [one for name, one in found.items() if models.card(name).modality == "video"]
    within = all("error" not in one and one["peak_mb"] < VIDEO_AT_MOST for one in videos)
    return {"networks": found, "within": within}


def peak(root: Path, name: str) -> dict[str, Any]:
    keep_freed()  # as a training does
    space, modality = Workspace(root / "workspace"), models.card(name).modality
    if modality == "image":
        dataset = training_media.pictures(space, root / "media", 150, 256)
    elif modality == "audio":
        dataset = training_media.sounds(space, root / "media", 80, 4.5)
    else:
        dataset = training_media.clips(space, root / "media", 40, 256, 16)
    config = {"modality": modality, "model": name, "datasets": [dataset], "faces": False, "protocol": "group"}
    return training_parts.peak_of_default(
        TrainConfig.from_dict({**config, "device": "cpu"}), space, root / "run"
    )


def memory_lines(measured: dict[str, Any]) -> str:
    rows = [memory_line(name, one) for name, one in measured["networks"].items()]
    return "\n".join([f"peak in MB (video networks: below {VIDEO_AT_MOST})", *rows])


def memory_line(name: str, one: dict[str, Any]) -> str:
    if "error" in one:
        return f"  {name}: {one['error']}"
    return f"  {name}: {one['peak_mb']:,} (training {one['training_mb']:,}; batch {one['batch']} in {one['parts']} part(s))"


if __name__ == "__main__":
    main()
