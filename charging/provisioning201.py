"""What a 2.x charger is asked when it boots: its whole device model, where it is new here or has new firmware (B07)."""

from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from charging import charger_store, order_store, orders
from charging.charger_store import Charger
from facility.clock import Clock

Connection = AsyncConnection[Any]

INVENTORY: Final = {"reportBase": "FullInventory"}
_UNANSWERED: Final = ("timed_out", "expired", "cancelled")


async def ask_inventory(
    conn: Connection, charger: Charger, version: str, firmware: str | None, clock: Clock
) -> None:
    """Order GetBaseReport unless this firmware's inventory was asked for; called before the boot is written."""
    now = clock.now()
    last = await order_store.last_order(conn, charger.id, "GetBaseReport", INVENTORY)
    if last is not None and last.state not in _UNANSWERED:
        known = (await charger_store.read_details(conn, charger.identity))[0].firmware
        if known == firmware:
            return
    await orders.request_order(
        conn,
        charger_id=charger.id,
        version=version,
        action="GetBaseReport",
        payload={"requestId": request_number(now), **INVENTORY},
        by="first boot" if last is None else "new firmware",
        clock=clock,
    )


def request_number(now: datetime) -> int:
    """A number for a request of ours, by the second: no charger answers two in one."""
    return int(now.timestamp()) % 2**31
