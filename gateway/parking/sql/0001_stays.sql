-- Stays, what the gates were told, what every lane saw and decided, and every correction by a person.
create schema if not exists parking;

-- A price list never changes once saved; a stay keeps the one in force when it began.
create table parking.tariff_version (
    id integer generated always as identity primary key,
    name text not null,
    body jsonb not null,
    in_force_from timestamptz not null,
    saved_at timestamptz not null,
    saved_by text not null,
    withdrawn_at timestamptz,
    withdrawn_by text,
    check ((withdrawn_at is null) = (withdrawn_by is null))
);
create unique index tariff_version_begins_once on parking.tariff_version (in_force_from) where withdrawn_at is null;

create table parking.permit (
    id uuid primary key,
    kind text not null check (kind in ('monthly', 'annual')),
    holder text not null,
    bay_id text,
    max_inside integer not null default 1 check (max_inside > 0),
    valid_from date not null,
    valid_to date not null,
    fee_fen integer not null default 0 check (fee_fen >= 0),
    made_at timestamptz not null,
    made_by text not null,
    ended_at timestamptz,
    ended_by text,
    check (valid_to >= valid_from),
    check ((ended_at is null) = (ended_by is null))
);
create unique index permit_bay_once on parking.permit (bay_id) where ended_at is null and bay_id is not null;
create table parking.permit_plate (
    permit_id uuid not null references parking.permit on delete cascade,
    plate text not null,
    primary key (permit_id, plate)
);
create index permit_plate_plate on parking.permit_plate (plate);

create table parking.stay (
    id uuid primary key,
    plate text,
    plate_kind text not null default 'other',
    vehicle_class text not null default 'small'
        check (vehicle_class in ('small', 'large', 'motorcycle', 'emergency')),
    ticket text,
    state text not null check (state in ('entering', 'inside', 'leaving', 'closed', 'void')),
    entry_lane text,
    exit_lane text,
    entry_read uuid,
    exit_read uuid,
    entry_how text not null check (entry_how in ('read', 'attendant', 'ticket', 'tailgate', 'journal', 'unseen')),
    exit_how text check (exit_how in ('read', 'attendant', 'ticket', 'tailgate', 'journal', 'unseen')),
    entered_at timestamptz not null,
    inside_at timestamptz,
    leaving_at timestamptz,
    left_at timestamptz,
    zone_id text,
    tariff_id integer references parking.tariff_version,
    permit_id uuid references parking.permit,
    is_simulated boolean not null default false,
    check (left_at is null or left_at >= entered_at)
);
-- The two guards that stop one car from being let in twice, whatever the lanes do at the same moment.
create unique index stay_one_open_per_plate on parking.stay (plate)
    where state in ('entering', 'inside', 'leaving') and plate is not null;
create unique index stay_one_open_per_ticket on parking.stay (ticket)
    where state in ('entering', 'inside', 'leaving') and ticket is not null;
create index stay_open on parking.stay (entered_at) where state in ('entering', 'inside', 'leaving');
create index stay_plate on parking.stay (plate, entered_at desc);
create index stay_ticket on parking.stay (ticket, entered_at desc) where ticket is not null;
create index stay_entered on parking.stay (entered_at);
create index stay_left on parking.stay (left_at) where left_at is not null;
create index stay_permit_open on parking.stay (permit_id) where state in ('entering', 'inside', 'leaving');

create table parking.movement (
    id bigint generated always as identity primary key,
    stay_id uuid not null references parking.stay on delete cascade,
    at timestamptz not null,
    from_zone text,
    to_zone text,
    cause text not null check (cause in ('gate', 'bay', 'lane', 'attendant'))
);
create index movement_stay on parking.movement (stay_id, at);

create table parking.gate_order (
    id uuid primary key,
    lane_id text not null,
    stay_id uuid references parking.stay on delete cascade,
    ordered_at timestamptz not null,
    ordered_by text not null,
    cause text not null,
    opened_at timestamptz,
    ended_at timestamptz,
    cars integer,
    result text check (result in ('passed', 'backed_out', 'timed_out', 'failed', 'expired')),
    check ((ended_at is null) = (result is null))
);
create index gate_order_waiting on parking.gate_order (lane_id, ordered_at) where ended_at is null;
create index gate_order_stay on parking.gate_order (stay_id);

-- What a lane saw and what was decided; `ask` without `settled_at` is the attendant's review queue.
create table parking.lane_log (
    id uuid primary key,
    lane_id text not null,
    at timestamptz not null,
    read_id uuid,
    plate text,
    plate_kind text,
    confidence real,
    picture_path text,
    outcome text not null check (outcome in ('open', 'refuse', 'ask', 'repeat')),
    reason text not null,
    stay_id uuid references parking.stay on delete set null,
    due_fen integer,
    candidates uuid[] not null default '{}',
    decided_by text not null,
    settled_at timestamptz,
    settled_by text,
    settlement text,
    is_simulated boolean not null default false
);
create unique index lane_log_read_once on parking.lane_log (read_id) where read_id is not null;
create index lane_log_lane on parking.lane_log (lane_id, at desc);
create index lane_log_open on parking.lane_log (at) where outcome = 'ask' and settled_at is null;
create index lane_log_plate on parking.lane_log (plate, at desc);

create table parking.correction (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    by_person text not null,
    subject_kind text not null check (subject_kind in ('stay', 'zone', 'bay', 'lane', 'permit', 'coupon', 'shift')),
    subject text not null,
    field text not null,
    before text,
    after text,
    reason text not null check (length(trim(reason)) > 0)
);
create index correction_subject on parking.correction (subject_kind, subject, at);

-- A lane a person closed, and when its camera last gave a read. What a lane does while something is away is
-- written in the site file, which can be read when the database cannot.
create table parking.lane_state (
    lane_id text primary key,
    is_closed boolean not null default false,
    closed_reason text,
    camera_seen_at timestamptz,
    changed_at timestamptz not null,
    changed_by text not null
);
