"""Our reader beside rapidocr-onnxruntime used naively, on labelled real pictures, two threads.

The pictures are the development set in `../shared/lpr-real` (internal, for measuring only), `--half` of it by plate.
Bounded: at most `--seconds` for rapidocr on each set. Beside the times on the clock stands the mean processor time a
picture (all threads, decoding of the file included), which says more on a machine that does other work.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from lpr.evaluate import Half, evaluate, in_half, read_labels, same
from lpr.reader import PlateReader
from lpr.vision.picture import read_picture

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "lpr-real"
PLATE = re.compile(r"[一-龥A-Z][A-Z0-9]{5,7}[一-龥A-Z0-9]")


def memory_mb() -> float:
    """Peak memory of a process that has read one picture with both readers."""
    child = subprocess.run([sys.executable, __file__, "--memory"], capture_output=True, text=True, check=True)
    return float(child.stdout.strip().splitlines()[-1])


def print_memory() -> None:
    """The kernel's high-water mark of this program; `getrusage` would count the parent's memory before `exec` too."""
    from lpr.demo import render_gate_picture

    PlateReader(threads=2).read(render_gate_picture("苏F9K210", "blue", 3))
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    print(next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")))


def rapidocr(folder: Path, half: Half, seconds: float) -> dict[str, float]:
    from rapidocr_onnxruntime import RapidOCR

    engine, right, plates, times = RapidOCR(intra_op_num_threads=2), 0, 0, []
    began, began_cpu = time.perf_counter(), time.process_time()
    for row in read_labels(folder):
        if not in_half(row, half) or not row.texts:
            continue
        if time.perf_counter() - began > seconds:
            break
        picture = read_picture(folder / row.file)
        start = time.perf_counter()
        found, _ = engine(picture)
        times.append((time.perf_counter() - start) * 1000)
        texts = [re.sub(r"[^一-龥A-Z0-9]", "", line[1].upper()) for line in found or []]
        texts = [hit.group(0) for text in texts if (hit := PLATE.search(text))]
        for text in row.texts:
            plates += 1
            right += any(same(text, t) for t in texts)
    return {
        "plates": plates,
        "exact": round(right / max(1, plates), 4),
        "p50_ms": round(float(np.median(times)), 1),
        "p95_ms": round(float(np.percentile(times, 95)), 1),
        "cpu_ms": round((time.process_time() - began_cpu) * 1000 / max(1, len(times)), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--half", choices=["all", "first", "second"], default="all")
    parser.add_argument("--seconds", type=float, default=60)
    args = parser.parse_args()
    if args.memory:
        print_memory()
        return
    if not DATA.is_dir():
        print("the development pictures are not on this machine; nothing measured")
        print(json.dumps({"measured": False}))
        return
    cv2.setNumThreads(2)
    result: dict[str, object] = {"measured": True, "half": args.half, "load": round(os.getloadavg()[0], 1)}
    print(f"load average {result['load']}")
    print(
        f"{'set':8} {'reader':10} {'n':>5} {'exact':>7} {'found':>7} {'accepted':>9} {'right':>7}"
        f" {'p50 ms':>8} {'p95 ms':>8} {'cpu ms':>8}"
    )
    reader = PlateReader(threads=2)
    for name in ("crops", "scenes"):
        for readers in ("b", "both"):
            began = time.process_time()
            got = evaluate(
                DATA / name, cropped=name == "crops", readers=readers, half=args.half, reader=reader
            )
            got["cpu_ms"] = round((time.process_time() - began) * 1000 / max(1, got["images"]), 1)
            result[f"{name}/{readers}"] = got
            print(
                f"{name:8} {readers:10} {got['plates']:5} {got['exact']:7.4f} {got['detected']:7.4f}"
                f" {got['accepted']:9.4f} {got['accepted_exact']:7.4f}"
                f" {got['p50_ms']:8.1f} {got['p95_ms']:8.1f} {got['cpu_ms']:8.1f}"
            )
        naive = rapidocr(DATA / name, args.half, args.seconds)
        result[f"{name}/rapidocr"] = naive
        print(
            f"{name:8} {'rapidocr':10} {naive['plates']:5} {naive['exact']:7.4f} {'':7} {'':9} {'':7}"
            f" {naive['p50_ms']:8.1f} {naive['p95_ms']:8.1f} {naive['cpu_ms']:8.1f}"
        )
    result["memory_mb"] = round(memory_mb(), 1)
    print(f"memory of a process with both readers: {result['memory_mb']} MB")
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    main()
