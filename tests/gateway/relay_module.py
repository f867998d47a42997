"""A Modbus/TCP relay module on a real socket: a barrier that moves, a loop that cars drive over, a board."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

OPEN_COIL, CLOSE_COIL = 0, 1
LOOP, UP, DOWN = 0, 1, 2


@dataclass(slots=True, kw_only=True)
class RelayModule:
    """What the device knows. Its barrier follows the coils unless it is `is_jammed`."""

    coils: dict[int, bool] = field(default_factory=dict)
    inputs: dict[int, bool] = field(default_factory=lambda: {LOOP: False, UP: False, DOWN: True})
    registers: dict[int, int] = field(default_factory=dict)
    port: int = 0
    is_jammed: bool = False
    is_deaf: bool = False
    exception: int | None = None
    drop_next: bool = False
    connections: int = 0
    presses: list[tuple[int, bool]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one master until it goes."""
        self.connections += 1
        try:
            while True:
                number, _protocol, length, unit = struct.unpack(">HHHB", await reader.readexactly(7))
                body = await reader.readexactly(length - 1)
                if self.drop_next:
                    self.drop_next = False
                    return
                if self.is_deaf:
                    continue
                answer = self.answer(body)
                writer.write(struct.pack(">HHHB", number, 0, len(answer) + 1, unit) + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def answer(self, body: bytes) -> bytes:
        """The device's answer to one request."""
        function, first, count = struct.unpack(">BHH", body[:5])
        if self.exception is not None:
            return bytes([function | 0x80, self.exception])
        if function in (1, 2):
            known = self.coils if function == 1 else self.inputs
            value = sum(known.get(first + place, False) << place for place in range(count))
            octets = (count + 7) // 8
            return bytes([function, octets]) + value.to_bytes(octets, "little")
        if function == 3:
            values = [self.registers.get(first + place, 0) for place in range(count)]
            return bytes([function, 2 * count]) + struct.pack(f">{count}H", *values)
        if function == 5:
            self.press(first, is_on=count == 0xFF00)
            return body
        values = list(struct.unpack(f">{count}H", body[6:]))
        self.registers |= {first + place: value for place, value in enumerate(values)}
        return body[:5]

    def press(self, coil: int, *, is_on: bool) -> None:
        """A coil switches; the barrier follows."""
        self.coils[coil] = is_on
        self.presses.append((coil, is_on))
        if is_on and not self.is_jammed:
            self.inputs |= {UP: coil == OPEN_COIL, DOWN: coil == CLOSE_COIL}

    def let_fall(self) -> None:
        """An arm without a closing button falls by itself."""
        self.inputs |= {UP: False, DOWN: True}

    async def drive_over(self, *, on_s: float = 0.03, gap_s: float = 0.03) -> None:
        """One car crosses the loop."""
        self.inputs[LOOP] = True
        await asyncio.sleep(on_s)
        self.inputs[LOOP] = False
        await asyncio.sleep(gap_s)


@asynccontextmanager
async def relay_module() -> AsyncIterator[RelayModule]:
    """One that listens on a free port of the loopback address."""
    module = RelayModule()
    server = await asyncio.start_server(module.serve, "127.0.0.1", 0)
    module.port = server.sockets[0].getsockname()[1]
    try:
        yield module
    finally:
        server.close()
