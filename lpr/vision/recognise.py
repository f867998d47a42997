"""The two readers: straightened plates in, lattices out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.rules.ctc import Lattice
from lpr.rules.plate import CHARS, COLOURS
from lpr.vision.picture import Picture
from lpr.vision.sessions import MODELS, open_session, paddle_model

FLOOR = 1e-7
PADDLE_W = 224  # reader A reads a plate stretched to this width better than one at 168 (98.6 against 98.0 % of crops)


class OwnReader:
    """Reader B: our own net, `lpr/models/reader_b.onnx`. One for each worker thread."""

    def __init__(self, path: Path = MODELS / "reader_b.onnx", threads: int = 1) -> None:
        self._session = open_session(path, threads)

    def read(self, plates: Sequence[Picture]) -> list[tuple[Lattice, Mapping[str, float]]]:
        """A lattice `(42, 79)` and the colour posteriors for each `(48, 168, 3)` plate."""
        if not plates:
            return []
        letters, colours = self._session.run(None, {"pictures": np.stack(plates)})
        return [
            (row, dict(zip(COLOURS, map(float, colour), strict=True)))
            for row, colour in zip(letters, colours, strict=True)
        ]


class PaddleReader:
    """Reader A: the PP-OCRv4 recogniser, its 6,625 characters folded into our alphabet. One for each worker thread."""

    def __init__(self, path: Path | None = None, threads: int = 1) -> None:
        self._session = open_session(path or paddle_model(), threads)
        self._input = self._session.get_inputs()[0].name
        self._columns, self._starts = _columns(self._session)

    def read(self, plate: Picture) -> Lattice:
        """A lattice `(T, 79)` for one `(48, 168, 3)` plate; separators count as blank."""
        wide = cv2.resize(plate, (PADDLE_W, plate.shape[0]), interpolation=cv2.INTER_LINEAR)
        x = (wide.astype(np.float32) / 127.5 - 1.0).transpose(2, 0, 1)[None]
        posteriors = self._session.run(None, {self._input: np.ascontiguousarray(x)})[0][0]
        folded = np.add.reduceat(posteriors[:, self._columns], self._starts, axis=1)
        lattice: Lattice = np.log(np.maximum(folded, FLOOR))
        return lattice


def _columns(session: Any) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The model's columns that make up each of our classes, one class after the other, and where each class begins.

    Letters O and I count as 0 and 1, separators as blank.
    """
    alphabet = session.get_modelmeta().custom_metadata_map["character"].split("\n")
    column = {char: i + 1 for i, char in enumerate(alphabet)}
    twins = {"0": "0Oo", "1": "1Il|"}
    blanks = [0, len(alphabet) + 1] + [column[c] for c in "·.•-—:、," if c in column]
    classes = [blanks] + [[column[t] for t in twins.get(char, char) if t in column] for char in CHARS]
    starts = np.cumsum([0] + [len(c) for c in classes[:-1]])
    return np.array([c for sources in classes for c in sources], np.intp), starts.astype(np.intp)
