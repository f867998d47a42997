"""Lanes while the database is away, and boards."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from facility.db import Pool
from facility.ids import LaneId
from facility.mode import ModeEvent
from facility.site import Site
from facility.store import write_mode
from gateway.parking import boards, fallback, lanes_store, occupancy
from gateway.parking.drivers.board import Board, BoardFault, BoardLine, SimulatedBoard
from gateway.parking.drivers.gate import Gate
from gateway.parking.fallback import Crossing, Watch, journal_of, read_journal, write_crossing
from tests.fakes import FakeClock
from tests.gateway.parking_world import Garage, open_garage


class HandGate:
    """A gate whose cars cross when the test says so."""

    is_simulated = True

    def __init__(self) -> None:
        self.is_up = False
        self.crossings: asyncio.Queue[int] = asyncio.Queue()
        self.taken = asyncio.Event()

    async def raise_arm(self) -> None:
        self.is_up = True

    async def hold_open(self) -> None:
        self.is_up = True

    async def cars_crossed(self, timeout_s: float) -> int:
        self.taken.set()
        return await self.crossings.get()

    async def lower_arm(self) -> None:
        self.is_up = False


@pytest.fixture
async def garage(dsn: str, pool: Pool, site: Site, clock: FakeClock, tmp_path: Path) -> Garage:
    return await open_garage(dsn, pool, site, clock, tmp_path)


async def drive(gate: HandGate, cars: int) -> None:
    """Cars cross, and the watcher has written them when this returns."""
    await gate.taken.wait()
    gate.taken.clear()
    gate.crossings.put_nowait(cars)
    await gate.taken.wait()


async def test_without_the_database_each_lane_does_what_its_policy_says_and_it_is_entered_later(
    garage: Garage,
) -> None:
    entry, exit_, basement = HandGate(), HandGate(), HandGate()
    at_lanes: dict[LaneId, Gate] = {
        LaneId("U-IN"): entry,
        LaneId("U-OUT"): exit_,
        LaneId("A-IN"): basement,
    }
    async with garage.rows() as conn:
        await occupancy.correct_count(conn, "L2", 10, by="t", reason="t", now=garage.clock.now())
    watch = Watch(garage.ctx, at_lanes)
    await watch.look(is_there=False)
    assert not watch.is_away  # a hiccup is no outage
    garage.clock.advance(timedelta(seconds=7))
    await watch.look(is_there=False)
    assert watch.is_away
    await drive(entry, 2)  # the attendant opens by hand at U-IN
    await drive(exit_, 1)
    await drive(basement, 1)  # closed: its arm is down; what crosses is no car it let in
    assert exit_.is_up and not entry.is_up and not basement.is_up
    garage.clock.advance(timedelta(minutes=9))
    await watch.look(is_there=True)
    assert not watch.is_away and not exit_.is_up
    assert (await garage.occupied())["L2"] == 10 + 2 - 1
    stays = await garage.stays()
    assert [stay.entry_how for stay in stays] == ["journal", "journal"]
    async with garage.rows() as conn:
        asks = await lanes_store.read_asks(conn)
    assert sorted(ask.lane_id for ask in asks) == ["U-IN", "U-IN", "U-OUT"]
    await watch.look(is_there=True)
    assert len(await garage.stays()) == 2  # nothing is entered twice


def test_a_line_half_written_at_a_power_cut_does_not_lose_the_others(site: Site, tmp_path: Path) -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    write_crossing(tmp_path, Crossing(lane_id="A-IN", at=at, cars=1, policy="open"))
    with journal_of(tmp_path, "A-IN").open("a") as file:
        file.write('{"at": "2026-')
    assert [crossing.cars for crossing in read_journal(tmp_path, "A-IN")] == [1]


def test_every_exit_of_the_demonstration_site_opens_without_the_database(site: Site) -> None:
    assert {lane.fallback.database for lane in site.lanes.values() if lane.direction == "out"} == {"open"}
    assert fallback.AWAY_AFTER_S > fallback.LOOK_EVERY_S


class BrokenBoard:
    is_simulated = True

    async def show(self, lines: tuple[BoardLine, ...]) -> None:
        raise BoardFault("no answer")


async def test_boards_show_each_level_behind_their_entry_and_only_what_changed(garage: Garage) -> None:
    basement, upper = SimulatedBoard(), SimulatedBoard()
    at_lanes: dict[LaneId, Board] = {
        LaneId("A-IN"): basement,
        LaneId("U-IN"): upper,
        LaneId("B-IN"): BrokenBoard(),
    }
    shown: dict[LaneId, tuple[BoardLine, ...]] = {}
    assert await boards.show_all(garage.ctx, at_lanes, shown) == 2
    assert [line.shown() for line in upper.lines] == ["二层 071", "三层 078", "四层 072", "屋面 060"]
    assert await boards.show_all(garage.ctx, at_lanes, shown) == 0
    async with garage.rows() as conn:
        await occupancy.correct_count(conn, "L3", 78, by="t", reason="t", now=garage.clock.now())
        await write_mode(conn, ModeEvent.CONVERSION_ORDERED, by="t", reason="t", now=garage.clock.now())
        alarms = await (await conn.execute("select kind, subject from report.alarm_open")).fetchall()
        assert alarms == [("board.failed", "B-IN")]
    assert await boards.show_all(garage.ctx, at_lanes, shown) == 2
    assert [line.shown() for line in basement.lines] == ["地下一层（人防） 关闭"]
    assert upper.lines[1].shown() == "三层 满"
