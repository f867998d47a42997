-- Mode, bay use, equipment board, facts, alarms, people and audit: what every package stands on.
create schema if not exists facility;
create schema if not exists report;

create table facility.mode_change (
    id bigint generated always as identity primary key,
    mode text not null check (mode in ('peacetime', 'converting', 'wartime', 'restoring')),
    changed_at timestamptz not null,
    changed_by text not null,
    reason text not null
);
insert into facility.mode_change (mode, changed_at, changed_by, reason)
values ('peacetime', 'epoch', 'system', 'the building as it was opened');

create table facility.bay_use (
    bay_id text primary key,
    use text not null check (use in ('parking', 'clearing', 'clear', 'storage')),
    changed_at timestamptz not null,
    changed_by text not null
);

create table facility.lockout (
    id uuid primary key,
    kind text not null check (kind in ('evse', 'lane', 'zone')),
    equipment_id text not null,
    source text not null check (source in ('conversion', 'maintenance', 'safety')),
    reason text not null,
    placed_by text not null,
    placed_at timestamptz not null,
    lifted_by text,
    lifted_at timestamptz,
    shadow_run uuid,
    check ((lifted_at is null) = (lifted_by is null))
);
create unique index lockout_once_a_source on facility.lockout
    (kind, equipment_id, source, coalesce(shadow_run, '00000000-0000-0000-0000-000000000000'))
    where lifted_at is null;

create table facility.equipment_status (
    kind text not null,
    equipment_id text not null,
    status text not null,
    reported_at timestamptz not null,
    primary key (kind, equipment_id)
);

create table facility.fact (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    kind text not null,
    subject text not null,
    detail jsonb not null default '{}'
);
create index fact_at on facility.fact (at);

create table facility.alarm (
    id uuid primary key,
    kind text not null,
    subject text not null,
    severity text not null check (severity in ('info', 'warning', 'critical')),
    detail jsonb not null default '{}',
    raised_at timestamptz not null,
    acknowledged_at timestamptz,
    acknowledged_by text,
    cleared_at timestamptz
);
create unique index alarm_once on facility.alarm (kind, subject) where cleared_at is null;

create table facility.audit (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    person_id uuid,
    person_name text not null,
    act text not null,
    subject text not null,
    detail jsonb not null default '{}'
);
create index audit_at on facility.audit (at);

create table facility.process (
    name text primary key,
    pid integer not null,
    started_at timestamptz not null,
    seen_at timestamptz not null,
    detail jsonb not null default '{}'
);

create view report.mode_now as
    select mode, changed_at, changed_by, reason from facility.mode_change order by id desc limit 1;
create view report.alarm_open as
    select id, kind, subject, severity, detail, raised_at, acknowledged_at, acknowledged_by
    from facility.alarm where cleared_at is null;
create view report.lockout_standing as
    select id, kind, equipment_id, source, reason, placed_by, placed_at, shadow_run
    from facility.lockout where lifted_at is null;
create view report.equipment_status as
    select kind, equipment_id, status, reported_at from facility.equipment_status;
create view report.bay_use as select bay_id, use, changed_at from facility.bay_use;
create view report.audit as select id, at, person_name, act, subject, detail from facility.audit;
create view report.process as select name, pid, started_at, seen_at, detail from facility.process;
