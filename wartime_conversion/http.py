"""Routes of runs: order, watch and command."""

import asyncio
import json
from dataclasses import asdict
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response

from facility.edge import Ctx, Uow, audit
from facility.errors import Invalid, Missing
from wartime_conversion import conversion, effects, exits, record, restoration
from wartime_conversion.access import Commander, Reader, Signing
from wartime_conversion.bodies import AmendBody, BaysBody, ReasonBody, RoleBody, RunBody
from wartime_conversion.commanding import commanded
from wartime_conversion.depot.store import read_slots
from wartime_conversion.parking_store import read_cars_inside
from wartime_conversion.phone.roster import join
from wartime_conversion.plan_library.publish import ensure_reference
from wartime_conversion.plan_library.store import read_version
from wartime_conversion.run_view import package, run_line
from wartime_conversion.scene import load_scene, pinned_plan
from wartime_conversion.siren.store import read_soundings
from wartime_conversion.store import read_events, read_pauses, read_run, read_runs

router = APIRouter(prefix="/api/v1/conversion", tags=["conversion"])
Kind = Literal["tasks", "openings", "components", "slots"]


class NothingToLabel(Missing):
    """There is nothing of this kind; storage slots come with the first conversion."""

    code = "conversion.nothing_to_label"


class UnknownBays(Invalid):
    """The protective unit has no such bays."""

    code = "conversion.unknown_bays"


@router.get("/runs")
async def read_run_list(conn: Uow, _reader: Reader) -> list[dict[str, Any]]:
    """The runs, running ones first."""
    return [run_line(run) for run in await read_runs(conn)]


@router.post("/runs", status_code=201)
async def start_run(
    request: Request, body: RunBody, conn: Uow, ctx: Ctx, person: Commander
) -> dict[str, Any]:
    """Order an actual run or a drill; everything it moves at once moves in this unit of work."""
    now = ctx.clock.now()
    version = body.plan_version or (await ensure_reference(conn, now)).id
    default = (
        ["restore"] if body.purpose == "restoration" else ["early", "imminent", "emergency", "activation"]
    )
    order = conversion.RunOrder(
        kind=body.kind,
        purpose=body.purpose,
        plan_version=version,
        tiers=tuple(body.tiers or default),
        profile=body.profile,
        reason=body.reason,
        anchor_at=body.anchor_at,
    )
    await join(conn, person, now)
    run = await conversion.activate(conn, ctx, order, person)
    await audit(request, conn, person, "run.started", run.code, kind=run.kind, purpose=run.purpose)
    return run_line(run)


@router.get("/runs/{run_id}")
async def read_package(run_id: UUID, conn: Uow, ctx: Ctx, reader: Reader) -> dict[str, Any]:
    """A run whole: what a phone keeps to go on without a network."""
    scene = await load_scene(conn, ctx.site, await read_run(conn, run_id), ctx.clock.now())
    told = package(scene, await read_pauses(conn, run_id), await read_soundings(conn, run_id))
    told["exits_locked"] = await exits.locked_exits(conn, scene)
    return {**told, "me": {"id": str(reader.id), "name": reader.name, "roles": sorted(reader.roles)}}


@router.get("/runs/{run_id}/events")
async def read_record(run_id: UUID, conn: Uow, _reader: Reader, after: int = 0) -> list[dict[str, Any]]:
    """The run's chained record from an entry on."""
    return [
        {**asdict(event), "run_id": str(event.run_id), "at": event.at.isoformat()}
        for event in await read_events(conn, run_id, after=after)
    ]


@router.get("/runs/{run_id}/log")
async def export_record(run_id: UUID, conn: Uow, _reader: Reader) -> Response:
    """The run's record as a file that `pingzhan conversion verify-log` judges; its head goes along in a header."""
    run = await read_run(conn, run_id)
    told = record.exported(run, await read_events(conn, run_id))
    headers = {"Content-Disposition": f'attachment; filename="{run.code}.jsonl"', "X-Record-Head": run.head}
    return Response(told, media_type="application/jsonl", headers=headers)


@router.get("/runs/{run_id}/paper.pdf")
async def paper_forms(run_id: UUID, request: Request, conn: Uow, ctx: Ctx, _reader: Reader) -> Response:
    """The paper edition: forms by zone and a poster for each opening, with QR codes."""
    from wartime_conversion.paper import forms  # ReportLab is slow to import, and paper is rare

    scene = await load_scene(conn, ctx.site, await read_run(conn, run_id), ctx.clock.now())
    version = await read_version(conn, scene.run.plan_version)
    address = str(request.base_url).rstrip("/")
    told = await asyncio.to_thread(forms, scene, version.sha256, address)
    headers = {"Content-Disposition": f'inline; filename="{scene.run.code}-paper.pdf"'}
    return Response(told, media_type="application/pdf", headers=headers)


@router.get("/labels.pdf")
async def label_sheet(request: Request, kind: Kind, conn: Uow, ctx: Ctx, _reader: Reader) -> Response:
    """Stick-on labels with QR codes: of the newest plan's tasks, openings or components, or of the open slots."""
    from wartime_conversion import labels  # ReportLab is slow to import, and paper is rare

    plan = pinned_plan((await ensure_reference(conn, ctx.clock.now())).source)
    found = labels.slot_labels(await read_slots(conn)) if kind == "slots" else labels.plan_labels(plan, kind)
    if not found:
        raise NothingToLabel(f"there are no {kind} to label yet")
    address = str(request.base_url).rstrip("/")
    told = await asyncio.to_thread(labels.label_sheet, found, address, f"标签 {kind}")
    headers = {"Content-Disposition": f'inline; filename="labels-{kind}.pdf"'}
    return Response(told, media_type="application/pdf", headers=headers)


@router.get("/runs/{run_id}/cars")
async def read_cars(run_id: UUID, conn: Uow, ctx: Ctx, _reader: Reader) -> list[dict[str, Any]]:
    """The cars still inside the protective unit, electric ones first, with what was done about each."""
    await read_run(conn, run_id)
    zones = [zone for _, zone in effects.zones(ctx.site)]
    marks: dict[str, list[str]] = {}
    for event in await read_events(conn, run_id):
        if event.kind == "car.marked":
            said = json.loads(event.body)["detail"]
            marks.setdefault(said["stay"], []).append(said["mark"])
    return [
        {
            **asdict(car),
            "id": str(car.id),
            "entered_at": car.entered_at.isoformat(),
            "marks": marks.get(str(car.id), []),
        }
        for car in await read_cars_inside(conn, zones)
    ]


@router.post("/runs/{run_id}/cars/{stay_id}/{mark}", status_code=204)
async def mark_car(
    run_id: UUID,
    stay_id: UUID,
    mark: Literal["notified", "to_tow", "towed"],
    conn: Uow,
    ctx: Ctx,
    person: Signing,
) -> None:
    """Say that a car's owner was told, that it is to be towed, or that it was."""
    async with commanded(conn, ctx, run_id) as scene:
        scene.run = await record.append(
            conn, scene.run, "car.marked", by=person.name, now=scene.now, stay=str(stay_id), mark=mark
        )


@router.post("/runs/{run_id}/roles", status_code=201)
async def give_role(
    run_id: UUID, request: Request, body: RoleBody, conn: Uow, ctx: Ctx, person: Commander
) -> None:
    """Give a role of the run to a person of the roster, for its own or as a stand-in."""
    async with commanded(conn, ctx, run_id) as scene:
        await conversion.give_role(conn, scene, body.role, body.crew, body.person, body.is_stand_in, person)
    await audit(request, conn, person, "role.given", scene.run.code, role=body.role, to=str(body.person))


@router.delete("/runs/{run_id}/roles/{role_id}", status_code=204)
async def end_role(run_id: UUID, role_id: UUID, conn: Uow, ctx: Ctx, person: Commander) -> None:
    """End a person's role."""
    async with commanded(conn, ctx, run_id) as scene:
        await conversion.take_away_role(conn, scene, role_id, person)


@router.post("/runs/{run_id}/pause", status_code=204)
async def pause(run_id: UUID, body: ReasonBody, conn: Uow, ctx: Ctx, person: Commander) -> None:
    """Stop drill time, with a reason; legal time runs on."""
    async with commanded(conn, ctx, run_id) as scene:
        await conversion.pause(conn, scene, body.reason, person)


@router.post("/runs/{run_id}/resume", status_code=204)
async def resume(run_id: UUID, conn: Uow, ctx: Ctx, person: Commander) -> None:
    """Let drill time run again."""
    async with commanded(conn, ctx, run_id) as scene:
        await conversion.resume(conn, scene, person)


@router.post("/runs/{run_id}/tasks/{code}/override", status_code=204)
async def override(
    run_id: UUID, code: str, request: Request, body: ReasonBody, conn: Uow, ctx: Ctx, person: Commander
) -> None:
    """Pass a hold point or free a waiting task by command; safety orders stay."""
    async with commanded(conn, ctx, run_id) as scene:
        await conversion.override(conn, scene, code, body.reason, person)
    await audit(request, conn, person, "task.overridden", f"{scene.run.code} {code}", reason=body.reason)


@router.post("/runs/{run_id}/tasks/{code}/amend", status_code=201)
async def amend(
    run_id: UUID, code: str, request: Request, body: AmendBody, conn: Uow, ctx: Ctx, person: Commander
) -> dict[str, int]:
    """Change a task of the running plan by an appended amendment."""
    async with commanded(conn, ctx, run_id) as scene:
        number = await conversion.amend(conn, scene, code, body.change, body.reason, person)
    await audit(request, conn, person, "plan.amended", f"{scene.run.code} {code}", reason=body.reason)
    return {"number": number}


@router.post("/runs/{run_id}/bays/clear")
async def report_clear(run_id: UUID, body: BaysBody, conn: Uow, ctx: Ctx, person: Signing) -> dict[str, int]:
    """Report bays that were found empty; the rest of the unit stays as it is."""
    unknown = sorted(set(body.bays) - set(effects.unit_bays(ctx.site)))
    if unknown:
        raise UnknownBays(f"not in the protective unit: {', '.join(unknown[:10])}", bays=unknown)
    async with commanded(conn, ctx, run_id) as scene:
        changed = await effects.set_bays(conn, scene.run, body.bays, "clear", by=person.name, now=scene.now)
        scene.run = await record.append(
            conn, scene.run, "bays.clear", by=person.name, now=scene.now, bays=sorted(body.bays)
        )
    return {"bays": changed}


@router.post("/runs/{run_id}/exits/lock")
async def lock_exits(
    run_id: UUID, request: Request, body: ReasonBody, conn: Uow, ctx: Ctx, person: Commander
) -> dict[str, int]:
    """Lock the ways out; refused while people were not counted, anybody or a car is inside, or a fire signal stands."""
    async with commanded(conn, ctx, run_id) as scene:
        lanes = await exits.lock_exits(conn, scene, body.reason, person)
    await audit(request, conn, person, "exits.locked", scene.run.code, reason=body.reason)
    return {"lanes": lanes}


@router.post("/runs/{run_id}/exits/free")
async def free_exits(
    run_id: UUID, request: Request, body: ReasonBody, conn: Uow, ctx: Ctx, person: Signing
) -> dict[str, int]:
    """Let the ways out serve again; whoever is in the run may say so."""
    async with commanded(conn, ctx, run_id) as scene:
        lanes = await exits.free_exits(conn, scene, body.reason, person.name)
    await audit(request, conn, person, "exits.freed", scene.run.code, reason=body.reason)
    return {"lanes": lanes}


@router.post("/runs/{run_id}/end")
async def end(
    run_id: UUID, request: Request, body: ReasonBody, conn: Uow, ctx: Ctx, person: Commander
) -> dict[str, Any]:
    """End a run; an actual one only when every task is done."""
    scene = await conversion.open_scene(conn, ctx, run_id)
    if scene.run.purpose == "restoration":
        run = await restoration.finish(conn, ctx, scene, body.reason, person)
    else:
        run = await conversion.end(conn, scene, body.reason, person)
    await audit(request, conn, person, "run.ended", run.code, reason=body.reason)
    return run_line(run)


@router.post("/runs/{run_id}/recall")
async def recall(
    run_id: UUID, request: Request, body: ReasonBody, conn: Uow, ctx: Ctx, person: Commander
) -> dict[str, Any]:
    """Recall an actual conversion; the building goes into restoration."""
    scene = await conversion.open_scene(conn, ctx, run_id)
    run = await conversion.recall(conn, scene, body.reason, person)
    await audit(request, conn, person, "run.recalled", run.code, reason=body.reason)
    return run_line(run)
