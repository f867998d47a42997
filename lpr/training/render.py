"""Plates of every kind and province, drawn from the layout drawings of GA 36 (440 x 140 mm and its kin).

Glyphs come from the averaged real typeface (`harvest.py`), from single real characters of rare provinces, and from
free fonts (Noto Sans CJK, OFL; WenQuanYi Zen Hei and Micro Hei, GPL with font exception / Apache; Barlow, Saira,
Oswald, Roboto Condensed, Archivo Narrow, OFL / Apache). Fonts draw training pictures only.
"""

import random
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lpr.layout import layout
from lpr.rules.plate import DIGITS, LETTERS, PROVINCES
from lpr.training.permitted import permitted_rows

DRAWN_PX_PER_MM = 0.6

HAN_FONTS = [
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc", 2),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Medium.ttc", 2),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 0),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """A plate to draw. `corners` are those of the plate in `picture`, `(4, 2) float32`, tl tr br bl."""

    text: str
    kind: str
    picture: np.ndarray
    two_rows: bool


class Glyphs:
    """Masks by character: `draw(char, w, h)` gives `(h, w) float32` 0..1 from a random source."""

    def __init__(self, harvested: Path, single: Path | None, latin_folder: Path | None, seed: int) -> None:
        self.rng = random.Random(seed)
        self.cache: dict[tuple[str, int], np.ndarray] = {}
        self.real: dict[str, list[np.ndarray]] = {}
        for name, glyph in np.load(harvested).items():
            self.real[chr(int(name[1:], 16))] = [glyph]
        self.single: dict[str, list[np.ndarray]] = {}
        if single is not None:
            for row in permitted_rows(single):
                grey = cv2.imread(str(single / row["file"]), cv2.IMREAD_GRAYSCALE).astype(np.float32)
                self.add_single({row["text"]: [grey]})
        self.latin = (
            []
            if latin_folder is None
            else sorted(latin_folder.glob("*/package/files/*latin-[567]00-normal.woff"))
        )

    def add_single(self, pictures: dict[str, list[np.ndarray]]) -> None:
        """Grey pictures of single real characters, bright ink, by character."""
        for char, greys in pictures.items():
            for grey in greys:
                low, high = np.percentile(grey, [15, 95])
                self.single.setdefault(char, []).append(np.clip((grey - low) / max(high - low, 8), 0, 1))

    def font_mask(self, char: str, index: int) -> np.ndarray:
        key = (char, index)
        if key not in self.cache:
            if char in LETTERS + DIGITS:
                font = ImageFont.truetype(str(self.latin[index % len(self.latin)]), 128)
            else:
                path, face = HAN_FONTS[index % len(HAN_FONTS)]
                font = ImageFont.truetype(path, 128, index=face)
            left, top, right, bottom = font.getbbox(char)
            canvas = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4))
            ImageDraw.Draw(canvas).text((2 - left, 2 - top), char, font=font, fill=255)
            self.cache[key] = np.asarray(canvas, np.float32) / 255
        return self.cache[key]

    def draw(self, char: str, w: int, h: int, p_real: float = 0.75) -> np.ndarray:
        rng = self.rng
        real = self.real.get(char)
        if real is not None and rng.random() < p_real:
            return self._harvested(real[0], w, h)
        single = self.single.get(char)
        if single is not None and rng.random() < 0.4:
            glyph = cv2.resize(rng.choice(single), (w, h), interpolation=cv2.INTER_CUBIC)
            return np.clip(glyph, 0, 1)
        mask = self.font_mask(char, rng.randrange(1000))
        if char in "1":
            inner = cv2.resize(
                mask, (max(6, int(w * rng.uniform(0.25, 0.6))), h), interpolation=cv2.INTER_AREA
            )
            out = np.zeros((h, w), np.float32)
            start = (w - inner.shape[1]) // 2
            out[:, start : start + inner.shape[1]] = inner
        else:
            out = cv2.resize(mask, (w, h), interpolation=cv2.INTER_AREA)
        if rng.random() < 0.4:
            kernel = np.ones((rng.choice([1, 2, 3]), rng.choice([1, 2, 3])), np.uint8)
            out = cv2.dilate(out, kernel) if rng.random() < 0.6 else cv2.erode(out, kernel)
        return out

    def _harvested(self, glyph: np.ndarray, w: int, h: int) -> np.ndarray:
        # 45 x 90 mm of the 54 x 104 mm cell is the character itself; the threshold sets the weight of the strokes.
        m = np.float32([[w / 45, 0, -4.5 * w / 45], [0, h / 90, -7 * h / 90]])
        out = cv2.warpAffine(glyph, m, (w, h), flags=cv2.INTER_CUBIC)
        middle, soft = self.rng.uniform(0.38, 0.6), self.rng.uniform(0.06, 0.3)
        return np.clip((out - middle) / soft + 0.5, 0, 1)


def plate_text(kind: str, rng: random.Random) -> str:
    """A text that the grammar of `kind` allows; provinces are drawn evenly with a preference for 苏 and rare ones."""
    province = "苏" if rng.random() < 0.05 else rng.choice(PROVINCES)
    area = rng.choice("A" * 4 + LETTERS)
    serial = [rng.choice(DIGITS) for _ in range(5)]
    for spot in rng.sample(range(5), rng.choice([0, 1, 1, 2, 2])):
        serial[spot] = rng.choice(LETTERS)
    body = "".join(serial)
    if (
        kind == "blue"
        or (kind == "yellow1" and rng.random() < 0.55)
        or (kind == "black" and rng.random() < 0.45)
    ):
        return province + area + body
    if kind == "yellow1":
        return province + area + body[:4] + rng.choice("学学学挂试超")
    if kind == "yellow2":
        return province + area + (body if rng.random() < 0.5 else body[:4] + "挂")
    if kind == "green":
        energy = rng.choice("DDDDDDDDFFFFABCEGHJK")
        if rng.random() < 0.25:
            return province + area + "".join(rng.choice(DIGITS) for _ in range(5)) + rng.choice("DDDF")
        second = rng.choice(DIGITS + DIGITS + LETTERS)
        return province + area + energy + second + "".join(rng.choice(DIGITS) for _ in range(4))
    if kind == "white":
        choice = rng.random()
        if choice < 0.4:
            return province + area + body[:4] + "警"
        if choice < 0.55:
            return (
                "WJ" + province + "".join(rng.choice(DIGITS) for _ in range(4)) + rng.choice(DIGITS + LETTERS)
            )
        if choice < 0.65:
            return "WJ" + "".join(rng.choice(DIGITS) for _ in range(7))
        if choice < 0.72:
            return province + rng.choice("XS") + "".join(rng.choice(DIGITS) for _ in range(4)) + "应急"
        return (
            rng.choice("VVZBSKHLJNGCEX")
            + rng.choice(LETTERS)
            + "".join(rng.choice(DIGITS + "AB"[:1]) for _ in range(5))
        )
    if kind == "black":
        choice = rng.random()
        if choice < 0.35:
            return province + area + "".join(rng.choice(DIGITS) for _ in range(4)) + "领"
        if choice < 0.6:
            return "使" + "".join(rng.choice(DIGITS) for _ in range(6))
        return "粤Z" + body[:4] + rng.choice("港港澳")
    if kind == "other":
        if rng.random() < 0.4:
            return "民航" + rng.choice(LETTERS) + "".join(rng.choice(DIGITS) for _ in range(4))
        return province + "".join(rng.choice(DIGITS) for _ in range(7))
    raise ValueError(kind)


def _paper(kind: str, h: int, w: int, rng: random.Random) -> tuple[np.ndarray, tuple[float, float, float]]:
    """Background `(h, w, 3) float32` BGR 0..255 and the ink's colour."""

    def wobble(*bgr: float) -> tuple[float, ...]:
        return tuple(float(np.clip(v + rng.uniform(-28, 28), 0, 255)) for v in bgr)

    paper = np.empty((h, w, 3), np.float32)
    ink: tuple[float, float, float] = (245, 245, 245)
    if kind == "blue":
        paper[:] = wobble(170, 75, 25)
    elif kind in ("yellow1", "yellow2"):
        paper[:], ink = wobble(40, 170, 225), (20, 20, 20)
    elif kind == "green":
        ink = (20, 20, 20)
        if rng.random() < 0.75:
            top, bottom = np.array(wobble(228, 235, 225)), np.array(wobble(105, 190, 80))
            mix = np.clip(np.linspace(-0.15, 1.1, h), 0, 1)[:, None, None]
            paper[:] = top * (1 - mix) + bottom * mix
        else:
            paper[:] = wobble(105, 190, 80)
            paper[:, : int(w * 0.32)] = wobble(50, 190, 225)
    elif kind == "white":
        paper[:], ink = wobble(225, 225, 225), (20, 20, 20)
    elif kind == "black":
        paper[:] = wobble(30, 28, 28)
    else:
        paper[:] = wobble(80, 120, 25)
    return paper, ink


def draw_plate(text: str, kind: str, glyphs: Glyphs, rng: random.Random) -> Plate:
    """One plate seen straight on, `(84 or 132, 264 or 288, 3) uint8`."""
    scale = DRAWN_PX_PER_MM
    two_rows = (
        kind == "yellow2"
        or (kind == "other" and not text.startswith("民航"))
        or (kind == "white" and len(text) == 7 and rng.random() < 0.15)
    )
    form = layout(text, kind, two_rows=two_rows)
    w, h = round(form.width * scale), round(form.height * scale)
    boxes = [(box.x * scale, box.y * scale, box.w * scale, box.h * scale) for box in form.boxes]
    paper, ink = _paper(kind, h, w, rng)
    dx, dy, grow = rng.uniform(-3, 3) * scale, rng.uniform(-4, 4) * scale, rng.uniform(0.94, 1.05)
    rim = rng.choice([0, 1, 2, 2])
    if rim:
        cv2.rectangle(paper, (3, 3), (w - 4, h - 4), ink, rim)
    ink_mask, red_mask = np.zeros((h, w), np.float32), np.zeros((h, w), np.float32)
    p_real = 0.8 if rng.random() < 0.85 else 0.0
    for i, (char, (x, y, cw, ch)) in enumerate(zip(text, boxes, strict=True)):
        mask = glyphs.draw(char, int(cw), int(ch * grow), p_real)
        x0 = int(np.clip(x + dx + rng.uniform(-1, 1), 0, w - mask.shape[1]))
        y0 = int(np.clip(y + dy + rng.uniform(-1, 1), 0, h - mask.shape[0]))
        is_red = kind == "white" and (
            char in "警应急"
            or (i < 2 and text[0] not in PROVINCES)
            or (i == 2 and text.startswith("WJ") and char in PROVINCES)
        )
        target = red_mask if is_red else ink_mask
        spot = target[y0 : y0 + mask.shape[0], x0 : x0 + mask.shape[1]]
        np.maximum(spot, mask, out=spot)
    if not two_rows and kind not in ("other",) and text[0] in PROVINCES:
        if kind != "green":
            cv2.circle(ink_mask, (int(134 * scale + dx), int(70 * scale + dy)), round(5 * scale), 1.0, -1)
        elif rng.random() < 0.7:
            cv2.circle(
                paper,
                (int(137 * scale + dx), int(70 * scale + dy)),
                rng.randrange(6, 12),
                (rng.randrange(60, 200),) * 3,
                -1,
            )
    if rng.random() < 0.3:
        shade = cv2.GaussianBlur(ink_mask, (0, 0), 1.5)[..., None]
        paper *= 1 - 0.25 * shade
    paper = paper * (1 - ink_mask[..., None]) + np.float32(ink) * ink_mask[..., None]
    paper = paper * (1 - red_mask[..., None]) + np.float32((40, 30, 200)) * red_mask[..., None]
    _screws(paper, rng)
    return Plate(text=text, kind=kind, picture=np.clip(paper, 0, 255).astype(np.uint8), two_rows=two_rows)


def _screws(paper: np.ndarray, rng: random.Random) -> None:
    h, w = paper.shape[:2]
    if rng.random() < 0.75:
        radius = rng.randrange(2, 7)
        for x in (w * 0.245, w * 0.755):
            for y in (7, h - 7):
                if rng.random() < 0.7:
                    shade = rng.randrange(40, 240)
                    cv2.circle(paper, (int(x + rng.uniform(-2, 2)), int(y)), radius, (shade,) * 3, -1)
    for _ in range(rng.choice([0, 0, 0, 1, 3, 6])):
        spot = (rng.randrange(w), rng.randrange(h))
        shade = rng.randrange(30, 160)
        cv2.ellipse(
            paper,
            spot,
            (rng.randrange(1, 9), rng.randrange(1, 5)),
            rng.randrange(180),
            0,
            360,
            (shade, shade, shade),
            -1,
        )
