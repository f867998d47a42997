"""A remaining-space board on Modbus/TCP: the number of each line in a holding register of its own."""

from facility.layout import BoardWiring
from facility.modbus import ModbusClient, ModbusFault
from gateway.parking.drivers.board import BoardFault, BoardLine

CLOSED = 0xFFFF
"""What stands in the register of a level that takes no cars; the board shows it as closed."""


class ModbusBoard:
    """See `Board`. A board shows numbers only: the names of its lines are printed on it, in the order of the levels."""

    is_simulated = False

    def __init__(self, client: ModbusClient, wiring: BoardWiring) -> None:
        self._client = client
        self._wiring = wiring

    async def show(self, lines: tuple[BoardLine, ...]) -> None:
        """Write what is left on each line; the board itself shows nought as full."""
        values = [CLOSED if line.free is None else min(line.free, CLOSED - 1) for line in lines]
        try:
            await self._client.write_registers(self._wiring.first_register, values)
        except ModbusFault as fault:
            raise BoardFault(str(fault)) from fault
