"""How long a bay's change takes to the open map: from the sensor's report to the changed colour on every screen.

One web server with the whole application and an embedded database; ten pages of a real Chromium hold `/ops/` open.
Sensors report through the product's own function, in this process; each page notes when the bay's look changed. Both
clocks are the machine's. Without Chromium the same is measured with ten plain readers of the stream, and said so.
Usage: python bench/live_map.py [--pages 10] [--changes 120]
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from facility.clock import SystemClock
from facility.db import open_pool, unit_of_work
from facility.embedded import start_server
from facility.identity import Role
from facility.migrate import migrate
from facility.site import load_site
from gateway.parking.occupancy import bay_heard
from gateway.staff.people import add_person

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PASSWORD = "a password for the bench"
LEVEL_BAYS = 90
WATCH = """
() => {
  window.seen = {};
  new MutationObserver(list => {
    for (const change of list) {
      const bay = change.target.dataset && change.target.dataset.bay;
      if (bay && change.oldValue !== null) (window.seen[bay] ||= []).push(
        [change.target.dataset.occupied, performance.timeOrigin + performance.now()]);
    }
  }).observe(document.getElementById('plan'),
             {subtree: true, attributes: true, attributeFilter: ['class'], attributeOldValue: true});
}
"""


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def prepare(dsn: str) -> None:
    """A person who may look, and every bay of the basement empty."""
    site, clock = load_site(), SystemClock()
    pool = await open_pool(dsn)
    async with unit_of_work(pool) as conn:
        await add_person(
            conn, login="bench", name="Bench", roles=[Role.MANAGER.value], password=PASSWORD, now=clock.now()
        )
        for bay in site.bays.values():
            await conn.execute(
                "insert into parking.bay_state values (%s, %s, false, null, %s, %s, false) on conflict do nothing",
                (bay.id, bay.zone, clock.now(), clock.now()),
            )
    await pool.close()


def start_web(dsn: str, folder: Path, port: int, stack: ExitStack) -> str:
    """The web process on its own, as `pingzhan up` starts it."""
    environment = {
        **os.environ,
        "PINGZHAN_HTTP_PORT": str(port),
        "PINGZHAN_DATA": str(folder),
        "PINGZHAN_DATABASE_URL": dsn,
        "PINGZHAN_DEMO": "0",
    }
    web = subprocess.Popen(
        [sys.executable, "-m", "gateway", "process", "web"], env=environment, stderr=subprocess.DEVNULL
    )
    stack.callback(web.wait, 10)
    stack.callback(web.terminate)
    url = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if httpx.get(f"{url}/healthz").status_code == 200:
                return url
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("the web process did not answer within 60 s")


class Sensor:
    """Reports bays on a connection of its own and remembers when each report began and was kept."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.reported_ms: list[tuple[str, bool, float]] = []

    async def report(self, changes: int, pause_s: float) -> None:
        """Fill and empty bays at random, one unit of work each."""
        chance, clock, site = random.Random(371), SystemClock(), load_site()
        bays = [bay.id for bay in site.bays.values() if bay.level == "B1"]
        occupied = dict.fromkeys(bays, False)
        pool = await open_pool(self._dsn)
        for _ in range(changes):
            bay = chance.choice(bays)
            occupied[bay] = not occupied[bay]
            began = time.time() * 1000
            async with unit_of_work(pool) as conn:
                await bay_heard(conn, bay, is_occupied=occupied[bay], now=clock.now())
            self.reported_ms.append((bay, occupied[bay], began))
            await asyncio.sleep(pause_s)
        await pool.close()


def delays_of(
    reported: list[tuple[str, bool, float]], seen: dict[str, list[tuple[str, float]]]
) -> list[float]:
    """Milliseconds from a report to the look on one page; a report never shown counts as infinite."""
    waiting = {bay: list(times) for bay, times in seen.items()}
    delays = []
    for bay, is_occupied, began in reported:
        times = waiting.get(bay, [])
        hit = next((item for item in times if item[0] == str(int(is_occupied)) and item[1] >= began), None)
        if hit:
            times.remove(hit)
        delays.append(hit[1] - began if hit else float("inf"))
    return delays


def with_browser(url: str, dsn: str, pages: int, changes: int) -> tuple[list[float], list[float]]:
    """Delays to every page, and what opening the page took."""
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        opened, loads = [], []
        for _ in range(pages):
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            body = {"login": "bench", "password": PASSWORD}
            assert context.request.post(f"{url}/api/v1/session", data=body).ok
            page = context.new_page()
            began = time.perf_counter()
            page.goto(f"{url}/ops/")
            page.wait_for_selector("#plan .bay.free, #plan .bay.plug", timeout=60_000)
            loads.append(1000 * (time.perf_counter() - began))
            page.wait_for_function("document.querySelector('[data-age=live]:not(.is-stale)')", timeout=30_000)
            page.evaluate(WATCH)
            opened.append(page)
        sensor = Sensor(dsn)
        # Playwright holds this thread's event loop.
        thread = threading.Thread(target=lambda: asyncio.run(sensor.report(changes, 0.1)))
        thread.start()
        thread.join()
        time.sleep(2)
        delays: list[float] = []
        for page in opened:
            delays += delays_of(sensor.reported_ms, page.evaluate("() => window.seen"))
        browser.close()
    return delays, loads


async def with_readers(url: str, dsn: str, readers: int, changes: int) -> list[float]:
    """The same without a browser: plain readers of the stream."""
    sensor, seen = Sensor(dsn), [dict[str, list[tuple[str, float]]]() for _ in range(readers)]

    async def read(place: int) -> None:
        async with httpx.AsyncClient(base_url=url, timeout=None) as client:
            await client.post("/api/v1/session", json={"login": "bench", "password": PASSWORD})
            async with client.stream("GET", "/api/v1/live?kinds=bay.changed") as answer:
                async for line in answer.aiter_lines():
                    if line.startswith('data: {"kind"'):
                        fact = json.loads(line[6:])
                        mark = (str(int(fact["detail"]["occupied"])), time.time() * 1000)
                        seen[place].setdefault(fact["subject"], []).append(mark)

    tasks = [asyncio.create_task(read(place)) for place in range(readers)]
    await asyncio.sleep(3)
    await sensor.report(changes, 0.1)
    await asyncio.sleep(2)
    for task in tasks:
        task.cancel()
    return [delay for one in seen for delay in delays_of(sensor.reported_ms, one)]


def main() -> None:
    """Measure, print the table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=10)
    parser.add_argument("--changes", type=int, default=120)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pingzhan-bench-")))
        folder.chmod(0o711)
        server = start_server(folder / "data")
        stack.callback(server.stop)
        migrate(server.dsn())
        asyncio.run(prepare(server.dsn()))
        url = start_web(server.dsn(), folder, free_port(), stack)
        loads: list[float] = []
        if CHROMIUM:
            delays, loads = with_browser(url, server.dsn(), options.pages, options.changes)
        else:
            delays = asyncio.run(with_readers(url, server.dsn(), options.pages, options.changes))
    shown = [delay for delay in delays if delay != float("inf")]
    result: dict[str, Any] = {
        "measured": "map" if CHROMIUM else "stream",
        "screens": options.pages,
        "changes": options.changes,
        "missed": len(delays) - len(shown),
        "p50_ms": round(statistics.median(shown), 1),
        "p95_ms": round(statistics.quantiles(shown, n=20)[-1], 1),
        "max_ms": round(max(shown), 1),
    }
    if loads:
        result["open_p50_ms"] = round(statistics.median(loads), 1)
    print(f"{'what':<44}{'value':>10}")
    for name, value in result.items():
        print(f"{name:<44}{value!s:>10}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
