"""`python -m charging.simulator`: simulated chargers of the site against a central system."""

import argparse
import asyncio
import signal
from pathlib import Path

from charging.simulator.charger import Pace
from charging.simulator.fleet import Fleet
from facility.clock import SystemClock
from facility.logs import set_up_logs
from facility.settings import load_settings
from facility.site import demonstration_site, load_site


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="charging.simulator", description="Simulated chargers.")
    parser.add_argument("--url", help="the central system; default: the port of the settings on this machine")
    parser.add_argument("--site", type=Path, help="site file; default: the demonstration site")
    parser.add_argument("--only", help="EVSEs, comma separated; default: all of the site")
    parser.add_argument("--no-cars", action="store_true", help="no car comes by itself")
    parser.add_argument("--sample-s", type=float, default=10.0, help="seconds between meter values")
    parser.add_argument("--speed", type=int, default=1, help="how much faster than real time cars charge")
    parser.add_argument(
        "--version",
        choices=["1.6", "2.0.1", "2.1"],
        help="OCPP version of all; default: E28 speaks 2.0.1, E30 2.1, the others 1.6",
    )
    parser.add_argument("--seed", type=int, default=371)
    return parser.parse_args()


async def _run(args: argparse.Namespace) -> None:
    settings = load_settings()
    path = args.site or settings.site
    site = load_site(path) if path else demonstration_site()
    url = args.url or f"ws://127.0.0.1:{settings.ocpp_port}/ocpp"
    wanted = set(args.only.split(",")) if args.only else None
    evses = [evse for evse in site.evses.values() if wanted is None or evse.id in wanted]
    pace = Pace(sample_every_s=args.sample_s, speed=args.speed)
    fleet = Fleet(evses, url, SystemClock(), pace, args.seed, args.version)
    running = asyncio.ensure_future(fleet.run(with_cars=not args.no_cars))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        return


def main() -> None:
    """Run until told to stop."""
    set_up_logs("simulator")
    asyncio.run(_run(_arguments()))


if __name__ == "__main__":
    main()
