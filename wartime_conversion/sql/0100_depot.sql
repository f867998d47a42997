-- The depot: storage slots, stock lots, the ledger of moves, orders and counts.
create table conversion.depot_slot (
    bay_id text primary key,
    zone text not null,
    positions integer not null check (positions >= 0),
    clear_height_m double precision not null check (clear_height_m > 0),
    tributary_m2 double precision not null check (tributary_m2 > 0),
    distance_m double precision not null check (distance_m >= 0),
    opened_at timestamptz not null,
    opened_by text not null
);

create table conversion.depot_lot (
    id uuid primary key,            -- made by whoever records the receipt, so that sending again changes nothing
    category text not null,
    batch text not null check (batch <> ''),
    origin text not null,
    made_on date,
    expires_on date,
    received_pallets integer not null check (received_pallets > 0),
    state text not null check (state in ('quarantine', 'released', 'rejected')),
    remark text not null,
    received_at timestamptz not null,
    received_by text not null,
    decided_at timestamptz,
    decided_by text,
    check ((state = 'quarantine') = (decided_at is null)),
    check (made_on is null or expires_on is null or made_on < expires_on)
);

-- Append-only: what happened to pallets. Corrections are further moves.
create table conversion.depot_move (
    id uuid primary key,
    number bigint generated always as identity unique,
    at timestamptz not null,
    kind text not null check (kind in ('receive', 'reject', 'put_away', 'relocate', 'issue', 'adjust')),
    lot_id uuid not null references conversion.depot_lot (id),
    source text not null,
    target text not null,
    pallets integer not null check (pallets > 0),
    person text not null,
    released_by text,               -- the engineer who released a local floor load
    reference uuid,                 -- the order or count it belongs to
    check (source <> target)
);
create index depot_move_lot on conversion.depot_move (lot_id, number);
create trigger depot_move_is_kept before update or delete on conversion.depot_move
    for each row execute function conversion.refuse_change();

create table conversion.depot_balance (
    lot_id uuid not null references conversion.depot_lot (id),
    place text not null,
    pallets integer not null constraint stock_never_negative check (pallets >= 0),
    primary key (lot_id, place)
);

create table conversion.depot_order (
    id uuid primary key,
    category text not null,
    pallets integer not null check (pallets > 0),
    destination text not null check (destination <> ''),
    state text not null check (state in ('requested', 'approved', 'picked', 'issued', 'refused')),
    requested_at timestamptz not null,
    requested_by uuid not null,
    approved_by uuid,
    picked_by uuid,
    checked_by uuid,
    changed_at timestamptz not null,
    check (approved_by is null or approved_by <> requested_by),
    check (checked_by is null or checked_by <> picked_by)
);

create table conversion.depot_pick (
    order_id uuid not null references conversion.depot_order (id),
    lot_id uuid not null references conversion.depot_lot (id),
    place text not null,
    pallets integer not null check (pallets > 0),
    primary key (order_id, lot_id, place)
);

create table conversion.depot_count (
    id uuid primary key,
    bay_id text not null,
    lot_id uuid not null references conversion.depot_lot (id),
    counted integer not null check (counted >= 0),
    expected integer not null,
    wants_recount boolean not null,
    counted_at timestamptz not null,
    counted_by uuid not null,
    approved_at timestamptz,
    approved_by uuid,
    check (approved_by is null or approved_by <> counted_by)
);

create view report.depot_stock as
select b.place, l.id as lot_id, l.category, l.batch, l.made_on, l.expires_on, l.state, b.pallets
from conversion.depot_balance b join conversion.depot_lot l on l.id = b.lot_id where b.pallets > 0;

create view report.depot_slot as
select s.bay_id, s.zone, s.positions, s.opened_at, coalesce(sum(b.pallets), 0)::integer as pallets,
       min(l.category) as category, min(l.expires_on) as earliest_expiry
from conversion.depot_slot s
left join conversion.depot_balance b on b.place = s.bay_id and b.pallets > 0
left join conversion.depot_lot l on l.id = b.lot_id
group by s.bay_id;

create view report.depot_move as
select number, at, kind, lot_id, source, target, pallets, person, reference from conversion.depot_move;
