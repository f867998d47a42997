"""Which gates and boards stand at the lanes: those that the site file wires, and simulated ones where it wires none."""

from facility.ids import LaneId
from facility.layout import ModbusPlace
from facility.modbus import ModbusClient
from facility.site import Site
from gateway.parking.drivers.board import Board, SimulatedBoard
from gateway.parking.drivers.board_modbus import ModbusBoard
from gateway.parking.drivers.gate import Gate, SimulatedGate
from gateway.parking.drivers.gate_modbus import ModbusGate


def gates_of(site: Site) -> dict[LaneId, Gate]:
    """A gate at every lane; lanes on one relay module share its connection, which many modules have only one of."""
    clients: dict[ModbusPlace, ModbusClient] = {}
    found: dict[LaneId, Gate] = {}
    for lane in site.lanes.values():
        if lane.barrier is None:
            found[lane.id] = SimulatedGate()
            continue
        place = lane.barrier.place
        client = clients.setdefault(place, ModbusClient(place))
        found[lane.id] = ModbusGate(client, lane.barrier)
    return found


def boards_of(site: Site) -> dict[LaneId, Board]:
    """A board at every entry."""
    found: dict[LaneId, Board] = {}
    for lane in site.lanes.values():
        if lane.direction != "in":
            continue
        if lane.board is None:
            found[lane.id] = SimulatedBoard()
        else:
            found[lane.id] = ModbusBoard(ModbusClient(lane.board.place), lane.board)
    return found
