"""The one statement behind a gate's decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from facility.errors import Missing
from facility.mode import Mode

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AtGate:
    """Everything a gate's decision stands on, of one plate at one lane and one moment.

    `permit_inside` counts the open stays on the permit; `open_stay_id` is the plate's own open stay. `free_places`
    are the free bays of the zones behind the lane, less the places kept on their levels.
    """

    mode: Mode
    is_lane_closed: bool
    is_locked_out: bool
    free_places: int
    is_simulated: bool

    is_denied: bool
    is_allowed: bool
    is_emergency: bool
    permit_id: UUID | None
    permit_max_inside: int
    permit_inside: int
    permit_bay_id: str | None
    has_visitor_pass: bool
    has_place_kept: bool
    open_stay_id: UUID | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "mode", Mode(self.mode))


async def read_at_gate(
    conn: Conn,
    plate: str,
    lane_id: str,
    *,
    zones: Sequence[str],
    levels: Sequence[str],
    now: datetime,
    today: date,
) -> AtGate:
    """What a decision at a gate stands on, in one statement, so that it takes one way to the database and back.

    Args:
        zones: zones behind the lane.
        levels: levels of these zones.
        today: local date of `now`.
    """
    async with conn.cursor(row_factory=class_row(AtGate)) as cur:
        await cur.execute(
            """
            with permit as (
                select p.id, p.max_inside, p.bay_id,
                       (select count(*) from parking.stay s
                        where s.permit_id = p.id and s.state in ('entering', 'inside', 'leaving')) as inside
                from parking.permit_plate pp join parking.permit p on p.id = pp.permit_id
                where pp.plate = %(plate)s and p.ended_at is null
                  and p.valid_from <= %(today)s and p.valid_to >= %(today)s
                order by p.valid_to desc limit 1
            )
            select (select mode from report.mode_now) as mode,
                   coalesce((select is_closed or policy is not distinct from 'closed'
                             from parking.lane_state where lane_id = %(lane_id)s), false)
                       as is_lane_closed,
                   exists (select 1 from report.lockout_standing where kind = 'lane' and equipment_id = %(lane_id)s
                           and shadow_run is null) as is_locked_out,
                   (select coalesce(sum(greatest(capacity - occupied, 0)), 0) from parking.zone_count
                    where zone_id = any(%(zones)s))::integer
                   - (select count(*) from parking.place_kept where level_id = any(%(levels)s) and used_at is null
                      and given_up_at is null and kept_until > %(now)s)::integer as free_places,
                   exists (select 1 from parking.simulated_car where plate = %(plate)s) as is_simulated,
                   exists (select 1 from parking.list_entry where list = 'deny' and plate = %(plate)s
                           and ended_at is null and valid_from <= %(now)s
                           and coalesce(valid_until > %(now)s, true)) as is_denied,
                   exists (select 1 from parking.list_entry where list = 'allow' and plate = %(plate)s
                           and ended_at is null and valid_from <= %(now)s
                           and coalesce(valid_until > %(now)s, true)) as is_allowed,
                   exists (select 1 from parking.list_entry where list = 'emergency' and plate = %(plate)s
                           and ended_at is null and valid_from <= %(now)s
                           and coalesce(valid_until > %(now)s, true)) as is_emergency,
                   permit.id as permit_id, coalesce(permit.max_inside, 0) as permit_max_inside,
                   coalesce(permit.inside, 0)::integer as permit_inside, permit.bay_id as permit_bay_id,
                   exists (select 1 from parking.visitor_pass where plate = %(plate)s and ended_at is null
                           and valid_from <= %(now)s and valid_until > %(now)s) as has_visitor_pass,
                   exists (select 1 from parking.place_kept where plate = %(plate)s and used_at is null
                           and given_up_at is null and kept_from <= %(now)s and kept_until > %(now)s)
                       as has_place_kept,
                   (select id from parking.stay where plate = %(plate)s
                    and state in ('entering', 'inside', 'leaving')) as open_stay_id
            from (values (1)) as one left join permit on true
            """,
            {
                "plate": plate,
                "lane_id": lane_id,
                "zones": list(zones),
                "levels": list(levels),
                "now": now,
                "today": today,
            },
        )
        row = await cur.fetchone()
    if row is None:
        raise Missing("the database gave no row for a gate's decision")
    return row
