"""A conversion run as the screens show it: clocks, tasks over time, crews, and who is still inside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from dashboard import run_store
from dashboard.data import reading
from dashboard.figures.projection import Foreseen, Need, Span, TaskCard, finish_of, levelled, project
from facility.context import Context
from facility.layout import Language

SHOWN_RUNS = 20
FORECAST_GOOD_FOR = timedelta(minutes=10)
"""An older forecast is not shown: the process that foresees has been away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TierClock:
    """A stage's clock: from its order to its last task. `began_at` is `None` before the order."""

    tier: run_store.TierRow
    began_at: datetime | None
    ended_at: datetime | None
    tasks: int
    done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewLoad:
    """A crew's tasks in a run."""

    crew: run_store.CrewRow
    tasks: int
    done: int
    running: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPicture:
    """Everything that the screens of one run are drawn from, read at `read_at`."""

    run: run_store.RunRow
    is_paused: bool
    rows: Sequence[run_store.CardRow]
    spans: Sequence[Span]
    tiers: Sequence[TierClock]
    crews: Sequence[CrewLoad]
    cars_inside: int
    read_at: datetime
    is_levelled: bool = False

    @property
    def finish_at(self) -> datetime | None:
        """The last end, projected while the run goes on."""
        return finish_of(self.spans)

    @property
    def holding(self) -> list[Span]:
        """Hold points that wait for the named role."""
        return [span for span in self.spans if span.card.state == "holding"]

    @property
    def ready(self) -> int:
        """Tasks that may be begun now."""
        return sum(row.state in ("ready", "claimed") for row in self.rows)

    @property
    def started(self) -> int:
        """Tasks under way."""
        return sum(row.state in ("started", "second") for row in self.rows)

    @property
    def urgent(self) -> TierClock | None:
        """The stage that runs and whose limit ends first."""
        going = [
            clock
            for clock in self.tiers
            if clock.began_at is not None and clock.ended_at is None and clock.tier.limit_s is not None
        ]
        return min(going, key=_limit_at, default=None)


def _limit_at(clock: TierClock) -> datetime:
    assert clock.began_at is not None and clock.tier.limit_s is not None
    return clock.began_at + timedelta(seconds=clock.tier.limit_s)


def shown_run(runs: Sequence[run_store.RunRow], wanted: str | None) -> run_store.RunRow | None:
    """The run that was asked for by its code, else the first: an actual one under way comes first."""
    named = next((run for run in runs if run.code == wanted), None)
    return named or (runs[0] if runs else None)


async def read_runs(context: Context) -> list[run_store.RunRow]:
    """The runs there are to choose from."""
    async with reading(context) as conn:
        return await run_store.read_runs(conn, limit=SHOWN_RUNS)


async def read_picture(context: Context, run: run_store.RunRow, language: Language) -> RunPicture:
    """Read one run and lay its tasks over time."""
    async with reading(context) as conn:
        rows = await run_store.read_cards(conn, run.id)
        tiers = await run_store.read_tiers(conn, run.id)
        crews = await run_store.read_crews(conn, run.id)
        is_paused = await run_store.is_paused(conn, run.id)
        cars_inside = await run_store.count_cars_inside(conn, protected_zones(context))
        now = context.clock.now()
        foreseen = await run_store.read_forecast(conn, run.id, since=now - FORECAST_GOOD_FOR)
    cards = [card_of(row, language) for row in rows]
    spans = project(cards, run.started_at, min(now, run.ended_at or now))
    is_levelled = bool(foreseen) and run.ended_at is None
    if is_levelled:
        moments = {
            row.code: Foreseen(begins_at=row.starts_at, ends_at=row.ends_at, is_critical=row.is_critical)
            for row in foreseen
        }
        spans = levelled(spans, moments, now)
    return RunPicture(
        run=run,
        is_paused=is_paused,
        rows=rows,
        spans=spans,
        is_levelled=is_levelled,
        tiers=[tier_clock(tier, rows) for tier in tiers],
        crews=[load for crew in crews if (load := crew_load(crew, rows)).tasks],
        cars_inside=cars_inside,
        read_at=now,
    )


async def find_picture(context: Context, run_id: UUID, language: Language) -> RunPicture | None:
    """The picture of a run by its id; `None` where there is no such run."""
    run = next((run for run in await read_runs(context) if run.id == run_id), None)
    return await read_picture(context, run, language) if run else None


def protected_zones(context: Context) -> list[str]:
    """The zones of the protective unit."""
    level = context.site.protective_unit.level
    return [zone.id for zone in context.site.zones.values() if zone.level == level]


def card_of(row: run_store.CardRow, language: Language) -> TaskCard:
    """A task as the projection takes it."""
    return TaskCard(
        code=row.code,
        name=row.zh if language == "zh" else row.en,
        tier=row.tier,
        crew=row.lead_crew,
        duration=timedelta(minutes=row.duration_min),
        needs=[
            Need(task=need["task"], kind=need["kind"], lag=timedelta(seconds=need["lag_s"]))
            for need in row.needs
        ],
        state=row.state,
        is_hold_point=row.is_hold_point,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def tier_clock(tier: run_store.TierRow, rows: Sequence[run_store.CardRow]) -> TierClock:
    """A stage's clock as its tasks tell it; without a named first order it begins with its first task."""
    own = [row for row in rows if row.tier == tier.id]
    ends = [row.finished_at for row in own if row.finished_at is not None]
    starts = [row.started_at for row in own if row.started_at is not None]
    began_at: datetime | None = min(starts, default=None)
    if tier.clock_task is not None:
        order = next((row for row in rows if row.code == tier.clock_task), None)
        began_at = order.finished_at if order else began_at
    return TierClock(
        tier=tier,
        began_at=began_at,
        ended_at=max(ends) if own and len(ends) == len(own) else None,
        tasks=len(own),
        done=len(ends),
    )


def crew_load(crew: run_store.CrewRow, rows: Sequence[run_store.CardRow]) -> CrewLoad:
    """How far a crew has come with the tasks it leads."""
    own = [row for row in rows if row.lead_crew == crew.id]
    return CrewLoad(
        crew=crew,
        tasks=len(own),
        done=sum(row.state == "done" for row in own),
        running=sum(row.state in ("started", "second", "holding") for row in own),
    )
