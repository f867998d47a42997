"""The parking part of the command line: price lists against worked cases, forecasts against recorded series."""

import argparse
from datetime import date
from pathlib import Path
from typing import Any


def _tariff_check(args: argparse.Namespace) -> int:
    from gateway.parking.tariff_check import tariff_check

    return tariff_check(args.cases)


def _backtest(args: argparse.Namespace) -> int:
    from gateway.parking.occupancy_backtest import occupancy_backtest

    return occupancy_backtest(args.series, args.lots, args.from_date)


def add_commands(commands: Any) -> None:
    """Add `tariff check` and `occupancy backtest`."""
    tariff = commands.add_parser("tariff", help="price lists").add_subparsers(required=True)
    check = tariff.add_parser("check", help="work through a file of parking-fee cases")
    check.add_argument("cases", type=Path)
    check.set_defaults(run=_tariff_check)
    occupancy = commands.add_parser("occupancy", help="the occupancy series").add_subparsers(required=True)
    backtest = occupancy.add_parser("backtest", help="measure the forecast on a recorded series")
    backtest.add_argument("series", type=Path, metavar="CSV")
    backtest.add_argument("--lots", type=Path, required=True, help="JSON of each lot's capacity")
    backtest.add_argument(
        "--from", dest="from_date", type=date.fromisoformat, required=True, help="first date to judge, UTC"
    )
    backtest.set_defaults(run=_backtest)
