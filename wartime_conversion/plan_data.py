"""Turn a plan into the data of a plan file: the inverse of `plan_entries`."""

from typing import Any

from wartime_conversion.plan_entries import (
    clock_task_of,
    default_acceptance,
    default_hold_role,
    default_sign_role,
    hours_of,
)
from wartime_conversion.rules.drill_profile import DrillProfile, Inject, Milestone
from wartime_conversion.rules.plan import AcceptanceValue, Component, Named, Opening, Plan, Task, Tier

Data = dict[str, Any]


def _given(**values: Any) -> Data:
    """The values that say something: empty texts, empty lists, `None` and `False` are left out."""
    return {name: value for name, value in values.items() if value not in ("", [], None, False)}


def _value(value: AcceptanceValue) -> Data:
    bounds = _given(unit=value.unit) | {
        name: bound for name, bound in (("least", value.least), ("most", value.most)) if bound is not None
    }
    return {
        "id": value.id,
        "zh": value.zh,
        "en": value.en,
        "kind": value.kind.value,
        **bounds,
        **_given(source=value.source),
    }


def _roles(task: Task) -> Data:
    roles: Data = {}
    if task.sign_role is not default_sign_role(task.crew):
        roles["sign_role"] = task.sign_role.value
    if task.hold_role is not default_hold_role(task.hold_point) and task.hold_role is not None:
        roles["hold_role"] = task.hold_role.value
    return roles


def _task(task: Task) -> Data:
    data: Data = {
        "id": task.id,
        "tier": task.tier,
        "zone": task.zone,
        "name_zh": task.name_zh,
        "name_en": task.name_en,
        "qty": task.quantity,
        "unit": task.unit,
        "duration_min": {
            "optimistic": task.spread.optimistic_min,
            "likely": task.spread.likely_min,
            "pessimistic": task.spread.pessimistic_min,
        },
        "predecessors": [
            {"id": link.task_id, "type": link.kind.value, "lag_min": link.lag_min} for link in task.links
        ],
        "crew": dict(task.crew),
        "equipment": dict(task.equipment),
        "materials": dict(task.materials),
        **_given(acceptance_zh=task.acceptance_zh, acceptance_en=task.acceptance_en),
    }
    if task.acceptance != default_acceptance(task.acceptance_zh, task.acceptance_en):
        data["acceptance"] = [_value(value) for value in task.acceptance]
    return data | {
        **_given(hazards=list(task.hazards), evidence=list(task.evidence)),
        "hold_point": task.hold_point,
        "two_person": task.two_person,
        **_roles(task),
        **_given(effects=[effect.value for effect in task.effects]),
        "drill": {"mode": task.drill.mode.value, "minutes": task.drill.minutes},
        **_given(sources=list(task.sources)),
    }


def _tier(tier: Tier) -> Data:
    data: Data = {"id": tier.id, "zh": tier.zh, "en": tier.en, "limit_days": tier.limit_days}
    data |= _given(limit_source=tier.limit_source, limit_confirmed=tier.limit_confirmed)
    data["calendar"] = tier.calendar_text
    if tier.calendar.hours_per_day != hours_of(tier.calendar_text):
        data["hours_per_day"] = tier.calendar.hours_per_day
    if tier.calendar.starts_at_min != 8 * 60:
        data["starts_at"] = f"{tier.calendar.starts_at_min // 60:02d}:{tier.calendar.starts_at_min % 60:02d}"
    data |= _given(clock=tier.clock_text)
    if tier.clock_task != clock_task_of(tier.clock_text) and tier.clock_task is not None:
        data["clock_task"] = tier.clock_task
    return data


def _opening(row: Opening) -> Data:
    head = {"id": row.id, "zh": row.zh, "en": row.en, "size_m": row.size_m}
    states = {"peacetime": row.peacetime, "wartime": row.wartime}
    states |= _given(peacetime_zh=row.peacetime_zh, wartime_zh=row.wartime_zh)
    lists = _given(closed_by=list(row.closed_by), reopened_by=list(row.reopened_by))
    return head | states | lists | _given(measure=row.measure, zone=row.zone)


def _component(row: Component) -> Data:
    data: Data = {"id": row.id, "opening": row.opening_id, "zh": row.zh, "en": row.en, "kind": row.kind}
    data |= {"quantity": row.quantity, **_given(stored_at=row.stored_at), "condition": row.condition}
    return data | _given(last_fitted=row.last_fitted) | {"source": row.source}


def _expected(row: Milestone | Inject) -> Data:
    return {"expect": row.expect, **_given(expect_zh=row.expect_zh)}


def _profile(row: DrillProfile) -> Data:
    data: Data = {"id": row.id, "zh": row.zh, "en": row.en, "minutes": row.minutes}
    data["tasks"] = row.tasks_text or list(row.task_ids)
    milestones = [{"at_s": point.at_s} | _expected(point) for point in row.milestones]
    numbers = {
        "minutes_per_task": row.minutes_per_task,
        "start_before_anchor_min": row.start_before_anchor_min,
        "expected_makespan_min": row.expected_makespan_min,
    }
    data |= {name: number for name, number in numbers.items() if number is not None}
    return data | _given(anchor=row.anchor, milestones=milestones, scale=row.scale, repeat=row.repeat)


def _inject(row: Inject) -> Data:
    data: Data = {"id": row.id, "zh": row.zh, "en": row.en, "at_task": row.at_task}
    return data | ({"at_min": row.at_min} if row.at_min is not None else {}) | _expected(row)


def _names(rows: tuple[Named, ...], capacity_key: str = "") -> Data:
    data: Data = {}
    for row in rows:
        data[row.id] = {"zh": row.zh, "en": row.en}
        if capacity_key == "unit":
            data[row.id]["unit"] = row.unit
        elif capacity_key:
            data[row.id][capacity_key] = row.capacity
    return data


def _sirens(plan: Plan) -> Data:
    data: Data = _given(source=plan.siren_source)
    for row in plan.signals:
        names = ("zh", "on_s", "off_s", "repeats", "total_s")
        data[row.id] = {name: getattr(row, name) for name in names}
    for table in plan.timetables:
        segments = [
            {"signal": part.signal, "start_s": part.start_s, "end_s": part.end_s} for part in table.segments
        ]
        data[table.id] = {
            "date": table.date_rule,
            "start_local": table.start_local,
            "timezone": table.timezone,
            "segments": segments,
            "end_local": table.end_local,
        }
    return data


def plan_to_data(plan: Plan) -> Data:
    """The data of a plan file that reads back as `plan`; keys in the order a person expects them."""
    meta = {"title_zh": plan.title_zh, "title_en": plan.title_en, "version": plan.version, **plan.meta}
    inspections = [
        {name: getattr(row, name) for name in ("id", "zh", "en", "subject", "every_days", "source")}
        for row in plan.inspections
    ]
    orders = [
        {name: getattr(row, name) for name in ("id", "first", "then", "zh", "en")}
        for row in plan.safety_orders
    ]
    data: Data = {"meta": meta, "sources": dict(plan.sources)}
    data |= {"facility_assumptions": plan.facility_assumptions} if plan.facility_assumptions else {}
    data |= {
        "tiers": [_tier(row) for row in plan.tiers],
        "zones": _names(plan.zones),
        "crews": _names(plan.crews, "capacity_persons"),
        "equipment": _names(plan.equipment, "capacity"),
        "materials": _names(plan.materials, "unit"),
        "hazards": _names(plan.hazards),
        "openings": [_opening(row) for row in plan.openings],
        **_given(
            components=[_component(row) for row in plan.components],
            inspections=inspections,
            safety_orders=orders,
        ),
        "tasks": [_task(row) for row in plan.tasks],
    }
    data |= _given(
        restore_tasks=[_task(row) for row in plan.restore_tasks],
        drill_profiles=[_profile(row) for row in plan.drill_profiles],
        injects=[_inject(row) for row in plan.injects],
    )
    sirens = _sirens(plan)
    data |= {"siren_signals": sirens} if sirens else {}
    return data | ({"checks": plan.checks} if plan.checks else {})
