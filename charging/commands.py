"""`pingzhan charging replay`; the solver is loaded only when it runs."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add_commands(commands: Any) -> None:
    """Add `charging replay` to the command line."""
    charging = commands.add_parser("charging", help="share power").add_subparsers(required=True)
    replay = charging.add_parser("replay", help="replay a recorded scenario under a sharing policy")
    replay.add_argument("dir", type=Path)
    replay.add_argument("--capacity", type=float, required=True, metavar="KW")
    replay.add_argument(
        "--policy", default="plan", choices=["round_robin", "fcfs", "edf", "llf", "llf_pour", "plan"]
    )
    replay.add_argument("--info", default="declared", choices=["declared", "perfect"])
    replay.set_defaults(run=_replay_command)


def _replay_command(args: argparse.Namespace) -> int:
    from charging.replay import replay_folder

    result = replay_folder(
        args.dir, capacity_kw=args.capacity, policy=args.policy, is_perfect=args.info == "perfect"
    )
    sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    return 0 if result["violations"] == 0 else 1
