"""Training pictures for the reader: real crops, crops with exchanged characters, and rendered plates, all degraded."""

import hashlib
import random
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lpr.rules.plate import CHARS, COLOURS, DIGITS, LETTERS, PROVINCES
from lpr.training.nets import READER_H, READER_W
from lpr.training.permitted import permitted_rows
from lpr.training.render import Glyphs, draw_plate, plate_text
from lpr.vision.rectify import stitched

KIND_WEIGHTS = {"blue": 34, "yellow1": 15, "yellow2": 11, "green": 17, "white": 10, "black": 9, "other": 4}
SUFFIXES = "学学学领领挂挂警警港澳试超使"
TWO_ROW_H = READER_H * 3 // 2  # height at which the product straightens a two-row plate before it is stitched
NOISE = np.random.default_rng(7).normal(0, 1, (96, 336, 3)).astype(np.float32)
GAMMAS = [(255 * np.power(np.arange(256) / 255, g)).astype(np.float32) for g in np.linspace(0.6, 1.6, 24)]
COLOUR_OF = {"yellow1": "yellow", "yellow2": "yellow"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """A real crop; `boxes` are the fitted characters (fractions x0 y0 x1 y1) where the layout could be fitted."""

    picture: np.ndarray
    text: str
    kind: str
    weak: bool
    boxes: list[list[float]] | None
    upright: bool
    margin: bool


def class_ids(text: str) -> list[int]:
    return [CHARS.index("0" if c == "O" else "1" if c == "I" else c) + 1 for c in text]


def held_out(text: str) -> bool:
    """One plate in sixteen is kept out of training to watch progress by; decided by the text, so copies go together."""
    return hashlib.sha256(text[1:].encode()).digest()[0] < 16


def load_crops(data: Path, boxes_file: Path) -> list[Crop]:
    boxes = np.load(boxes_file, allow_pickle=True).item()
    crops = []
    for row in permitted_rows(data / "crops"):
        tags = row["tags"]
        crops.append(
            Crop(
                picture=cv2.imread(str(data / "crops" / row["file"])),
                text=row["text"],
                kind="unknown" if "colour-weak" in tags else row["kind"],
                weak="weak" in tags.replace("colour-weak", ""),
                boxes=boxes.get(row["file"]),
                upright="from-scene" in tags or "EasyPR" in row["source repo"],
                margin="from-scene" in tags,
            )
        )
    return crops


def exchange(crop: Crop, glyphs: Glyphs, rng: random.Random) -> tuple[np.ndarray, str]:
    """Put other characters into a real crop: cells of other crops, or drawn glyphs tinted like this one."""
    assert crop.boxes is not None
    picture, text = crop.picture.astype(np.float32), list(crop.text)
    h, w = picture.shape[:2]
    for i in range(7):
        if rng.random() > (0.75 if i == 0 else 0.35):
            continue
        x0, y0, x1, y1 = crop.boxes[i]
        px0, px1 = max(0, round(x0 * w)), min(w, round(x1 * w))
        py0, py1 = max(0, round(y0 * h)), min(h, round(y1 * h))
        if px1 - px0 < 6 or py1 - py0 < 10:
            continue
        char = rng.choice(_choices(i, rng))
        spot = picture[py0:py1, px0:px1]
        low = _share(spot, 0.2)
        high = _share(spot, 0.96)
        if crop.kind.startswith("yellow"):
            low, high = _share(spot, 0.85), _share(spot, 0.04)
        mask = glyphs.draw(char, 45, 90, 0.7)
        mask = cv2.copyMakeBorder(mask, 7, 7, 4, 5, cv2.BORDER_CONSTANT, value=0.0)
        small = cv2.resize(mask, (px1 - px0, py1 - py0), interpolation=cv2.INTER_AREA)
        blur = rng.uniform(0.2, 1.1) * max(h / 70, 0.5)
        small = cv2.GaussianBlur(small, (0, 0), blur)[..., None]
        paper = cv2.GaussianBlur(spot, (0, 0), (px1 - px0) * 0.25) * 0.25 + low * 0.75
        picture[py0:py1, px0:px1] = paper * (1 - small) + high * small
        text[i] = char
    return np.clip(picture, 0, 255).astype(np.uint8), "".join(text)


def _choices(place: int, rng: random.Random) -> str:
    """What may stand at this place of a seven-character plate; suffixes far more often than on the road."""
    if place == 0:
        return PROVINCES
    if place == 1:
        return LETTERS
    if place == 6 and rng.random() < 0.35:
        return SUFFIXES
    return DIGITS * 4 + LETTERS


def _share(spot: np.ndarray, part: float) -> np.ndarray:
    ranked = np.sort(spot.reshape(-1, 3), axis=0)
    return ranked[int(part * (len(ranked) - 1))]


def warped(
    picture: np.ndarray,
    rng: random.Random,
    *,
    strong: float,
    background: np.ndarray | None,
    height: int = READER_H,
) -> np.ndarray:
    """A random view of a whole crop, `(height, 168, 3)`: the corners moved (rectified) or the box of a tilted plate."""
    h, w = picture.shape[:2]
    source = np.float32([[0, 0], [w, 0], [w, h], [0, h]])
    if rng.random() < 0.7:
        jx, jy = 0.035 * strong, 0.09 * strong
        target = np.float32([[0, 0], [1, 0], [1, 1], [0, 1]]) + np.float32(
            [[rng.uniform(-jx, jx), rng.uniform(-jy, jy)] for _ in range(4)]
        )
        mx, my = rng.uniform(-0.02, 0.08) * strong, rng.uniform(-0.05, 0.15) * strong
        target = np.float32([mx, my]) + target * np.float32([1 - 2 * mx, 1 - 2 * my])
        target[:, 0] += (target[:, 1] - 0.5) * -rng.uniform(-0.08, 0.08) * strong
    else:
        angle, shear = rng.uniform(-0.22, 0.22) * strong, rng.uniform(-0.5, 0.5) * strong
        unit = np.float32([[-1.6, -0.5], [1.6, -0.5], [1.6, 0.5], [-1.6, 0.5]])
        unit[:, 0] += unit[:, 1] * shear
        c, s = np.cos(angle), np.sin(angle)
        unit = unit @ np.float32([[c, s], [-s, c]])
        unit *= 1 + np.float32([[rng.uniform(-0.05, 0.05)] for _ in range(4)])
        low, high = unit.min(0), unit.max(0)
        target = (unit - low) / (high - low)
        mx, my = rng.uniform(-0.01, 0.05), rng.uniform(-0.02, 0.08)
        target = np.float32([mx, my]) + target * np.float32([1 - 2 * mx, 1 - 2 * my])
    target = target * np.float32([READER_W, height])
    m = cv2.getPerspectiveTransform(source, target.astype(np.float32))
    flags = cv2.INTER_AREA if w > 2 * READER_W else cv2.INTER_LINEAR
    if w > 1.6 * READER_W:  # keep the small picture free of moire: shrink first
        k = 1.3 * READER_W / w
        picture = cv2.resize(picture, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
        m = m @ np.diag([w / picture.shape[1], h / picture.shape[0], 1.0])
    if background is None:
        return cv2.warpPerspective(
            picture, m, (READER_W, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
    out = background.copy()
    return cv2.warpPerspective(
        picture, m, (READER_W, height), dst=out, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
    )


def noise(shape: tuple[int, ...], rng: random.Random) -> np.ndarray:
    """A window of one fixed field of unit noise: drawing fresh noise costs half a millisecond."""
    h, w = shape[:2]
    y, x = rng.randrange(97 - h), rng.randrange(337 - w)
    field = NOISE[y : y + h, x : x + w]
    return field if rng.random() < 0.7 else field[..., :1]


def degrade(picture: np.ndarray, rng: random.Random, strong: float) -> np.ndarray:
    """Light, blur, small size, noise and JPEG; `strong` 0..1 scales all of it (real crops need less)."""
    h, w = picture.shape[:2]
    out = picture.astype(np.float32)
    if rng.random() < 0.25:
        shadow = np.zeros((h, w), np.float32)
        points = np.int32([[rng.randrange(-20, w + 20), rng.randrange(-10, h + 10)] for _ in range(4)])
        cv2.fillConvexPoly(shadow, cv2.convexHull(points), 1.0)
        shadow = cv2.GaussianBlur(shadow, (0, 0), rng.uniform(0.5, 8))[..., None]
        out *= 1 + shadow * rng.uniform(-0.6, 0.5)
    if rng.random() < 0.1 * strong:
        glare = np.zeros((h, w), np.float32)
        cv2.ellipse(
            glare,
            (rng.randrange(w), rng.randrange(h)),
            (rng.randrange(8, 60), rng.randrange(4, 20)),
            rng.randrange(180),
            0,
            360,
            1.0,
            -1,
        )
        out += cv2.GaussianBlur(glare, (0, 0), 6)[..., None] * rng.uniform(40, 170)
    gain, lift = rng.uniform(0.65, 1.35), rng.uniform(-25, 25)
    if rng.random() < 0.25:
        gain *= rng.uniform(0.25, 0.7)
    out = out * gain + lift * strong
    out *= np.float32([rng.uniform(0.85, 1.15) for _ in range(3)])
    if rng.random() < 0.12:
        grey = out.mean(2, keepdims=True)
        out = grey + (out - grey) * rng.uniform(0.0, 0.5)
    out = GAMMAS[rng.randrange(len(GAMMAS))][np.clip(out, 0, 255).astype(np.uint8)]
    if rng.random() < 0.6 * strong:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.3, 2.0 if rng.random() < 0.5 else 1.1))
    if rng.random() < 0.2 * strong:
        length = rng.randrange(3, 10)
        kernel = np.zeros((length, length), np.float32)
        angle = rng.uniform(-0.6, 0.6)
        for t in np.linspace(-0.5, 0.5, 3 * length):
            kernel[
                round((length - 1) * (0.5 + t * np.sin(angle))),
                round((length - 1) * (0.5 + t * np.cos(angle))),
            ] = 1
        out = cv2.filter2D(out, -1, kernel / kernel.sum())
    if rng.random() < 0.55 * strong:
        rows = rng.randrange(11, 30)
        small = cv2.resize(
            out, (max(34, round(rows * w / h * rng.uniform(0.8, 1.2))), rows), interpolation=cv2.INTER_AREA
        )
        if rng.random() < 0.5:
            small = small + noise(small.shape, rng) * rng.uniform(1, 12)
            small = _jpeg(small, rng.randrange(30, 95))
        out = cv2.resize(
            small.astype(np.float32),
            (w, h),
            interpolation=rng.choice(
                [cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST, cv2.INTER_LINEAR]
            ),
        )
    if rng.random() < 0.5:
        out = out + noise(out.shape, rng) * (rng.uniform(1, 14) * (0.5 + 0.5 * strong))
    if rng.random() < 0.4:
        out = _jpeg(out, rng.randrange(25, 95)).astype(np.float32)
    if rng.random() < 0.08:
        blurred = cv2.GaussianBlur(out, (0, 0), 1.2)
        out = out + (out - blurred) * rng.uniform(0.5, 2.5)
    return np.clip(out, 0, 255).astype(np.uint8)


def _jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    coded = cv2.imencode(
        ".jpg", np.clip(picture, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )[1]
    return cv2.imdecode(coded, cv2.IMREAD_COLOR)


def real_provinces(cells: list[Crop]) -> dict[str, list[np.ndarray]]:
    """First characters cut out of real crops, at most 60 of a province.

    Without them only the few provinces of `glyphs/` would ever be drawn with a photograph's texture, and the net would
    take every blurred province for one of those.
    """
    found: dict[str, list[np.ndarray]] = {}
    for crop in cells:
        assert crop.boxes is not None
        kept = found.setdefault(crop.text[0], [])
        h, w = crop.picture.shape[:2]
        x0, y0, x1, y1 = crop.boxes[0]  # the cell of 54 x 104 mm; the character fills 45 x 90 mm of it
        x0, x1 = x0 + (x1 - x0) * 4.5 / 54, x1 - (x1 - x0) * 4.5 / 54
        y0, y1 = y0 + (y1 - y0) * 7 / 104, y1 - (y1 - y0) * 7 / 104
        spot = crop.picture[max(0, round(y0 * h)) : round(y1 * h), max(0, round(x0 * w)) : round(x1 * w)]
        if len(kept) >= 60 or min(spot.shape[:2]) < 8:
            continue
        grey = cv2.cvtColor(spot, cv2.COLOR_BGR2GRAY).astype(np.float32)
        kept.append(255 - grey if crop.kind.startswith("yellow") else grey)
    return found


class ReaderPictures:
    """Endless source of `(picture (48, 168, 3) uint8 BGR, class ids, colour index or -1)`."""

    def __init__(
        self, data: Path, cache: Path, fonts: Path, seed: int, p_real: float = 0.4, p_exchanged: float = 0.15
    ) -> None:
        self.rng = random.Random(seed)
        np.random.seed(seed % 2**31)
        self.glyphs = Glyphs(cache / "glyphs.npz", data / "glyphs", fonts, seed)
        crops = [c for c in load_crops(data, cache / "glyphs.boxes.npy") if not held_out(c.text)]
        self.crops, self.p_real, self.p_exchanged = crops, p_real, p_exchanged
        counts: dict[str, int] = {}
        for c in crops:
            counts[c.text[0]] = counts.get(c.text[0], 0) + 1
        # rare provinces are drawn more often, at most six times as often as the commonest
        self.weights = [
            (0.4 if c.weak else 1.0)
            * min(6.0, (800 / counts[c.text[0]]) ** 0.5)
            * (3.0 if c.kind in ("green", "white", "black") else 1.0)
            for c in crops
        ]
        self.cells = [c for c in crops if c.boxes is not None and c.upright and len(c.text) == 7]
        self.glyphs.add_single(real_provinces(self.cells))
        files = sorted(row["file"] for row in permitted_rows(data / "scenes"))
        self.scenes = [cv2.imread(str(data / "scenes" / file)) for file in files[::9]]

    def background(self, height: int) -> np.ndarray:
        scene = self.rng.choice(self.scenes)
        h, w = scene.shape[:2]
        ph = self.rng.randrange(24, max(25, min(h, w // 4)))
        pw = int(ph * 3.5)
        y, x = self.rng.randrange(h - ph), self.rng.randrange(max(1, w - pw))
        return cv2.resize(scene[y : y + ph, x : x + pw], (READER_W, height))

    def __next__(self) -> tuple[np.ndarray, list[int], int]:
        rng, choice = self.rng, self.rng.random()
        if choice < self.p_real:
            crop = rng.choices(self.crops, self.weights)[0]
            picture = warped(crop.picture, rng, strong=rng.uniform(0.2, 1.0), background=None)
            picture, text, kind = degrade(picture, rng, rng.uniform(0.3, 0.75)), crop.text, crop.kind
        elif choice < self.p_real + self.p_exchanged:
            crop = rng.choice(self.cells)
            picture, text = exchange(crop, self.glyphs, rng)
            picture = warped(picture, rng, strong=rng.uniform(0.3, 1.1), background=None)
            picture = degrade(picture, rng, rng.uniform(0.4, 0.9))
            kind = crop.kind
        else:
            kind = rng.choices(list(KIND_WEIGHTS), list(KIND_WEIGHTS.values()))[0]
            text = plate_text(kind, rng)
            plate = draw_plate(text, kind, self.glyphs, rng)
            height = TWO_ROW_H if plate.two_rows else READER_H
            background = self.background(height) if rng.random() < 0.7 else None
            strong = 0.7 if plate.two_rows else 1.0
            picture = warped(plate.picture, rng, strong=strong, background=background, height=height)
            picture = degrade(stitched(picture) if plate.two_rows else picture, rng, 1.0)
        colour = COLOUR_OF.get(kind, kind)
        return picture, class_ids(text), COLOURS.index(colour) if colour in COLOURS else -1
