"""Rows of configuration keys as 1.6 chargers told them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationKey:
    """A configuration key as last read from the charger."""

    key: str
    value: str | None
    is_readonly: bool
    read_at: datetime


async def write_configuration(
    conn: Connection, charger_id: int, keys: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    """Keep configuration keys as the charger told them (1.6 members: key, value, readonly)."""
    await conn.execute(
        """
        insert into charging.configuration (charger_id, key, value, is_readonly, read_at)
        select distinct on (k ->> 'key') %(id)s, k ->> 'key', k ->> 'value',
               coalesce((k ->> 'readonly')::boolean, false), %(now)s
        from jsonb_array_elements(%(keys)s) k where k ->> 'key' is not null
        on conflict (charger_id, key) do update
        set value = excluded.value, is_readonly = excluded.is_readonly, read_at = excluded.read_at
        """,
        {"id": charger_id, "keys": Jsonb(list(keys)), "now": now},
    )


async def read_configuration(conn: Connection, charger_id: int) -> list[ConfigurationKey]:
    """Configuration keys as last read."""
    async with conn.cursor(row_factory=class_row(ConfigurationKey)) as cur:
        await cur.execute(
            """
            select key, value, is_readonly, read_at from charging.configuration
            where charger_id = %(id)s order by key
            """,
            {"id": charger_id},
        )
        return await cur.fetchall()
