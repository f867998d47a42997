"""Train the locator on a CPU: `python -m lpr.training.train_locator DATA CACHE FONTS OUT --until 19:05`."""

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lpr.training.loop import Course, arguments, drawn_beside, export_onnx, plain, start, train
from lpr.training.nets import LocatorNet
from lpr.training.scenes import SIDE, ScenePictures, load_scenes, random_view, targets

BATCH = 16
RING = 60  # recent batches drawn from again, every second step


def batches(args: argparse.Namespace, seed: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Views `(16, 384, 384, 3)`, heat maps and ignore masks `(16, 48, 48)`, and a row for each positive cell."""
    source = ScenePictures(args.data, args.cache, args.fonts, seed)
    while True:
        pictures, heats, ignores, rows = [], [], [], []
        for i in range(BATCH):
            view, quads, two_rows = next(source)
            heat, ignore, positive = targets(quads, two_rows)
            pictures.append(view)
            heats.append(heat)
            ignores.append(ignore)
            rows.append(np.hstack([np.full((len(positive), 1), i, np.float32), positive]))
        yield np.stack(pictures), np.stack(heats), np.stack(ignores), np.vstack(rows)


def prepared(pictures: Tensor) -> Tensor:
    x = (pictures.permute(0, 3, 1, 2).float() - 114.0) / 60.0
    return x.contiguous(memory_format=torch.channels_last)


class WithInput(torch.nn.Module):
    """What is exported: BGR bytes in; `(N, H/8, W/8)` scores with non-peaks at zero, rows and corners in pixels."""

    def __init__(self, net: LocatorNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        out = self.net((pictures.permute(0, 3, 1, 2).float() - 114.0) / 60.0)
        heat = out[:, :2].sigmoid()
        score = heat[:, :1]
        peak = (functional.max_pool2d(score, 3, 1, 1) == score).to(score.dtype)
        return torch.cat([score * peak, heat[:, 1:]], 1), out[:, 2:] * 8.0


def loss_of(out: Tensor, heat: Tensor, ignore: Tensor, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    logit = out[:, 0]
    p = logit.sigmoid().clamp(1e-5, 1 - 1e-5)
    hit = (heat >= 0.999).float()
    count = hit.sum().clamp(min=1)
    positive = hit * (1 - p) ** 2 * -p.log()
    negative = (1 - hit) * (1 - ignore) * (1 - heat) ** 4 * p**2 * -(1 - p).log()
    centre = (positive.sum() + negative.sum()) / count
    if not len(rows):
        return centre, centre * 0, centre * 0
    n, y, x = (rows[:, i].long() for i in range(3))
    picked = out[n, :, y, x]
    corners = ((picked[:, 2:] - rows[:, 4:12]).abs().sum(1) / rows[:, 12].sqrt()).mean()
    two = functional.binary_cross_entropy_with_logits(picked[:, 1], rows[:, 3])
    return centre, corners, two


def measure(net: LocatorNet, held: list) -> tuple[float, float]:
    """Share of held-out real plates found within a quarter of their height at every corner (mean), and false peaks."""
    rng = random.Random(5)
    net.eval()
    found = total = false = 0
    with torch.no_grad():
        for scene in held:
            view, quads, _ = random_view(scene, rng)
            quads = quads[[((q >= 0) & (q < SIDE)).all() for q in quads]] if len(quads) else quads
            out = net(prepared(torch.from_numpy(view[None])))[0].float()
            score = out[0].sigmoid()
            peak = (functional.max_pool2d(score[None], 3, 1, 1)[0] == score) & (score > 0.35)
            boxes = []
            for y, x in peak.nonzero().tolist():
                boxes.append(out[2:, y, x].view(4, 2).numpy() * 8 + (np.float32([x, y]) + 0.5) * 8)
            used = set()
            for quad in quads:
                total += 1
                height = (np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])) / 2
                for i, box in enumerate(boxes):
                    if i not in used and np.linalg.norm(box - quad, axis=1).mean() < 0.3 * height:
                        used.add(i)
                        found += 1
                        break
            false += len(boxes) - len(used)
    net.train()
    return found / max(1, total), false / len(held)


def export(net: LocatorNet, path: Path) -> None:
    map_axes = {0: "n", 2: "h8", 3: "w8"}
    axes = {"pictures": {0: "n", 1: "h", 2: "w"}, "scores": map_axes, "corners": map_axes}
    example = torch.zeros(1, SIDE, SIDE, 3, dtype=torch.uint8)
    export_onnx(WithInput(plain(net)), example, path, ["scores", "corners"], axes)


def main() -> None:
    args = arguments().parse_args()
    done = start(args)
    held = load_scenes(args.data, held=True)
    loader = drawn_beside(lambda seed: batches(args, seed), args.seed + done)
    ring: list[tuple[Tensor, ...]] = []

    def loss(net: LocatorNet, step: int) -> tuple[Tensor, list[Tensor]]:
        if len(ring) < 8 or step % 2:
            ring.append(tuple(torch.as_tensor(v) for v in next(loader)))
            del ring[:-RING]
            drawn = ring[-1]
        else:
            drawn = ring[int(torch.randint(len(ring), ()))]
        pictures, heat, ignore, rows = drawn
        with torch.autocast("cpu", torch.bfloat16):
            out = net(prepared(pictures))
        centre, corners, two = loss_of(out.float(), heat, ignore, rows)
        return centre + 0.5 * corners + 0.3 * two, [centre, corners, two]

    course = Course(
        name="locator",
        exported="locator.onnx",
        loss=loss,
        measure=lambda net: "held-out found {:.3f} false a view {:.3f}".format(*measure(net, held)),
        export=export,
        clip=5.0,
        keep=0.998,
        settle=4.0,
    )
    train(LocatorNet(), args, course)


if __name__ == "__main__":
    main()
