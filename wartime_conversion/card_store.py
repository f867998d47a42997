"""Rows that tell screens what a run's tasks, tiers and crews are; written here, read only through views."""

from uuid import UUID

from psycopg.types.json import Jsonb

from wartime_conversion.rules.plan import Named, Task, Tier
from wartime_conversion.rules.release import Need
from wartime_conversion.store import Conn


async def write_task_card(
    conn: Conn, run_id: UUID, task: Task, needs: list[Need], openings: tuple[str, ...], duration_min: int
) -> None:
    """Write what a task is, or write it anew after an amendment."""
    await conn.execute(
        """
        insert into conversion.task_card (run_id, code, tier, zone, zh, en, lead_crew, crews, duration_min, needs,
                                          openings, is_hold_point, is_two_person, hold_role)
        values (%(run_id)s, %(code)s, %(tier)s, %(zone)s, %(zh)s, %(en)s, %(lead_crew)s, %(crews)s, %(duration_min)s,
                %(needs)s, %(openings)s, %(is_hold_point)s, %(is_two_person)s, %(hold_role)s)
        on conflict (run_id, code) do update
        set zh = excluded.zh, en = excluded.en, lead_crew = excluded.lead_crew, crews = excluded.crews,
            duration_min = excluded.duration_min, is_hold_point = excluded.is_hold_point,
            is_two_person = excluded.is_two_person
        """,
        {
            "run_id": run_id,
            "code": task.id,
            "tier": task.tier,
            "zone": task.zone,
            "zh": task.name_zh,
            "en": task.name_en,
            "lead_crew": task.lead_crew,
            "crews": Jsonb(dict(task.crew)),
            "duration_min": duration_min,
            "needs": Jsonb(
                [{"task": n.task, "kind": str(n.kind), "lag_s": round(n.lag.total_seconds())} for n in needs]
            ),
            "openings": list(openings),
            "is_hold_point": task.hold_point,
            "is_two_person": task.two_person,
            "hold_role": str(task.hold_role) if task.hold_role else None,
        },
    )


async def write_tier_card(conn: Conn, run_id: UUID, position: int, tier: Tier) -> None:
    """Write what a tier is and where its limit comes from."""
    await conn.execute(
        """
        insert into conversion.tier_card (run_id, id, position, zh, en, limit_s, limit_source, is_confirmed, clock_task)
        values (%(run_id)s, %(id)s, %(position)s, %(zh)s, %(en)s, %(limit_s)s, %(limit_source)s, %(is_confirmed)s,
                %(clock_task)s)
        on conflict (run_id, id) do nothing
        """,
        {
            "run_id": run_id,
            "id": tier.id,
            "position": position,
            "zh": tier.zh,
            "en": tier.en,
            "limit_s": None if tier.limit_days is None else tier.limit_days * 86_400,
            "limit_source": tier.limit_source,
            "is_confirmed": tier.limit_confirmed,
            "clock_task": tier.clock_task,
        },
    )


async def write_crew_card(conn: Conn, run_id: UUID, position: int, crew: Named) -> None:
    """Write a crew's names and how many persons it has."""
    await conn.execute(
        """
        insert into conversion.crew_card (run_id, id, position, zh, en, persons)
        values (%(run_id)s, %(id)s, %(position)s, %(zh)s, %(en)s, %(persons)s)
        on conflict (run_id, id) do nothing
        """,
        {
            "run_id": run_id,
            "id": crew.id,
            "position": position,
            "zh": crew.zh,
            "en": crew.en,
            "persons": crew.capacity,
        },
    )
