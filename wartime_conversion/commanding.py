"""A running run under lock, for an act that a person commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from facility.context import Context
from wartime_conversion import moves
from wartime_conversion.conversion import open_scene
from wartime_conversion.scene import Scene
from wartime_conversion.store import Conn


@asynccontextmanager
async def commanded(conn: Conn, ctx: Context, run_id: UUID) -> AsyncIterator[Scene]:
    """Lock a running run and read its scene; what is due by the clock is released first.

    Raises:
        RunMissing: no run has this id.
        RunNotRunning: it has ended.
    """
    scene = await open_scene(conn, ctx, run_id)
    await moves.release_free(conn, scene)
    yield scene
