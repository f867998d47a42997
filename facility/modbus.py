"""Modbus/TCP as a master speaks it: the five functions that barriers and boards need.

Frames after "MODBUS Messaging on TCP/IP Implementation Guide V1.0b": a header of transaction, protocol 0, length and
unit, then the function and its data, all big-endian; an answer with the function's high bit set is an exception.
"""

import asyncio
import struct
from collections.abc import Sequence

from facility.errors import Unavailable
from facility.layout import ModbusPlace

READ_COILS, READ_INPUTS, READ_REGISTERS, WRITE_COIL, WRITE_REGISTERS = 1, 2, 3, 5, 16
_HEADER = struct.Struct(">HHHB")
_EXCEPTION = 0x80
_COIL_ON, _COIL_OFF = 0xFF00, 0x0000
_LONGEST = 254  # of a frame behind its length field, by the specification
_MOST_REGISTERS = 123  # of one write, by the specification


class ModbusFault(Unavailable):
    """A Modbus device does not answer, or answers with an exception."""

    code = "modbus.fault"


class ModbusClient:
    """One device; a lost connection is made anew at the next question.

    Questions are asked one after another, so several drivers may share it (a relay module serves several lanes).

    Args:
        timeout_s: how long one question may take, the connection included.
    """

    def __init__(self, place: ModbusPlace, *, timeout_s: float = 2.0) -> None:
        self.place = place
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._number = 0

    async def read_inputs(self, first: int, count: int) -> tuple[bool, ...]:
        """Discrete inputs from an address on.

        Raises:
            ModbusFault: the device does not answer as it should.
        """
        answer = await self._ask(READ_INPUTS, struct.pack(">HH", first, count))
        return _bits(answer, count)

    async def read_coils(self, first: int, count: int) -> tuple[bool, ...]:
        """Coils from an address on; see `read_inputs`."""
        return _bits(await self._ask(READ_COILS, struct.pack(">HH", first, count)), count)

    async def read_registers(self, first: int, count: int) -> tuple[int, ...]:
        """Holding registers from an address on; see `read_inputs`."""
        answer = await self._ask(READ_REGISTERS, struct.pack(">HH", first, count))
        if len(answer) != 1 + 2 * count or answer[0] != 2 * count:
            raise ModbusFault(f"{self.place.host}: {len(answer)} octets for {count} registers")
        return struct.unpack(f">{count}H", answer[1:])

    async def write_coil(self, address: int, *, is_on: bool) -> None:
        """Switch one coil; see `read_inputs`."""
        asked = struct.pack(">HH", address, _COIL_ON if is_on else _COIL_OFF)
        if await self._ask(WRITE_COIL, asked) != asked:
            raise ModbusFault(f"{self.place.host}: coil {address} was not confirmed")

    async def write_registers(self, first: int, values: Sequence[int]) -> None:
        """Write holding registers from an address on; see `read_inputs`.

        Raises:
            ValueError: more registers than one write may carry, or a value that is no 16-bit number.
        """
        if not 0 < len(values) <= _MOST_REGISTERS or not all(0 <= value <= 0xFFFF for value in values):
            raise ValueError(f"{len(values)} registers of {_MOST_REGISTERS}, each from 0 to 65535")
        place = struct.pack(">HH", first, len(values))
        data = struct.pack(f">B{len(values)}H", 2 * len(values), *values)
        if await self._ask(WRITE_REGISTERS, place + data) != place:
            raise ModbusFault(f"{self.place.host}: registers {first} were not confirmed")

    async def close(self) -> None:
        """Let the connection go."""
        async with self._turn:
            self._drop()

    async def _ask(self, function: int, data: bytes) -> bytes:
        """Ask once, and once more on a new connection where the old one had gone."""
        async with self._turn:
            was_open = self._streams is not None
            try:
                return await self._ask_once(function, data)
            except (OSError, EOFError) as fault:
                if not was_open or isinstance(fault, TimeoutError):
                    raise self._fault(fault) from fault
            try:
                return await self._ask_once(function, data)
            except (OSError, EOFError) as fault:
                raise self._fault(fault) from fault

    def _fault(self, fault: Exception) -> ModbusFault:
        return ModbusFault(f"{self.place.host}:{self.place.port}: {str(fault) or 'no answer'}")

    async def _ask_once(self, function: int, data: bytes) -> bytes:
        """A question that ends without its answer, also by being called off, leaves no connection: the answer that
        is still to come would be taken for that of the next question."""
        is_answered = False
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._exchange(bytes([function]) + data)
            is_answered = True
        finally:
            if not is_answered:
                self._drop()
        if answer[0] == function | _EXCEPTION:
            raise ModbusFault(
                f"{self.place.host}: exception {answer[1:2].hex() or '?'} to function {function}"
            )
        if answer[0] != function:
            self._drop()
            raise ModbusFault(f"{self.place.host}: function {answer[0]} answers {function}")
        return answer[1:]

    async def _exchange(self, asked: bytes) -> bytes:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self.place.host, self.place.port)
        reader, writer = self._streams
        self._number = (self._number + 1) & 0xFFFF
        writer.write(_HEADER.pack(self._number, 0, 1 + len(asked), self.place.unit) + asked)
        await writer.drain()
        number, protocol, length, unit = _HEADER.unpack(await reader.readexactly(_HEADER.size))
        if not 2 <= length <= _LONGEST or (number, protocol, unit) != (self._number, 0, self.place.unit):
            raise ModbusFault(f"{self.place.host}: an answer to another question")
        return await reader.readexactly(length - 1)

    def _drop(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def _bits(answer: bytes, count: int) -> tuple[bool, ...]:
    """The lowest bit of the first octet is the first address."""
    if len(answer) < 1 + (count + 7) // 8:
        raise ModbusFault(f"{len(answer)} octets for {count} bits")
    return tuple(bool(answer[1 + place // 8] >> place % 8 & 1) for place in range(count))
