"""Training pictures for the locator: real scenes seen anew, and plates pasted where there were none."""

import hashlib
import random
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lpr.rules.plate import DIGITS, LETTERS
from lpr.training.dataset import KIND_WEIGHTS, load_crops
from lpr.training.permitted import permitted_rows
from lpr.training.render import Glyphs, draw_plate, plate_text

SIDE = 384
STRIDE = 8
CELLS = SIDE // STRIDE
MAX_STORED = 960


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A real picture and its plates' corners `(n, 4, 2) float32`, tl tr br bl."""

    picture: np.ndarray
    quads: np.ndarray
    two_rows: np.ndarray


def load_scenes(data: Path, held: bool) -> list[Scene]:
    """Scenes with corners, and negatives; one in twelve is held out (chosen by file name)."""
    scenes = []
    for row in permitted_rows(data / "scenes"):
        if (hashlib.sha256(row["file"].encode()).digest()[0] % 12 == 0) is not held:
            continue
        picture = cv2.imread(str(data / "scenes" / row["file"]))
        k = min(1.0, MAX_STORED / max(picture.shape[:2]))
        if k < 1:
            picture = cv2.resize(picture, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
        text = row["quads_tl_tr_br_bl"]
        quads = (
            np.array([[float(v) for v in q.split()] for q in text.split(";")], np.float32)
            if text
            else np.zeros((0, 8), np.float32)
        )
        scenes.append(
            Scene(picture=picture, quads=quads.reshape(-1, 4, 2) * k, two_rows=np.zeros(len(quads), bool))
        )
    return scenes


def random_view(scene: Scene, rng: random.Random) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`(384, 384, 3)` through a random turn, size and place; quads of plates inside, and of those cut by the edge."""
    h, w = scene.picture.shape[:2]
    if len(scene.quads):
        quad = scene.quads[rng.randrange(len(scene.quads))]
        width = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])) / 2
        k = np.exp(rng.uniform(np.log(28), np.log(300))) / width
        k = float(np.clip(k, 0.12, 2.5))
        centre = quad.mean(0) + np.float32([rng.uniform(-0.42, 0.42), rng.uniform(-0.42, 0.42)]) * SIDE / k
    else:
        k = SIDE / max(h, w) * rng.uniform(0.9, 3.0)
        centre = np.float32([rng.uniform(0.2, 0.8) * w, rng.uniform(0.2, 0.8) * h])
    angle = rng.gauss(0, 7) * np.pi / 180
    c, s = np.cos(angle) * k, np.sin(angle) * k
    squeeze = rng.uniform(0.85, 1.18)
    shear = rng.gauss(0, 0.06)
    a = np.float32([[c * squeeze, -s + shear * k], [s * squeeze, c]])
    shift = np.float32([SIDE / 2, SIDE / 2]) - a @ centre
    m = np.hstack([a, shift[:, None]])
    source = scene.picture
    if k < 0.6:
        half = cv2.resize(
            source, None, fx=max(k, 0.2) * 1.4, fy=max(k, 0.2) * 1.4, interpolation=cv2.INTER_AREA
        )
        q = half.shape[1] / w
        m2 = m.copy()
        m2[:, :2] /= q
        view = cv2.warpAffine(
            half, m2, (SIDE, SIDE), borderMode=cv2.BORDER_CONSTANT, borderValue=(rng.randrange(256),) * 3
        )
    else:
        view = cv2.warpAffine(
            source, m, (SIDE, SIDE), borderMode=cv2.BORDER_CONSTANT, borderValue=(rng.randrange(256),) * 3
        )
    quads = scene.quads @ a.T + shift if len(scene.quads) else scene.quads
    two_rows = scene.two_rows
    return np.ascontiguousarray(view), quads.astype(np.float32), two_rows


def place_for(w: float, h: float, taken: list[np.ndarray], rng: random.Random) -> np.ndarray | None:
    """A random tilted quad of about this size that lies on nothing in `taken`."""
    for _ in range(8):
        unit = np.float32([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * np.float32([w, h])
        unit[:, 0] += unit[:, 1] * rng.gauss(0, 0.18)
        angle = rng.gauss(0, 9) * np.pi / 180
        c, s = np.cos(angle), np.sin(angle)
        unit = unit @ np.float32([[c, s], [-s, c]])
        unit += np.float32([[rng.gauss(0, 0.02) * w, rng.gauss(0, 0.03) * h] for _ in range(4)])
        low, high = unit.min(0), unit.max(0)
        span = high - low
        if span.max() > SIDE - 12:
            return None
        centre = np.float32([rng.uniform(4, SIDE - 4 - span[0]), rng.uniform(4, SIDE - 4 - span[1])]) - low
        quad = unit + centre
        a, b = quad.min(0) - 6, quad.max(0) + 6
        if all((q.max(0) < a).any() or (q.min(0) > b).any() for q in taken):
            return quad.astype(np.float32)
    return None


def paste(view: np.ndarray, patch: np.ndarray, quad: np.ndarray, rng: random.Random, frame: bool) -> None:
    """Lay a patch into a quad with soft edges and the light of the place; sometimes on a dark or bright frame."""
    h, w = patch.shape[:2]
    spread = float(np.linalg.norm(quad[1] - quad[0]))
    if w > spread * 1.6:
        k = spread * 1.3 / w
        patch = cv2.resize(patch, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
        h, w = patch.shape[:2]
    if frame and rng.random() < 0.6:
        grow = 1 + rng.uniform(0.03, 0.25)
        centre = quad.mean(0)
        outer = centre + (quad - centre) * np.float32([1 + (grow - 1) * 0.4, grow])
        shade = rng.choice([20, 30, 45, 70, 120, 180, 210]) + rng.randrange(-12, 12)
        cv2.fillConvexPoly(view, np.int32(np.round(outer * 16)), (shade,) * 3, cv2.LINE_AA, 4)
    x0, y0 = np.maximum(quad.min(0).astype(int) - 6, 0)
    x1, y1 = np.minimum(quad.max(0).astype(int) + 7, SIDE)
    local = (quad - np.float32([x0, y0])).astype(np.float32)
    m = cv2.getPerspectiveTransform(np.float32([[0, 0], [w, 0], [w, h], [0, h]]), local)
    size = (int(x1 - x0), int(y1 - y0))
    laid = cv2.warpPerspective(patch, m, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillConvexPoly(mask, np.int32(np.round(local * 16)), 255, cv2.LINE_AA, 4)
    alpha = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.3, 1.2))[..., None].astype(np.float32) / 255
    around = view[max(0, y0 - 8) : y1 + 8 : 4, max(0, x0 - 8) : x1 + 8 : 4].mean()
    gain = float(np.clip((around + 60) / 165, 0.3, 1.3)) * rng.uniform(0.7, 1.4)
    piece = cv2.GaussianBlur(laid, (0, 0), rng.uniform(0.25, 1.3)).astype(np.float32) * gain
    spot = view[y0:y1, x0:x1]
    spot[:] = np.clip(spot * (1 - alpha) + piece * alpha, 0, 255).astype(np.uint8)


def distractor(rng: random.Random) -> np.ndarray:
    """Lettering that is no plate: signs, phone numbers, grilles."""
    w, h = rng.randrange(60, 260), rng.randrange(24, 90)
    base = np.full((h, w, 3), [rng.randrange(256) for _ in range(3)], np.uint8)
    ink = [rng.randrange(256) for _ in range(3)]
    if rng.random() < 0.6:
        text = "".join(rng.choice(LETTERS + DIGITS) for _ in range(rng.randrange(2, 14)))
        size = rng.uniform(0.4, 1.6)
        cv2.putText(
            base,
            text,
            (rng.randrange(-10, 20), rng.randrange(h // 2, h)),
            rng.randrange(0, 5),
            size,
            ink,
            rng.randrange(1, 4),
            cv2.LINE_AA,
        )
    else:
        for i in range(0, h, rng.randrange(4, 12)):
            cv2.line(base, (0, i), (w, i), ink, rng.randrange(1, 4))
    return base


class ScenePictures:
    """Endless source of `(view (384, 384, 3) uint8, quads (n, 4, 2), two rows (n,))`."""

    def __init__(self, data: Path, cache: Path, fonts: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.glyphs = Glyphs(cache / "glyphs.npz", data / "glyphs", fonts, seed)
        self.scenes = load_scenes(data, held=False)
        self.with_plates = [s for s in self.scenes if len(s.quads)]
        self.without = [s for s in self.scenes if not len(s.quads)]
        crops = load_crops(data, cache / "glyphs.boxes.npy")
        self.crops = [c for c in crops if c.upright and not c.margin]

    def _patch(self) -> tuple[np.ndarray, bool]:
        rng = self.rng
        if rng.random() < 0.3:
            return rng.choice(self.crops).picture, False
        kinds = dict(KIND_WEIGHTS, yellow2=20, green=24)
        kind = rng.choices(list(kinds), list(kinds.values()))[0]
        plate = draw_plate(plate_text(kind, rng), kind, self.glyphs, rng)
        return plate.picture, plate.two_rows

    def __next__(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rng = self.rng
        if rng.random() < 0.5:
            view, quads, two = random_view(rng.choice(self.with_plates), rng)
        else:
            base = rng.choice(self.without) if rng.random() < 0.6 else rng.choice(self.with_plates)
            view, quads, two = random_view(base, rng)
        all_quads, all_two = [q for q in quads], [bool(t) for t in two]
        for _ in range(rng.choice([0, 0, 0, 1, 2])):
            patch = distractor(rng)
            w = np.exp(rng.uniform(np.log(30), np.log(200)))
            quad = place_for(w, w * patch.shape[0] / patch.shape[1], all_quads, rng)
            if quad is not None:
                paste(view, patch, quad, rng, frame=False)
        for _ in range(rng.choice([0, 0, 1, 1, 2, 3]) if len(quads) else rng.choice([0, 1, 1, 2, 3])):
            patch, two_rows = self._patch()
            w = np.exp(rng.uniform(np.log(24), np.log(280)))
            ratio = patch.shape[0] / patch.shape[1]
            quad = place_for(w, w * ratio * rng.uniform(0.85, 1.15), all_quads, rng)
            if quad is not None:
                paste(view, patch, quad, rng, frame=True)
                all_quads.append(quad)
                all_two.append(two_rows)
        return self._light(view), np.array(all_quads, np.float32).reshape(-1, 4, 2), np.array(all_two, bool)

    def _light(self, view: np.ndarray) -> np.ndarray:
        rng = self.rng
        gain = rng.uniform(0.7, 1.3) * (rng.uniform(0.25, 0.8) if rng.random() < 0.25 else 1)
        lift = rng.uniform(-20, 20)
        table = (
            np.arange(256, dtype=np.float32)[:, None]
            * np.float32([rng.uniform(0.88, 1.12) for _ in range(3)])
            * gain
            + lift
        )
        out = cv2.LUT(view, np.clip(table, 0, 255).astype(np.uint8)[None])
        if rng.random() < 0.2:
            out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.3, 1.4))
        if rng.random() < 0.3:
            y, x = rng.randrange(32), rng.randrange(32)
            strength = rng.uniform(1, 12) / 32
            out = cv2.addWeighted(out, 1.0, NOISE[y : y + SIDE, x : x + SIDE], strength, -128 * strength)
        if rng.random() < 0.12:
            out = cv2.imdecode(
                cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, rng.randrange(30, 90)])[1],
                cv2.IMREAD_COLOR,
            )
        return out


NOISE = np.clip(np.random.default_rng(9).normal(128, 32, (SIDE + 32, SIDE + 32, 3)), 0, 255).astype(np.uint8)


def targets(quads: np.ndarray, two_rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Heat map `(48, 48)`, ignore mask `(48, 48)`, and a row `(cell y, cell x, rows, 8 offsets, size)` per positive cell."""
    heat, ignore = np.zeros((CELLS, CELLS), np.float32), np.zeros((CELLS, CELLS), np.float32)
    rows = []
    ys, xs = np.mgrid[0:CELLS, 0:CELLS].astype(np.float32)
    for quad, two in zip(quads, two_rows, strict=True):
        inside = ((quad >= 0) & (quad < SIDE)).all(1).sum()
        width = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])) / 2
        centre = quad.mean(0)
        if (quad.max(0) < 0).any() or (quad.min(0) > SIDE).any():
            continue
        if inside < 4 or width < 16:
            low, high = np.clip(quad.min(0) / STRIDE, 0, CELLS), np.clip(quad.max(0) / STRIDE + 1, 0, CELLS)
            ignore[int(low[1]) : int(np.ceil(high[1])), int(low[0]) : int(np.ceil(high[0]))] = 1
            continue
        cx, cy = centre / STRIDE - 0.5
        sx, sy = max(0.6, width / STRIDE / 9), max(0.6, width / STRIDE / 18)
        np.maximum(heat, np.exp(-((xs - cx) ** 2) / (2 * sx**2) - ((ys - cy) ** 2) / (2 * sy**2)), out=heat)
        ix, iy = int(np.clip(round(float(cx)), 0, CELLS - 1)), int(np.clip(round(float(cy)), 0, CELLS - 1))
        heat[iy, ix] = 1.0
        for dy, dx in ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)):
            y, x = iy + dy, ix + dx
            if 0 <= y < CELLS and 0 <= x < CELLS:
                offsets = (quad - (np.float32([x, y]) + 0.5) * STRIDE) / STRIDE
                rows.append([y, x, float(two), *offsets.ravel(), width / STRIDE])
    return heat, ignore, np.array(rows, np.float32).reshape(-1, 12)
