-- Who read the challenges aloud, when a siren sounded, and the rest of a run as last planned anew.
alter table conversion.task add column read_by uuid;
alter table conversion.task add column read_at timestamptz;
alter table conversion.task add check ((read_by is null) = (read_at is null));

create table conversion.siren (
    run_id uuid not null references conversion.run (id),
    number integer not null check (number > 0),
    what text not null,             -- a signal or a timetable of the run's plan
    sounded_at timestamptz not null,
    is_zero boolean not null,       -- drill time counts from this sounding
    said_by text not null,
    said_at timestamptz not null,
    primary key (run_id, number),
    check (sounded_at <= said_at)
);
create unique index one_zero_a_run on conversion.siren (run_id) where is_zero;

-- One row a run: what the scheduler last foresaw, and after which entry of the record.
create table conversion.forecast (
    run_id uuid primary key references conversion.run (id),
    after_entry integer not null,
    made_at timestamptz not null,
    finish_at timestamptz not null,
    is_proved boolean not null,
    seconds double precision not null check (seconds >= 0)
);
create table conversion.forecast_task (
    run_id uuid not null references conversion.run (id),
    code text not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    is_critical boolean not null,
    primary key (run_id, code)
);

create view report.conversion_siren as
select run_id, number, what, sounded_at, is_zero, said_by, said_at from conversion.siren;
create view report.conversion_forecast as
select f.run_id, f.after_entry, f.made_at, f.finish_at, f.is_proved, f.seconds, r.entries
from conversion.forecast f join conversion.run r on r.id = f.run_id;
create view report.conversion_forecast_task as
select run_id, code, starts_at, ends_at, is_critical from conversion.forecast_task;
