"""The socket of a simulated charger: it connects again for ever, and what must be told is told until it is answered."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from ocpp.exceptions import OCPPError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

log = structlog.get_logger(__name__)

RECONNECT_S: Final = 2.0

Voice = Any
"""A voice is a `ChargePoint` of the ocpp library, which carries no types."""


class Line:
    """Life is `run`; `greet` boots a fresh voice and returns the heartbeat interval in seconds."""

    def __init__(
        self,
        *,
        address: str,
        identity: str,
        protocol: str,
        password: str | None,
        open_voice: Callable[[ClientConnection], Voice],
        greet: Callable[[Voice], Awaitable[float]],
        beat: Callable[[Voice], Awaitable[object]],
    ) -> None:
        self.is_connected = asyncio.Event()
        self._address = f"{address.rstrip('/')}/{identity}"
        self._identity = identity
        self._protocol = protocol
        self._password = password
        self._open_voice = open_voice
        self._greet = greet
        self._beat_once = beat
        self._voice: Voice | None = None
        self._ws: ClientConnection | None = None

    async def run(self) -> None:
        """Stay connected for ever."""
        headers = {}
        if self._password is not None:
            told = b64encode(f"{self._identity}:{self._password}".encode()).decode()
            headers["Authorization"] = f"Basic {told}"
        while True:
            try:
                async with connect(
                    self._address,
                    subprotocols=[self._protocol],  # type: ignore[list-item]
                    additional_headers=headers,
                    ping_interval=None,
                    compression=None,
                ) as ws:
                    self._ws = ws
                    await self._live(self._open_voice(ws))
            except (OSError, WebSocketException, InvalidHandshake, TimeoutError, OCPPError) as gone:
                log.info("simulator.away", charger=self._identity, reason=str(gone)[:120])
            self.is_connected.clear()
            await asyncio.sleep(RECONNECT_S)

    async def _live(self, voice: Voice) -> None:
        listening = asyncio.create_task(voice.start())
        try:
            heartbeat_s = await self._greet(voice)
            self._voice = voice
            self.is_connected.set()
            beating = asyncio.create_task(self._beat(voice, heartbeat_s))
            try:
                await listening
            finally:
                beating.cancel()
        finally:
            listening.cancel()

    async def _beat(self, voice: Voice, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            await self._beat_once(voice)

    async def hang_up(self) -> None:
        """Close the socket, as a charger that restarts does; `run` opens the next one."""
        self.is_connected.clear()
        if self._ws is not None:
            await self._ws.close()

    async def tell(self, say: Callable[[Voice], Awaitable[Any]]) -> Any:
        """Say until it is answered: what concerns a transaction survives lost connections, as in a real charger."""
        while True:
            await self.is_connected.wait()
            voice = self._voice
            assert voice is not None  # connected
            try:
                return await say(voice)
            except (OSError, WebSocketException, TimeoutError, OCPPError) as gone:
                log.info("simulator.again", charger=self._identity, reason=str(gone)[:120])
                await asyncio.sleep(1)
