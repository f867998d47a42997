"""The way back, by its own plan: it ends with conversion's lockouts lifted, and only those."""

from facility.board import Source
from facility.board_store import read_lockouts
from facility.context import Context
from facility.errors import Conflict
from facility.identity import Person
from facility.mode import ModeEvent
from facility.store import read_bay_uses, write_mode
from wartime_conversion import conversion, effects, record
from wartime_conversion.depot.journeys import leave_depot
from wartime_conversion.rules.plan import Effect
from wartime_conversion.scene import Scene
from wartime_conversion.store import Conn, Run


class StorageNotEmpty(Conflict):
    """Bays still serve as storage."""

    code = "conversion.storage_not_empty"


async def finish(conn: Conn, ctx: Context, scene: Scene, reason: str, person: Person) -> Run:
    """End a restoration: lift conversion's lockouts, give the bays back, peacetime.

    A recalled conversion may be restored from a mode that is already `restoring`.

    Raises:
        TasksOpen: tasks of an actual restoration are open.
        StorageNotEmpty: a bay is still a storage slot.
        SlotNotEmpty: goods are still in the depot.
    """
    run = scene.run
    if not run.is_actual:
        return await conversion.end(conn, scene, reason, person)
    open_tasks = [code for code, row in scene.tasks.items() if row.finished_at is None]
    if open_tasks:
        raise conversion.TasksOpen(f"{len(open_tasks)} tasks are open", tasks=open_tasks[:20])
    await leave_depot(conn, ctx, person)
    uses = await read_bay_uses(conn)
    stored = [bay for bay in effects.unit_bays(ctx.site) if bay in uses and uses[bay].use == "storage"]
    if stored:
        raise StorageNotEmpty(f"{len(stored)} bays are still storage", bays=stored[:20])
    lifted = await effects.lift_all(conn, run, by=person.name, now=scene.now)
    back = await effects.apply(conn, ctx.site, run, Effect.BAYS_TO_PARKING, by=person.name, now=scene.now)
    standing = [lock for lock in await read_lockouts(conn) if lock.source != Source.CONVERSION]
    scene.run = await record.append(
        conn,
        run,
        "board.restored",
        by=person.name,
        now=scene.now,
        lifted=lifted,
        bays=back["changed"],
        left_standing=[f"{lock.kind}/{lock.equipment_id}: {lock.source}" for lock in standing],
    )
    why = f"{run.code}: {reason}"
    await write_mode(conn, ModeEvent.RESTORATION_ENDED, by=person.name, reason=why, now=scene.now)
    return await conversion.close(conn, scene, "ended", reason, person)
