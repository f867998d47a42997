"""Measure the reader on labelled pictures, and read files for the command line."""

import csv
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from facility.errors import Invalid
from lpr.reader import Look, PlateReader, Readers
from lpr.rules.match import normalised
from lpr.vision.picture import SUFFIXES, Picture, UnreadablePicture, read_picture

Half = Literal["all", "first", "second"]
OVERLAP = 0.3  # intersection over union of upright boxes from which a look counts as the labelled plate


class BadLabels(Invalid):
    """The folder to evaluate on has no readable `labels.csv`."""

    code = "lpr.bad_labels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One row of `labels.csv`: a picture and what it shows; parallel tuples, empty where there is no plate."""

    file: str
    texts: tuple[str, ...]
    kinds: tuple[str, ...]
    boxes: tuple[tuple[float, float, float, float], ...]


def look_as_json(look: Look) -> dict[str, Any]:
    """A look in the words of the command line."""
    return {
        "text": look.text,
        "kind": look.kind.value,
        "confidence": round(look.confidence, 4),
        "box": list(look.box),
        "corners": [[round(float(x), 1), round(float(y), 1)] for x, y in look.corners],
    }


def read_files(paths: Sequence[Path], *, cropped: bool, out: Callable[[dict[str, Any]], None]) -> int:
    """Read pictures and folders of pictures; 2 if any could not be read, else 0."""
    reader, status = PlateReader(), 0
    for path in _pictures(paths):
        began = time.perf_counter()
        try:
            looks = looks_at(reader, read_picture(path), cropped=cropped)
        except UnreadablePicture as fault:
            out({"file": str(path), "error": fault.detail})
            status = 2
            continue
        plates = [look_as_json(look) for look in looks if look.text]
        out({"file": str(path), "plates": plates, "ms": round((time.perf_counter() - began) * 1000, 1)})
    return status


def looks_at(
    reader: PlateReader, picture: Picture, *, cropped: bool, readers: Readers = "both"
) -> list[Look]:
    """Looks at a scene, or the one look at a crop."""
    return [reader.read_crop(picture, readers)] if cropped else reader.read(picture, readers)


def _pictures(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
        else:
            yield path


def read_labels(folder: Path) -> list[Labelled]:
    """The rows of `labels.csv`: columns file, text, kind and, where given, the plates' corners.

    Raises:
        BadLabels: missing, not UTF-8, or without the columns.
    """
    path = folder / "labels.csv"
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except OSError as fault:
        raise BadLabels(f"{path}: {fault.strerror}") from fault
    except (UnicodeDecodeError, csv.Error) as fault:
        raise BadLabels(f"{path}: not a UTF-8 table") from fault
    if not rows or not {"file", "text"} <= set(rows[0]):
        raise BadLabels(f"{path}: no rows with the columns file and text")
    return [_labelled(row, path, number) for number, row in enumerate(rows, start=2)]


def _labelled(row: dict[str, str], path: Path, line: int) -> Labelled:
    texts = tuple(t for t in (row["text"] or "").split("|") if t)
    kinds = tuple((row.get("kind") or "").split("|"))
    try:
        quads = [
            [float(v) for v in q.split()]
            for q in (row.get("quads_tl_tr_br_bl") or "").split(";")
            if q.strip()
        ]
        boxes = tuple((min(q[0::2]), min(q[1::2]), max(q[0::2]), max(q[1::2])) for q in quads)
    except ValueError as fault:
        raise BadLabels(f"{path}, line {line}: corners are not numbers") from fault
    return Labelled(
        file=row["file"],
        texts=texts,
        kinds=kinds if len(kinds) == len(texts) else ("",) * len(texts),
        boxes=boxes,
    )


def in_half(row: Labelled, half: Half) -> bool:
    """Whether the picture belongs to this half; by the first plate's text, so one plate is never in both."""
    if half == "all":
        return True
    first = hashlib.sha256((row.texts[0] if row.texts else row.file).encode()).digest()[0] % 2 == 0
    return first is (half == "first")


def same(first: str, second: str) -> bool:
    """Equal as plates: O and 0, I and 1 are not told apart."""
    return normalised(first) == normalised(second)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What is counted over a set."""

    images: int = 0
    plates: int = 0
    right: int = 0
    chars: int = 0
    chars_right: int = 0
    found: int = 0
    false_reads: int = 0
    accepted: int = 0
    accepted_right: int = 0


def evaluate(
    folder: Path,
    *,
    cropped: bool,
    readers: Readers = "both",
    half: Half = "all",
    reader: PlateReader | None = None,
    on_miss: Callable[[str, str, str], None] | None = None,
) -> dict[str, Any]:
    """Measure the reader on a labelled folder.

    Args:
        folder: pictures and `labels.csv`.
        cropped: each picture is one plate.
        readers: reader B alone or both.
        half: which half of the set, split by plate.
        reader: an opened reader; a new one when `None`.
        on_miss: called with file, true text and read text for every plate not read right.

    Returns:
        The counts in the words of the command line; times are those of reading, without decoding the file.
    """
    reader = reader or PlateReader()
    tally, by_kind, times = Tally(), dict[str, dict[str, int]](), list[float]()
    for row in read_labels(folder):
        if not in_half(row, half):
            continue
        picture = read_picture(folder / row.file)
        began = time.perf_counter()
        looks = looks_at(reader, picture, cropped=cropped, readers=readers)
        times.append((time.perf_counter() - began) * 1000)
        _count(tally, by_kind, row, looks, cropped, on_miss)
    return _summary(tally, by_kind, times)


def _count(
    tally: Tally,
    by_kind: dict[str, dict[str, int]],
    row: Labelled,
    looks: list[Look],
    cropped: bool,
    on_miss: Callable[[str, str, str], None] | None,
) -> None:
    tally.images += 1
    left = list(looks)
    for place, (text, kind) in enumerate(zip(row.texts, row.kinds, strict=True)):
        box = row.boxes[place] if not cropped and place < len(row.boxes) else None
        look = _its_look(left, text, box, cropped)
        if look is not None:
            left = [other for other in left if other is not look]
        is_right = look is not None and same(look.text, text)
        tally.plates += 1
        tally.found += look is not None
        tally.right += is_right
        tally.chars += len(text)
        tally.chars_right += _characters_right(text, look.text if look else "")
        if look is not None and look.accepted:
            tally.accepted += 1
            tally.accepted_right += is_right
        counts = by_kind.setdefault(kind or "unknown", {"n": 0, "exact": 0})
        counts["n"] += 1
        counts["exact"] += is_right
        if not is_right and on_miss:
            on_miss(row.file, text, look.text if look else "-")
    if not row.texts:
        tally.false_reads += sum(bool(look.text) for look in left)


def _its_look(
    looks: list[Look], text: str, box: tuple[float, float, float, float] | None, cropped: bool
) -> Look | None:
    if cropped:
        return looks[0] if looks else None
    if box is None:
        return next((look for look in looks if same(look.text, text)), looks[0] if looks else None)
    best = max(looks, key=lambda look: _overlap(look, box), default=None)
    return best if best is not None and _overlap(best, box) >= OVERLAP else None


def _overlap(look: Look, box: tuple[float, float, float, float]) -> float:
    x, y, w, h = look.box
    across = min(x + w, box[2]) - max(x, box[0])
    down = min(y + h, box[3]) - max(y, box[1])
    if across <= 0 or down <= 0:
        return 0.0
    common = across * down
    return float(common / (w * h + (box[2] - box[0]) * (box[3] - box[1]) - common))


def _characters_right(text: str, read: str) -> int:
    """Length less the plain edit distance, at least zero."""
    a, b = normalised(text), normalised(read)
    above = list(range(len(b) + 1))
    for i, char in enumerate(a, start=1):
        row = [i]
        for j, other in enumerate(b, start=1):
            row.append(min(above[j - 1] + (char != other), above[j] + 1, row[j - 1] + 1))
        above = row
    return max(0, len(a) - above[-1])


def _summary(tally: Tally, by_kind: dict[str, dict[str, int]], times: list[float]) -> dict[str, Any]:
    plates = max(1, tally.plates)
    return {
        "images": tally.images,
        "plates": tally.plates,
        "exact": round(tally.right / plates, 4),
        "character_accuracy": round(tally.chars_right / max(1, tally.chars), 4),
        "detected": round(tally.found / plates, 4),
        "false_reads": tally.false_reads,
        "accepted": round(tally.accepted / plates, 4),
        "accepted_exact": round(tally.accepted_right / max(1, tally.accepted), 4),
        "by_kind": dict(sorted(by_kind.items())),
        "p50_ms": round(float(np.percentile(times, 50)), 2) if times else None,
        "p95_ms": round(float(np.percentile(times, 95)), 2) if times else None,
    }
