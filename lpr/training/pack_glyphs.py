"""Pack `lpr/models/glyphs.npz`: `python -m lpr.training.pack_glyphs CACHE/glyphs.npz lpr/models/glyphs.npz`.

Letters and digits are the averages that `harvest.py` made of permitted crops; provinces and the other Chinese characters
are drawn with Noto Sans CJK (SIL Open Font License 1.1). Masks of 45 x 90 mm at one pixel a millimetre, 16 levels.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lpr.rules.plate import CHARS, DIGITS, LETTERS

W, H = 45, 90
RIM_X, RIM_Y = 4.5, 7.0  # of the harvested cell around the character
NOTO = ("/usr/share/fonts/opentype/noto/NotoSansCJK-Medium.ttc", 2)


def averaged(glyph: np.ndarray) -> np.ndarray:
    cut = cv2.warpAffine(glyph, np.float32([[1, 0, -RIM_X], [0, 1, -RIM_Y]]), (W, H))
    return np.clip((cut - 0.5) / 0.14 + 0.5, 0, 1)


def drawn(char: str) -> np.ndarray:
    font = ImageFont.truetype(NOTO[0], 128, index=NOTO[1])
    left, top, right, bottom = font.getbbox(char)
    canvas = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4))
    ImageDraw.Draw(canvas).text((2 - left, 2 - top), char, font=font, fill=255)
    return cv2.resize(np.asarray(canvas, np.float32) / 255, (W, H), interpolation=cv2.INTER_AREA)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("harvested", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    real = np.load(args.harvested)
    masks = [averaged(real[f"u{ord(char):x}"]) if char in LETTERS + DIGITS else drawn(char) for char in CHARS]
    levels = np.stack([np.uint8(np.round(mask * 15)) * 17 for mask in masks])
    np.savez_compressed(args.out, masks=levels, chars=np.array(list(CHARS)))


if __name__ == "__main__":
    main()
