"""Routes: cameras push pictures and results, people look at reads and correct them."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse
from psycopg import AsyncConnection
from pydantic import BaseModel, ConfigDict, Field

from facility.edge import Ctx, Uow, audit, require
from facility.errors import Conflict, Invalid, Missing
from facility.identity import Person, Role
from facility.ids import CameraId, new_uuid
from facility.site import Camera
from lpr import shapes
from lpr.rules.match import normalised
from lpr.rules.plate import Kind, colour_agrees, kind_of, pattern_of, printed
from lpr.store import (
    NoSuchRead,
    PlateRead,
    PushedPicture,
    read_latest,
    read_one,
    write_camera_sign,
    write_correction,
    write_pushed_picture,
    write_read,
)
from lpr.vision.picture import MAX_BYTES, decode_picture

router = APIRouter(prefix="/api/v1", tags=["plates"])
SURE_WITHOUT_PICTURE = 0.9  # a camera's own confidence from which its result opens a gate by itself
MOST_PARTS = (
    40  # an event has an XML part and two or three pictures; pictures may hold a few look-alike marks
)
PICTURE_KEPT_S = 3600
MAX_BODY = MAX_BYTES * 2  # base64 and several pictures

AtTheGate = Annotated[Person, Depends(require(Role.ATTENDANT, Role.MANAGER))]
MaySee = Annotated[Person, Depends(require(Role.ATTENDANT, Role.MANAGER, Role.AUDITOR))]


class NoSuchCamera(Missing):
    """The site has no camera of this id."""

    code = "camera.missing"


class CameraIsRead(Conflict):
    """Frames of this camera are fetched by the system; it does not take pushed ones."""

    code = "camera.not_pushed"


class BodyTooLarge(Invalid):
    """More was sent than a camera may send."""

    code = "lpr.body_too_large"


class NoPlateText(Invalid):
    """A correction is not a plate that the grammar knows."""

    code = "lpr.no_plate_text"


class CorrectionBody(BaseModel):
    """What the attendant says the plate is."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(min_length=1, max_length=12)
    kind: Kind | None = None


@router.post("/cameras/{camera_id}/pictures", status_code=202)
async def push_picture(
    camera_id: str, request: Request, ctx: Ctx, conn: Uow, person: AtTheGate
) -> dict[str, Any]:
    """Hand in one picture (the body is the JPEG, PNG, BMP or WebP itself); it is read at once."""
    camera = _camera(ctx.site.cameras, camera_id)
    await write_camera_sign(conn, camera.id, ctx.clock.now())
    return await _keep_picture(conn, camera, await _body(request), None, ctx.clock.now())


@router.post("/cameras/{camera_id}/heartbeat", status_code=204)
async def camera_heartbeat(camera_id: str, ctx: Ctx, conn: Uow, person: AtTheGate) -> None:
    """A camera that pushes says that it is there; silent for longer than its `silent_after_s` it counts as away."""
    camera = _camera(ctx.site.cameras, camera_id)
    await write_camera_sign(conn, camera.id, ctx.clock.now())


@router.post("/cameras/{camera_id}/events/{maker}", status_code=202)
async def push_event(
    camera_id: str, maker: str, request: Request, ctx: Ctx, conn: Uow, person: AtTheGate
) -> dict[str, Any]:
    """Hand in what a camera read itself: `hikvision` (ISAPI multipart or XML), `dahua` or `vzenith` (JSON).

    With a picture, our readers look as well, and the gate opens by itself only where both agree.
    """
    camera = _camera(ctx.site.cameras, camera_id)
    await write_camera_sign(conn, camera.id, ctx.clock.now())
    claim = _claim(maker, await _body(request), request.headers.get("content-type", ""))
    if claim is None:
        return {"heartbeat": True}
    if claim.picture is not None and camera.source == "push":
        heard = {k: v for k, v in asdict(claim).items() if k != "picture"}
        return await _keep_picture(conn, camera, claim.picture, heard, ctx.clock.now())
    read = read_of(claim, camera, ctx.clock.now())
    await write_read(conn, read)
    return {"id": str(read.id), "text": read.text, "accepted": read.accepted}


@router.get("/reads")
async def latest_reads(
    ctx: Ctx,
    conn: Uow,
    person: MaySee,
    camera: str | None = None,
    hours: Annotated[float, Query(gt=0, le=24 * 90)] = 24,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[dict[str, Any]]:
    """Reads, newest first."""
    since = ctx.clock.now() - timedelta(hours=hours)
    return [asdict(row) for row in await read_latest(conn, since=since, camera_id=camera, limit=limit)]


@router.get("/reads/{read_id}")
async def one_read(read_id: UUID, conn: Uow, person: MaySee) -> dict[str, Any]:
    """One read."""
    return asdict(await read_one(conn, read_id))


@router.get("/reads/{read_id}/picture")
async def picture_of_read(
    read_id: UUID, request: Request, ctx: Ctx, conn: Uow, person: MaySee
) -> FileResponse:
    """The picture the read was made from; each look is an audit row. The browser keeps it for an hour, so that a
    screen which renews itself every few seconds is one look."""
    read = await read_one(conn, read_id)
    path = ctx.settings.data / read.picture_path if read.picture_path else None
    if path is None or not path.is_file():
        raise NoSuchRead(f"plate read {read_id} has no picture", id=str(read_id))
    await audit(request, conn, person, "read.picture_seen", str(read_id), camera=read.camera_id)
    kept = f"private, max-age={PICTURE_KEPT_S}, immutable"
    return FileResponse(path, media_type="image/jpeg", headers={"cache-control": kept})


@router.post("/reads/{read_id}/correction")
async def correct_read(
    read_id: UUID, body: CorrectionBody, request: Request, ctx: Ctx, conn: Uow, person: AtTheGate
) -> dict[str, Any]:
    """Say what the plate really is; it joins the pictures that the reader is measured on each night."""
    plain = normalised(body.text)
    pattern = pattern_of(plain)
    if pattern is None:
        raise NoPlateText(f"{body.text!r} is no plate")
    text = printed(plain, pattern)
    read = await read_one(conn, read_id)
    kind = body.kind or (Kind(read.kind) if len(read.text) == len(text) else kind_of(pattern, "blue", False))
    await write_correction(
        conn, read_id=read_id, text=text, kind=kind.value, by=person.name, now=ctx.clock.now()
    )
    await audit(request, conn, person, "read.corrected", str(read_id), was=read.text, now=text)
    return {"id": str(read_id), "text": text, "kind": kind.value}


def read_of(claim: shapes.Claim, camera: Camera, now: datetime) -> PlateRead:
    """A camera's result without a picture as a read of its own; accepted where grammar, colour and it are sure."""
    pattern = pattern_of(claim.text)
    colour = claim.colour or "blue"
    agrees = pattern is not None and (claim.colour is None or colour_agrees(pattern, colour))
    return PlateRead(
        id=new_uuid(),
        camera_id=camera.id,
        lane_id=camera.lane,
        direction=camera.direction,
        text=claim.text if pattern else "",
        raw_text=claim.text,
        kind=kind_of(pattern, colour, False).value,
        confidence=claim.confidence if pattern else 0.0,
        char_confidence=[claim.confidence] * len(claim.text) if pattern else [],
        accepted=agrees and claim.confidence >= SURE_WITHOUT_PICTURE,
        looks=1,
        corrects=None,
        origin=claim.origin,
        picture_path=None,
        box=None,
        seen_at=now,
        published_at=now,
    )


def _camera(cameras: Mapping[CameraId, Camera], camera_id: str) -> Camera:
    camera = cameras.get(CameraId(camera_id))
    if camera is None:
        raise NoSuchCamera(f"there is no camera {camera_id}", camera=camera_id)
    return camera


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise BodyTooLarge(f"more than {MAX_BODY} bytes")
        parts.append(part)
    return b"".join(parts)


def _claim(maker: str, body: bytes, content_type: str) -> shapes.Claim | None:
    if maker == "hikvision":
        xml, pictures = _multipart(body, content_type)
        return shapes.hikvision(xml, pictures)
    if maker == "dahua":
        return shapes.dahua(body)
    if maker == "vzenith":
        return shapes.vzenith(body)
    raise shapes.BadEvent(f"no camera maker {maker!r}: hikvision, dahua or vzenith")


def _multipart(body: bytes, content_type: str) -> tuple[bytes, dict[str, bytes]]:
    """The XML part and the pictures of a multipart body; a plain body is the XML.

    Raises:
        BadEvent: no multipart body, one of too many parts, or one without XML.
    """
    if "multipart/" not in content_type.lower():
        return body, {}
    if body.count(b"\n--") > MOST_PARTS:
        raise shapes.BadEvent(f"hikvision: a body of more than {MOST_PARTS} parts")
    header = b"Content-Type: " + content_type.replace("\n", " ").encode("latin-1", "replace")
    try:
        message: Message = BytesParser(policy=HTTP).parsebytes(header + b"\r\n\r\n" + body)
        parts = [part for part in message.walk() if not part.is_multipart()]
        return _xml_and_pictures(parts)
    except (ValueError, LookupError, RecursionError, MessageError) as fault:
        raise shapes.BadEvent("hikvision: not a multipart body") from fault


def _xml_and_pictures(parts: list[Message]) -> tuple[bytes, dict[str, bytes]]:
    xml, pictures = b"", dict[str, bytes]()
    for part in parts:
        data = part.get_payload(decode=True)
        if not isinstance(data, bytes):
            continue
        name = part.get_filename() or str(part.get_param("name", "", header="content-disposition"))
        if part.get_content_type().endswith("xml") or name.endswith(".xml"):
            xml = data
        elif part.get_content_type().startswith("image/") or name.lower().endswith(".jpg"):
            pictures[name or f"picture{len(pictures)}"] = data
    if not xml:
        raise shapes.BadEvent("hikvision: no XML part in the multipart body")
    return xml, pictures


async def _keep_picture(
    conn: AsyncConnection[Any], camera: Camera, picture: bytes, claim: dict[str, Any] | None, now: datetime
) -> dict[str, Any]:
    if camera.source != "push":
        raise CameraIsRead(f"camera {camera.id} is a {camera.source}, not pushed", camera=camera.id)
    decode_picture(picture)  # refused here, so that the camera learns of it
    row = PushedPicture(
        id=new_uuid(), camera_id=camera.id, received_at=now, name="pushed", picture=picture, claim=claim
    )
    await write_pushed_picture(conn, row)
    return {"id": str(row.id)}
