"""The web process's application: every package's routes and pages on one server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from starlette.responses import Response

from facility.context import Context
from gateway import errors, health, routers
from gateway.identify import Identify


def create_app(context: Context) -> FastAPI:
    """Assemble the application around a context whose pool is open."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with routers.background(app, context):
            yield

    app = FastAPI(
        title="Pingzhan",
        version="0.1.0",
        openapi_url="/api/openapi.json",
        docs_url="/api/docs",
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.context = context
    errors.install(app)
    app.include_router(health.router)
    routers.include(app)

    @app.api_route(
        "/api/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False
    )
    async def unknown(request: Request, rest: str) -> Response:
        return errors.problem(404, "missing", f"no route {request.method} /api/{rest}")

    routers.mount(app, context)
    app.add_middleware(Identify, context=context)
    return app
