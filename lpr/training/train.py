"""Train reader B on a CPU: `python -m lpr.training.train DATA CACHE FONTS OUT --until 19:05`.

One worker draws pictures, one thread trains (bfloat16, channels last). Half of each batch is fresh, half drawn again from
a ring of recent pictures. The learning rate falls with the clock to zero at `--until`. Every few minutes the averaged
weights are saved, measured on held-out real crops and exported to ONNX; `--resume` goes on from a checkpoint.
"""

import argparse
import random
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

from lpr.rules.plate import CHARS
from lpr.training.dataset import ReaderPictures, class_ids, held_out, load_crops
from lpr.training.nets import READER_H, READER_W, ReaderNet

FRESH, AGAIN, RING = 16, 32, 9000


class Stream(IterableDataset):
    def __init__(self, args: argparse.Namespace, seed: int) -> None:
        self.args, self.seed = args, seed

    def __iter__(self):
        cv2.setNumThreads(1)
        info = torch.utils.data.get_worker_info()
        seed = self.seed + (info.id if info else 0) * 7919
        source = ReaderPictures(
            self.args.data, self.args.cache, self.args.fonts, seed, self.args.p_real, self.args.p_exchanged
        )
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


def export(net: ReaderNet, path: Path) -> None:
    frozen = WithInput(deepcopy(net).eval().to(memory_format=torch.contiguous_format))
    torch.onnx.export(
        frozen,
        (torch.zeros(2, READER_H, READER_W, 3, dtype=torch.uint8),),
        str(path),
        dynamo=False,
        input_names=["pictures"],
        output_names=["letters", "colours"],
        opset_version=17,
        dynamic_axes={"pictures": {0: "n"}, "letters": {0: "n"}, "colours": {0: "n"}},
    )


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


def learning_rate(args: argparse.Namespace, began: float, end: float) -> float:
    part = min(1.0, max(0.0, (time.time() - began) / max(1.0, end - began)))
    warm = min(1.0, 0.1 + (time.time() - began) / 40)
    return warm * args.lr * (0.5 * (1 + np.cos(np.pi * part)) * 0.995 + 0.005)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("data", "cache", "fonts", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--until", required=True, help="HH:MM UTC today")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--placed-until", type=int, default=1500, help="steps with the placed loss")
    parser.add_argument("--p-real", type=float, default=0.4)
    parser.add_argument("--p-exchanged", type=float, default=0.15)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)  # a drawing process forked beside OpenCV threads can hang for ever
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    now = datetime.now(UTC)
    hour, minute = map(int, args.until.split(":"))
    end = now.replace(hour=hour, minute=minute, second=0).timestamp()
    net = ReaderNet(len(CHARS) + 1).to(memory_format=torch.channels_last)
    average = deepcopy(net)
    optimiser = torch.optim.AdamW(net.parameters(), lr=args.lr, weight_decay=0.01)
    step = 0
    if args.resume:
        kept = torch.load(args.resume, weights_only=False)
        net.load_state_dict(kept["net"])
        average.load_state_dict(kept["average"])
        optimiser.load_state_dict(kept["optimiser"])
        step = kept["step"]
    watched = [
        c for c in load_crops(args.data, args.cache / "glyphs.boxes.npy") if held_out(c.text) and not c.weak
    ]
    loader = iter(
        DataLoader(Stream(args, args.seed + step), batch_size=None, num_workers=1, prefetch_factor=8)
    )
    ring_x = torch.zeros(RING, READER_H, READER_W, 3, dtype=torch.uint8)
    ring_y, ring_c = torch.zeros(RING, 9, dtype=torch.int16), torch.zeros(RING, dtype=torch.int64)
    filled, began, saved, losses = 0, time.time(), time.time(), []
    while time.time() < end:
        x, y, c = (torch.as_tensor(v) for v in next(loader))
        slots = torch.arange(filled, filled + FRESH) % RING
        ring_x[slots], ring_y[slots], ring_c[slots] = x, y, c
        filled += FRESH
        again = torch.from_numpy(np.random.randint(0, min(filled, RING), AGAIN))
        x2 = torch.roll(ring_x[again], (rng.randint(-2, 2), rng.randint(-3, 3)), (1, 2))
        x, y, c = torch.cat([x, x2]), torch.cat([y, ring_y[again]]), torch.cat([c, ring_c[again]])
        with torch.autocast("cpu", torch.bfloat16):
            letters, colour = net(normalised(x))
        lengths = (y > 0).sum(1)
        loss = functional.ctc_loss(
            letters.float().log_softmax(-1).transpose(0, 1),
            y.long(),
            torch.full((len(y),), letters.shape[1]),
            lengths,
            zero_infinity=True,
        )
        loss = loss + 0.15 * functional.cross_entropy(colour.float(), c, ignore_index=-1)
        if step < args.placed_until:
            loss = loss + 0.7 * placed_loss(letters.float(), y, lengths)
        rate = learning_rate(args, began, end)
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimiser.step()
        step += 1
        decay = min(0.9985, 1 - 1 / (1 + step / 6))
        with torch.no_grad():
            for kept, value in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
                if kept.dtype.is_floating_point:
                    kept.lerp_(value, 1 - decay)
                else:
                    kept.copy_(value)
        losses.append(loss.item())
        if time.time() - saved > 150 or time.time() >= end:
            saved = time.time()
            exact = measure(average, watched)
            print(
                f"{datetime.now(UTC):%H:%M:%S} step {step} drawn {filled} loss {np.mean(losses):.4f} lr {rate:.5f} held-out exact {exact:.4f} of {len(watched)}",
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
                args.out / "reader.tmp",
            )
            (args.out / "reader.tmp").rename(args.out / "reader.pt")
            export(average, args.out / "reader.tmp.onnx")
            (args.out / "reader.tmp.onnx").rename(args.out / "reader_b.onnx")


if __name__ == "__main__":
    main()
