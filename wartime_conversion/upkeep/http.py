"""Routes of readiness: the figure with its reasons, the ledger, rounds, hazards, crews and training."""

from dataclasses import asdict
from datetime import date
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field

from facility.edge import Ctx, Uow, audit
from facility.ids import PersonId, new_uuid
from wartime_conversion.access import Planner, Reader, Signing
from wartime_conversion.bodies import Body, Words
from wartime_conversion.phone.store import read_members
from wartime_conversion.plan_library.publish import ensure_reference
from wartime_conversion.rules.plan import Plan
from wartime_conversion.rules.readiness import HazardEvent
from wartime_conversion.scene import pinned_plan
from wartime_conversion.upkeep import upkeep
from wartime_conversion.upkeep.store import (
    InspectionRow,
    insert_inspection,
    insert_training,
    read_components,
    read_hazards,
    read_inspections,
    read_training,
)

router = APIRouter(prefix="/api/v1/conversion/readiness", tags=["conversion: readiness"])


class CountBody(Body):
    """What was found in the store."""

    present: int = Field(ge=0, le=100_000)
    condition: Literal["unknown", "good", "worn", "damaged", "missing"]
    last_fitted: date | None = None


class RoundBody(Body):
    """A round that was walked."""

    is_passed: bool
    note: str = Field(default="", max_length=2000)


class HazardBody(Body):
    """Something found wrong."""

    subject: Words
    words: Words
    severity: Literal["minor", "major", "critical"]


class HazardStepBody(Body):
    """The next step in a hazard's loop."""

    event: HazardEvent
    owner: str | None = None
    due_on: date | None = None


class TrainingBody(Body):
    """A training of a person on the roster."""

    person: PersonId
    subject: Words
    trained_on: date
    valid_until: date


async def _plan(conn: Uow, ctx: Ctx) -> Plan:
    return pinned_plan((await ensure_reference(conn, ctx.clock.now())).source)


@router.get("")
async def read_readiness(conn: Uow, ctx: Ctx, _reader: Reader) -> dict[str, Any]:
    """The figure, its parts, and every reason, blocking ones first."""
    plan = await _plan(conn, ctx)
    counted = await read_components(conn)
    return {
        **asdict(await upkeep.judge(conn, plan, ctx.clock.now())),
        "components": [
            asdict(upkeep.component_state(line, counted.get(line.id)))
            | {"opening": line.opening_id, "stored_at": line.stored_at, "en": line.en}
            for line in plan.components
        ],
        "rounds": [asdict(r) for r in plan.inspections],
        "walked": [asdict(w) for w in (await read_inspections(conn))[:50]],
        "hazards": [asdict(h) for h in await read_hazards(conn)],
        "training": [asdict(row) for row in await read_training(conn)],
        "crews": [{"id": c.id, "zh": c.zh, "en": c.en, "capacity": c.capacity} for c in plan.crews],
        "members": [
            {"id": str(m.person_id), "name": m.name, "crew": m.crew, "is_leader": m.is_leader}
            for m in await read_members(conn)
        ],
    }


@router.put("/components/{component_id}", status_code=204)
async def count(
    component_id: str, request: Request, body: CountBody, conn: Uow, ctx: Ctx, person: Signing
) -> None:
    """Write what was counted in the component store."""
    await upkeep.count_component(
        conn, await _plan(conn, ctx), component_id, body.present, body.condition, body.last_fitted, person.name,
        ctx.clock.now(),
    )  # fmt: skip
    await audit(request, conn, person, "component.counted", component_id, present=body.present)


@router.post("/rounds/{round_id}", status_code=201)
async def walk(round_id: str, body: RoundBody, conn: Uow, ctx: Ctx, person: Signing) -> dict[str, str]:
    """Keep a round that was walked."""
    plan = await _plan(conn, ctx)
    if round_id not in {r.id for r in plan.inspections}:
        raise upkeep.ComponentMissing(f"the plan has no round {round_id}", round=round_id)
    row = InspectionRow(
        id=new_uuid(), round_id=round_id, done_at=ctx.clock.now(), done_by=person.name, is_passed=body.is_passed,
        note=body.note,
    )  # fmt: skip
    await insert_inspection(conn, row)
    return {"id": str(row.id)}


@router.post("/hazards", status_code=201)
async def find(body: HazardBody, conn: Uow, ctx: Ctx, person: Signing) -> dict[str, str]:
    """Open a hazard's loop."""
    found = await upkeep.find_hazard(
        conn, body.subject, body.words, body.severity, person.name, ctx.clock.now()
    )
    return {"id": str(found)}


@router.post("/hazards/{hazard_id}/steps")
async def step(hazard_id: UUID, body: HazardStepBody, conn: Uow, ctx: Ctx, person: Signing) -> dict[str, str]:
    """Take the next step: assign, mend, re-check (by another person), strike off."""
    row = await upkeep.move_hazard(
        conn, hazard_id, body.event, body.owner, body.due_on, person.name, ctx.clock.now()
    )
    return {"state": row.state}


@router.post("/training", status_code=201)
async def train(body: TrainingBody, conn: Uow, ctx: Ctx, person: Planner) -> dict[str, str]:
    """Keep a training."""
    row = upkeep.training_row(
        body.person, body.subject, body.trained_on, body.valid_until, person.name, ctx.clock.now()
    )
    await insert_training(conn, row)
    return {"id": str(row.id)}
