"""A run on the screens: what the plan says is told by rows, and the drawing follows them."""

import httpx
import psycopg

from facility.context import Context
from facility.db import Pool, unit_of_work
from facility.layout import Site
from tests.dashboard import garage, war
from tests.dashboard.conftest import NOW
from wartime_conversion.conversion import amend
from wartime_conversion.scene import load_scene
from wartime_conversion.store import read_run


async def test_the_cards_of_a_run_tell_every_task_tier_and_crew_of_its_plan(context: Context) -> None:
    run = await war.order(context.dsn, context.site, NOW)
    with psycopg.connect(context.dsn) as conn:
        tasks, cards, holds = conn.execute(
            """
            select (select count(*) from report.conversion_task where run_id = %(run)s), count(*),
                   count(*) filter (where is_hold_point)
            from report.conversion_task_card where run_id = %(run)s
            """,
            {"run": run.id},
        ).fetchone() or (0, 0, 0)
        tiers = conn.execute(
            "select id, limit_s, is_confirmed from report.conversion_tier where run_id = %s order by position",
            (run.id,),
        ).fetchall()
    assert tasks == cards > 30 and holds > 0
    assert tiers == [("emergency", 3 * 86_400, False), ("activation", 3 * 86_400, False)]


async def test_the_drawing_of_a_run_follows_its_tasks(client: httpx.AsyncClient, context: Context) -> None:
    run = await war.order(context.dsn, context.site, NOW)
    with psycopg.connect(context.dsn) as conn:
        war.move_on(conn, run, NOW)
    await client.post("/api/v1/session", json={"login": "li", "password": garage.PASSWORD})
    whole = (await client.get(f"/ops/drawings/runs/{run.id}.svg")).text
    short = (await client.get(f"/ops/drawings/runs/{run.id}.svg?show=critical")).text
    assert whole.count('class="bar"') > short.count('class="bar"') > 3
    assert 'class="task done' in whole and 'class="task holding' in whole
    missing = await client.get("/ops/drawings/runs/00000000-0000-4000-8000-000000000000.svg")
    assert (missing.status_code, missing.json()["code"]) == (404, "run.missing")


async def test_an_amended_duration_reaches_the_screens(dsn: str, pool: Pool, site: Site) -> None:
    run = await war.order(dsn, site, NOW, kind="actual")
    async with unit_of_work(pool) as conn:
        scene = await load_scene(conn, site, await read_run(conn, run.id), NOW)
        code = next(iter(scene.layout.tasks))
        await amend(conn, scene, code, {"likely_min": 777}, "longer than thought", war.COMMANDER)
        cur = await conn.execute(
            "select duration_min from report.conversion_task_card where run_id = %(run)s and code = %(code)s",
            {"run": run.id, "code": code},
        )
        assert await cur.fetchone() == (777,)
