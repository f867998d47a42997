-- Payments, what came back from the providers, refunds, reconciliation and e-invoice requests.
-- `number` is what the provider knows the payment by (merchant order number). Money is fen.
create table parking.payment (
    id uuid primary key,
    number text not null unique,
    stay_id uuid references parking.stay on delete set null,
    provider text not null,
    state text not null check (state in ('asked', 'pending', 'paid', 'refused', 'closed')),
    parking_fen integer not null check (parking_fen >= 0),
    charging_fen integer not null check (charging_fen >= 0),
    lines jsonb not null,
    asked_at timestamptz not null,
    expires_at timestamptz not null,
    priced_at timestamptz not null,
    pay_address text,
    paid_at timestamptz,
    provider_trade text,
    reason text not null default '',
    is_stray boolean not null default false,
    is_simulated boolean not null default false,
    check (parking_fen + charging_fen > 0),
    check ((state = 'paid') = (paid_at is not null))
);
comment on column parking.payment.is_stray is
    'the money came after the payment was closed, or twice: it is to be given back';
create unique index payment_one_waiting on parking.payment (stay_id) where state in ('asked', 'pending');
create unique index payment_trade_once on parking.payment (provider, provider_trade) where provider_trade is not null;
create index payment_stay on parking.payment (stay_id, paid_at);
create index payment_paid on parking.payment (paid_at) where state = 'paid';
create index payment_waiting on parking.payment (asked_at) where state in ('asked', 'pending');

-- The charging bills a payment was asked for; the bills themselves are charging's.
create table parking.payment_charging (
    payment_id uuid not null references parking.payment on delete cascade,
    transaction_id bigint not null,
    amount_fen integer not null check (amount_fen > 0),
    primary key (payment_id, transaction_id)
);
create index payment_charging_transaction on parking.payment_charging (transaction_id);

-- Every notification of a provider is taken once, whatever it says and however often it comes.
create table parking.payment_notification (
    provider text not null,
    notification_id text not null,
    received_at timestamptz not null,
    number text not null,
    outcome text not null,
    primary key (provider, notification_id)
);
create index payment_notification_number on parking.payment_notification (number);

create table parking.refund (
    id uuid primary key,
    number text not null unique,
    payment_id uuid not null references parking.payment on delete cascade,
    parking_fen integer not null check (parking_fen >= 0),
    charging_fen integer not null check (charging_fen >= 0),
    reason text not null check (length(trim(reason)) > 0),
    asked_at timestamptz not null,
    asked_by text not null,
    state text not null check (state in ('asked', 'pending', 'done', 'failed')),
    done_at timestamptz,
    provider_refund text,
    detail text not null default '',
    check (parking_fen + charging_fen > 0),
    check ((state = 'done') = (done_at is not null))
);
create index refund_payment on parking.refund (payment_id);
create index refund_waiting on parking.refund (asked_at) where state in ('asked', 'pending');

create table parking.reconciliation (
    provider text not null,
    day date not null,
    run_at timestamptz not null,
    ours_fen bigint not null,
    theirs_fen bigint not null,
    matched integer not null,
    differences jsonb not null,
    primary key (provider, day)
);

create table parking.invoice_request (
    id uuid primary key,
    payment_id uuid not null unique references parking.payment on delete cascade,
    title text not null,
    tax_number text not null default '',
    deliver_to text not null default '',
    amount_fen integer not null check (amount_fen > 0),
    asked_at timestamptz not null,
    exported_at timestamptz,
    exported_by text
);
create index invoice_request_waiting on parking.invoice_request (asked_at) where exported_at is null;

-- The simulated provider's own books: what it was asked, what it did, what it has still to notify.
create table parking.simulated_trade (
    number text primary key,
    trade text not null unique,
    amount_fen integer not null,
    state text not null check (state in ('waiting', 'paid', 'refused', 'closed')),
    asked_at timestamptz not null,
    acts_at timestamptz,
    acts text not null default 'nothing' check (acts in ('nothing', 'pays', 'refuses')),
    paid_at timestamptz,
    notify_at timestamptz,
    notified integer not null default 0,
    notify_times integer not null default 1
);
create table parking.simulated_key (
    only_row boolean primary key default true check (only_row),
    secret text not null
);
create table parking.simulated_refund (
    number text primary key,
    payment_number text not null references parking.simulated_trade,
    amount_fen integer not null,
    refunded_at timestamptz not null
);

create view report.payment_made as
    select p.id, p.provider, p.stay_id, p.parking_fen, p.charging_fen, p.parking_fen + p.charging_fen as amount_fen,
           p.paid_at, p.is_stray, p.is_simulated,
           coalesce((select sum(r.parking_fen + r.charging_fen) from parking.refund r
                     where r.payment_id = p.id and r.state = 'done'), 0)::bigint as refunded_fen
    from parking.payment p where p.state = 'paid';
create view report.payment_reconciliation as
    select provider, day, run_at, ours_fen, theirs_fen, matched, jsonb_array_length(differences) as differing
    from parking.reconciliation;
