-- What a screen shows of a run without reading the plan file: each task, tier and crew of the pinned plan, written as
-- the run starts and again at each amendment.
create table conversion.task_card (
    run_id uuid not null references conversion.run (id),
    code text not null,
    tier text not null,
    zone text not null,
    zh text not null,
    en text not null,
    lead_crew text,
    crews jsonb not null,           -- persons by crew
    duration_min integer not null check (duration_min >= 0),
    needs jsonb not null,           -- [{"task", "kind", "lag_s"}]
    openings text[] not null,
    is_hold_point boolean not null,
    is_two_person boolean not null,
    hold_role text,
    primary key (run_id, code)
);
create table conversion.tier_card (
    run_id uuid not null references conversion.run (id),
    id text not null,
    position integer not null,
    zh text not null,
    en text not null,
    limit_s bigint,                 -- null: no limit known
    limit_source text not null,
    is_confirmed boolean not null,
    clock_task text,
    primary key (run_id, id)
);
create table conversion.crew_card (
    run_id uuid not null references conversion.run (id),
    id text not null,
    position integer not null,
    zh text not null,
    en text not null,
    persons integer,
    primary key (run_id, id)
);

create view report.conversion_task_card as
select c.run_id, c.code, t.position, c.tier, c.zone, c.zh, c.en, c.lead_crew, c.crews, c.duration_min, c.needs,
       c.openings, c.is_hold_point, c.is_two_person, c.hold_role, t.state, t.released_at, t.started_at, t.reported_at,
       t.finished_at, t.is_overridden, t.changed_at
from conversion.task_card c join conversion.task t on t.run_id = c.run_id and t.code = c.code;
create view report.conversion_tier as
select run_id, id, position, zh, en, limit_s, limit_source, is_confirmed, clock_task from conversion.tier_card;
create view report.conversion_crew as
select run_id, id, position, zh, en, persons from conversion.crew_card;
create view report.conversion_pause as
select run_id, paused_at, resumed_at, reason, person from conversion.pause;
