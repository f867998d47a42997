"""What a stay still owes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from gateway.parking.store import Stay

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What a stay costs, what was paid and what is owed; `due_fen` is `None` where it cannot be priced."""

    fee_fen: int | None
    paid_fen: int
    due_fen: int | None


async def read_due(conn: Conn, stay: Stay, *, now: datetime) -> Due:
    """What a stay owes at `now`; until price lists are kept no stay can be priced, so every exit asks."""
    return Due(fee_fen=None, paid_fen=0, due_fen=None)
