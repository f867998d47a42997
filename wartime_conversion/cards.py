"""What screens are told of a run's plan: they read rows, never the plan file."""

from wartime_conversion.card_store import write_crew_card, write_task_card, write_tier_card
from wartime_conversion.rules.plan import Task
from wartime_conversion.scene import Scene
from wartime_conversion.store import Conn


async def write_cards(conn: Conn, scene: Scene) -> None:
    """Write the tasks, tiers and crews of a run; at an amendment what it changed is written anew."""
    run_id, layout = scene.run.id, scene.layout
    for code, task in layout.tasks.items():
        await write_task_card(
            conn, run_id, task, list(layout.needs[code]), layout.openings_of[code], duration_min(scene, task)
        )
    used = {task.tier for task in layout.tasks.values()}
    for position, tier in enumerate(tier for tier in scene.plan.tiers if tier.id in used):
        await write_tier_card(conn, run_id, position, tier)
    for position, crew in enumerate(scene.plan.crews):
        await write_crew_card(conn, run_id, position, crew)


def duration_min(scene: Scene, task: Task) -> int:
    """Whole minutes a task is expected to take in this run: the likely ones, or the drill's."""
    return task.spread.likely_min if scene.run.is_actual else task.drill.minutes
