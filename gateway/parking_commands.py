"""The parking part of the command line: price lists against worked cases."""

import argparse
from pathlib import Path
from typing import Any


def _tariff_check(args: argparse.Namespace) -> int:
    from gateway.parking.tariff_check import tariff_check

    return tariff_check(args.cases)


def add_commands(commands: Any) -> None:
    """Add `tariff check`."""
    tariff = commands.add_parser("tariff", help="price lists").add_subparsers(required=True)
    check = tariff.add_parser("check", help="work through a file of parking-fee cases")
    check.add_argument("cases", type=Path)
    check.set_defaults(run=_tariff_check)
