"""Barriers and boards over Modbus/TCP, against a relay module on a real socket."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yaml import safe_dump, safe_load

from facility.db import Pool
from facility.ids import LaneId
from facility.layout import BarrierWiring, BoardWiring, ModbusPlace
from facility.modbus import ModbusClient, ModbusFault, _bits
from facility.site import DEMONSTRATION_SITE, BrokenSiteFile, Site, load_site
from gateway.parking import boards, equipment, gates_store
from gateway.parking.arrivals import arrive
from gateway.parking.drivers.board import BoardFault, BoardLine
from gateway.parking.drivers.board_modbus import CLOSED, ModbusBoard
from gateway.parking.drivers.gate import Gate, GateFault, SimulatedGate
from gateway.parking.drivers.gate_modbus import ModbusGate, Pace
from gateway.parking.gates import carry_out
from tests.fakes import FakeClock
from tests.gateway.parking_world import Garage, open_garage, read_of
from tests.gateway.relay_module import CLOSE_COIL, DOWN, LOOP, OPEN_COIL, UP, RelayModule, relay_module

QUICK = Pace(pulse_s=0.01, poll_s=0.005, move_s=0.2, quiet_s=0.1, clear_s=0.2)


@pytest.fixture
async def module() -> AsyncIterator[RelayModule]:
    async with relay_module() as made:
        yield made


@pytest.fixture
async def client(module: RelayModule) -> AsyncIterator[ModbusClient]:
    made = ModbusClient(ModbusPlace(host="127.0.0.1", port=module.port, unit=7), timeout_s=0.5)
    yield made
    await made.close()


def wiring(client: ModbusClient, *, close_coil: int | None = CLOSE_COIL) -> BarrierWiring:
    return BarrierWiring(
        place=client.place,
        open_coil=OPEN_COIL,
        close_coil=close_coil,
        loop_input=LOOP,
        up_input=UP,
        down_input=DOWN,
    )


def gate_of(client: ModbusClient) -> ModbusGate:
    return ModbusGate(client, wiring(client), QUICK)


async def test_an_opening_is_a_pressed_button_that_is_let_go(
    module: RelayModule, client: ModbusClient
) -> None:
    gate = gate_of(client)
    await gate.raise_arm()
    assert module.inputs[UP] and module.presses == [(OPEN_COIL, True), (OPEN_COIL, False)]
    await gate.lower_arm()
    assert module.inputs[DOWN] and not module.coils[CLOSE_COIL]


async def test_two_cars_on_the_loop_are_a_tailgate_and_none_is_a_car_that_backed_off(
    module: RelayModule, client: ModbusClient
) -> None:
    gate = gate_of(client)
    counting = asyncio.create_task(gate.cars_crossed(2.0))
    await module.drive_over()
    await module.drive_over()
    assert await counting == 2
    assert await gate.cars_crossed(0.05) == 0


async def test_a_car_that_stands_on_the_loop_at_the_timeout_is_waited_for(
    module: RelayModule, client: ModbusClient
) -> None:
    counting = asyncio.create_task(gate_of(client).cars_crossed(0.05))
    await module.drive_over(on_s=0.3)
    assert await counting == 1


async def test_the_arm_is_not_lowered_on_a_car(module: RelayModule, client: ModbusClient) -> None:
    gate = gate_of(client)
    await gate.raise_arm()
    module.inputs[LOOP] = True
    with pytest.raises(GateFault, match="under the arm"):
        await gate.lower_arm()
    assert module.inputs[UP] and (CLOSE_COIL, True) not in module.presses
    module.inputs[LOOP] = False
    await gate.lower_arm()
    assert module.inputs[DOWN]


async def test_a_jammed_arm_and_contradicting_end_switches_are_faults(
    module: RelayModule, client: ModbusClient
) -> None:
    gate = gate_of(client)
    module.is_jammed = True
    with pytest.raises(GateFault, match="not up"):
        await gate.raise_arm()
    assert not module.coils[OPEN_COIL]
    module.inputs |= {UP: True, DOWN: True}
    with pytest.raises(GateFault, match="both end switches"):
        await gate.raise_arm()


async def test_a_held_arm_keeps_its_button_pressed_until_it_is_lowered(
    module: RelayModule, client: ModbusClient
) -> None:
    gate = gate_of(client)
    await gate.hold_open()
    assert module.coils[OPEN_COIL] and module.inputs[UP]
    await gate.lower_arm()
    assert not module.coils[OPEN_COIL] and module.inputs[DOWN]


async def test_an_arm_without_a_closing_button_falls_when_the_opening_one_is_let_go(
    module: RelayModule, client: ModbusClient
) -> None:
    gate = ModbusGate(client, wiring(client, close_coil=None), QUICK)
    await gate.raise_arm()
    assert module.coils[OPEN_COIL]
    lowering = asyncio.create_task(gate.lower_arm())
    while module.coils[OPEN_COIL]:
        await asyncio.sleep(0)
    module.let_fall()
    await lowering
    assert module.presses == [(OPEN_COIL, True), (OPEN_COIL, False)]


async def test_a_lost_connection_is_made_anew_and_a_deaf_device_is_a_fault(
    module: RelayModule, client: ModbusClient
) -> None:
    assert await client.read_inputs(0, 3) == (False, False, True)
    module.drop_next = True
    assert await client.read_inputs(0, 3) == (False, False, True)
    assert module.connections == 2
    module.is_deaf = True
    with pytest.raises(ModbusFault, match="no answer"):
        await client.read_inputs(0, 3)
    module.is_deaf = False
    assert await client.read_coils(0, 1) == (False,)


async def test_a_question_that_was_called_off_does_not_answer_the_next_one(
    module: RelayModule, client: ModbusClient
) -> None:
    module.is_deaf = True
    asking = asyncio.create_task(client.read_inputs(0, 3))
    await asyncio.sleep(0.02)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    module.is_deaf = False
    assert await client.read_inputs(0, 3) == (False, False, True)
    assert module.connections == 2


async def test_an_exception_and_a_closed_port_say_what_is_wrong(
    module: RelayModule, client: ModbusClient
) -> None:
    module.exception = 2
    with pytest.raises(ModbusFault, match="exception 02 to function 5"):
        await client.write_coil(9, is_on=True)
    nobody = ModbusClient(ModbusPlace(host="127.0.0.1", port=1, unit=1), timeout_s=0.5)
    with pytest.raises(ModbusFault, match=r"127\.0\.0\.1:1"):
        await nobody.read_inputs(0, 1)


async def test_a_board_shows_numbers_and_a_closed_level_by_its_sign(
    module: RelayModule, client: ModbusClient
) -> None:
    board = ModbusBoard(client, BoardWiring(place=client.place, first_register=40))
    await board.show(
        (BoardLine(name="二层", free=71), BoardLine(name="三层", free=0), BoardLine(name="屋面", free=None))
    )
    assert await client.read_registers(40, 3) == (71, 0, CLOSED)
    module.exception = 4
    with pytest.raises(BoardFault, match="exception 04"):
        await board.show((BoardLine(name="二层", free=1),))


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_bits_come_out_as_they_were_packed(bits: list[bool]) -> None:
    octets = (len(bits) + 7) // 8
    packed = sum(bit << place for place, bit in enumerate(bits)).to_bytes(octets, "little")
    assert _bits(bytes([octets]) + packed, len(bits)) == tuple(bits)


@given(st.lists(st.integers(-5, 70_000), max_size=130))
def test_registers_that_no_write_can_carry_are_refused_before_anything_is_sent(values: list[int]) -> None:
    nobody = ModbusClient(ModbusPlace(host="127.0.0.1", port=1, unit=1))
    is_good = 0 < len(values) <= 123 and all(0 <= value <= 0xFFFF for value in values)
    with pytest.raises(ModbusFault if is_good else ValueError):
        asyncio.run(nobody.write_registers(0, values))


def site_file(tmp_path: Path, **lane: object) -> Path:
    body = safe_load(DEMONSTRATION_SITE.read_text("utf-8"))
    body["lanes"][0] |= lane
    path = tmp_path / "site.yaml"
    path.write_text(safe_dump(body, allow_unicode=True), "utf-8")
    return path


BARRIER = {
    "host": "10.1.2.3",
    "open_coil": 0,
    "close_coil": 1,
    "loop_input": 0,
    "up_input": 1,
    "down_input": 2,
}


def test_the_site_file_wires_a_lane_and_the_others_stay_simulated(tmp_path: Path) -> None:
    site = load_site(site_file(tmp_path, barrier=BARRIER, board={"host": "10.1.2.4", "first_register": 16}))
    at_lanes, at_entries = equipment.gates_of(site), equipment.boards_of(site)
    assert [lane for lane, gate in at_lanes.items() if not gate.is_simulated] == ["A-IN"]
    assert [lane for lane, board in at_entries.items() if not board.is_simulated] == ["A-IN"]
    barrier = site.lanes[LaneId("A-IN")].barrier
    assert barrier is not None and barrier.place == ModbusPlace(host="10.1.2.3", port=502, unit=1)


def test_two_lanes_on_one_relay_module_share_its_connection(site: Site) -> None:
    place = ModbusPlace(host="10.1.2.3", port=502, unit=1)
    wired = BarrierWiring(place=place, open_coil=0, close_coil=1, loop_input=0, up_input=1, down_input=2)
    lanes = {lane_id: dataclasses.replace(lane, barrier=wired) for lane_id, lane in site.lanes.items()}
    gates = equipment.gates_of(dataclasses.replace(site, lanes=lanes))
    assert len({id(gate._client) for gate in gates.values() if isinstance(gate, ModbusGate)}) == 1


@pytest.mark.parametrize(
    ("part", "value", "where"),
    [
        ("barrier", BARRIER | {"up_input": 2}, "lanes.A-IN.barrier"),
        ("barrier", BARRIER | {"open_coil": 70_000}, "open_coil"),
        ("barrier", {"host": "x"}, "barrier.open_coil"),
    ],
)
def test_a_wiring_that_cannot_be_is_refused_with_its_place(
    tmp_path: Path, part: str, value: object, where: str
) -> None:
    with pytest.raises(BrokenSiteFile, match=where):
        load_site(site_file(tmp_path, **{part: value}))


async def test_a_car_comes_in_through_a_real_barrier_and_its_board_counts_it(
    module: RelayModule,
    client: ModbusClient,
    dsn: str,
    pool: Pool,
    site: Site,
    clock: FakeClock,
    tmp_path: Path,
) -> None:
    garage: Garage = await open_garage(dsn, pool, site, clock, tmp_path)
    now = clock.now()
    async with garage.rows() as conn:
        await arrive(conn, site, read_of("苏F12345", "U-IN", now), now=now)
        (order,) = await gates_store.read_waiting_orders(conn)
    passing = asyncio.create_task(carry_out(garage.ctx, gate_of(client), order))
    while not module.inputs[UP]:
        await asyncio.sleep(0.005)
    await module.drive_over()
    assert await passing == "passed"
    assert [stay.state for stay in await garage.stays()] == ["inside"] and module.inputs[DOWN]
    board = ModbusBoard(client, BoardWiring(place=client.place, first_register=0))
    assert await boards.show_all(garage.ctx, {LaneId("U-IN"): board}, {}) == 1
    assert await client.read_registers(0, 4) == (70, 78, 72, 60)


class StuckGate(SimulatedGate):
    """Its arm goes up and does not come down."""

    async def lower_arm(self) -> None:
        raise GateFault("the arm is not down after 8 s")


async def test_a_car_that_passed_a_gate_that_then_sticks_is_inside_and_the_gate_is_reported(
    dsn: str, pool: Pool, site: Site, clock: FakeClock, tmp_path: Path
) -> None:
    garage = await open_garage(dsn, pool, site, clock, tmp_path)
    now = clock.now()
    async with garage.rows() as conn:
        await arrive(conn, site, read_of("苏F12345", "U-IN", now), now=now)
        (order,) = await gates_store.read_waiting_orders(conn)
    gate: Gate = StuckGate(0.0)
    assert await carry_out(garage.ctx, gate, order) == "passed"
    assert [stay.state for stay in await garage.stays()] == ["inside"]
    async with garage.rows() as conn:
        rows = await (await conn.execute("select kind, subject, detail from report.alarm_open")).fetchall()
    assert [(kind, subject) for kind, subject, _ in rows] == [("gate.failed", "U-IN")]
    assert "not down" in rows[0][2]["trouble"]
