"""Routes of plans: versions, drafts as a file or field by field, differences."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from facility.edge import Ctx, Uow, audit
from wartime_conversion.access import Commander, Planner, Reader
from wartime_conversion.bodies import EntryEditBody, PlanBody
from wartime_conversion.plan_file import read_plan
from wartime_conversion.plan_library.edit import add_entry, edit_entry, remove_entry
from wartime_conversion.plan_library.publish import ensure_reference, publish, save_draft
from wartime_conversion.plan_library.store import (
    PlanVersion,
    read_draft,
    read_newest,
    read_version,
    read_versions,
)
from wartime_conversion.rules.drill_profile import DrillMode
from wartime_conversion.rules.plan import Effect, Plan, RunRole, ValueKind
from wartime_conversion.rules.plan_check import plan_faults
from wartime_conversion.rules.plan_difference import differences, value_words
from wartime_conversion.scene import pinned_plan

_CHOICES = {
    "kinds": [str(kind) for kind in ValueKind],
    "effects": [str(effect) for effect in Effect],
    "roles": [str(role) for role in RunRole],
    "drill_modes": [str(mode) for mode in DrillMode],
}
"""What a form may offer for a task's fields, by the plan file's own words."""

router = APIRouter(prefix="/api/v1/conversion/plans", tags=["conversion: plans"])


def _line(version: PlanVersion) -> dict[str, Any]:
    told = {key: value for key, value in asdict(version).items() if key != "source"}
    return told | {"id": str(version.id), "published_at": version.published_at.isoformat()}


@router.get("")
async def list_versions(conn: Uow, ctx: Ctx, _reader: Reader) -> list[dict[str, Any]]:
    """Every published version; the bundled reference plan is published where there is none."""
    await ensure_reference(conn, ctx.clock.now())
    return [_line(version) for version in await read_versions(conn)]


@router.get("/versions/{version_id}.yaml")
async def read_file(version_id: UUID, conn: Uow, _reader: Reader) -> Response:
    """A version's file, byte for byte as published."""
    version = await read_version(conn, version_id)
    return Response(version.source.encode(), media_type="application/yaml")


@router.get("/versions/{version_id}")
async def read_plan_version(version_id: UUID, conn: Uow, _reader: Reader) -> dict[str, Any]:
    """A version as values, with what the lint finds in it."""
    version = await read_version(conn, version_id)
    return _line(version) | _values(pinned_plan(version.source))


def _values(plan: Plan) -> dict[str, Any]:
    faults = [{"fault": f.code, "place": f.place, "detail": f.detail} for f in plan_faults(plan)]
    return {"plan": asdict(plan), "faults": faults, "choices": _CHOICES}


@router.get("/differences")
async def read_differences(before: UUID, after: UUID, conn: Uow, _reader: Reader) -> list[dict[str, Any]]:
    """What changed between two versions."""
    old, new = await read_version(conn, before), await read_version(conn, after)
    found = differences(pinned_plan(old.source), pinned_plan(new.source))
    return [
        {
            "register": d.register,
            "id": d.id,
            "field": d.field,
            "before": value_words(d.before),
            "after": value_words(d.after),
        }
        for d in found
    ]


@router.post("/{plan_id}/versions", status_code=201)
async def publish_version(
    plan_id: str, request: Request, body: PlanBody, conn: Uow, ctx: Ctx, person: Commander
) -> dict[str, Any]:
    """Publish a plan file as the next version; it never changes afterwards."""
    version = await publish(conn, plan_id, body.source, body.note, person.name, ctx.clock.now())
    await audit(request, conn, person, "plan.published", f"{plan_id} {version.number}", sha256=version.sha256)
    return _line(version)


@router.get("/{plan_id}/draft")
async def show_draft(plan_id: str, conn: Uow, _reader: Reader) -> dict[str, Any]:
    """The draft of a plan; where there is none, the newest version as revision 0."""
    draft = await read_draft(conn, plan_id)
    if draft is not None:
        return asdict(draft) | {"changed_at": draft.changed_at.isoformat()}
    newest = await read_newest(conn, plan_id)
    return {
        "plan_id": plan_id,
        "source": newest.source if newest else "",
        "base_number": newest.number if newest else 0,
        "revision": 0,
    }


@router.get("/{plan_id}/draft/values")
async def show_draft_values(plan_id: str, conn: Uow, reader: Reader) -> dict[str, Any]:
    """The draft as values, with what the lint finds in it and the revision it stands at."""
    draft = await show_draft(plan_id, conn, reader)
    facts = {key: draft[key] for key in ("plan_id", "base_number", "revision")}
    return facts | _values(read_plan(str(draft["source"]), plan_id))


@router.put("/{plan_id}/draft")
async def keep_draft(plan_id: str, body: PlanBody, conn: Uow, ctx: Ctx, person: Planner) -> dict[str, int]:
    """Save a draft as a file, over the revision it was made from."""
    draft = await save_draft(conn, plan_id, body.source, body.revision, person, ctx.clock.now())
    return {"revision": draft.revision}


@router.patch("/{plan_id}/draft/{register}/{entry_id}")
async def edit_draft_entry(
    plan_id: str, register: str, entry_id: str, body: EntryEditBody, conn: Uow, ctx: Ctx, person: Planner
) -> dict[str, int]:
    """Change fields of one entry of the draft, a task or a line of a register; comments and all else stay."""
    return await _change(
        conn, ctx, plan_id, body, person, lambda text: edit_entry(text, register, entry_id, body.fields)
    )


@router.post("/{plan_id}/draft/{register}/{entry_id}", status_code=201)
async def add_draft_entry(
    plan_id: str, register: str, entry_id: str, body: EntryEditBody, conn: Uow, ctx: Ctx, person: Planner
) -> dict[str, int]:
    """Add an entry to a register of the draft."""
    return await _change(
        conn, ctx, plan_id, body, person, lambda text: add_entry(text, register, entry_id, body.fields)
    )


@router.delete("/{plan_id}/draft/{register}/{entry_id}")
async def remove_draft_entry(
    plan_id: str, register: str, entry_id: str, revision: int, conn: Uow, ctx: Ctx, person: Planner
) -> dict[str, int]:
    """Take an entry out of the draft, but no task that others name; else the lint names what still refers to it."""
    body = EntryEditBody(fields={}, revision=revision)
    return await _change(
        conn, ctx, plan_id, body, person, lambda text: remove_entry(text, register, entry_id)
    )


async def _change(
    conn: Uow, ctx: Ctx, plan_id: str, body: EntryEditBody, person: Planner, change: Callable[[str], str]
) -> dict[str, int]:
    current = await show_draft(plan_id, conn, person)
    source = change(str(current["source"]))
    draft = await save_draft(conn, plan_id, source, body.revision, person, ctx.clock.now())
    return {"revision": draft.revision}
