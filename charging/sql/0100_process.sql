-- Which charging process holds a charger's socket: what a killed process held is written off by whoever notices.
create table charging.process (
    id uuid primary key,
    place text not null,                     -- machine and port, which only one process at a time can hold
    started_at timestamptz not null,
    seen_at timestamptz not null
);
alter table charging.charger add column held_by uuid;
