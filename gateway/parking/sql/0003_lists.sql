-- Allow, deny and emergency lists (an ambulance has an ordinary plate), visitor passes, coupons, places kept for a driver, shifts at the booth.
create table parking.list_entry (
    id uuid primary key,
    list text not null check (list in ('allow', 'deny', 'emergency')),
    plate text not null,
    reason text not null,
    valid_from timestamptz not null,
    valid_until timestamptz,
    made_at timestamptz not null,
    made_by text not null,
    ended_at timestamptz,
    ended_by text
);
create unique index list_entry_once on parking.list_entry (list, plate) where ended_at is null;

create table parking.visitor_pass (
    id uuid primary key,
    plate text not null,
    host text not null,
    valid_from timestamptz not null,
    valid_until timestamptz not null,
    is_free boolean not null default true,
    made_at timestamptz not null,
    made_by text not null,
    ended_at timestamptz,
    ended_by text,
    check (valid_until > valid_from)
);
create index visitor_pass_plate on parking.visitor_pass (plate, valid_until);

create table parking.coupon (
    code text primary key,
    shop text not null,
    worth_minutes integer check (worth_minutes > 0),
    worth_fen integer check (worth_fen > 0),
    valid_until timestamptz not null,
    made_at timestamptz not null,
    made_by text not null,
    stay_id uuid references parking.stay on delete set null,
    used_at timestamptz,
    check ((worth_minutes is null) <> (worth_fen is null)),
    check (stay_id is null or used_at is not null)
);
create index coupon_stay on parking.coupon (stay_id) where stay_id is not null;

create table parking.place_kept (
    id uuid primary key,
    plate text not null,
    level_id text not null,
    kept_from timestamptz not null,
    kept_until timestamptz not null,
    used_at timestamptz,
    given_up_at timestamptz,
    check (kept_until > kept_from)
);
create unique index place_kept_once on parking.place_kept (plate) where used_at is null and given_up_at is null;

create table parking.shift (
    id uuid primary key,
    person_id uuid not null,
    person_name text not null,
    began_at timestamptz not null,
    opening_cash_fen integer not null check (opening_cash_fen >= 0),
    ended_at timestamptz,
    expected_cash_fen integer,
    counted_cash_fen integer check (counted_cash_fen >= 0),
    handed_to text,
    note text not null default '',
    check ((ended_at is null) = (counted_cash_fen is null))
);
create unique index shift_one_open_per_person on parking.shift (person_id) where ended_at is null;
create table parking.cash_entry (
    id uuid primary key,
    shift_id uuid not null references parking.shift,
    stay_id uuid references parking.stay on delete set null,
    at timestamptz not null,
    amount_fen integer not null check (amount_fen <> 0),
    cause text not null check (cause in ('parking', 'refund', 'float', 'banked'))
);
create index cash_entry_shift on parking.cash_entry (shift_id);

-- How often an address or a plate asked, so that paying is no oracle for where a car is.
create unlogged table parking.ask_count (
    key text not null,
    minute timestamptz not null,
    asked integer not null,
    primary key (key, minute)
);
