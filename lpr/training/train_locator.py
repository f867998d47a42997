"""Train the locator on a CPU: `python -m lpr.training.train_locator DATA CACHE FONTS OUT --until 19:05`."""

import argparse
import time
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from lpr.training.nets import LocatorNet
from lpr.training.scenes import SIDE, ScenePictures, load_scenes, random_view, targets
from lpr.training.train import learning_rate

BATCH = 16
RING = 60  # recent batches drawn from again, every second step


class Stream(IterableDataset):
    def __init__(self, args: argparse.Namespace, seed: int) -> None:
        self.args, self.seed = args, seed

    def __iter__(self):
        cv2.setNumThreads(1)
        source = ScenePictures(self.args.data, self.args.cache, self.args.fonts, self.seed)
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
    import random

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
    frozen = WithInput(deepcopy(net).eval().to(memory_format=torch.contiguous_format))
    axes = {0: "n", 1: "h", 2: "w"}
    torch.onnx.export(
        frozen,
        (torch.zeros(1, SIDE, SIDE, 3, dtype=torch.uint8),),
        str(path),
        dynamo=False,
        input_names=["pictures"],
        output_names=["scores", "corners"],
        opset_version=17,
        dynamic_axes={
            "pictures": axes,
            "scores": {0: "n", 2: "h8", 3: "w8"},
            "corners": {0: "n", 2: "h8", 3: "w8"},
        },
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("data", "cache", "fonts", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--until", required=True, help="HH:MM UTC today")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", type=Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)  # a drawing process forked beside OpenCV threads can hang for ever
    torch.manual_seed(args.seed)
    hour, minute = map(int, args.until.split(":"))
    end = datetime.now(UTC).replace(hour=hour, minute=minute, second=0).timestamp()
    net = LocatorNet().to(memory_format=torch.channels_last)
    average = deepcopy(net)
    optimiser = torch.optim.AdamW(net.parameters(), lr=args.lr, weight_decay=0.01)
    step = 0
    if args.resume:
        kept = torch.load(args.resume, weights_only=False)
        net.load_state_dict(kept["net"])
        average.load_state_dict(kept["average"])
        optimiser.load_state_dict(kept["optimiser"])
        step = kept["step"]
    held = load_scenes(args.data, held=True)
    loader = iter(
        DataLoader(Stream(args, args.seed + step), batch_size=None, num_workers=1, prefetch_factor=4)
    )
    began, saved, losses = time.time(), time.time(), []
    ring: list[tuple[Tensor, ...]] = []
    while time.time() < end:
        if len(ring) < 8 or step % 2:
            drawn = tuple(torch.as_tensor(v) for v in next(loader))
            ring = [*ring, drawn][-RING:]
        else:
            drawn = ring[int(torch.randint(len(ring), ()))]
        pictures, heat, ignore, rows = drawn
        with torch.autocast("cpu", torch.bfloat16):
            out = net(prepared(pictures))
        centre, corners, two = loss_of(out.float(), heat, ignore, rows)
        loss = centre + 0.5 * corners + 0.3 * two
        rate = learning_rate(args, began, end)
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        step += 1
        decay = min(0.998, 1 - 1 / (1 + step / 4))
        with torch.no_grad():
            for kept, value in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
                if kept.dtype.is_floating_point:
                    kept.lerp_(value, 1 - decay)
                else:
                    kept.copy_(value)
        losses.append([v.item() for v in (centre, corners, two)])
        if time.time() - saved > 150 or time.time() >= end:
            saved = time.time()
            found, false = measure(average, held)
            parts = " ".join(f"{v:.3f}" for v in np.mean(losses, 0))
            print(
                f"{datetime.now(UTC):%H:%M:%S} step {step} losses {parts} lr {rate:.5f} held-out found {found:.3f} false a view {false:.3f}",
                flush=True,
            )
            losses.clear()
            torch.save(
                {
                    "net": net.state_dict(),
                    "average": average.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "step": step,
                },
                args.out / "locator.tmp",
            )
            (args.out / "locator.tmp").rename(args.out / "locator.pt")
            export(average, args.out / "locator.tmp.onnx")
            (args.out / "locator.tmp.onnx").rename(args.out / "locator.onnx")


if __name__ == "__main__":
    main()
