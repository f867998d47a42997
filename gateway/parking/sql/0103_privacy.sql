-- How long each kind of datum is kept, what each run deleted and that nothing older is left, and erasures of one plate.
create table parking.retention (
    kind text primary key check (kind in ('picture', 'read', 'stay', 'bill')),
    keep_days integer not null check (keep_days between 1 and 7300),
    set_by text not null,
    set_at timestamptz not null
);
create table parking.retention_run (
    id uuid primary key,
    kind text not null,
    run_at timestamptz not null,
    cutoff_at timestamptz not null,
    deleted integer not null,
    remaining integer not null,
    files_deleted integer not null default 0,
    files_remaining integer not null default 0
);
create index retention_run_at on parking.retention_run (run_at desc);

-- The plate itself is not kept: `digest` is the SHA-256 of `salt` and the plate, so that an erasure can be shown to its owner.
create table parking.erasure (
    id uuid primary key,
    salt text not null,
    digest text not null,
    erased_at timestamptz not null,
    erased_by text not null,
    reason text not null,
    counts jsonb not null,
    remaining jsonb not null
);
create view report.retention_run as
    select kind, run_at, cutoff_at, deleted, remaining, files_deleted, files_remaining from parking.retention_run;
