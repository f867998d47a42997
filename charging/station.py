"""What the central system needs of a station, whatever its OCPP version, and the table of versions.

A new version is one module with a class of this shape and one line in `charging.versions`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from charging.batch import Batch
from charging.charger_store import Charger
from charging.order_store import Order
from charging.passwords import Passwords
from charging.rpc import Call, Payload
from charging.samples import OpenTransaction
from facility.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class StationContext:
    """What a station is handed when its socket opens; `open_transactions` is its own from then on."""

    ctx: Context
    batch: Batch
    passwords: Passwords
    charger: Charger
    outlets: dict[int, str]
    open_transactions: Sequence[OpenTransaction]


class Station(Protocol):
    """One charger on one socket."""

    async def answer(self, call: Call, received_at: datetime) -> Payload:
        """The payload that answers a call, once everything it tells is committed.

        Raises:
            CallRefused: the call gets a CALLERROR.
        """
        ...

    async def take_answer(self, order: Order, response: Payload) -> None:
        """Apply what a charger's answer to an order changes (availability, profiles, reservations...).

        Raises:
            CallRefused: the answer is none that the standard allows; nothing of it was applied.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One OCPP version: its name in error tables and schemas, and how its stations are made."""

    name: str
    open_station: Callable[[StationContext], Station]
