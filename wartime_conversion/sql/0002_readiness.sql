-- Between drills: components, inspection rounds, hazards, crews and their training.
create table conversion.component (
    id text primary key,
    opening_id text not null,
    zh text not null,
    en text not null,
    kind text not null,
    quantity integer not null check (quantity >= 0),
    present integer not null check (present >= 0),
    stored_at text not null,
    condition text not null check (condition in ('unknown', 'good', 'worn', 'damaged', 'missing')),
    last_fitted date,
    changed_at timestamptz not null,
    changed_by text not null
);

create table conversion.inspection (
    id uuid primary key,
    round_id text not null,
    done_at timestamptz not null,
    done_by text not null,
    is_passed boolean not null,
    note text not null
);
create index inspection_round on conversion.inspection (round_id, done_at desc);

create table conversion.hazard (
    id uuid primary key,
    subject text not null,
    words text not null check (words <> ''),
    severity text not null check (severity in ('minor', 'major', 'critical')),
    state text not null check (state in ('found', 'assigned', 'mended', 'rechecked', 'struck_off')),
    found_at timestamptz not null,
    found_by text not null,
    owner text,
    due_on date,
    mended_by text,
    rechecked_by text,
    changed_at timestamptz not null,
    check (state = 'found' or (owner is not null and due_on is not null)),
    check (rechecked_by is null or rechecked_by <> mended_by)
);

create table conversion.training (
    id uuid primary key,
    person_id uuid not null references conversion.member (person_id),
    subject text not null,
    trained_on date not null,
    valid_until date not null check (valid_until > trained_on),
    recorded_by text not null,
    recorded_at timestamptz not null
);

create view report.conversion_hazard as
select id, subject, words, severity, state, found_at, owner, due_on, changed_at from conversion.hazard;
create view report.conversion_component as
select id, opening_id, zh, en, kind, quantity, present, stored_at, condition, last_fitted from conversion.component;
