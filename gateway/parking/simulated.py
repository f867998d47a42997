"""Which cars the demonstration made up: their stays and decisions say so on every screen."""

from typing import Any

from psycopg import AsyncConnection

from gateway.parking import demo_store

Conn = AsyncConnection[Any]


async def is_simulated_plate(conn: Conn, plate: str) -> bool:
    """Whether a plate belongs to a simulated car."""
    return await demo_store.has_simulated_car(conn, plate)
