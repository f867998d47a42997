-- Bays, zone counts, the occupancy series and the roll-ups the system keeps itself on every edition.
create table parking.bay_state (
    bay_id text primary key,
    zone_id text not null,
    is_occupied boolean not null,
    stay_id uuid references parking.stay on delete set null,
    changed_at timestamptz not null,
    heard_at timestamptz not null,
    is_simulated boolean not null default false
);
create index bay_state_stay on parking.bay_state (stay_id) where stay_id is not null;

create table parking.zone_count (
    zone_id text primary key,
    occupied integer not null check (occupied >= 0),
    capacity integer not null check (capacity >= 0),
    changed_at timestamptz not null
);

-- cause: `minute` the clock, `change` a car, `counted` a person's total, `history` made at first start.
create table parking.occupancy_sample (
    zone_id text not null,
    sampled_at timestamptz not null,
    occupied integer not null,
    capacity integer not null,
    cause text not null
);
create index occupancy_sample_zone on parking.occupancy_sample (zone_id, sampled_at);

-- `step` quarter | hour | day (a day is local, Asia/Shanghai). `minutes` counts the minutes that have a sample:
-- a step with too few of them is shown as a gap. mean = occupied_minutes / minutes.
create table parking.occupancy_rollup (
    step text not null check (step in ('quarter', 'hour', 'day')),
    zone_id text not null,
    begins_at timestamptz not null,
    occupied_minutes double precision not null,
    minutes integer not null check (minutes > 0),
    lowest integer not null,
    highest integer not null,
    capacity integer not null,
    primary key (step, zone_id, begins_at)
);
create table parking.rollup_mark (
    only_row boolean primary key default true check (only_row),
    done_until timestamptz not null
);
create index occupancy_rollup_when on parking.occupancy_rollup (step, begins_at);
