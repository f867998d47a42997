"""The forecast kept up to date: fitted at night, made each quarter hour, from the site's own series."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import structlog
from psycopg import AsyncConnection

from facility.context import Context
from facility.db import unit_of_work
from facility.site import Site
from facility.units import local
from gateway.parking import forecast_store, occupancy_store
from gateway.parking.forecast_model import Forecaster, fit, forecast
from gateway.parking.forecast_store import ForecastRow
from gateway.parking.rules.forecast import method_for
from gateway.parking.rules.forecast_series import HORIZONS, STEP, Series, read_series
from gateway.parking.site_calendar import read_site_calendar, watch_years

Conn = AsyncConnection[Any]
log = structlog.get_logger(__name__)

HISTORY = timedelta(days=400)
RECENT = timedelta(days=120)
"""What a forecast looks back on: twelve occurrences of a weekday and time of day, and more for holidays."""
_FIT_HOUR = 3
_FIRST_FIT_AFTER = timedelta(minutes=1)
"""A start has better things to do for its first minute."""
_LEAST_MINUTES = 8
_LOOK_EVERY_S = 20.0
_KEEP = timedelta(days=90)


@dataclass(slots=True)
class State:
    """What the loop remembers: when it began, the fitted forecast, the last quarter hour it was made for."""

    begun_at: datetime
    forecaster: Forecaster | None = None
    fitted_at: datetime | None = None
    made_for: datetime | None = None


def quarter_of(moment: datetime) -> datetime:
    """The quarter hour a moment lies in, aware UTC."""
    whole = moment.astimezone(UTC).replace(second=0, microsecond=0)
    return whole - timedelta(minutes=whole.minute % 15)


async def read_history(conn: Conn, site: Site, *, since: datetime, now: datetime) -> Series | None:
    """The site's series by quarter hour up to now, the last row being the count of this moment.

    Returns:
        `None` where nothing was sampled yet.
    """
    zones: list[str] = list(site.zones)
    until = quarter_of(now)
    quarters = await forecast_store.read_quarters(conn, zones, since, until, least_minutes=_LEAST_MINUTES)
    counts = await occupancy_store.read_counts(conn)
    begin = min((row.begins_at for row in quarters), default=until)
    rows = int((until - begin) / STEP) + 1
    shares = np.full((rows, len(zones)), np.nan)
    column = {zone: number for number, zone in enumerate(zones)}
    for row in quarters:
        shares[int((row.begins_at - begin) / STEP), column[row.zone_id]] = row.share
    for zone, count in counts.items():
        if zone in column and count.capacity:
            shares[-1, column[zone]] = count.occupied / count.capacity
    if np.isnan(shares).all():
        return None
    return read_series(begin, shares, await read_site_calendar(conn))


async def refit(ctx: Context, state: State) -> None:
    """Fit the forecast on the whole history, in a thread beside the loop."""
    now = ctx.clock.now()
    async with unit_of_work(ctx.pool) as conn:
        series = await read_history(conn, ctx.site, since=now - HISTORY, now=now)
    if series is None:
        return
    begun = ctx.clock.monotonic()
    state.forecaster = await asyncio.to_thread(fit, series, series.rows, in_background=True)
    state.fitted_at = now
    seconds = ctx.clock.monotonic() - begun
    method = method_for(series.rows).value
    async with unit_of_work(ctx.pool) as conn:
        await forecast_store.insert_fit(conn, fitted_at=now, method=method, rows=series.rows, seconds=seconds)
        await forecast_store.drop_forecasts(conn, before=now - _KEEP)
        await watch_years(conn, now=now)
    log.info("forecast.fitted", method=method, rows=series.rows, seconds=round(seconds, 1))


async def make(ctx: Context, state: State) -> list[ForecastRow]:
    """Make and keep the forecast of this quarter hour; without a fit it is what is usual."""
    now = ctx.clock.now()
    async with unit_of_work(ctx.pool) as conn:
        series = await read_history(conn, ctx.site, since=now - RECENT, now=now)
    if series is None:
        return []
    fitted = state.forecaster or Forecaster(fitted_rows=series.rows, models={})
    rows = await asyncio.to_thread(forecast_rows, ctx.site, series, fitted, quarter_of(now), now)
    async with unit_of_work(ctx.pool) as conn:
        await forecast_store.write_forecasts(conn, rows)
    state.made_for = quarter_of(now)
    return rows


def forecast_rows(
    site: Site, series: Series, fitted: Forecaster, origin_at: datetime, now: datetime
) -> list[ForecastRow]:
    """The forecast of every zone and horizon from the last row of a series, in bays."""
    made = forecast(fitted, series, np.array([series.rows - 1]))
    rows = []
    for name, horizon in HORIZONS.items():
        said = made[horizon]
        for number, zone in enumerate(site.zones.values()):
            expected = float(said.expected[0, number])
            if np.isnan(expected):
                continue
            rows.append(
                ForecastRow(
                    zone_id=zone.id,
                    horizon=name,
                    target_at=origin_at + STEP * horizon,
                    made_at=now,
                    expected=expected * zone.capacity,
                    low=float(said.low[0, number]) * zone.capacity,
                    high=float(said.high[0, number]) * zone.capacity,
                    capacity=zone.capacity,
                    method=said.method.value,
                )
            )
    return rows


def is_fit_due(state: State, now: datetime) -> bool:
    """Whether to fit: soon after the start, and once a night after three."""
    if state.fitted_at is None:
        return now >= state.begun_at + _FIRST_FIT_AFTER
    here = local(now)
    tonight = here.replace(hour=_FIT_HOUR, minute=0, second=0, microsecond=0)
    last = tonight if here >= tonight else tonight - timedelta(days=1)
    return state.fitted_at < last


async def run(ctx: Context) -> None:
    """Forecast each quarter hour and fit at night; the first forecast does not wait for the first fit."""
    state = State(begun_at=ctx.clock.now())
    while True:
        now = ctx.clock.now()
        if state.made_for != quarter_of(now):
            await make(ctx, state)
        if is_fit_due(state, now):
            await refit(ctx, state)
            await make(ctx, state)
        await asyncio.sleep(_LOOK_EVERY_S)
