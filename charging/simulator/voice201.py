"""A simulated OCPP 2.x charger's end of one socket: frames, ids and schemas are the ocpp library's own."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ocpp.exceptions import NotSupportedError
from ocpp.messages import Call, validate_payload
from ocpp.v21 import ChargePoint as ChargePoint21
from ocpp.v201 import ChargePoint as ChargePoint201

from facility.ids import new_uuid

if TYPE_CHECKING:
    from charging.simulator.charger201 import SimulatedCharger201

Payload = dict[str, Any]
Work = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, and what the charger does once it has been sent."""

    answer: Payload
    afterwards: Sequence[Work] = ()


Answer = Callable[["SimulatedCharger201", Payload], Reply]


def said(**answer: Any) -> Reply:
    """A reply that nothing follows."""
    return Reply(answer=answer)


def open_voice(charger: "SimulatedCharger201", ws: Any, version: str, answers: dict[str, Answer]) -> Any:
    """A voice of the version, on an open socket."""
    return (Voice21 if version == "2.1" else Voice201)(charger, ws, answers)


class _Speaking:
    """What both versions share: the library's base classes differ only in their schemas."""

    _ocpp_version: str
    _response_timeout: int
    _call_lock: asyncio.Lock
    _send: Any
    _get_specific_response: Any

    def _listen(self, charger: "SimulatedCharger201", answers: dict[str, Answer]) -> None:
        self._charger = charger
        self._answers = answers
        self._tasks: set[asyncio.Task[None]] = set()

    async def _handle_call(self, call: Any) -> None:
        answer = self._answers.get(call.action)
        if answer is None:
            raise NotSupportedError(details={"action": call.action})
        await validate_payload(call, self._ocpp_version)
        reply = answer(self._charger, call.payload)
        result = call.create_call_result(reply.answer)
        await validate_payload(result, self._ocpp_version)
        await self._send(result.to_json())
        for work in reply.afterwards:
            task = asyncio.create_task(work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def ask(self, action: str, payload: Payload) -> Payload:
        """Call the central system.

        Raises:
            OCPPError: it answered with an error, or with something its schema does not allow.
        """
        call = Call(unique_id=str(new_uuid()), action=action, payload=payload)
        await validate_payload(call, self._ocpp_version)
        async with self._call_lock:
            await self._send(call.to_json())
            response = await self._get_specific_response(call.unique_id, self._response_timeout)
        if response.message_type_id == 4:
            raise response.to_exception()
        response.action = action
        await validate_payload(response, self._ocpp_version)
        answered: Payload = response.payload
        return answered


class Voice201(_Speaking, ChargePoint201):  # type: ignore[misc]  # the library is untyped
    """OCPP 2.0.1."""

    def __init__(self, charger: "SimulatedCharger201", ws: Any, answers: dict[str, Answer]) -> None:
        super().__init__(charger.make.identity, ws, response_timeout=30)
        self._listen(charger, answers)


class Voice21(_Speaking, ChargePoint21):  # type: ignore[misc]  # the library is untyped
    """OCPP 2.1."""

    def __init__(self, charger: "SimulatedCharger201", ws: Any, answers: dict[str, Answer]) -> None:
        super().__init__(charger.make.identity, ws, response_timeout=30)
        self._listen(charger, answers)
