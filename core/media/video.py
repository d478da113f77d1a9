"""Frames of a clip, evenly spaced over its whole duration: exactly those, or the cheapest near them.

    x..x..x..x   (n=4, 10 frames: 0, 3, 6, 9)

A moment's frame is the one on screen then: the last whose time has come. What must be decoded is planned from the
packets: each wanted frame from the key frame before it, leaving out frames that no other needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from core.errors import MediaError
from core.media.container import open_container
from core.media.limits import Limits
from core.media.memo import decode_once, keep
from core.media.orientation import upright
from core.media.packets import PacketIndex, read_index, read_packets, video_stream

MODES = ("exact", "fast")


@dataclass(frozen=True)
class Frames:
    """What was read from a clip; a clip of fewer than n frames gives each of them once."""

    images: np.ndarray | list[np.ndarray]  # uint8 (n, height, width, 3) RGB; a list where sizes differ
    times: np.ndarray  # seconds from the first frame of the track, float64
    indices: np.ndarray  # frame numbers in the order of showing
    total: int  # frames that the track has
    duration: float  # seconds
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.times)


def read_frames(
    path: Path | str, n: int = 16, mode: str = "exact", *, limits: Limits | None = None, threads: int = 0
) -> Frames:
    """n frames of a clip; `threads` 0 uses all cores."""
    path = Path(path)
    return decode_once(
        ("frames", n, mode),
        path,
        _bytes,
        lambda: read_samplings(path, [(n, mode)], limits=limits, threads=threads)[0],
    )


def read_samplings(
    path: Path, samplings: Sequence[tuple[int, str]], *, limits: Limits | None = None, threads: int = 0
) -> list[Frames]:
    """Several choices of frames, (n, mode), in one decoding; within `decoding_once`, `read_frames` finds each."""
    for n, mode in samplings:
        if n < 1:
            raise ValueError(f"n ({n}) must be > 0")
        if mode not in MODES:
            raise ValueError(f"mode ({mode}) must be one of {MODES}")
    limits = limits or Limits.from_settings()
    with open_container(path, limits) as container:
        found = _Clip(path, container, limits, threads).read(samplings)
    for (n, mode), frames in zip(samplings, found, strict=True):
        keep(("frames", n, mode), path, _bytes(frames), frames)
    return found


def _bytes(frames: Frames) -> int:
    return sum(image.nbytes for image in frames.images)


class _Clip:
    """One open clip: its index and its decoder."""

    def __init__(self, path: Path, container: InputContainer, limits: Limits, threads: int) -> None:
        self.path, self.limits, self.deadline = path, limits, limits.deadline()
        self.container = container
        self.stream = video_stream(container, path.name)
        self.threads, self.passes, self.strict = threads, 0, True
        self.context = self._decoder(self.stream)
        limits.check_pixels(path.name, self.context.width, self.context.height)
        self.index = read_index(container, self.stream, path, limits, self.deadline)

    def _decoder(self, stream: VideoStream) -> VideoCodecContext:
        """Strict: damaged frames fail. Otherwise they come marked, by one thread: several would race to mark them."""
        context = stream.codec_context
        context.thread_type = "AUTO"
        context.thread_count = self.threads if self.strict else 1
        context.options = {"err_detect": "explode"} if self.strict else {}
        context.copy_opaque = True
        return context

    def read(self, samplings: Sequence[tuple[int, str]]) -> list[Frames]:
        index = self.index
        times = index.pts[index.shown_order()] * index.time_base
        if len(times) == 0:
            raise MediaError(f"{self.path.name}: its edit list shows no frame")
        self.limits.check_duration(self.path.name, float(times[-1] - times[0]))
        if not index.timed:
            return [self._read_through(n) for n, _ in samplings]
        each = [
            exact_positions(index, n) if mode == "exact" else fast_positions(index, n)
            for n, mode in samplings
        ]
        wanted = np.unique(np.concatenate(each))
        needed = find_needed_positions(index, wanted)
        got = self._decode(wanted, needed)
        if self._failures or len(got) < len(wanted):
            self.strict = False
            got = self._decode(wanted, needed)
        if len(got) < len(wanted):
            return [self._read_through(n) for n, _ in samplings]
        order = index.shown_order()
        return [self._frames({p: got[p] for p in own.tolist()}, order, ()) for own in each]

    def _frames(self, got: dict[int, np.ndarray], order: np.ndarray, notes: tuple[str, ...]) -> Frames:
        """The pictures by decode position, put into the order of showing; `order`: positions in that order."""
        index = self.index
        times = np.sort(index.pts[order]) * index.time_base
        rank = {int(position): i for i, position in enumerate(order)}
        ranks = sorted(rank[position] for position in got if position in rank)
        images = [got[int(order[i])] for i in ranks]
        return Frames(
            images=np.stack(images) if len({image.shape for image in images}) == 1 else images,
            times=times[ranks] - times[0],
            indices=np.array(ranks, dtype=np.int64),
            total=len(order),
            duration=_duration(times),
            notes=notes,
        )

    def _read_through(self, n: int) -> Frames:
        """Without usable times, or where frames are missing: see what can be decoded, then choose among that."""
        everything = np.arange(len(self.index))
        sound, shown = self._positions(everything)
        if self.strict and (self._failures or len(sound) < len(everything)):
            self.strict = False
            sound, shown = self._positions(everything)
        if not sound:
            raise MediaError(f"{self.path.name}: none of its {len(self.index):,} frames can be decoded")
        decodable = np.array(sound)
        expected = int(self.index.shown.sum())
        if self._failures:
            notes: tuple[str, ...] = (
                f"damaged: {len(sound):,} of {expected:,} frames can be decoded; units are spread over those",
            )
            ranks = np.unique(np.linspace(0, len(sound) - 1, min(n, len(sound))).astype(int))
        else:
            notes = ()
            ranks = spread_positions(np.sort(self.index.pts[decodable]), n)
        order = self.index.shown_order() if self.index.timed else np.array(shown)
        got = self._decode(decodable[ranks], everything)
        if not set(got) & set(order.tolist()):
            raise MediaError(f"{self.path.name}: decodes differently each time; the file is damaged")
        return self._frames(got, order, notes)

    def _positions(self, positions: np.ndarray) -> tuple[list[int], list[int]]:
        """Those of the frames that are whole, and of all that came out, as they came."""
        sound: list[int] = []
        shown: list[int] = []
        for position, frame in self._pictures(positions):
            shown.append(position)
            if not frame.is_corrupt:
                sound.append(position)
        return sound, shown

    def _decode(self, wanted: np.ndarray, needed: np.ndarray) -> dict[int, np.ndarray]:
        """The wanted frames as RGB by decode position; those that cannot be decoded are absent."""
        chosen, got = set(wanted.tolist()), {}
        for position, frame in self._pictures(needed):
            if position in chosen and not frame.is_corrupt:
                got[position] = self._rgb(frame)
        return got

    def _rgb(self, frame: av.VideoFrame) -> np.ndarray:
        return upright(frame.to_ndarray(format="rgb24"), frame)

    def _pictures(self, positions: np.ndarray) -> Iterator[tuple[int, av.VideoFrame]]:
        """Decode the packets at these positions; each frame comes with the position of its packet."""
        self.passes += 1
        if self.passes == 1:
            yield from self._pass(positions)
            return
        # A later pass is made where the one before met damage. libavcodec's VP9 then crashes
        # when it is fed again, even after a flush: each pass has a decoder of its own.
        with open_container(self.path, self.limits) as source:
            self.context = self._decoder(video_stream(source, self.path.name))
            yield from self._pass(positions)

    def _pass(self, positions: np.ndarray) -> Iterator[tuple[int, av.VideoFrame]]:
        self._failures = 0
        if self.index.packets is not None:
            yield from self._decode_wanted(read_packets(self.index, positions, self.container, self.stream))
        else:
            with open_container(self.path, self.limits) as source:
                stream = video_stream(source, self.path.name)
                yield from self._decode_wanted(read_packets(self.index, positions, source, stream))

    def _decode_wanted(self, packets: Iterator[tuple[int, av.Packet]]) -> Iterator[tuple[int, av.VideoFrame]]:
        before = -1
        for position, packet in packets:
            self.deadline.check(self.path.name)
            # Packets that no other frame needs may be left out without the decoder missing anything.
            jumped = before >= 0 and not self.index.disposable[before + 1 : position].all()
            if jumped and self._opens_with_leading(position):
                yield from self._send(None)
                self.context.flush_buffers()
            packet.opaque = [position]  # PyAV tells these apart by identity: small integers are one object
            yield from self._send(packet)
            before = position
        yield from self._send(None)

    def _opens_with_leading(self, position: int) -> bool:
        """A key frame after which older frames come does not make the decoder forget the ones before it."""
        index = self.index
        return bool(
            index.keys[position] and (index.pts[position + 1 : position + 20] < index.pts[position]).any()
        )

    def _send(self, packet: av.Packet | None) -> Iterator[tuple[int, av.VideoFrame]]:
        try:
            frames = self.context.decode(packet)
        except (av.error.FFmpegError, ValueError):
            self._failures += 1
            return
        for frame in frames:
            self.limits.check_pixels(self.path.name, frame.width, frame.height)
            self._failures += frame.is_corrupt
            if frame.opaque is not None:
                yield frame.opaque[0], frame


def spread_positions(pts: np.ndarray, n: int) -> np.ndarray:
    """Ranks of the frames on screen at n moments evenly spaced from the first frame to the last, each once."""
    if len(pts) <= n:
        return np.arange(len(pts))
    moments = np.linspace(pts[0], pts[-1], n)
    # Times are rounded to ticks (1 ms in Matroska); a frame due within one tick is on screen.
    tick = min(1.0, float(np.median(np.diff(pts))) / 30)
    return np.unique(np.searchsorted(pts, moments + tick, side="right") - 1)


def exact_positions(index: PacketIndex, n: int) -> np.ndarray:
    """Decode positions of exactly the evenly spaced frames."""
    order = index.shown_order()
    return order[spread_positions(index.pts[order], n)]


def fast_positions(index: PacketIndex, n: int) -> np.ndarray:
    """Each evenly spaced moment moved by at most half a step to the frame that costs least to decode."""
    order = index.shown_order()
    pts = index.pts[order]
    if len(pts) <= n or n < 2:
        return order[spread_positions(pts, n)]
    step = (pts[-1] - pts[0]) / (n - 1)
    chosen = []
    for moment in np.linspace(pts[0], pts[-1], n):
        low, high = np.searchsorted(pts, [moment - step / 2, moment + step / 2])
        near = order[low:high] if high > low else order[spread_positions(pts, n)]
        chosen.append(_cheapest(index, near, moment))
    return np.unique(chosen)


def _cheapest(index: PacketIndex, near: np.ndarray, moment: float) -> int:
    """Of the frames near a moment: the nearest key frame, else the reference frame reached first."""
    keys = near[index.keys[near]]
    if len(keys):
        return int(keys[np.argmin(np.abs(index.pts[keys] - moment))])
    references = near[~index.disposable[near]]
    return int((references if len(references) else near).min())


def find_needed_positions(index: PacketIndex, wanted: np.ndarray) -> np.ndarray:
    """Every packet that must be decoded to get the wanted frames, ascending."""
    needed = np.zeros(len(index), dtype=bool)
    entries = [index.entry(int(position)) for position in wanted]
    for position, entry in zip(wanted.tolist(), entries, strict=True):
        needed[entry : position + 1] = True
    for position, entry in zip(wanted.tolist(), entries, strict=True):
        if entry == 0 or not needed[entry - 1]:
            needed[entry : position + 1] &= ~index.leading(entry, position)
    skipped = index.disposable.copy()
    skipped[wanted] = False
    return np.flatnonzero(needed & ~skipped)


def _duration(times: np.ndarray) -> float:
    """From the first frame to the end of the last, which lasts as long as the frames usually do."""
    return float(times[-1] - times[0] + (np.median(np.diff(times)) if len(times) > 1 else 0.0))
