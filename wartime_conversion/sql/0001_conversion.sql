-- Plans, runs, tasks, what phones sent, and the chained record of what happened.
create schema if not exists conversion;
create schema if not exists report;

create table conversion.plan_version (
    id uuid primary key,
    plan_id text not null,
    number integer not null check (number > 0),
    title_zh text not null,
    title_en text not null,
    source text not null,           -- the plan file, byte for byte as published
    sha256 text not null,
    note text not null,
    published_at timestamptz not null,
    published_by text not null,
    unique (plan_id, number),
    unique (plan_id, sha256)
);

create table conversion.plan_draft (
    plan_id text primary key,
    source text not null,
    base_number integer not null,
    revision integer not null,
    changed_at timestamptz not null,
    changed_by text not null
);

create table conversion.run (
    id uuid primary key,
    code text not null unique,      -- D-2026-003, A-2026-001
    kind text not null check (kind in ('actual', 'drill')),
    purpose text not null check (purpose in ('conversion', 'restoration')),
    unit text not null,             -- protective unit
    plan_version uuid not null references conversion.plan_version (id),
    profile text,
    tiers text[] not null,
    reason text not null,
    state text not null check (state in ('running', 'ended', 'recalled')),
    started_at timestamptz not null,
    started_by text not null,
    ended_at timestamptz,
    lag_scale double precision not null check (lag_scale between 0 and 1),
    anchor_at timestamptz,
    head text not null,             -- hash of the newest entry of the record
    entries integer not null default 0,
    people_inside integer,          -- last head count of people who do not belong inside
    check ((state = 'running') = (ended_at is null)),
    check (kind = 'drill' or lag_scale = 1)
);
create unique index one_actual_run_a_unit on conversion.run (unit) where kind = 'actual' and state = 'running';

create table conversion.pause (
    run_id uuid not null references conversion.run (id),
    paused_at timestamptz not null,
    resumed_at timestamptz,
    reason text not null check (reason <> ''),
    person text not null,
    primary key (run_id, paused_at)
);
create unique index one_open_pause on conversion.pause (run_id) where resumed_at is null;

create table conversion.task (
    run_id uuid not null references conversion.run (id),
    code text not null,
    position integer not null,
    state text not null check (state in
        ('waiting', 'ready', 'claimed', 'started', 'second', 'holding', 'done')),
    released_at timestamptz,
    claimed_at timestamptz,
    claimed_by uuid,
    started_at timestamptz,
    started_by uuid,
    reported_at timestamptz,
    reported_by uuid,
    second_by uuid,
    accepted_by uuid,
    finished_at timestamptz,
    is_overridden boolean not null default false,
    "values" jsonb not null default '{}',
    changed_at timestamptz not null,
    primary key (run_id, code),
    check ((state = 'done') = (finished_at is not null)),
    check (second_by is null or second_by <> reported_by)
);

create table conversion.entry (
    id uuid primary key,            -- made by the phone
    run_id uuid not null references conversion.run (id),
    task text,
    act text not null,
    signer_id uuid not null,
    signer_name text not null,
    device_id uuid not null,
    sequence integer not null check (sequence > 0),
    device_at timestamptz not null,
    received_at timestamptz not null,
    acted_at timestamptz not null,
    words text not null,            -- canonical JSON of what was said
    words_sha256 text not null,
    sent_by text not null,
    outcome text not null check (outcome in ('accepted', 'pending', 'concurrent', 'refused')),
    reason text,
    facts jsonb not null default '{}',
    unique (run_id, device_id, sequence)
);
create index entry_run on conversion.entry (run_id, received_at);
create index entry_pending on conversion.entry (run_id) where outcome = 'pending';

create table conversion.photo (
    sha256 text primary key,
    media_type text not null,
    content bytea not null check (octet_length(content) <= 1500000),
    received_at timestamptz not null
);

create table conversion.event (
    run_id uuid not null references conversion.run (id),
    number integer not null check (number > 0),
    at timestamptz not null,
    kind text not null,
    task text,
    person text not null,
    body text not null,             -- canonical JSON, the chained bytes
    previous_hash text not null,
    hash text not null,
    primary key (run_id, number)
);

create table conversion.role (
    id uuid primary key,
    run_id uuid not null references conversion.run (id),
    role text not null,
    crew text,
    person_id uuid not null,
    person_name text not null,
    is_stand_in boolean not null,
    from_at timestamptz not null,
    to_at timestamptz
);
create unique index role_once on conversion.role (run_id, role, coalesce(crew, ''), person_id) where to_at is null;

create table conversion.member (
    person_id uuid primary key,
    name text not null,
    account_roles text[] not null,
    crew text,
    phone text,
    is_leader boolean not null default false,
    pin_salt text,                  -- hexadecimal
    pin_key text,                   -- hexadecimal; proves a signature, never leaves the server
    pin_check text,                 -- first 4 digits of SHA-256 of the key: lets a phone say "wrong PIN"
    pin_rounds integer,
    changed_at timestamptz not null,
    check ((pin_salt is null) = (pin_key is null))
);

create table conversion.inject (
    run_id uuid not null references conversion.run (id),
    code text not null,
    due_at_s integer,
    played_at timestamptz,
    played_by text,
    decision text,
    decided_at timestamptz,
    decided_by text,
    is_as_expected boolean,
    primary key (run_id, code)
);

create table conversion.score (
    id uuid primary key,
    run_id uuid not null references conversion.run (id),
    objective text not null,
    grade text not null check (grade in ('P', 'S', 'M', 'U')),
    note text not null,
    evaluator text not null,
    scored_at timestamptz not null,
    unique (run_id, objective, evaluator)
);

create table conversion.hot_wash (
    id uuid primary key,
    run_id uuid not null references conversion.run (id),
    kind text not null check (kind in ('strength', 'improvement', 'remark')),
    words text not null check (words <> ''),
    owner text,
    due_on date,
    said_by text not null,
    said_at timestamptz not null,
    check (kind <> 'improvement' or (owner is not null and due_on is not null))
);

create table conversion.amendment (
    run_id uuid not null references conversion.run (id),
    number integer not null check (number > 0),
    task text not null,
    change jsonb not null,
    reason text not null check (reason <> ''),
    ordered_by text not null,
    ordered_at timestamptz not null,
    primary key (run_id, number)
);

-- What is published or recorded stays as it is.
create function conversion.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
create trigger plan_version_stays before update or delete on conversion.plan_version
    for each row execute function conversion.refuse_change();
create trigger event_stays before update or delete on conversion.event
    for each row execute function conversion.refuse_change();
create trigger amendment_stays before update or delete on conversion.amendment
    for each row execute function conversion.refuse_change();

create view report.conversion_run as
select r.id, r.code, r.kind, r.purpose, r.unit, r.profile, r.tiers, r.reason, r.state, r.started_at, r.started_by,
       r.ended_at, r.anchor_at, r.head, r.entries, v.plan_id, v.number as plan_number,
       (select count(*) from conversion.task t where t.run_id = r.id) as tasks,
       (select count(*) from conversion.task t where t.run_id = r.id and t.state = 'done') as tasks_done,
       (select count(*) from conversion.task t where t.run_id = r.id and t.state = 'holding') as tasks_holding,
       coalesce((select sum(coalesce(p.resumed_at, r.ended_at, now()) - p.paused_at)
                 from conversion.pause p where p.run_id = r.id), interval '0') as paused
from conversion.run r
join conversion.plan_version v on v.id = r.plan_version;

create view report.conversion_task as
select run_id, code, position, state, released_at, claimed_at, started_at, reported_at, finished_at, is_overridden,
       claimed_by, reported_by, second_by, accepted_by, "values", changed_at
from conversion.task;

create view report.conversion_event as
select run_id, number, at, kind, task, person, body, previous_hash, hash from conversion.event;

create view report.conversion_role as
select run_id, role, crew, person_id, person_name, is_stand_in, from_at, to_at from conversion.role;

create view report.conversion_entry as
select id, run_id, task, act, signer_name, device_id, sequence, device_at, received_at, acted_at, outcome, reason
from conversion.entry;
