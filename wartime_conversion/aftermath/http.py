"""Routes of what remains after a run: report, drills compared."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse

from facility.edge import Ctx, Uow
from wartime_conversion.access import Reader
from wartime_conversion.aftermath.gather import gather_review
from wartime_conversion.aftermath.page import report_page
from wartime_conversion.aftermath.store import read_compared_runs

router = APIRouter(prefix="/api/v1/conversion", tags=["conversion report"])


@router.get("/runs/{run_id}/report")
async def read_report(run_id: UUID, conn: Uow, ctx: Ctx, _reader: Reader) -> dict[str, Any]:
    """The after-action report as data."""
    _, review = await gather_review(conn, ctx, run_id)
    return asdict(review)


@router.get("/runs/{run_id}/report.html", response_class=HTMLResponse)
async def read_report_page(run_id: UUID, conn: Uow, ctx: Ctx, _reader: Reader) -> HTMLResponse:
    """The after-action report as a page."""
    _, review = await gather_review(conn, ctx, run_id)
    return HTMLResponse(report_page(review, str(run_id)))


@router.get("/runs/{run_id}/report.pdf", response_class=Response)
async def read_report_pdf(run_id: UUID, conn: Uow, ctx: Ctx, _reader: Reader) -> Response:
    """The after-action report as a PDF."""
    from wartime_conversion.aftermath.pdf import report_pdf  # ReportLab is slow to import

    scene, review = await gather_review(conn, ctx, run_id)
    content = await asyncio.to_thread(report_pdf, review)
    name = f"{scene.run.code}-report.pdf"
    return Response(
        content, media_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}"'}
    )


@router.get("/comparison")
async def compare_runs(
    conn: Uow, _reader: Reader, limit: Annotated[int, Query(gt=0, le=200)] = 50
) -> list[dict[str, Any]]:
    """Runs side by side over time, the oldest first."""
    return [asdict(row) for row in await read_compared_runs(conn, limit=limit)]
