"""Routes for phones: the queue, photos, and the roster of people who sign."""

import hashlib
from dataclasses import asdict
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError

from facility.context import Context
from facility.db import unit_of_work
from facility.edge import Ctx, Uow, audit
from facility.errors import Invalid, Missing
from facility.identity import Person
from facility.ids import PersonId
from wartime_conversion.access import Planner, Reader, Signing
from wartime_conversion.bodies import BatchBody, EntryBody, PinBody, PlaceBody, WordsBody
from wartime_conversion.phone import entries
from wartime_conversion.phone.roster import join, place
from wartime_conversion.phone.store import Conn, Photo, insert_photo, read_entries, read_members, read_photo
from wartime_conversion.plan_library.publish import ensure_reference
from wartime_conversion.run_view import signer
from wartime_conversion.scene import load_scene, pinned_plan
from wartime_conversion.store import lock_run

router = APIRouter(prefix="/api/v1/conversion", tags=["conversion: phones"])

PHOTO_OCTETS = 1_500_000
PHOTO_TYPES = {b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp", b"\x89PNG": "image/png"}
_FATE_KEYS = ("id", "task", "act", "signer_name", "device_id", "device_at", "received_at", "acted_at")


class PhotoMissing(Missing):
    """No photo has this hash."""

    code = "conversion.photo_missing"


class PhotoRefused(Invalid):
    """The picture is too large, no picture, or not the one its hash names."""

    code = "conversion.photo_refused"


class CrewUnknown(Invalid):
    """The plan has no crew of this id."""

    code = "conversion.crew_unknown"


class WordsUnreadable(Invalid):
    """An entry's words are not what a phone of ours writes."""

    code = "conversion.words_unreadable"


@router.get("/runs/{run_id}/entries")
async def read_fates(
    run_id: UUID, conn: Uow, _reader: Reader, device: UUID | None = None
) -> list[dict[str, Any]]:
    """What became of the entries, of one device or of all."""
    return [
        {key: str(getattr(row, key)) for key in _FATE_KEYS}
        | {"sequence": row.sequence, "outcome": row.outcome, "reason": row.reason, "facts": row.facts}
        for row in await read_entries(conn, run_id)
        if device is None or row.device_id == device
    ]


@router.post("/runs/{run_id}/entries")
async def take_entries(run_id: UUID, body: BatchBody, ctx: Ctx, person: Signing) -> list[dict[str, Any]]:
    """Take a phone's queue in one unit of work; each entry has its own fate: 201, 200, 409 or 425."""
    async with unit_of_work(ctx.pool) as conn:
        return [_said(fate) for fate in await _take(conn, ctx, run_id, body, person)]


@router.put("/entries/{entry_id}")
async def take_entry(entry_id: UUID, body: EntryBody, ctx: Ctx, person: Signing) -> JSONResponse:
    """Take one entry: 201 kept now, 200 the same again, 409 other words, 425 something before it is missing."""
    words = _read_words(body)
    if words.id != entry_id:
        raise WordsUnreadable("the words carry another id than the address", id=str(words.id))
    batch = BatchBody(device_now=ctx.clock.now(), entries=[body])
    async with unit_of_work(ctx.pool) as conn:
        fate = (await _take(conn, ctx, words.run, batch, person))[0]
    return JSONResponse(_said(fate), status_code=fate.status)


@router.put("/photos/{sha256}", status_code=201)
async def keep_photo(sha256: str, request: Request, conn: Uow, ctx: Ctx, _person: Signing) -> dict[str, Any]:
    """Keep a picture under its own hash; the same again changes nothing."""
    content = await request.body()
    if len(content) > PHOTO_OCTETS:
        raise PhotoRefused(f"{len(content)} octets; at most {PHOTO_OCTETS}")
    media = next((kind for head, kind in PHOTO_TYPES.items() if content.startswith(head)), None)
    if media is None:
        raise PhotoRefused("not a JPEG, PNG or WebP picture")
    if hashlib.sha256(content).hexdigest() != sha256:
        raise PhotoRefused("the picture does not have this hash")
    photo = Photo(sha256=sha256, media_type=media, content=content, received_at=ctx.clock.now())
    return {"sha256": sha256, "is_new": await insert_photo(conn, photo)}


@router.get("/photos/{sha256}")
async def show_photo(sha256: str, conn: Uow, _reader: Reader) -> Response:
    """One picture."""
    photo = await read_photo(conn, sha256)
    if photo is None:
        raise PhotoMissing(f"no photo {sha256}")
    headers = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(photo.content, media_type=photo.media_type, headers=headers)


@router.get("/members")
async def read_roster(conn: Uow, _reader: Reader) -> list[dict[str, Any]]:
    """The people who sign, without their keys."""
    return [signer(member) | {"phone": member.phone} for member in await read_members(conn)]


@router.put("/members/me")
async def join_roster(
    request: Request, body: PinBody, conn: Uow, ctx: Ctx, person: Signing
) -> dict[str, Any]:
    """Join the roster, or set a new PIN, crew or number for oneself."""
    member = await join(
        conn,
        person,
        ctx.clock.now(),
        pin=body.pin,
        crew=body.crew,
        phone=body.phone,
        is_leader=body.is_leader,
    )
    await audit(
        request, conn, person, "roster.joined", person.name, crew=member.crew, pin=body.pin is not None
    )
    return signer(member)


@router.put("/members/{person_id}")
async def place_member(
    person_id: PersonId, request: Request, body: PlaceBody, conn: Uow, ctx: Ctx, person: Planner
) -> dict[str, Any]:
    """Say in which crew a person of the roster works, whether as its leader, and how to call them."""
    crews = {crew.id for crew in pinned_plan((await ensure_reference(conn, ctx.clock.now())).source).crews}
    if body.crew is not None and body.crew not in crews:
        raise CrewUnknown(f"the plan has no crew {body.crew}", crew=body.crew)
    member = await place(
        conn, person_id, ctx.clock.now(), crew=body.crew, phone=body.phone, is_leader=body.is_leader
    )
    await audit(
        request, conn, person, "roster.placed", member.name, crew=member.crew, is_leader=member.is_leader
    )
    return signer(member) | {"phone": member.phone}


async def _take(
    conn: Conn, ctx: Context, run_id: UUID, body: BatchBody, person: Person
) -> list[entries.Fate]:
    read = [(_read_words(entry), entry) for entry in body.entries]
    run = await lock_run(conn, run_id)
    scene = await load_scene(conn, ctx.site, run, ctx.clock.now())
    batch: list[entries.Sent] = []
    for words, entry in read:
        if words.run != run_id:
            raise WordsUnreadable("the words belong to another run", run=str(words.run))
        said = words.model_dump(exclude={"run", "answers", "note", "paper"})
        paper_at = words.paper.signed_at if words.paper else None
        batch.append(
            entries.Sent(
                **said, device_now=body.device_now, words=entry.words, proof=entry.proof, paper_at=paper_at
            )
        )
    return await entries.take_all(conn, scene, person, batch)


def _read_words(entry: EntryBody) -> WordsBody:
    try:
        return WordsBody.model_validate_json(entry.words)
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise WordsUnreadable(f"words: {place}: {first['msg']}") from fault


def _said(fate: entries.Fate) -> dict[str, Any]:
    return {**asdict(fate), "id": str(fate.id)}
