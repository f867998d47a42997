"""Train reader B on a CPU: `python -m lpr.training.train DATA CACHE FONTS OUT --until 19:05`.

A third of each batch is fresh, the rest drawn again from a ring of recent pictures; measured on held-out real crops.
"""

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lpr.rules.plate import CHARS
from lpr.training.dataset import ReaderPictures, class_ids, held_out, load_crops
from lpr.training.loop import Course, arguments, drawn_beside, export_onnx, plain, start, train
from lpr.training.nets import READER_H, READER_W, ReaderNet

FRESH, AGAIN, RING = 16, 32, 9000


def batches(args: argparse.Namespace, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Pictures `(16, 48, 168, 3)`, class ids `(16, 9)` filled up with 0, colours `(16,)`; -1 where unknown."""
    source = ReaderPictures(args.data, args.cache, args.fonts, seed, args.p_real, args.p_exchanged)
    while True:
        drawn = [next(source) for _ in range(FRESH)]
        labels = np.zeros((FRESH, 9), np.int16)
        for i, (_, ids, _) in enumerate(drawn):
            labels[i, : len(ids)] = ids
        yield np.stack([d[0] for d in drawn]), labels, np.array([d[2] for d in drawn])


def normalised(pictures: Tensor) -> Tensor:
    """`(N, 48, 168, 3) uint8` to `(N, 3, 48, 168) float32`, each picture to mean 0 and deviation 1 (at least 8 grey levels)."""
    x = pictures.permute(0, 3, 1, 2).float()
    mean = x.mean((1, 2, 3), keepdim=True)
    std = x.std((1, 2, 3), keepdim=True).clamp(min=8.0)
    return ((x - mean) / std).contiguous(memory_format=torch.channels_last)


class WithInput(torch.nn.Module):
    """What is exported: BGR bytes in, logarithms of the posteriors out."""

    def __init__(self, net: ReaderNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        x = pictures.permute(0, 3, 1, 2).float()
        mean = x.mean((1, 2, 3), keepdim=True)
        std = (x - mean).square().mean((1, 2, 3), keepdim=True).sqrt().clamp(min=8.0)
        letters, colour = self.net((x - mean) / std)
        return letters.log_softmax(-1), colour.softmax(-1)


def greedy(letters: Tensor) -> list[str]:
    texts = []
    for row in letters.argmax(-1).tolist():
        chars = [c for i, c in enumerate(row) if c and (i == 0 or c != row[i - 1])]
        texts.append("".join(CHARS[c - 1] for c in chars))
    return texts


def measure(net: ReaderNet, crops: list) -> float:
    net.eval()
    right = 0
    with torch.no_grad():
        for i in range(0, len(crops), 64):
            part = crops[i : i + 64]
            x = torch.from_numpy(
                np.stack(
                    [
                        cv2.resize(c.picture, (READER_W, READER_H), interpolation=cv2.INTER_LINEAR)
                        for c in part
                    ]
                )
            )
            for text, crop in zip(greedy(net(normalised(x))[0]), part, strict=True):
                right += text == "".join(CHARS[k - 1] for k in class_ids(crop.text))
    net.train()
    return right / len(crops)


CENTRES = {
    7: np.array([38, 95, 174, 231, 288, 345, 402]) / 440,
    8: np.array([38, 91, 183, 235, 287, 339, 391, 443]) / 480,
}


def placed_loss(letters: Tensor, y: Tensor, lengths: Tensor) -> Tensor:
    """Cross entropy at the places where GA 36 puts the characters: CTC alone idles for a thousand steps at the start."""
    total, count = letters.sum() * 0, 0
    for length, centres in CENTRES.items():
        rows = (lengths == length).nonzero()[:, 0]
        if len(rows):
            at = torch.from_numpy(np.round(centres * letters.shape[1] - 0.5).astype(np.int64))
            picked = letters[rows][:, at]
            total = total + functional.cross_entropy(
                picked.flatten(0, 1), y[rows, :length].long().flatten(), reduction="sum"
            )
            count += length * len(rows)
    return total / max(count, 1)


class Ring:
    """The last 9,000 pictures, moved a little each time they are drawn again."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.x = torch.zeros(RING, READER_H, READER_W, 3, dtype=torch.uint8)
        self.y, self.c = torch.zeros(RING, 9, dtype=torch.int16), torch.zeros(RING, dtype=torch.int64)
        self.filled = 0

    def with_older(self, x: Tensor, y: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The fresh pictures and as many again and again of those before; the fresh ones are kept."""
        slots = torch.arange(self.filled, self.filled + FRESH) % RING
        self.x[slots], self.y[slots], self.c[slots] = x, y, c
        self.filled += FRESH
        again = torch.from_numpy(np.random.randint(0, min(self.filled, RING), AGAIN))
        moved = torch.roll(self.x[again], (self.rng.randint(-2, 2), self.rng.randint(-3, 3)), (1, 2))
        return torch.cat([x, moved]), torch.cat([y, self.y[again]]), torch.cat([c, self.c[again]])


def loss_of(net: ReaderNet, x: Tensor, y: Tensor, c: Tensor, placed: bool) -> tuple[Tensor, list[Tensor]]:
    """CTC and colour, with `placed` also each character at its own place."""
    with torch.autocast("cpu", torch.bfloat16):
        letters, colour = net(normalised(x))
    lengths = (y > 0).sum(1)
    ctc = functional.ctc_loss(
        letters.float().log_softmax(-1).transpose(0, 1),
        y.long(),
        torch.full((len(y),), letters.shape[1]),
        lengths,
        zero_infinity=True,
    )
    hue = functional.cross_entropy(colour.float(), c, ignore_index=-1)
    loss = ctc + 0.15 * hue
    if placed:
        loss = loss + 0.7 * placed_loss(letters.float(), y, lengths)
    return loss, [ctc, hue]


def export(net: ReaderNet, path: Path) -> None:
    axes = {name: {0: "n"} for name in ("pictures", "letters", "colours")}
    example = torch.zeros(2, READER_H, READER_W, 3, dtype=torch.uint8)
    export_onnx(WithInput(plain(net)), example, path, ["letters", "colours"], axes)


def main() -> None:
    parser = arguments()
    parser.add_argument("--placed-until", type=int, default=1500, help="steps with the placed loss")
    parser.add_argument("--p-real", type=float, default=0.4)
    parser.add_argument("--p-exchanged", type=float, default=0.15)
    args = parser.parse_args()
    done = start(args)
    crops = load_crops(args.data, args.cache / "glyphs.boxes.npy")
    watched = [c for c in crops if held_out(c.text) and not c.weak]
    loader, ring = drawn_beside(lambda seed: batches(args, seed), args.seed + done), Ring(args.seed)

    def loss(net: ReaderNet, step: int) -> tuple[Tensor, list[Tensor]]:
        x, y, c = ring.with_older(*(torch.as_tensor(v) for v in next(loader)))
        return loss_of(net, x, y, c, placed=step < args.placed_until)

    course = Course(
        name="reader",
        exported="reader_b.onnx",
        loss=loss,
        measure=lambda net: f"held-out exact {measure(net, watched):.4f} of {len(watched)}",
        export=export,
        clip=2.0,
        keep=0.9985,
        settle=6.0,
    )
    train(ReaderNet(len(CHARS) + 1), args, course)


if __name__ == "__main__":
    main()
