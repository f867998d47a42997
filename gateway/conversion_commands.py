"""`pingzhan conversion ...`: lint and schedule plans, verify run logs."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from facility.clock import SystemClock


def put(value: dict[str, Any]) -> None:
    """One JSON object on its own line of standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def _conversion_check(args: argparse.Namespace) -> int:
    from wartime_conversion.commands import check_plan

    lines = list(check_plan(args.plan))
    for line in lines:
        put(line)
    return 1 if lines[-1]["faults"] else 0


def _conversion_schedule(args: argparse.Namespace) -> int:
    from wartime_conversion.commands import parse_capacities, schedule_file, schedule_in_hours

    if args.calendars:
        put(
            schedule_in_hours(
                args.file,
                seconds=args.time_limit,
                tier=args.tier,
                durations=args.durations,
                capacities=parse_capacities(args.capacity),
                clock=SystemClock(),
            )
        )
        return 0
    result = schedule_file(
        args.file,
        seconds=args.time_limit,
        workers=args.workers,
        tier=args.tier,
        durations=args.durations,
        capacities=parse_capacities(args.capacity),
        clock=SystemClock(),
        with_starts=args.starts,
    )
    put(result)
    return 0


def _verify_log(args: argparse.Namespace) -> int:
    from wartime_conversion.rules.chain import verify_log

    verdict = verify_log(args.file.read_bytes(), head=args.head)
    put({"entries": verdict.entries, "intact": verdict.intact, "first_bad": verdict.first_bad})
    if not verdict.intact:
        sys.stderr.write(f"pingzhan: {args.file}: {verdict.reason}\n")
    return 0 if verdict.intact else 1


def _positive(kind: Callable[[str], float]) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = kind(text)
        if not 0 < value < 1e6:
            raise argparse.ArgumentTypeError(f"{text} is not a positive number")
        return value

    return parse


def add_commands(commands: Any) -> None:
    """Add `conversion ...` to the command line."""
    conversion = commands.add_parser("conversion", help="conversion plans and run logs").add_subparsers(
        required=True
    )
    check = conversion.add_parser("check", help="find the faults of a plan; exit 1 where there are some")
    check.add_argument("plan", type=Path)
    check.set_defaults(run=_conversion_check)
    schedule = conversion.add_parser("schedule", help="schedule a plan or a PSPLIB .sm file")
    schedule.add_argument("file", type=Path)
    schedule.add_argument("--time-limit", type=_positive(float), default=10.0, metavar="S")
    schedule.add_argument("--workers", type=_positive(int), default=2, metavar="N")
    schedule.add_argument("--tier", help="a tier, or several joined by +; every forward tier where left out")
    schedule.add_argument("--durations", choices=["optimistic", "likely", "pessimistic"])
    schedule.add_argument("--capacity", action="append", default=[], metavar="NAME=N")
    schedule.add_argument("--starts", action="store_true", help="also give each task's start")
    schedule.add_argument(
        "--calendars", action="store_true", help="within working hours, judged against the limits"
    )
    schedule.set_defaults(run=_conversion_schedule)
    verify = conversion.add_parser(
        "verify-log", help="judge an exported run log; exit 1 where it is not intact"
    )
    verify.add_argument("file", type=Path)
    verify.add_argument("--head", help="the head known from outside, as 64 hexadecimal digits")
    verify.set_defaults(run=_verify_log)
