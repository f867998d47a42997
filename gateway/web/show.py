"""A page with what all pages say: the building's name, the world it is in, whether its data are simulated."""

from typing import Any

from fastapi import Request, Response

from facility.context import Context
from facility.db import unit_of_work
from facility.store import read_mode
from gateway.web.render import language_of, render


async def show(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """Render a page of the shared look."""
    ctx: Context = request.app.state.context
    async with unit_of_work(ctx.pool) as conn:
        mode = (await read_mode(conn)).mode
    return render(
        request,
        template,
        status=status,
        site_name=ctx.site.name.said(language_of(request)),
        world=mode.value,
        is_simulated=ctx.settings.demo,
        **values,
    )
