"""Turn plan file entries into plan values.

What leaving something out of a file means is decided here, once: `default_sign_role`, `default_hold_role`,
`default_acceptance`, `hours_of` and `clock_task_of`. The writer (`plan_data`) leaves out exactly that.
"""

import re
from collections.abc import Mapping

from wartime_conversion.plan_model import (
    PlanEntry,
    ProfileEntry,
    SignalEntry,
    TaskEntry,
    TierEntry,
    TimetableEntry,
    ValueEntry,
)
from wartime_conversion.rules.drill_profile import (
    Drill,
    DrillMode,
    DrillProfile,
    Inject,
    Milestone,
    Segment,
    Signal,
    SirenTimetable,
)
from wartime_conversion.rules.plan import (
    AcceptanceValue,
    Calendar,
    Component,
    Inspection,
    Link,
    Named,
    Opening,
    Plan,
    RunRole,
    SafetyOrder,
    Spread,
    Task,
    Tier,
    ValueKind,
)


def default_sign_role(crew: Mapping[str, int]) -> RunRole:
    """Who signs where the file does not say: the commander for CMD, an inspector for QA, else the leader."""
    lead = max(crew, key=lambda name: crew[name]) if crew else "CMD"
    return {"CMD": RunRole.COMMANDER, "QA": RunRole.INSPECTOR}.get(lead, RunRole.LEADER)


def default_hold_role(hold_point: bool) -> RunRole | None:
    """Who releases a hold point where the file does not say: the commander."""
    return RunRole.COMMANDER if hold_point else None


def default_acceptance(zh: str, en: str) -> tuple[AcceptanceValue, ...]:
    """What to enter where the file lists no values: yes to the acceptance text; nothing where there is no text."""
    if not zh.strip() and not en.strip():
        return ()
    return (AcceptanceValue(id="accepted", zh=zh, en=en, kind=ValueKind.CONFIRM),)


def hours_of(text: str) -> int | None:
    """Hours a day from a calendar's wording (`one 8 h shift per day`); `None` where it names none."""
    found = re.search(r"\b(\d{1,2})\s*h\b", text)
    return int(found[1]) if found and 1 <= int(found[1]) <= 24 else None


def _calendar(entry: TierEntry) -> Calendar:
    hours = entry.hours_per_day or hours_of(entry.calendar)
    if hours is None:
        raise ValueError(f"tiers[{entry.id}].calendar: names no hours a day; give hours_per_day")
    hour, minute = entry.starts_at.split(":")
    return Calendar(hours_per_day=hours, starts_at_min=int(hour) * 60 + int(minute))


def clock_task_of(text: str) -> str | None:
    """The task that starts a tier's clock, from its wording (`starts when U01 is done`)."""
    found = re.search(r"starts when (\S+) is done", text)
    return found[1] if found else None


def _modes(entry: ProfileEntry) -> tuple[DrillMode, ...]:
    """Drill modes named by a profile that goes by mode (`all tasks with drill.mode do or sample; ...`)."""
    if not isinstance(entry.tasks, str):
        return ()
    found = re.match(r"all tasks with drill\.mode ([a-z]+(?: or [a-z]+)*)(?:;|$)", entry.tasks)
    if not found:
        raise ValueError(
            f"drill_profiles[{entry.id}].tasks: neither a list nor 'all tasks with drill.mode A or B'"
        )
    return tuple(DrillMode(mode) for mode in found[1].split(" or "))


def _value(entry: ValueEntry) -> AcceptanceValue:
    return AcceptanceValue(
        id=entry.id,
        zh=entry.zh,
        en=entry.en,
        kind=entry.kind,
        unit=entry.unit,
        least=entry.least,
        most=entry.most,
        source=entry.source,
    )


def _task(entry: TaskEntry) -> Task:
    given = entry.acceptance
    return Task(
        id=entry.id,
        tier=entry.tier,
        zone=entry.zone,
        name_zh=entry.name_zh,
        name_en=entry.name_en,
        quantity=entry.qty,
        unit=entry.unit,
        spread=Spread(
            optimistic_min=entry.duration_min.optimistic,
            likely_min=entry.duration_min.likely,
            pessimistic_min=entry.duration_min.pessimistic,
        ),
        links=tuple(
            Link(task_id=link.id, kind=link.type, lag_min=link.lag_min) for link in entry.predecessors
        ),
        crew=entry.crew,
        equipment=entry.equipment,
        materials=entry.materials,
        acceptance_zh=entry.acceptance_zh,
        acceptance_en=entry.acceptance_en,
        acceptance=default_acceptance(entry.acceptance_zh, entry.acceptance_en)
        if given is None
        else tuple(_value(value) for value in given),
        hazards=entry.hazards,
        evidence=entry.evidence,
        hold_point=entry.hold_point,
        two_person=entry.two_person,
        sign_role=entry.sign_role or default_sign_role(entry.crew),
        hold_role=entry.hold_role or default_hold_role(entry.hold_point),
        effects=entry.effects,
        drill=Drill(mode=entry.drill.mode, minutes=entry.drill.minutes),
        sources=entry.sources,
    )


def _tier(entry: TierEntry) -> Tier:
    return Tier(
        id=entry.id,
        zh=entry.zh,
        en=entry.en,
        limit_days=entry.limit_days,
        limit_source=entry.limit_source,
        limit_confirmed=entry.limit_confirmed,
        calendar=_calendar(entry),
        calendar_text=entry.calendar,
        clock_text=entry.clock,
        clock_task=entry.clock_task or clock_task_of(entry.clock),
    )


def _profile(entry: ProfileEntry) -> DrillProfile:
    return DrillProfile(
        id=entry.id,
        zh=entry.zh,
        en=entry.en,
        minutes=entry.minutes,
        task_ids=() if isinstance(entry.tasks, str) else entry.tasks,
        modes=_modes(entry),
        minutes_per_task=entry.minutes_per_task,
        anchor=entry.anchor,
        start_before_anchor_min=entry.start_before_anchor_min,
        expected_makespan_min=entry.expected_makespan_min,
        milestones=tuple(
            Milestone(at_s=row.at_s, expect=row.expect, expect_zh=row.expect_zh) for row in entry.milestones
        ),
        scale=entry.scale,
        repeat=entry.repeat,
        tasks_text=entry.tasks if isinstance(entry.tasks, str) else "",
    )


def _signals(entry: PlanEntry) -> tuple[tuple[Signal, ...], tuple[SirenTimetable, ...], str]:
    signals, timetables, source = [], [], ""
    for name, row in entry.siren_signals.items():
        if isinstance(row, SignalEntry):
            signals.append(Signal(id=name, **row.model_dump()))
        elif isinstance(row, TimetableEntry):
            timetables.append(_timetable(name, row))
        elif name == "source":
            source = row
        else:
            raise ValueError(f"siren_signals.{name}: neither a signal nor a timetable")
    known = {signal.id for signal in signals} | {"silence"}
    for table in timetables:
        for segment in table.segments:
            if segment.signal not in known:
                raise ValueError(f"siren_signals.{table.id}.segments: no signal {segment.signal!r}")
    return tuple(signals), tuple(timetables), source


def _timetable(name: str, row: TimetableEntry) -> SirenTimetable:
    return SirenTimetable(
        id=name,
        date_rule=row.date,
        start_local=row.start_local,
        end_local=row.end_local,
        timezone=row.timezone,
        segments=tuple(Segment(**segment.model_dump()) for segment in row.segments),
    )


def plan_of_entry(entry: PlanEntry) -> Plan:
    """Turn a read file into a plan; raises `ValueError` naming the place where a text cannot be understood."""
    signals, timetables, siren_source = _signals(entry)
    return Plan(
        title_zh=entry.meta.title_zh,
        title_en=entry.meta.title_en,
        version=entry.meta.version,
        meta=entry.meta.model_dump(exclude={"title_zh", "title_en", "version"}, exclude_defaults=True),
        sources=entry.sources,
        facility_assumptions=entry.facility_assumptions,
        tiers=tuple(_tier(row) for row in entry.tiers),
        zones=tuple(Named(id=name, zh=row.zh, en=row.en) for name, row in entry.zones.items()),
        crews=tuple(
            Named(id=name, zh=row.zh, en=row.en, capacity=row.capacity_persons)
            for name, row in entry.crews.items()
        ),
        equipment=tuple(
            Named(id=name, zh=row.zh, en=row.en, capacity=row.capacity)
            for name, row in entry.equipment.items()
        ),
        materials=tuple(
            Named(id=name, zh=row.zh, en=row.en, unit=row.unit) for name, row in entry.materials.items()
        ),
        hazards=tuple(Named(id=name, zh=row.zh, en=row.en) for name, row in entry.hazards.items()),
        openings=tuple(Opening(**row.model_dump()) for row in entry.openings),
        components=tuple(
            Component(opening_id=row.opening, **row.model_dump(exclude={"opening"}))
            for row in entry.components
        ),
        inspections=tuple(Inspection(**row.model_dump()) for row in entry.inspections),
        safety_orders=tuple(SafetyOrder(**row.model_dump()) for row in entry.safety_orders),
        tasks=tuple(_task(row) for row in entry.tasks),
        restore_tasks=tuple(_task(row) for row in entry.restore_tasks),
        signals=signals,
        timetables=timetables,
        siren_source=siren_source,
        drill_profiles=tuple(_profile(row) for row in entry.drill_profiles),
        injects=tuple(Inject(**row.model_dump()) for row in entry.injects),
        checks=entry.checks,
    )
