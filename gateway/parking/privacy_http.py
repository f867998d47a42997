"""Routes of privacy: how long things are kept, the proofs, and one plate's export and erasure. Every use is audited."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from facility.edge import Ctx, Uow, audit, require
from facility.identity import Person, Role
from facility.logs import mask_plate
from gateway.parking import privacy_store
from gateway.parking.privacy import digest_of, erase_plate, export_plate, keep_days, run_retention
from gateway.parking.privacy_store import RetentionRow, RetentionRun
from gateway.parking.rules.retention import DEFAULT_DAYS, Kind

router = APIRouter(prefix="/api/v1/privacy", tags=["privacy"])
Manager = Annotated[Person, Depends(require(Role.MANAGER))]
Overseer = Annotated[Person, Depends(require(Role.MANAGER, Role.AUDITOR))]


class KeepBody(BaseModel):
    """How many days a kind is kept."""

    model_config = ConfigDict(extra="forbid")
    keep_days: int = Field(ge=1, le=7300)


class PlateBody(BaseModel):
    """A plate, and why it is asked for; a plate does not stand in an address, addresses are logged."""

    model_config = ConfigDict(extra="forbid")
    plate: str = Field(min_length=5, max_length=10)
    reason: str = Field(min_length=2, max_length=200)


class RunOut(BaseModel):
    """What a run deleted of one kind, and that nothing older is left."""

    kind: str
    run_at: datetime
    cutoff_at: datetime
    deleted: int
    remaining: int
    files_deleted: int
    files_remaining: int


class ErasureOut(BaseModel):
    """That a plate was erased, without the plate."""

    id: UUID
    erased_at: datetime
    erased_by: str
    reason: str
    counts: dict[str, int]
    remaining: dict[str, int]


def _run_out(run: RetentionRun) -> RunOut:
    return RunOut(
        kind=run.kind,
        run_at=run.run_at,
        cutoff_at=run.cutoff_at,
        deleted=run.deleted,
        remaining=run.remaining,
        files_deleted=run.files_deleted,
        files_remaining=run.files_remaining,
    )


def _erasure_out(row: privacy_store.Erasure) -> ErasureOut:
    return ErasureOut(
        id=row.id,
        erased_at=row.erased_at,
        erased_by=row.erased_by,
        reason=row.reason,
        counts=row.counts,
        remaining=row.remaining,
    )


@router.get("/retention")
async def read_retention(conn: Uow, _person: Overseer) -> dict[str, int]:
    """How many days each kind is kept."""
    days = await keep_days(conn)
    return {kind.value: days.get(kind, DEFAULT_DAYS[kind]) for kind in Kind}


@router.put("/retention/{kind}", status_code=204)
async def put_retention(
    kind: Kind, body: KeepBody, request: Request, ctx: Ctx, conn: Uow, person: Manager
) -> None:
    """Set how many days a kind is kept."""
    row = RetentionRow(kind=kind, keep_days=body.keep_days, set_by=person.name, set_at=ctx.clock.now())
    await privacy_store.write_retention(conn, row)
    await audit(request, conn, person, "privacy.retention_set", kind.value, keep_days=body.keep_days)


@router.get("/retention/runs")
async def list_runs(conn: Uow, _person: Overseer) -> list[RunOut]:
    """The proofs of the last runs."""
    return [_run_out(run) for run in await privacy_store.read_runs(conn)]


@router.post("/retention/runs")
async def post_run(request: Request, ctx: Ctx, conn: Uow, person: Manager) -> list[RunOut]:
    """Delete now what is older than it may be kept."""
    await audit(request, conn, person, "privacy.retention_run", "now")
    return [_run_out(run) for run in await run_retention(ctx)]


@router.post("/exports")
async def post_export(body: PlateBody, request: Request, conn: Uow, person: Manager) -> dict[str, Any]:
    """Everything that is kept about a plate, for its owner."""
    await audit(request, conn, person, "privacy.exported", mask_plate(body.plate), reason=body.reason)
    return await export_plate(conn, body.plate)


@router.post("/erasures", status_code=201)
async def post_erasure(body: PlateBody, request: Request, ctx: Ctx, conn: Uow, person: Manager) -> ErasureOut:
    """Erase a plate from everything that is kept; payments stay without it, an entry of the deny list stays."""
    proof = await erase_plate(ctx, body.plate, reason=body.reason, by=person.name)
    await audit(request, conn, person, "privacy.erased", str(proof.id), reason=body.reason)
    return _erasure_out(proof)


@router.get("/erasures")
async def list_erasures(conn: Uow, _person: Overseer) -> list[ErasureOut]:
    """The proofs of the last erasures."""
    return [_erasure_out(row) for row in await privacy_store.read_erasures(conn)]


@router.post("/erasures/check")
async def check_erasure(body: PlateBody, conn: Uow, _person: Overseer) -> list[ErasureOut]:
    """The erasures of one plate, for an owner who asks whether it was done."""
    rows = await privacy_store.read_erasures(conn, limit=10_000)
    return [_erasure_out(row) for row in rows if row.digest == digest_of(row.salt, body.plate)]
