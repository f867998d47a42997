"""The first page on a slow phone: 1.6 Mbit/s, 150 ms to and fro, a processor four times slower (Chromium's own brakes).

Usable means: the page has been drawn and the first key of the plate keyboard can be tapped. Octets are those on the
wire. Needs the system's Chromium; a server of its own in a temporary folder.
Usage: python -m bench.slow_phone [--visits 7]
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from facility.embedded import start_server
from facility.migrate import migrate
from tests.browser import driver_world
from tests.browser.garage import Garage
from tests.conftest import browser_program

OCTETS_A_SECOND = 1_600_000 / 8
LATENCY_MS, SLOWER = 150, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What one first visit took; `busy_ms` is the page's work on the braked processor, `answered_ms` when the first
    octet of the page came."""

    usable_ms: float
    answered_ms: float
    busy_ms: float
    octets: float
    trips: int


def visit(browser: Browser, url: str) -> Visit:
    """One first visit with an empty cache."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    wire = context.new_cdp_session(page)
    octets, trips = 0.0, 0

    def finished(event: dict[str, float]) -> None:
        nonlocal octets, trips
        trips += 1
        octets += event["encodedDataLength"]

    wire.on("Network.loadingFinished", finished)
    wire.send("Network.enable")
    wire.send("Performance.enable")
    wire.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MS,
            "downloadThroughput": OCTETS_A_SECOND,
            "uploadThroughput": OCTETS_A_SECOND / 2,
        },
    )
    wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_selector("plate-input [data-sign='苏']", state="visible")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    usable_ms = 1000 * (time.perf_counter() - began)
    metrics = {one["name"]: one["value"] for one in wire.send("Performance.getMetrics")["metrics"]}
    answered_ms = page.evaluate("performance.getEntriesByType('navigation')[0].responseStart")
    page.wait_for_load_state("networkidle")
    context.close()
    return Visit(
        usable_ms=usable_ms,
        answered_ms=answered_ms,
        busy_ms=1000 * metrics["TaskDuration"],
        octets=octets,
        trips=trips,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=7)
    given = parser.parse_args()
    program = browser_program()
    if program is None:
        raise SystemExit("no Chromium on this machine: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="pz-") as folder:
        state = Path(folder)
        state.chmod(0o711)
        server = start_server(state)
        try:
            migrate(server.dsn())
            driver_world.run_apart(driver_world.fill(server.dsn(), now=datetime.now(UTC)))
            garage = Garage(dsn=server.dsn())
            garage.start()
            try:
                with sync_playwright() as playwright:
                    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
                    browser = playwright.chromium.launch(executable_path=program, args=arguments)
                    visits = [visit(browser, garage.url) for _ in range(given.visits)]
                    browser.close()
            finally:
                garage.stop()
        finally:
            server.stop()
    usable = sorted(one.usable_ms for one in visits)
    found = {
        "visits": given.visits,
        "usable_median_ms": round(statistics.median(usable)),
        "usable_worst_ms": round(usable[-1]),
        "answered_median_ms": round(statistics.median(one.answered_ms for one in visits)),
        "busy_median_ms": round(statistics.median(one.busy_ms for one in visits)),
        "octets": round(max(one.octets for one in visits)),
        "trips": max(one.trips for one in visits),
    }
    print("first page, 1.6 Mbit/s, 150 ms, processor 4 times slower")
    for name, value in found.items():
        print(f"  {name:18} {value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
