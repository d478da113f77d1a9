"""One track a person over the frames of a clip: few detector passes, gaps filled, chance finds thrown away."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from core.media.faces import FaceDetector, SecondLook

# Together these keep 16 frames below the cost of 10 whole passes (python -m benchmarks.media shows it).
COARSE_SIDE = 224  # pixels: what the detector sees of every other frame, where a whole pass is not spent
CUT = 12.0  # mean difference of two thumbnails (of 255) from which a frame shows something else
RESCUE_SIDE = (
    448  # pixels of one frame, widened at its edges, where nothing was found: faces that fill the frame
)
RESCUE_EDGE = 0.25  # of the frame's shorter side, repeated outwards
LOCAL_FACE = 56  # pixels of a known face when it is searched in its neighbourhood
LOCAL_REACH = 2.2  # side of that neighbourhood over the side of the face
FARTHEST = 2.5  # a person moves at most so many face sides between two sampled frames
OTHER_SIZE = 2.0  # and grows or shrinks at most so much
STAYS = 0.6  # overlap of the boxes on both sides of a frame from which the face is not searched in it
SAME = 0.3  # overlap (IoU) from which two boxes of one frame are one face
SMALL_SHARE = 0.3  # a face smaller than this share of the largest of the clip (by side) is a chance find
PERSISTENCE = 0.25  # so is one seen in fewer of the frames than this share, beside one seen in more
# A find is looked at again unless it fills this share of its frame's shorter side: chance finds are small.
LARGE_SHARE = 0.35
VOTES = 55  # that a second look must give
VOTES_LASTING = 25  # and for one seen in so many frames:
LASTS = 4
ASPECT = 1.8  # longer side over shorter side of a face, at most


@dataclass
class Track:
    """One person: boxes (x0, y0, x1, y1) by frame; `seen` counts those that the detector found."""

    boxes: dict[int, np.ndarray] = field(default_factory=dict)
    seen: int = 0

    def add(self, frame: int, box: np.ndarray) -> None:
        self.boxes[frame] = np.asarray(box[:4], dtype=np.float64)
        self.seen += 1

    def near(self, frame: int) -> np.ndarray:
        """The box in the frame nearest to this one."""
        return self.boxes[min(self.boxes, key=lambda known: (abs(known - frame), known))]

    @property
    def side(self) -> float:
        return float(np.median([_side(box) for box in self.boxes.values()]))


def follow(pictures: list[np.ndarray], detector: FaceDetector, most: int = 4) -> list[Track]:
    """The people in the frames of a clip, the most seen and largest first; empty: no face.

    Every second frame gets a whole pass of the detector. Between two of them a face that stays where it is lies on
    the line between; around one that moves or is known on one side only the detector looks again. A frame that
    resembles neither beside it gets a coarse pass too.
    """
    tracks: list[Track] = []
    whole = whole_passes(len(pictures))
    found = {i: _plausible(detector.detect(pictures[i])) for i in whole}
    for i in whole:
        _assign(tracks, i, found[i])
    thumbs = [_thumb(picture) for picture in pictures]
    for i in sorted(set(range(len(pictures))) - set(whole)):
        changed = _scene_changes(thumbs, i)
        for track in tracks:
            if changed or not _stays(track, i):
                box = _look_near(pictures[i], track.near(i), detector)
                if box is not None and _is_new(box, i, tracks):
                    track.add(i, box)
        if changed:
            fresh = [box for box in _plausible(_coarse(pictures[i], detector)) if _is_new(box, i, tracks)]
            _assign(tracks, i, np.array(fresh).reshape(-1, 5))
    if not tracks and pictures:
        tracks = _rescue(pictures, detector)
    people = _confirm(tracks, pictures, detector)[:most]
    for person in people:
        _fill(person)
    return people


def _stays(track: Track, i: int) -> bool:
    """Known in the frames on both sides and hardly moved between them."""
    return (
        i - 1 in track.boxes
        and i + 1 in track.boxes
        and overlap(track.boxes[i - 1], track.boxes[i + 1]) >= STAYS
    )


def _is_new(box: np.ndarray, frame: int, tracks: list[Track]) -> bool:
    return all(overlap(box, track.boxes[frame]) < SAME for track in tracks if frame in track.boxes)


def _thumb(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)


def _scene_changes(thumbs: list[np.ndarray], i: int) -> bool:
    """Whether the frame differs from both beside it: a cut, where somebody may be seen in this frame only."""
    beside = [thumbs[k] for k in (i - 1, i + 1) if 0 <= k < len(thumbs)]
    return all(float(np.abs(thumbs[i] - other).mean()) > CUT for other in beside)


def _rescue(pictures: list[np.ndarray], detector: FaceDetector) -> list[Track]:
    """A face cut off by the edge or as large as the frame is found once there is something around it."""
    tracks: list[Track] = []
    middle = len(pictures) // 2
    height, width = pictures[middle].shape[:2]
    edge = round(min(height, width) * RESCUE_EDGE)
    widened = _cut(pictures[middle], -edge, -edge, width + edge, height + edge)
    found = _detect_scaled(widened, min(1.0, RESCUE_SIDE / max(widened.shape[:2])), detector)
    found[:, :4] -= edge
    _assign(tracks, middle, _plausible(found))
    others = [i for i in range(0, len(pictures), 2) if i != middle]
    for i in sorted({*others, *([0, len(pictures) - 1] if tracks else [])} - {middle}):
        for track in tracks:
            box = _look_near(pictures[i], track.near(i), detector)
            if box is not None:
                track.add(i, box)
    return tracks


def whole_passes(frames: int) -> list[int]:
    """The frames searched whole: every second; of a clip of at most three frames all."""
    return list(range(frames)) if frames <= 3 else list(range(0, frames, 2))


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return float(shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared))


def _side(box: np.ndarray) -> float:
    return float(max(box[2] - box[0], box[3] - box[1]))


def _plausible(boxes: np.ndarray) -> np.ndarray:
    """Without boxes that are no face by their shape, and of two on one face the surer."""
    kept: list[np.ndarray] = []
    for box in sorted(boxes, key=lambda b: -b[4]):
        width, height = box[2] - box[0], box[3] - box[1]
        if min(width, height) <= 0 or max(width, height) / min(width, height) > ASPECT:
            continue
        if all(overlap(box, other) < SAME for other in kept):
            kept.append(box)
    return np.array(kept).reshape(-1, 5)


def _assign(tracks: list[Track], frame: int, boxes: np.ndarray) -> None:
    """Give each box to the track that it continues (the cheapest assignment of all), or to a new one."""
    free = [track for track in tracks if frame not in track.boxes]
    costs = np.array([[_distance(track.near(frame), box) for box in boxes] for track in free])
    taken = set()
    if costs.size:
        from scipy.optimize import linear_sum_assignment  # slow to import, and a picture needs none of it

        pairs = np.stack(linear_sum_assignment(np.minimum(costs, 1e6)), axis=1).tolist()
        for row, column in pairs:
            if costs[row, column] <= FARTHEST:
                free[row].add(frame, boxes[column])
                taken.add(column)
    for column, box in enumerate(boxes):
        if column not in taken:
            tracks.append(Track())
            tracks[-1].add(frame, box)


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    """How far a face would have moved, in face sides; infinite where its size does not fit."""
    sides = _side(a), _side(b)
    if max(sides) > OTHER_SIZE * min(sides):
        return float("inf")
    return float(np.hypot(a[0] + a[2] - b[0] - b[2], a[1] + a[3] - b[1] - b[3]) / 2 / (sum(sides) / 2))


def _look_near(picture: np.ndarray, box: np.ndarray, detector: FaceDetector) -> np.ndarray | None:
    """The face nearest to where it was, found in its neighbourhood only."""
    reach = _side(box) * LOCAL_REACH / 2
    x0, y0 = round((box[0] + box[2]) / 2 - reach), round((box[1] + box[3]) / 2 - reach)
    side = max(8, round(2 * reach))
    around = _cut(picture, x0, y0, x0 + side, y0 + side)
    scale = min(1.0, LOCAL_FACE / _side(box))
    found = _detect_scaled(around, scale, detector)
    found[:, [0, 2]] += x0
    found[:, [1, 3]] += y0
    near = [b for b in _plausible(found) if _distance(box, b) <= FARTHEST]
    return min(near, key=lambda b: _distance(box, b)) if near else None


def _cut(picture: np.ndarray, x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    """A part of the picture; what lies beyond its edges repeats them."""
    height, width = picture.shape[:2]
    top, left = min(max(0, -y0), height), min(max(0, -x0), width)
    bottom, right = max(0, y1 - height), max(0, x1 - width)
    inside = picture[max(0, y0) : max(0, min(y1, height)), max(0, x0) : max(0, min(x1, width))]
    if not inside.size:
        return np.zeros((y1 - y0, x1 - x0, 3), np.uint8)
    return cv2.copyMakeBorder(inside, top, bottom, left, right, cv2.BORDER_REPLICATE)


def _coarse(picture: np.ndarray, detector: FaceDetector) -> np.ndarray:
    return _detect_scaled(picture, min(1.0, COARSE_SIDE / max(picture.shape[:2])), detector)


def _detect_scaled(picture: np.ndarray, scale: float, detector: FaceDetector) -> np.ndarray:
    height, width = picture.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = picture if scale == 1.0 else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    found = detector.detect(np.ascontiguousarray(small)).copy()
    found[:, :4] /= scale
    return found


def _confirm(tracks: list[Track], pictures: list[np.ndarray], detector: FaceDetector) -> list[Track]:
    """The people among the tracks who pass a second look; where nobody does, those beside them are asked."""
    left = list(tracks)
    while left:
        people = _people(left, len(pictures))
        passed = [p for p in people if _passes(p, pictures, detector)]
        if passed:
            return passed
        left = [t for t in left if all(t is not p for p in people)]
    return []


def _passes(track: Track, pictures: list[np.ndarray], detector: FaceDetector) -> bool:
    """Whether it is a face and no chance find: large in its frame, or found again by a closer look in one of three
    frames. One that lasts needs less."""
    if not isinstance(detector, SecondLook):
        return True
    if track.side >= LARGE_SHARE * min(pictures[0].shape[:2]):
        return True
    needed = VOTES_LASTING if track.seen >= LASTS else VOTES
    frames = sorted(track.boxes)
    looks = dict.fromkeys(frames[round(k * (len(frames) - 1) / 2)] for k in (1, 0, 2))
    return any(detector.votes(pictures[i], track.boxes[i]) >= needed for i in looks)


def _people(tracks: list[Track], frames: int) -> list[Track]:
    """Tracks that are people: neither tiny beside the largest nor a flicker beside one that lasts."""
    if not tracks:
        return []
    longest = max(track.seen for track in tracks)
    lasting = [t for t in tracks if t.seen >= PERSISTENCE * min(frames, longest)]
    largest = max(track.side for track in lasting if track.seen >= longest / 2)
    people = [t for t in lasting if t.side >= SMALL_SHARE * largest]
    return sorted(people, key=lambda t: (-t.seen * t.side, min(t.boxes)))


def _fill(track: Track) -> None:
    """Missing detections between two that were found lie on the line between them."""
    known = np.array(sorted(track.boxes))
    corners = np.array([track.boxes[int(frame)] for frame in known])
    for frame in range(int(known[0]), int(known[-1])):
        if frame not in track.boxes:
            track.boxes[frame] = np.array([np.interp(frame, known, corners[:, i]) for i in range(4)])
