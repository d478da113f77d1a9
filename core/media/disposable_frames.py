"""Which coded pictures no other picture needs, told from the first bytes of a packet without decoding it.

Leaving those out changes nothing in any other frame, so reading "every frame up to the wanted one" can skip them.
Known for H.264, HEVC and MPEG-4; for other codecs every picture counts as a reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import av
import numpy as np

HEAD = 4096  # bytes of a packet that are looked at: parameter sets and SEI stand before the first slice
UNKNOWN = 255  # temporal layer of a picture that may be a reference


def layer_reader(codec: str, extradata: bytes | None) -> Callable[[av.Packet], int]:
    """A function from a packet to the temporal layer of a picture marked as no reference, else UNKNOWN."""
    if codec == "h264":
        prefix = (extradata[4] & 3) + 1 if extradata and len(extradata) > 6 and extradata[0] == 1 else 0
        return lambda packet: _h264_layer(packet, prefix)
    if codec == "hevc":
        prefix = (extradata[21] & 3) + 1 if extradata and len(extradata) > 22 and extradata[0] == 1 else 0
        return lambda packet: _hevc_layer(packet, prefix)
    if codec == "mpeg4":
        return _mpeg4_layer
    return lambda packet: UNKNOWN


def disposable(layers: np.ndarray) -> np.ndarray:
    """True where the picture is needed by no other: a non-reference of the highest layer (lower ones may be needed)."""
    known = layers[layers != UNKNOWN]
    return layers == known.max() if len(known) else np.zeros(len(layers), dtype=bool)


def _h264_layer(packet: av.Packet, prefix: int) -> int:
    for head in _units(packet, prefix):
        if 1 <= head[0] & 0x1F <= 5:
            return UNKNOWN if head[0] & 0x60 else 0
    return UNKNOWN


def _hevc_layer(packet: av.Packet, prefix: int) -> int:
    for head in _units(packet, prefix):
        kind = head[0] >> 1 & 0x3F
        if kind < 32:
            return (head[1] & 7) - 1 if kind < 16 and kind % 2 == 0 else UNKNOWN
    return UNKNOWN


def _mpeg4_layer(packet: av.Packet) -> int:
    data = bytes(memoryview(packet)[:HEAD])
    starts = [i for i in _find_all(data, b"\x00\x00\x01\xb6") if i + 4 < len(data)]
    # A packed bitstream carries two pictures in one packet: then it is a reference.
    return 0 if len(starts) == 1 and data[starts[0] + 4] >> 6 == 2 else UNKNOWN


def _units(packet: av.Packet, prefix: int) -> Iterator[bytes]:
    """The two header bytes of each NAL unit, length-prefixed (MP4, MKV) or after start codes (AVI, TS)."""
    view = memoryview(packet)
    if prefix:
        at, end = 0, len(view)
        while at + prefix + 2 <= end:
            yield bytes(view[at + prefix : at + prefix + 2])
            at += prefix + int.from_bytes(view[at : at + prefix], "big")
        return
    data = bytes(view[:HEAD])
    for start in _find_all(data, b"\x00\x00\x01"):
        if start + 5 <= len(data):
            yield data[start + 3 : start + 5]


def _find_all(data: bytes, pattern: bytes) -> Iterator[int]:
    at = data.find(pattern)
    while at >= 0:
        yield at
        at = data.find(pattern, at + len(pattern))
