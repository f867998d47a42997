"""A run as screens and phones are told of it: one JSON object, built from rows and the pinned plan."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from wartime_conversion.phone.store import Member
from wartime_conversion.rules.clock import Pause, drill_elapsed, legal_elapsed
from wartime_conversion.rules.plan import Task, Tier
from wartime_conversion.rules.release import Wait, finish_waits, start_waits
from wartime_conversion.rules.run_plan import is_sample
from wartime_conversion.rules.sign_off import Act
from wartime_conversion.scene import Scene
from wartime_conversion.siren.store import Sounding
from wartime_conversion.siren.view import run_sirens
from wartime_conversion.store import Run, TaskRow


def run_line(run: Run) -> dict[str, Any]:
    """A run in a list."""
    line = asdict(run)
    return {key: _plain(value) for key, value in line.items()}


def clocks(scene: Scene, pauses: list[Pause], now: datetime) -> dict[str, Any]:
    """Both clocks and each tier's limit, as seconds at `now`, with what a screen needs to let them run on.

    A tier's clock starts when its first order is done and stops when its last task is.
    """
    run = scene.run
    standing = next((p for p in pauses if p.resumed_at is None), None)
    drill = None
    if not run.is_actual:
        drill = {
            "elapsed_s": drill_elapsed(run.zero_at, run.ended_at, pauses, now).total_seconds(),
            "is_running": run.state == "running" and (standing is None or now < run.zero_at),
            "zero_at": run.zero_at.isoformat(),
            "is_tied": run.anchor_at is not None,
            "pause": None if standing is None else _words(asdict(standing)),
        }
    return {
        "now": now.isoformat(),
        "legal": {
            "elapsed_s": legal_elapsed(run.started_at, run.ended_at, now).total_seconds(),
            "is_running": run.state == "running",
        },
        "drill": drill,
        "pauses": [_words(asdict(p)) for p in pauses],
        "tiers": [_tier_clock(scene, tier, now) for tier in scene.plan.tiers if tier.id in scene.run.tiers],
    }


def _tier_clock(scene: Scene, tier: Tier, now: datetime) -> dict[str, Any]:
    order = scene.tasks.get(tier.clock_task or "")
    began_at = order.finished_at if order else None
    rows = [row for code, row in scene.tasks.items() if scene.layout.tasks[code].tier == tier.id]
    finished = [row.finished_at for row in rows if row.finished_at is not None]
    ended_at = max(finished) if rows and len(finished) == len(rows) else None
    limit = None if tier.limit_days is None else timedelta(days=tier.limit_days)
    elapsed = None if began_at is None else legal_elapsed(began_at, ended_at or scene.run.ended_at, now)
    return {
        "id": tier.id,
        "zh": tier.zh,
        "en": tier.en,
        "limit_s": None if limit is None else limit.total_seconds(),
        "limit_source": tier.limit_source,
        "is_confirmed": tier.limit_confirmed,
        "began_at": _plain(began_at),
        "elapsed_s": None if elapsed is None else elapsed.total_seconds(),
        "is_running": began_at is not None and ended_at is None and scene.run.state == "running",
        "tasks": len(rows),
        "done": len(finished),
    }


def task_view(scene: Scene, code: str) -> dict[str, Any]:
    """A task as a phone shows it: what to do, what to enter, who signs, and where it stands."""
    task, row = scene.layout.tasks[code], scene.tasks[code]
    progress = scene.progress()
    waits = start_waits(scene.layout.needs[code], progress, scene.now) if row.state == "waiting" else []
    waits += finish_waits(scene.layout.needs[code], progress, scene.now) if row.finished_at is None else []
    return {
        **_fixed(scene, task),
        **_moving(scene, row),
        "waits": [_wait(wait) for wait in waits],
        "barred": list(scene.barred(code, Act.REPORT)) if row.finished_at is None else [],
    }


def _fixed(scene: Scene, task: Task) -> dict[str, Any]:
    return {
        "code": task.id,
        "tier": task.tier,
        "zone": task.zone,
        "zh": task.name_zh,
        "en": task.name_en,
        "quantity": task.quantity,
        "unit": task.unit,
        "likely_min": task.spread.likely_min,
        "drill": {"mode": str(task.drill.mode), "minutes": task.drill.minutes},
        "crews": dict(task.crew),
        "lead_crew": task.lead_crew,
        "equipment": dict(task.equipment),
        "materials": dict(task.materials),
        "acceptance_zh": task.acceptance_zh,
        "acceptance_en": task.acceptance_en,
        "wanted": [_words(asdict(value)) for value in task.acceptance],
        "hazards": list(task.hazards),
        "evidence": list(task.evidence),
        "is_hold_point": task.hold_point,
        "is_two_person": task.two_person,
        "sign_role": str(task.sign_role),
        "hold_role": str(task.hold_role) if task.hold_role else None,
        "is_sample": is_sample(task, is_actual=scene.run.is_actual),
        "is_photo_wanted": scene.run.is_actual and "photo" in task.evidence,
        "is_read_wanted": scene.is_read_wanted(task.id),
        "openings": list(scene.layout.openings_of[task.id]),
        "effects": [str(effect) for effect in task.effects],
        "needs": [
            {"task": n.task, "kind": str(n.kind), "lag_s": n.lag.total_seconds()}
            for n in scene.layout.needs[task.id]
        ],
        "sources": list(task.sources),
    }


def _moving(scene: Scene, row: TaskRow) -> dict[str, Any]:
    moments = (
        "released_at",
        "claimed_at",
        "started_at",
        "reported_at",
        "read_at",
        "finished_at",
        "changed_at",
    )
    people = ("claimed_by", "started_by", "reported_by", "read_by", "second_by", "accepted_by")
    named: dict[str, Any] = {}
    for key in people:
        who = getattr(row, key)
        member = scene.members.get(who) if who else None
        named[key] = str(who) if who else None
        named[f"{key}_name"] = member.name if member else None
    return {
        "state": str(row.state),
        "position": row.position,
        **{key: _plain(getattr(row, key)) for key in moments},
        **named,
        "is_overridden": row.is_overridden,
        "values": row.values,
    }


def signer(member: Member) -> dict[str, Any]:
    """What a phone may know of a person who signs: everything but the key."""
    return {
        "id": str(member.person_id),
        "name": member.name,
        "crew": member.crew,
        "is_leader": member.is_leader,
        "has_pin": member.pin_key is not None,
        "salt": member.pin_salt,
        "check": member.pin_check,
        "rounds": member.pin_rounds,
    }


def package(scene: Scene, pauses: list[Pause], soundings: Sequence[Sounding]) -> dict[str, Any]:
    """All that a phone needs to go on without a network."""
    plan = scene.plan
    return {
        "run": run_line(scene.run),
        "plan": {"title_zh": plan.title_zh, "title_en": plan.title_en, "version": plan.version},
        "clocks": clocks(scene, pauses, scene.now),
        "tasks": [task_view(scene, code) for code in scene.tasks],
        "zones": [{"id": z.id, "zh": z.zh, "en": z.en} for z in plan.zones],
        "crews": [{"id": c.id, "zh": c.zh, "en": c.en, "capacity": c.capacity} for c in plan.crews],
        "hazards": {h.id: {"zh": h.zh, "en": h.en} for h in plan.hazards},
        "materials": {m.id: {"zh": m.zh, "en": m.en, "unit": m.unit} for m in plan.materials},
        "equipment": {e.id: {"zh": e.zh, "en": e.en} for e in plan.equipment},
        "openings": [_words(asdict(opening)) for opening in plan.openings],
        "components": [
            {
                "id": c.id,
                "zh": c.zh,
                "en": c.en,
                "opening": c.opening_id,
                "stored_at": c.stored_at,
                "quantity": c.quantity,
            }
            for c in plan.components
        ],
        "roles": [_words(asdict(role)) for role in scene.roles],
        "signers": [signer(member) for member in scene.members.values()],
        "cars_inside": scene.cars_inside,
        "people_inside": scene.run.people_inside,
        "pallets": scene.pallets,
        "siren": run_sirens(scene, soundings),
    }


def _wait(wait: Wait) -> dict[str, Any]:
    return {"task": wait.need.task, "kind": str(wait.need.kind), "until": _plain(wait.until)}


def _words(values: dict[str, Any]) -> dict[str, Any]:
    return {key: _plain(value) for key, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value if isinstance(value, int | float | str | bool | dict | None) else str(value)
