"""Train the refiner on a CPU: `python -m lpr.training.train_refiner DATA CACHE FONTS OUT --until 19:05`."""

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lpr.training.corners import CornerPatches, roughened
from lpr.training.loop import Course, arguments, drawn_beside, export_onnx, plain, start, train
from lpr.training.nets import RefinerNet
from lpr.training.scenes import Scene, load_scenes
from lpr.vision.refine import INNER, PATCH_H, PATCH_W, UNIT_PX, from_patch, patch_of

FRESH, AGAIN, RING = 40, 56, 12000


def batches(args: argparse.Namespace, seed: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Patches `(40, 64, 176, 3)` and what is to be said of them `(40, 10)`."""
    source = CornerPatches(args.data, args.cache, args.fonts, seed)
    while True:
        drawn = [next(source) for _ in range(FRESH)]
        yield (
            np.stack([d[0] for d in drawn]),
            np.stack([[*d[1], d[2], d[3]] for d in drawn]).astype(np.float32),
        )


def prepared(patches: Tensor) -> Tensor:
    """`(N, 64, 176, 3) uint8` to `(N, 3, 64, 176)`, each patch to mean 0 and deviation 1 (at least 8 grey levels)."""
    x = patches.permute(0, 3, 1, 2).float()
    mean = x.mean((1, 2, 3), keepdim=True)
    return (x - mean) / (x - mean).square().mean((1, 2, 3), keepdim=True).sqrt().clamp(min=8.0)


class WithInput(torch.nn.Module):
    """What is exported: BGR bytes in; offsets in pixels of the patch, posteriors of two rows and of a plate out."""

    def __init__(self, net: RefinerNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        out = self.net(prepared(patches))
        return out[:, :8] * UNIT_PX, out[:, 8:].sigmoid()


def loss_of(net: RefinerNet, x: Tensor, y: Tensor) -> tuple[Tensor, list[Tensor]]:
    with torch.autocast("cpu", torch.bfloat16):
        out = net(prepared(x).contiguous(memory_format=torch.channels_last))
    out = out.float()
    plates = y[:, 9]
    corners = functional.smooth_l1_loss(out[:, :8], y[:, :8], beta=0.1, reduction="none").mean(1)
    corners = (corners * plates).sum() / plates.sum().clamp(min=1)
    two = functional.binary_cross_entropy_with_logits(out[:, 8], y[:, 8], weight=plates)
    there = functional.binary_cross_entropy_with_logits(out[:, 9], plates)
    return corners + 0.1 * two + 0.1 * there, [corners, two, there]


class Held:
    """Held-out real plates, each through three rough quads; sizes are parts of the plate's height."""

    def __init__(self, scenes: list[Scene]) -> None:
        rng = random.Random(5)
        self.seen = [
            (scene.picture, quad, roughened(quad, rng))
            for scene in scenes
            for quad in scene.quads
            for _ in range(3)
        ]
        self.patches = torch.from_numpy(np.stack([patch_of(p, rough) for p, _, rough in self.seen]))

    def measure(self, net: RefinerNet) -> str:
        net.eval()
        with torch.no_grad():
            out = net(prepared(self.patches))
        net.train()
        errors, before = [], []
        for (_, quad, rough), offsets in zip(self.seen, out[:, :8].numpy(), strict=True):
            height = (np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])) / 2
            better = from_patch(INNER + offsets.reshape(4, 2) * UNIT_PX, rough)
            errors.append(float(np.linalg.norm(better - quad, axis=1).mean() / height))
            before.append(float(np.linalg.norm(rough - quad, axis=1).mean() / height))
        return (
            f"held-out corners off by {np.mean(errors):.3f} of the height, p95 {np.percentile(errors, 95):.3f}"
            f" (before {np.mean(before):.3f}, {np.percentile(before, 95):.3f})"
        )


def export(net: RefinerNet, path: Path) -> None:
    axes = {name: {0: "n"} for name in ("patches", "offsets", "posteriors")}
    example = torch.zeros(2, PATCH_H, PATCH_W, 3, dtype=torch.uint8)
    export_onnx(WithInput(plain(net)), example, path, ["offsets", "posteriors"], axes)


def main() -> None:
    args = arguments().parse_args()
    done = start(args)
    held = Held(load_scenes(args.data, held=True))
    loader = drawn_beside(lambda seed: batches(args, seed), args.seed + done)
    ring_x = torch.zeros(RING, PATCH_H, PATCH_W, 3, dtype=torch.uint8)
    ring_y = torch.zeros(RING, 10)
    filled = 0

    def loss(net: RefinerNet, step: int) -> tuple[Tensor, list[Tensor]]:
        nonlocal filled
        x, y = (torch.as_tensor(v) for v in next(loader))
        slots = torch.arange(filled, filled + FRESH) % RING
        ring_x[slots], ring_y[slots] = x, y
        filled += FRESH
        again = torch.from_numpy(np.random.randint(0, min(filled, RING), AGAIN))
        return loss_of(net, torch.cat([x, ring_x[again]]), torch.cat([y, ring_y[again]]))

    course = Course(
        name="refiner",
        exported="refiner.onnx",
        loss=loss,
        measure=held.measure,
        export=export,
        clip=5.0,
        keep=0.998,
        settle=5.0,
    )
    train(RefinerNet(), args, course)


if __name__ == "__main__":
    main()
