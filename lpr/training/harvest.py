"""Glyph shapes averaged from real training crops: the plate typeface itself, which no free font has.

Each upright one-row crop is fitted to the layout of GA 36 (440 x 140 mm, characters 45 x 90 mm) by moving and
stretching a column template; the seven cells are cut, registered on each other and averaged. The result is one grey
mask a character, kept in `glyphs.npz` beside the training data cache, never in the product.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

from lpr.training.permitted import permitted_rows

CELL_W, CELL_H = 54, 104  # 45 x 90 mm with a rim
STARTS_MM = [15.5, 72.5, 151.5, 208.5, 265.5, 322.5, 379.5]


def ink_of(picture: np.ndarray, kind: str) -> np.ndarray:
    """`(140, 440) float32`, strokes bright, background near zero."""
    grey = cv2.cvtColor(cv2.resize(picture, (440, 140), interpolation=cv2.INTER_CUBIC), cv2.COLOR_BGR2GRAY)
    grey = grey.astype(np.float32)
    if kind.startswith("yellow"):
        grey = 255 - grey
    low, high = np.percentile(grey[20:120], [30, 95])
    return np.clip((grey - low) / max(high - low, 8), 0, 1)


def column_template() -> np.ndarray:
    template = np.full(440, -1.0, np.float32)
    template[:8] = template[-8:] = 0
    for start in STARTS_MM:
        template[int(start) : int(start + 45)] = 0.45
    return template


def fit(ink: np.ndarray) -> tuple[float, float, float, float, float]:
    """Best `(score, x scale, x offset, y scale, y offset)` of the nominal layout on this crop."""
    columns, rows = ink[35:105].mean(0), ink.mean(1)
    xs = np.arange(440, dtype=np.float32)
    template, best = column_template(), (-1e9, 1.0, 0.0)
    for scale in np.linspace(0.82, 1.06, 13):
        for offset in np.arange(-16, 50, 3):
            warped = np.interp(xs, xs * scale + offset, template, left=0, right=0)
            score = float((columns * warped).sum())
            if score > best[0]:
                best = (score, float(scale), float(offset))
    best_y = (-1e9, 1.0, 0.0)
    ys = np.arange(140, dtype=np.float32)
    row_template = np.where((ys >= 25) & (ys <= 115), 0.6, -1.0)
    row_template[:12] = row_template[-12:] = -0.3
    for scale in np.linspace(0.75, 1.2, 10):
        for offset in np.arange(-24, 34, 3):
            warped = np.interp(ys, ys * scale + offset, row_template, left=-0.3, right=-0.3)
            score = float((rows * warped).sum())
            if score > best_y[0]:
                best_y = (score, float(scale), float(offset))
    return best[0], best[1], best[2], best_y[1], best_y[2]


def cells_of(ink: np.ndarray) -> tuple[float, list[np.ndarray], list[tuple[float, float, float, float]]]:
    score, sx, ox, sy, oy = fit(ink)
    cells, boxes = [], []
    for start in STARTS_MM:
        x0, x1 = (start - 4.5) * sx + ox, (start + 49.5) * sx + ox
        y0, y1 = 18 * sy + oy, 122 * sy + oy
        m = np.float32(
            [
                [CELL_W / (x1 - x0), 0, -x0 * CELL_W / (x1 - x0)],
                [0, CELL_H / (y1 - y0), -y0 * CELL_H / (y1 - y0)],
            ]
        )
        cells.append(cv2.warpAffine(ink, m, (CELL_W, CELL_H), flags=cv2.INTER_CUBIC))
        boxes.append((x0 / 440, y0 / 140, x1 / 440, y1 / 140))
    return score, cells, boxes


def upright_extent(cell: np.ndarray) -> np.ndarray | None:
    """The cell stretched so that its ink spans the nominal height; `None` where the ink has no clear top and bottom."""
    ink = (cell[:, 6:-6] > 0.5).sum(1) >= 3
    rows = np.flatnonzero(ink)
    middle = CELL_H // 2
    if len(rows) == 0:
        return None
    top, bottom = middle, middle
    while top > 0 and ink[max(0, top - 3) : top].any():
        top -= 1
    while bottom < CELL_H - 1 and ink[bottom + 1 : bottom + 4].any():
        bottom += 1
    if bottom - top < 66 or top == 0 or bottom >= CELL_H - 2:
        return None
    k = 90 / (bottom - top + 1)
    return cv2.warpAffine(cell, np.float32([[1, 0, 0], [0, k, 7 - top * k]]), (CELL_W, CELL_H))


def registered_mean(cells: list[np.ndarray]) -> np.ndarray:
    """Average after three rounds of moving each cell onto the mean."""
    stack = np.stack([np.clip(c, 0, 1) for c in cells]).astype(np.float32)
    mean = np.median(stack, 0)
    for _ in range(3):
        moved, scores = [], []
        for cell in stack:
            (dx, dy), _ = cv2.phaseCorrelate(
                mean, cell, np.outer(np.hanning(CELL_H), np.hanning(CELL_W)).astype(np.float32)
            )
            dx, dy = float(np.clip(dx, -6, 6)), float(np.clip(dy, -4, 4))
            out = cv2.warpAffine(cell, np.float32([[1, 0, -dx], [0, 1, -dy]]), (CELL_W, CELL_H))
            moved.append(out)
            scores.append(np.corrcoef(out.ravel(), mean.ravel())[0, 1])
        keep = np.argsort(scores)[-max(3, int(len(moved) * 0.5)) :]
        mean = np.mean([moved[i] for i in keep], 0).astype(np.float32)
    return mean


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    found: dict[str, list[np.ndarray]] = defaultdict(list)
    boxes_out: dict[str, list[list[float]]] = {}
    for row in permitted_rows(args.data / "crops"):
        if len(row["text"]) != 7 or row["kind"] not in ("blue", "yellow1"):
            continue
        if (
            "axis-box" in row["tags"]
            or "94x24" in row["tags"]
            or "tilt" in row["tags"]
            or "rotate" in row["tags"]
        ):
            continue
        picture = cv2.imread(str(args.data / "crops" / row["file"]))
        score, cells, boxes = cells_of(ink_of(picture, row["kind"]))
        boxes_out[row["file"]] = [list(b) for b in boxes]
        sharp = cv2.Laplacian(
            cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (440, 140)), cv2.CV_32F
        ).std()
        if score < 18 or sharp < 2:
            continue
        for char, cell in zip(row["text"], cells, strict=True):
            stretched = upright_extent(cell)
            if stretched is not None:
                found[char].append(stretched)
    # letters and digits span the full height and register well; of the provinces only those with many crops do
    glyphs = {c: registered_mean(v[:160]) for c, v in found.items() if len(v) >= (12 if c.isascii() else 150)}
    print({c: len(v) for c, v in sorted(found.items(), key=lambda i: -len(i[1]))})
    np.savez_compressed(args.out, **{f"u{ord(c):x}": g for c, g in glyphs.items()})
    np.save(args.out.with_suffix(".boxes.npy"), boxes_out, allow_pickle=True)
    rows = [
        np.hstack([np.uint8(np.clip(g, 0, 1) * 255) for g in list(glyphs.values())[i : i + 16]])
        for i in range(0, len(glyphs) // 16 * 16, 16)
    ]
    cv2.imwrite(str(args.out.with_suffix(".png")), np.vstack(rows))


if __name__ == "__main__":
    main()
