"""Pictures as a gate camera would take them, for simulated cars: drawn, with a plate that can really be read.

Characters come from `models/glyphs.npz`: shapes averaged from real plates (CCPD, MIT; EasyPR, Apache-2.0) and Noto Sans
CJK (SIL Open Font License 1.1). Nothing here is shown as a photograph.
"""

import random
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.layout import layout
from lpr.rules.plate import PROVINCES, Kind
from lpr.vision.picture import Picture, as_picture
from lpr.vision.sessions import MODELS

WIDTH, HEIGHT = 1280, 720
Colour = tuple[int, int, int]
BODIES: tuple[Colour, ...] = (
    (235, 235, 232),
    (40, 38, 36),
    (150, 148, 145),
    (90, 50, 30),
    (40, 40, 150),
    (120, 100, 70),
)
PAPER: dict[Kind, Colour] = {
    Kind.BLUE: (165, 75, 20),
    Kind.YELLOW1: (35, 175, 230),
    Kind.YELLOW2: (35, 175, 230),
    Kind.WHITE: (228, 228, 228),
    Kind.BLACK: (28, 26, 26),
    Kind.OTHER: (80, 125, 25),
    Kind.GREEN: (150, 210, 130),
}
DARK_INK = frozenset({Kind.GREEN, Kind.YELLOW1, Kind.YELLOW2, Kind.WHITE})


@lru_cache(maxsize=1)
def _glyphs() -> dict[str, NDArray[np.float32]]:
    with np.load(MODELS / "glyphs.npz") as packed:
        masks = packed["masks"].astype(np.float32) / 255
        return dict(zip(packed["chars"].tolist(), masks, strict=True))


def draw_plate(text: str, kind: Kind) -> Picture:
    """A plate seen straight on, one pixel a millimetre; the area letter O is drawn as a zero.

    Raises:
        ValueError: a character that no plate has.
    """
    text = text.replace("O", "0")
    if unknown := set(text) - set(_glyphs()):
        raise ValueError(f"no plate has {''.join(sorted(unknown))}")
    two_rows = kind is Kind.YELLOW2 or (kind is Kind.OTHER and not text.startswith("民航"))
    form = layout(text, kind.value, two_rows=two_rows)
    w, h = int(form.width), int(form.height)
    paper: NDArray[np.float32] = np.empty((h, w, 3), np.float32)
    paper[:] = PAPER[kind]
    if kind is Kind.GREEN:
        mix = np.clip(np.linspace(0, 1.1, h), 0, 1)[:, None, None]
        paper[:] = np.array((232, 238, 230)) * (1 - mix) + np.array((110, 195, 85)) * mix
    ink: Colour = (22, 22, 22) if kind in DARK_INK else (245, 245, 245)
    mask, red = np.zeros((h, w), np.float32), np.zeros((h, w), np.float32)
    cv2.rectangle(mask, (5, 5), (w - 6, h - 6), 1.0, 2)
    for i, (char, box) in enumerate(zip(text, form.boxes, strict=True)):
        glyph = cv2.resize(_glyphs()[char], (int(box.w), int(box.h)), interpolation=cv2.INTER_LINEAR)
        is_red = kind is Kind.WHITE and (char in "警应急" or (i < 2 and text[0] not in PROVINCES))
        target = red if is_red else mask
        target[int(box.y) : int(box.y) + int(box.h), int(box.x) : int(box.x) + int(box.w)] = glyph
    if form.dot:
        cv2.circle(mask, (int(form.dot[0]), int(form.dot[1])), 5, 1.0, -1)
    paper = paper * (1 - mask[..., None]) + np.array(ink, np.float32) * mask[..., None]
    paper = paper * (1 - red[..., None]) + np.array((40, 30, 200), np.float32) * red[..., None]
    return as_picture(np.clip(paper, 0, 255))


def render_gate_picture(text: str, kind: str = "blue", seed: int = 0) -> Picture:
    """A gate picture of one car, `(720, 1280, 3) uint8 BGR`; an empty `text` draws a car without a plate.

    The same arguments always give the same picture; `seed` varies car, light, distance and tilt.

    Raises:
        ValueError: unknown kind, or a character that no plate has.
    """
    rng = random.Random(f"{text}/{kind}/{seed}")
    scene = draw_lane(rng)
    body = rng.choice(BODIES)
    near = rng.uniform(0.85, 1.25)
    x, y = WIDTH // 2 + rng.randrange(-110, 110), int(HEIGHT * 0.56) + rng.randrange(-30, 30)
    draw_car(scene, x, y, near, body, rng)
    if text:
        mount_plate(scene, draw_plate(text, Kind(kind)), x, y, near, rng)
    return _photographed(scene, rng)


def draw_lane(rng: random.Random) -> Picture:
    """Floor, walls and lane marks of a ramp."""
    shade = rng.randrange(70, 130)
    scene = np.full((HEIGHT, WIDTH, 3), shade, np.uint8)
    floor = np.array([[0, HEIGHT], [WIDTH, HEIGHT], [900, 230], [380, 230]], np.int32)
    cv2.fillConvexPoly(scene, floor, (shade - 25,) * 3)
    cv2.rectangle(scene, (380, 0), (900, 230), (shade - 45,) * 3, -1)
    for side in (((60, HEIGHT), (420, 230)), ((WIDTH - 60, HEIGHT), (860, 230))):
        cv2.line(scene, side[0], side[1], (60, 190, 215), 8, cv2.LINE_AA)
    for i in range(4):
        cv2.rectangle(scene, (430 + i * 120, 40), (490 + i * 120, 52), (210, 225, 225), -1)
    return scene


def draw_car(scene: Picture, x: int, y: int, near: float, body: Colour, rng: random.Random) -> None:
    def at(dx: float, dy: float) -> tuple[int, int]:
        return round(x + dx * near), round(y + dy * near)

    def area(points: list[tuple[float, float]], colour: Colour) -> None:
        cv2.fillPoly(scene, [np.array([at(*p) for p in points], np.int32)], colour, cv2.LINE_AA)

    dark: Colour = (max(body[0] - 25, 0), max(body[1] - 25, 0), max(body[2] - 25, 0))
    area([(-250, 120), (250, 120), (250, 165), (-250, 165)], (25, 25, 25))
    area([(-265, -120), (265, -120), (285, 110), (-285, 110)], body)
    area([(-175, -265), (175, -265), (255, -120), (-255, -120)], dark)
    area([(-160, -252), (160, -252), (228, -130), (-228, -130)], (95, 85, 75))
    area([(-120, -75), (120, -75), (105, -15), (-105, -15)], (35, 35, 35))
    for line in range(-65, -15, 14):
        cv2.line(scene, at(-115, line), at(115, line), (75, 75, 75), 2, cv2.LINE_AA)
    lamp = rng.choice([(225, 235, 240), (250, 252, 252), (170, 180, 185)])
    for side in (-1, 1):
        area([(side * 150, -80), (side * 255, -95), (side * 260, -45), (side * 160, -40)], lamp)
        cv2.ellipse(
            scene, at(side * 205, 128), (round(38 * near), round(50 * near)), 0, 0, 360, (18, 18, 18), -1
        )
    area([(-270, 55), (270, 55), (280, 112), (-280, 112)], dark)


def mount_plate(scene: Picture, plate: Picture, x: int, y: int, near: float, rng: random.Random) -> None:
    """Lay the plate on the bumper, slightly turned and tilted, on a dark frame."""
    ph, pw = plate.shape[:2]
    width = 185 * near * pw / 440
    height = width * ph / pw * rng.uniform(0.92, 1.02)
    centre = np.array([x, y + 38 * near + height * 0.1], np.float32)
    turn, lean = rng.uniform(-0.05, 0.05), rng.uniform(-0.08, 0.08)
    unit = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]], np.float32) * np.array(
        [width, height]
    )
    unit[:, 0] += unit[:, 1] * lean
    cos, sin = np.cos(turn), np.sin(turn)
    quad = (unit @ np.array([[cos, sin], [-sin, cos]]) + centre).astype(np.float32)
    outer = centre + (quad - centre) * np.array([1.05, 1.16], np.float32)
    cv2.fillConvexPoly(scene, np.round(outer).astype(np.int32), (30, 30, 30), cv2.LINE_AA)
    small = cv2.resize(plate, None, fx=width * 1.2 / pw, fy=width * 1.2 / pw, interpolation=cv2.INTER_AREA)
    sh, sw = small.shape[:2]
    move = cv2.getPerspectiveTransform(np.array([[0, 0], [sw, 0], [sw, sh], [0, sh]], np.float32), quad)
    size = scene.shape[1], scene.shape[0]
    laid = cv2.warpPerspective(small, move, size, flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(np.full((sh, sw), 255, np.uint8), move, size)[..., None] / 255.0
    scene[:] = np.clip(scene * (1 - mask) + laid * mask, 0, 255).astype(np.uint8)


def _photographed(scene: Picture, rng: random.Random) -> Picture:
    """Lens, light and sensor: a soft edge, a gain, noise."""
    soft = cv2.GaussianBlur(scene, (0, 0), rng.uniform(0.5, 0.9)).astype(np.float32)
    gain = rng.uniform(0.75, 1.15)
    noise = np.random.default_rng(rng.randrange(2**32)).normal(0, rng.uniform(2, 5), scene.shape)
    return as_picture(np.clip(soft * gain + noise, 0, 255))
