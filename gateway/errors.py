"""Errors of the families, translated to HTTP: `application/problem+json` with a stable code."""

from typing import Any

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from facility.errors import Conflict, Invalid, Missing, OpsError, Refused, Unauthenticated, Unavailable

STATUS: tuple[tuple[type[OpsError], int], ...] = (
    (Unauthenticated, 401),
    (Refused, 403),
    (Missing, 404),
    (Conflict, 409),
    (Invalid, 422),
    (Unavailable, 503),
)


def problem(status: int, code: str, detail: str, **facts: Any) -> JSONResponse:
    """A problem document (RFC 9457)."""
    body = {"type": "about:blank", "status": status, "code": code, "detail": detail, **facts}
    headers = {"www-authenticate": "Bearer"} if status == 401 else None
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")


def status_of(fault: OpsError) -> int:
    """The HTTP status of a family."""
    return next((status for family, status in STATUS if isinstance(fault, family)), 500)


async def _ops_error(_request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, OpsError)
    return problem(
        status_of(fault), fault.code, fault.detail, **{"facts": fault.facts} if fault.facts else {}
    )


async def _validation_error(_request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, RequestValidationError)
    places = [
        {"at": ".".join(str(part) for part in error["loc"]), "why": str(error["msg"])}
        for error in fault.errors()
    ]
    first = places[0] if places else {"at": "body", "why": "unreadable"}
    return problem(422, "invalid", f"{first['at']}: {first['why']}", places=places)


async def _http_error(_request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, HTTPException)
    codes = {401: "unauthenticated", 403: "refused", 404: "missing", 405: "method", 413: "too_large"}
    return problem(fault.status_code, codes.get(fault.status_code, "http"), str(fault.detail))


async def _database_away(_request: Request, _fault: Exception) -> JSONResponse:
    return problem(503, "database.away", "the database is away; try again in a moment")


def install(app: FastAPI) -> None:
    """Translate every error family at the edge of an app."""
    app.add_exception_handler(OpsError, _ops_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(psycopg.OperationalError, _database_away)
