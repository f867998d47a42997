"""The loop the three trainings share: rate by the clock, averaged weights, a checkpoint and an export every few minutes.

One worker draws pictures, one thread trains (bfloat16, channels last). The learning rate falls with the clock to zero at
`--until`; `--resume` goes on from a checkpoint. A run driven by the clock is not repeated bit by bit.
"""

import argparse
import random
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

SAVE_EVERY_S = 150
WARM_S = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What differs from net to net.

    Attributes:
        name: of the checkpoint, `OUT/<name>.pt`.
        exported: file name of the exported net.
        loss: draws its pictures, gives the loss to minimise and its parts for the log; called with net and step.
        measure: a line about the averaged net on held-out pictures.
        export: writes the averaged net as ONNX.
        clip: largest norm of the gradient.
        keep: largest share of the old average kept at a step.
        settle: steps over which the average first settles; smaller forgets the start faster.
    """

    name: str
    exported: str
    loss: Callable[[Any, int], tuple[Tensor, list[Tensor]]]
    measure: Callable[[Any], str]
    export: Callable[[Any, Path], None]
    clip: float
    keep: float
    settle: float


class Stream(IterableDataset[Any]):
    """Batches from `make(seed)`, drawn in a worker process of their own."""

    def __init__(self, make: Callable[[int], Iterator[Any]], seed: int) -> None:
        self.make, self.seed = make, seed

    def __iter__(self) -> Iterator[Any]:
        cv2.setNumThreads(1)
        return self.make(self.seed)


def drawn_beside(make: Callable[[int], Iterator[Any]], seed: int) -> Iterator[Any]:
    """Batches drawn by one worker while the net trains."""
    return iter(DataLoader(Stream(make, seed), batch_size=None, num_workers=1, prefetch_factor=6))


def arguments() -> argparse.ArgumentParser:
    """What every training takes."""
    parser = argparse.ArgumentParser()
    for name in ("data", "cache", "fonts", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--until", required=True, help="HH:MM UTC today")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", type=Path)
    return parser


def start(args: argparse.Namespace) -> int:
    """Set threads and seeds; the number of steps already done by the checkpoint to resume."""
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)  # a drawing process forked beside OpenCV threads can hang for ever
    torch.manual_seed(args.seed)
    np.random.seed(args.seed)
    random.seed(args.seed)
    return int(torch.load(args.resume, weights_only=False)["step"]) if args.resume else 0


def learning_rate(lr: float, began: float, end: float) -> float:
    """Half a cosine from `lr` to half a per cent of it over the time from `began` to `end`, after a short warm-up."""
    now = time.time()
    part = min(1.0, max(0.0, (now - began) / max(1.0, end - began)))
    warm = min(1.0, 0.1 + (now - began) / WARM_S)
    return float(warm * lr * (0.5 * (1 + np.cos(np.pi * part)) * 0.995 + 0.005))


def train(net: nn.Module, args: argparse.Namespace, course: Course) -> None:
    """Train until `--until`, saving as it goes."""
    hour, minute = map(int, args.until.split(":"))
    end = datetime.now(UTC).replace(hour=hour, minute=minute, second=0).timestamp()
    net = net.to(memory_format=torch.channels_last)
    average = deepcopy(net)
    optimiser = torch.optim.AdamW(net.parameters(), lr=args.lr, weight_decay=0.01)
    step = 0
    if args.resume:
        kept = torch.load(args.resume, weights_only=False)
        net.load_state_dict(kept["net"])
        average.load_state_dict(kept["average"])
        optimiser.load_state_dict(kept["optimiser"])
        step = kept["step"]
    began = saved = time.time()
    log: list[list[float]] = []
    while time.time() < end:
        rate = learning_rate(args.lr, began, end)
        loss, parts = course.loss(net, step)
        _descend(net, optimiser, loss, rate, course.clip)
        step += 1
        _follow(average, net, min(course.keep, 1 - 1 / (1 + step / course.settle)))
        log.append([part.item() for part in parts])
        if time.time() - saved > SAVE_EVERY_S or time.time() >= end:
            saved = time.time()
            losses = " ".join(f"{v:.4f}" for v in np.mean(log, 0))
            print(
                f"{datetime.now(UTC):%H:%M:%S} step {step} losses {losses} lr {rate:.5f} {course.measure(average)}",
                flush=True,
            )
            log.clear()
            states = {"net": net, "average": average, "optimiser": optimiser}
            _save({k: v.state_dict() for k, v in states.items()} | {"step": step}, average, args.out, course)


def _descend(
    net: nn.Module, optimiser: torch.optim.Optimizer, loss: Tensor, rate: float, clip: float
) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), clip)
    optimiser.step()


def _follow(average: nn.Module, net: nn.Module, keep: float) -> None:
    with torch.no_grad():
        for kept, value in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
            if kept.dtype.is_floating_point:
                kept.lerp_(value, 1 - keep)
            else:
                kept.copy_(value)


def _save(state: dict[str, Any], average: nn.Module, out: Path, course: Course) -> None:
    """Both files whole or not at all: each is written beside its place and renamed."""
    torch.save(state, out / f"{course.name}.tmp")
    (out / f"{course.name}.tmp").rename(out / f"{course.name}.pt")
    course.export(average, out / f"{course.name}.tmp.onnx")
    (out / f"{course.name}.tmp.onnx").rename(out / course.exported)


def export_onnx(
    net: nn.Module, example: Tensor, path: Path, outputs: list[str], axes: dict[str, dict[int, str]]
) -> None:
    """Write a net with one input, named by the first of `axes`, as ONNX."""
    torch.onnx.export(
        net,
        (example,),
        str(path),
        dynamo=False,
        input_names=[next(iter(axes))],
        output_names=outputs,
        opset_version=17,
        dynamic_axes=axes,
    )


def plain(net: nn.Module) -> nn.Module:
    """A copy to export: evaluating, in the ordinary memory layout."""
    return deepcopy(net).eval().to(memory_format=torch.contiguous_format)
