"""Keeping the conversion possible: counting components, walking rounds, closing hazards, training crews."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from facility.errors import Conflict, Invalid, Missing
from facility.ids import PersonId, new_uuid
from facility.units import local
from wartime_conversion.phone.store import Member, read_members
from wartime_conversion.rules.plan import Component, Plan
from wartime_conversion.rules.readiness import (
    ComponentState,
    CrewState,
    HazardEvent,
    HazardState,
    OpenHazard,
    Readiness,
    RoundState,
    advance_hazard,
    readiness,
)
from wartime_conversion.upkeep.store import (
    ComponentRow,
    Conn,
    HazardRow,
    TrainingRow,
    lock_hazard,
    read_components,
    read_hazards,
    read_inspections,
    read_training,
    write_component,
    write_hazard,
)


class ComponentMissing(Missing):
    """The plan's ledger has no such component."""

    code = "conversion.component_missing"


class HazardMissing(Missing):
    """No hazard has this id."""

    code = "conversion.hazard_missing"


class SameHand(Conflict):
    """Whoever mended a hazard cannot re-check it."""

    code = "conversion.same_hand"


class HazardIncomplete(Invalid):
    """An assigned hazard needs an owner and a day."""

    code = "conversion.hazard_incomplete"


def component_state(line: Component, row: ComponentRow | None) -> ComponentState:
    """A ledger line with its last count; never counted means nothing is known to be there."""
    return ComponentState(
        id=line.id,
        zh=line.zh,
        quantity=line.quantity,
        present=row.present if row else 0,
        condition=row.condition if row else line.condition,
    )


async def judge(conn: Conn, plan: Plan, now: datetime) -> Readiness:
    """Work out readiness from what is on record today."""
    today = local(now).date()
    counted = await read_components(conn)
    passed: dict[str, date] = {}
    for walk in await read_inspections(conn):
        if walk.is_passed:
            passed.setdefault(walk.round_id, local(walk.done_at).date())
    members = await read_members(conn)
    trained = {row.person_id for row in await read_training(conn) if row.valid_until >= today}
    return readiness(
        [component_state(line, counted.get(line.id)) for line in plan.components],
        [
            RoundState(id=r.id, zh=r.zh, every_days=r.every_days, passed_on=passed.get(r.id))
            for r in plan.inspections
        ],
        [_crew(c.id, c.zh, c.capacity or 0, members, trained) for c in plan.crews],
        [
            OpenHazard(
                subject=h.subject,
                words=h.words,
                severity=h.severity,
                is_overdue=h.due_on is not None and h.due_on < today,
            )
            for h in await read_hazards(conn)
            if h.state != HazardState.STRUCK_OFF
        ],
        today,
    )


def _crew(crew_id: str, zh: str, wanted: int, members: list[Member], trained: set[PersonId]) -> CrewState:
    own = [m for m in members if m.crew == crew_id]
    return CrewState(
        id=crew_id,
        zh=zh,
        wanted=wanted,
        members=len(own),
        trained=sum(m.person_id in trained for m in own),
        has_leader=any(m.is_leader for m in own),
    )


async def count_component(
    conn: Conn,
    plan: Plan,
    component_id: str,
    present: int,
    condition: str,
    fitted: date | None,
    by: str,
    now: datetime,
) -> None:
    """Write what was found in the store.

    Raises:
        ComponentMissing: the plan's ledger has no such line.
    """
    line = next((c for c in plan.components if c.id == component_id), None)
    if line is None:
        raise ComponentMissing(f"the ledger has no component {component_id}", component=component_id)
    before = (await read_components(conn)).get(component_id)
    last_fitted = fitted or (before.last_fitted if before else line.last_fitted)
    row = ComponentRow(
        id=line.id, opening_id=line.opening_id, zh=line.zh, en=line.en, kind=line.kind, quantity=line.quantity,
        present=present, stored_at=line.stored_at, condition=condition, last_fitted=last_fitted, changed_at=now,
        changed_by=by,
    )  # fmt: skip
    await write_component(conn, row)


async def find_hazard(conn: Conn, subject: str, words: str, severity: str, by: str, now: datetime) -> UUID:
    """Open the loop of a hazard."""
    row = HazardRow(
        id=new_uuid(), subject=subject, words=words, severity=severity, state=HazardState.FOUND, found_at=now,
        found_by=by, owner=None, due_on=None, mended_by=None, rechecked_by=None, changed_at=now,
    )  # fmt: skip
    await write_hazard(conn, row)
    return row.id


async def move_hazard(
    conn: Conn,
    hazard_id: UUID,
    event: HazardEvent,
    owner: str | None,
    due_on: date | None,
    by: str,
    now: datetime,
) -> HazardRow:
    """Move a hazard on in its loop.

    Raises:
        HazardMissing: there is none.
        WrongHazardState: the step does not fit.
        HazardIncomplete: assigned without owner or day.
        SameHand: re-checked by whoever mended it.
    """
    row = await lock_hazard(conn, hazard_id)
    if row is None:
        raise HazardMissing(f"no hazard {hazard_id}")
    after = replace(row, state=advance_hazard(HazardState(row.state), event), changed_at=now)
    if event is HazardEvent.ASSIGN:
        if not owner or due_on is None:
            raise HazardIncomplete("an assigned hazard needs an owner and a day")
        after = replace(after, owner=owner, due_on=due_on)
    elif event is HazardEvent.MEND:
        after = replace(after, mended_by=by)
    elif event is HazardEvent.RECHECK:
        if by == row.mended_by:
            raise SameHand("another person re-checks", mended_by=by)
        after = replace(after, rechecked_by=by)
    elif event is HazardEvent.FAIL_RECHECK:
        after = replace(after, mended_by=None)
    await write_hazard(conn, after)
    return after


def training_row(
    person: PersonId, subject: str, trained_on: date, valid_until: date, by: str, now: datetime
) -> TrainingRow:
    """A training as a row.

    Raises:
        Invalid: it ends before it begins.
    """
    if valid_until <= trained_on:
        raise Invalid("training ends after it begins")
    return TrainingRow(
        id=new_uuid(), person_id=person, subject=subject, trained_on=trained_on, valid_until=valid_until,
        recorded_by=by, recorded_at=now,
    )  # fmt: skip
