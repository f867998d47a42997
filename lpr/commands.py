"""`pingzhan lpr read` and `pingzhan lpr evaluate`; the models are loaded only when one of them runs."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add_commands(commands: Any) -> None:
    """Add `lpr read` and `lpr evaluate` to the command line."""
    lpr = commands.add_parser("lpr", help="read plates in pictures").add_subparsers(required=True)
    read = lpr.add_parser("read", help="a line an image")
    read.add_argument("--cropped", action="store_true", help="each image is one plate already")
    read.add_argument("path", nargs="+", type=Path)
    read.set_defaults(run=_read_command)
    measure = lpr.add_parser("evaluate", help="measure on a folder with labels.csv")
    measure.add_argument("--cropped", action="store_true", help="each image is one plate already")
    measure.add_argument("--half", choices=["all", "first", "second"], default="all", help="split by plate")
    measure.add_argument("--readers", choices=["b", "both"], default="both")
    measure.add_argument("--misses", action="store_true", help="a line for every plate not read right")
    measure.add_argument("dir", type=Path)
    measure.set_defaults(run=_evaluate_command)


def _print(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def _read_command(args: argparse.Namespace) -> int:
    from lpr.evaluate import read_files

    return read_files(args.path, cropped=args.cropped, out=_print)


def _evaluate_command(args: argparse.Namespace) -> int:
    def miss(file: str, text: str, read: str) -> None:
        _print({"file": file, "text": text, "read": read})

    from lpr.evaluate import evaluate

    _print(
        evaluate(
            args.dir,
            cropped=args.cropped,
            readers=args.readers,
            half=args.half,
            on_miss=miss if args.misses else None,
        )
    )
    return 0
