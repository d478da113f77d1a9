"""The packets of a video track: which frames there are, when they are shown, and what each needs to be decoded.

The whole track is demuxed once, without decoding: it costs a few microseconds a packet, and unlike the header
it does not lie. Small tracks keep their packets in memory; of large ones the second pass seeks.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import av.stream
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from core.errors import MediaError
from core.media.disposable_frames import disposable, layer_reader
from core.media.limits import Deadline, Limits

KEEP_BYTES = 128 << 20  # compressed bytes that are kept in memory for the second pass
SEEKABLE = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")  # their own index leads to the frame asked for
JUMP_FROM = 64  # packets that are read over rather than jumped over
# These carry decode times only; with B-frames they say nothing about when a frame is shown.
DECODE_TIMES_ONLY = ("avi", "h264", "hevc", "m4v", "mpegvideo", "vc1")


class NoVideo(MediaError):
    """The file has no video stream."""


@dataclass(frozen=True)
class PacketIndex:
    """One entry a packet, in decode order; times in units of `time_base`."""

    pts: np.ndarray  # int64
    keys: np.ndarray  # bool: decoding can start here
    shown: np.ndarray  # bool: false where an edit list hides the frame
    disposable: np.ndarray  # bool: no other frame needs it
    time_base: float  # seconds a unit
    packets: tuple[av.Packet, ...] | None  # None: too large to keep
    timed: bool  # every packet has its own time of showing: frames can be asked for by it

    def __len__(self) -> int:
        return len(self.pts)

    def shown_order(self) -> np.ndarray:
        """Decode positions of the shown frames, in the order in which they are shown."""
        shown = np.flatnonzero(self.shown)
        return shown[np.argsort(self.pts[shown], kind="stable")]

    def entry(self, position: int) -> int:
        """The key frame at which decoding must start to get the frame at this position.

        A frame shown before the key frame that precedes it in the file needs the key frame before that.
        """
        keys = np.flatnonzero(self.keys[: position + 1] & (self.pts[: position + 1] <= self.pts[position]))
        return int(keys[-1]) if len(keys) else 0

    def leading(self, entry: int, last: int) -> np.ndarray:
        """True where a frame after `entry` is shown before it: it needs frames that were not decoded."""
        return self.pts[entry : last + 1] < self.pts[entry]


def video_stream(container: InputContainer, name: str) -> VideoStream:
    """The track to read: the largest that is not a cover picture."""
    moving = [s for s in container.streams.video if s.codec_context is not None and not is_cover(s)]
    if not moving:
        raise NoVideo(f"{name}: has no video stream")
    return max(moving, key=lambda s: (s.width * s.height, -s.index))


def is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def read_index(
    container: InputContainer, stream: VideoStream, path: Path, limits: Limits, deadline: Deadline
) -> PacketIndex:
    """Demux the track to its end; a damaged end only shortens it."""
    layer = layer_reader(stream.codec_context.name, stream.codec_context.extradata)
    rows: list[tuple[int | None, int | None, bool, bool, int]] = []
    packets: list[av.Packet] | None = []
    kept = 0
    try:
        for packet in container.demux(stream):
            if len(rows) % 1024 == 0:
                limits.check_frames(path.name, len(rows))
                deadline.check(path.name)
            if not packet.size or packet.is_corrupt:
                continue
            rows.append((packet.pts, packet.dts, packet.is_keyframe, not packet.is_discard, layer(packet)))
            if packets is not None:
                packets.append(packet)
                kept += packet.size
                packets = packets if kept <= KEEP_BYTES else None
    except (av.error.FFmpegError, OSError):
        if not rows:
            raise
    limits.check_frames(path.name, len(rows))
    if not rows:
        raise MediaError(f"{path.name}: the video stream holds no frames")
    reordered = container.format.name in DECODE_TIMES_ONLY and stream.codec_context.name in ("h264", "hevc")
    return _build(rows, packets, float(stream.time_base or 0) or 1.0, timed=not reordered)


def _build(
    rows: list[tuple[int | None, int | None, bool, bool, int]],
    packets: list[av.Packet] | None,
    time_base: float,
    *,
    timed: bool,
) -> PacketIndex:
    stamps = [row[0] for row in rows]
    if any(stamp is None for stamp in stamps):
        timed = False
        decode = [row[1] for row in rows]
        complete = all(stamp is not None for stamp in decode)
        stamps = decode if complete else list(range(len(rows)))
    pts = np.array(stamps, dtype=np.int64)
    keys = np.array([row[2] for row in rows])
    timed = timed and bool(keys.any()) and len(np.unique(pts)) == len(pts)
    return PacketIndex(
        pts=pts,
        keys=keys,
        shown=np.array([row[3] for row in rows]),
        disposable=disposable(np.array([row[4] for row in rows], dtype=np.uint8)),
        time_base=time_base,
        packets=tuple(packets) if packets is not None else None,
        timed=timed,
    )


def read_packets(
    index: PacketIndex, positions: np.ndarray, source: InputContainer, stream: VideoStream
) -> Iterator[tuple[int, av.Packet]]:
    """The packets at these decode positions (ascending): from memory, or from the file, jumping where it can."""
    if index.packets is not None:
        for position in positions.tolist():
            yield position, index.packets[position]
        return
    at, packets = -1, _fill_gaps(source, stream)  # decode position of the packet read last
    for run in np.split(positions, np.flatnonzero(np.diff(positions) > 1) + 1):
        first, last = int(run[0]), int(run[-1])
        if first > at + JUMP_FROM and source.format.name in SEEKABLE:
            packets, at = _jump(index, first, source, stream)
        for packet in packets:
            at += 1
            if first <= at <= last:
                yield at, packet
            if at >= last:
                break


def _fill_gaps(source: InputContainer, stream: VideoStream) -> Iterator[av.Packet]:
    return (p for p in source.demux(stream) if p.size and not p.is_corrupt)


def _jump(
    index: PacketIndex, first: int, source: InputContainer, stream: VideoStream
) -> tuple[Iterator[av.Packet], int]:
    """Go to the key frame before a position; where the file lands elsewhere, back to its beginning."""
    entry = index.entry(first)
    source.seek(int(index.pts[entry]), stream=stream, backward=True)
    packets = _fill_gaps(source, stream)
    landed = next(packets, None)
    known = landed is not None and landed.pts is not None
    found = np.flatnonzero(index.pts == landed.pts) if known and landed else np.zeros(0, np.int64)
    if landed is None or len(found) != 1 or found[0] > first:
        source.seek(int(index.pts.min()), stream=stream, backward=True)
        return _fill_gaps(source, stream), -1
    return itertools.chain([landed], packets), int(found[0]) - 1
