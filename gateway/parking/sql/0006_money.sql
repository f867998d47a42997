-- Money received (positive) or given back (negative) for a stay, whatever way it came; written once by reference.
create table parking.money (
    id bigint generated always as identity primary key,
    stay_id uuid not null references parking.stay,
    at timestamptz not null,
    amount_fen integer not null check (amount_fen <> 0),
    part text not null check (part in ('parking', 'charging')),
    how text not null,
    reference text not null,
    charging_transaction_id bigint,
    is_simulated boolean not null default false,
    unique (how, reference, part, charging_transaction_id)
);
create index money_stay on parking.money (stay_id, at);
create index money_at on parking.money (at);
-- `unique` lets two rows with no charging transaction stand beside each other; this does not.
create unique index money_parking_once on parking.money (how, reference) where part = 'parking';

-- What a driver's page knows a stay by: a name nobody can guess, for a short while, given for a plate or a ticket.
create table parking.lookup (
    token text primary key,
    stay_id uuid not null references parking.stay on delete cascade,
    made_at timestamptz not null,
    expires_at timestamptz not null,
    has_paid boolean not null default false
);
create index lookup_expires on parking.lookup (expires_at);

create view report.revenue_day as
    select date_trunc('day', at, 'Asia/Shanghai') as day, part, how, sum(amount_fen)::bigint as amount_fen,
           count(distinct stay_id)::integer as stays, bool_or(is_simulated) as has_simulated
    from parking.money group by 1, 2, 3;
