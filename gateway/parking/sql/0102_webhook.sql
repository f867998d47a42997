-- Who is told of what happens here, and what became of each telling.
create table parking.webhook (
    id uuid primary key,
    url text not null check (url ~ '^https?://'),
    secret text not null,
    events text[] not null check (cardinality(events) > 0),
    made_at timestamptz not null,
    made_by text not null,
    ended_at timestamptz
);
create table parking.webhook_delivery (
    id uuid primary key,
    webhook_id uuid not null references parking.webhook on delete cascade,
    fact_id bigint,
    event text not null,
    body jsonb not null,
    made_at timestamptz not null,
    state text not null default 'waiting' check (state in ('waiting', 'delivered', 'given_up')),
    attempts integer not null default 0,
    next_at timestamptz not null,
    last_at timestamptz,
    last_status integer,
    last_error text not null default '',
    unique (webhook_id, fact_id)
);
create index webhook_delivery_due on parking.webhook_delivery (next_at) where state = 'waiting';
create index webhook_delivery_log on parking.webhook_delivery (webhook_id, made_at desc);
create table parking.webhook_mark (
    only_row boolean primary key default true check (only_row),
    fact_id bigint not null
);
