-- Chargers and what they said, transactions and their energy, orders, bills.
create schema if not exists charging;

create table charging.charger (
    id integer generated always as identity primary key,
    identity text not null,
    registration text not null default 'accepted' check (registration in ('pending', 'accepted', 'rejected')),
    is_simulated boolean not null default false,
    password_hash text,          -- argon2id
    password_tag bytea,          -- HMAC-SHA-256 under this installation's pepper: checked in microseconds
    password_pepper bytea,       -- which pepper: first 8 octets of its SHA-256
    security_profile smallint not null default 0,
    max_w integer not null default 250000 check (max_w > 0),
    protocol text,
    vendor text,
    model text,
    serial_number text,
    firmware text,
    boot jsonb,
    booted_at timestamptz,
    socket uuid,                 -- the newest socket; only its holder sends orders
    connected_at timestamptz,
    disconnected_at timestamptz,
    last_seen_at timestamptz,
    registered_at timestamptz not null
);
-- OCPP identities are compared without case.
create unique index charger_identity on charging.charger (lower(identity));

create table charging.connector (
    charger_id integer not null references charging.charger,
    evse_no smallint not null,               -- 1.6: connectorId, 2.x: evse.id; 0 is the charger itself
    connector_no smallint not null default 1,
    evse_id text unique,                     -- the site's name for it, where the site file has one
    status text not null default 'Unknown',
    error_code text,
    info text,
    vendor_error text,
    status_at timestamptz,
    received_at timestamptz,
    availability text not null default 'operative'
        check (availability in ('operative', 'inoperative', 'scheduled')),
    primary key (charger_id, evse_no, connector_no)
);

create table charging.status_change (
    charger_id integer not null,
    evse_no smallint not null,
    connector_no smallint not null,
    status text not null,
    error_code text,
    info text,
    vendor_error text,
    status_at timestamptz not null,
    received_at timestamptz not null
);
create index status_change_charger on charging.status_change (charger_id, received_at desc);

create table charging.energy_tariff (
    id integer generated always as identity primary key,
    name text not null unique,
    valid_from timestamptz not null,
    body jsonb not null,
    source text not null
);

create table charging.id_tag (
    tag text not null,
    status text not null default 'Accepted'
        check (status in ('Accepted', 'Blocked', 'Expired', 'Invalid', 'NoCredit', 'NotAllowedTypeEVSE',
                          'NotAtThisLocation', 'NotAtThisTime', 'Unknown', 'ConcurrentTx')),
    expires_at timestamptz,
    parent_tag text,             -- 1.6 parentIdTag, 2.x groupIdToken
    kind text not null default 'ISO14443',
    is_master_pass boolean not null default false,
    plate text,
    note text,
    changed_at timestamptz not null
);
create unique index id_tag_once on charging.id_tag (lower(tag));

create sequence charging.transaction_number as bigint minvalue 1 maxvalue 2147483647;

create table charging.transaction (
    id bigint primary key default nextval('charging.transaction_number'),
    charger_id integer not null references charging.charger,
    evse_no smallint not null,
    connector_no smallint not null default 1,
    station_transaction text,                -- 2.x: the station's own id
    id_tag text not null,
    plate text,
    token text not null,                     -- key of the driver's page
    reservation_id integer,
    state text not null check (state in ('running', 'suspended', 'presumed_ended', 'closed', 'ended')),
    is_told_late boolean not null default false,
    is_clock_set boolean not null default true,
    flags text[] not null default '{}',
    started_at timestamptz not null,
    started_raw text not null,
    start_received_at timestamptz not null,
    meter_start_wh bigint not null,
    last_sign_at timestamptz not null,
    evidence text,
    evidence_at timestamptz,
    stopped_at timestamptz,
    stopped_raw text,
    stop_received_at timestamptz,
    meter_stop_wh bigint,
    stop_reason text,
    stop_id_tag text,
    closed_by text,
    closing_reason text,
    charging_ended_at timestamptz,
    unplugged_at timestamptz,
    delivered_wh bigint check (delivered_wh >= 0),
    energy_tariff_id integer not null references charging.energy_tariff,
    check ((state in ('running', 'suspended')) = (stopped_at is null)),
    check (stopped_at is null or delivered_wh is not null)
);
-- One car at a time, except that history told late may overlap what runs now.
create unique index transaction_one_open on charging.transaction (charger_id, evse_no)
    where state in ('running', 'suspended') and not is_told_late;
create unique index transaction_station on charging.transaction (charger_id, station_transaction)
    where station_transaction is not null;
create index transaction_open on charging.transaction (charger_id) where state in ('running', 'suspended');
create index transaction_started on charging.transaction (started_at);
create index transaction_stopped on charging.transaction (stopped_at);
create index transaction_charger on charging.transaction (charger_id, started_at desc);
create index transaction_token on charging.transaction (token);

-- 2.x: every TransactionEvent once.
create table charging.transaction_event (
    transaction_id bigint not null references charging.transaction,
    seq_no integer not null,
    message_id text not null,
    kind text not null,
    trigger_reason text,
    is_offline boolean not null default false,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    payload jsonb,
    primary key (transaction_id, seq_no, message_id)
);

create table charging.orphan_stop (
    id bigint generated always as identity primary key,
    charger_id integer not null references charging.charger,
    sent_transaction text not null,
    is_parked boolean not null,              -- true: id -1 or 0, waits for its off-line start
    meter_stop_wh bigint not null,
    stopped_at timestamptz not null,
    stopped_raw text not null,
    received_at timestamptz not null,
    id_tag text,
    reason text,
    flags text[] not null default '{}',
    payload jsonb not null,
    transaction_id bigint references charging.transaction,
    resolved_at timestamptz
);
create unique index orphan_stop_once
    on charging.orphan_stop (charger_id, sent_transaction, stopped_raw, meter_stop_wh, coalesce(id_tag, ''));

create table charging.meter_sample (
    measured_at timestamptz not null,
    received_at timestamptz not null,
    charger_id integer not null,
    evse_no smallint not null,
    transaction_id bigint,
    delivered_wh bigint,
    register_wh bigint,
    power_w integer,
    offered_w integer,
    current_l1_ma integer,
    current_l2_ma integer,
    current_l3_ma integer,
    voltage_l1_mv integer,
    voltage_l2_mv integer,
    voltage_l3_mv integer,
    offered_ma integer,
    soc_pct integer,
    temperature_dc integer,                  -- tenths of a degree Celsius
    context text not null,
    flags text,                              -- what was odd, comma separated; null where nothing was
    others jsonb,                            -- standard measurands that have no column
    quarantined jsonb                        -- what could not be read, with why
);
create index meter_sample_transaction on charging.meter_sample (transaction_id, measured_at desc)
    where transaction_id is not null;
create index meter_sample_outlet on charging.meter_sample (charger_id, evse_no, measured_at desc);

create table charging.message (
    at timestamptz not null,
    charger_id integer not null,
    is_incoming boolean not null,
    kind smallint not null,                  -- 2 call, 3 result, 4 error, 5 result error, 6 send, 0 unreadable
    message_id text,
    action text,
    body text not null
);
create index message_charger on charging.message (charger_id, at desc);

create table charging.charger_order (
    id uuid primary key,
    charger_id integer not null references charging.charger,
    action text not null,
    payload jsonb not null,
    requested_by text not null,
    requested_at timestamptz not null,
    expires_at timestamptz not null,
    state text not null default 'queued'
        check (state in ('queued', 'sent', 'answered', 'refused', 'timed_out', 'expired', 'cancelled')),
    sent_at timestamptz,
    answered_at timestamptz,
    response jsonb,
    error_code text,
    error_description text
);
create index charger_order_open on charging.charger_order (charger_id, requested_at)
    where state in ('queued', 'sent');
create index charger_order_recent on charging.charger_order (charger_id, requested_at desc);

create sequence charging.reservation_number as integer minvalue 1;
create table charging.reservation (
    id integer not null default nextval('charging.reservation_number'),
    charger_id integer not null references charging.charger,
    evse_no smallint not null,
    id_tag text not null,
    parent_tag text,
    token text not null,
    state text not null check (state in ('requested', 'active', 'refused', 'used', 'cancelled', 'expired')),
    reserved_at timestamptz not null,
    expires_at timestamptz not null,
    transaction_id bigint,
    primary key (charger_id, id)
);
create unique index reservation_one_active on charging.reservation (charger_id, evse_no)
    where state in ('requested', 'active');

create table charging.charging_profile (
    charger_id integer not null references charging.charger,
    evse_no smallint not null,
    purpose text not null,
    profile_id integer not null,
    stack_level integer not null,
    transaction_id bigint,
    body jsonb not null,
    status text not null,
    set_at timestamptz not null,
    primary key (charger_id, evse_no, purpose, stack_level, profile_id)
);

create table charging.configuration (
    charger_id integer not null references charging.charger,
    key text not null,
    value text,
    is_readonly boolean not null,
    read_at timestamptz not null,
    primary key (charger_id, key)
);

create table charging.station_event (
    id bigint generated always as identity primary key,
    charger_id integer not null references charging.charger,
    subject text not null,                   -- firmware, diagnostics, log, security, data_transfer, certificate
    status text not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    detail jsonb not null default '{}'
);
create index station_event_charger on charging.station_event (charger_id, received_at desc);

create table charging.bill (
    id bigint generated always as identity primary key,
    transaction_id bigint not null unique references charging.transaction,
    state text not null default 'open' check (state in ('open', 'settled', 'waived')),
    total_fen integer not null check (total_fen >= 0),
    energy_fen integer not null check (energy_fen >= 0),
    service_fen integer not null check (service_fen >= 0),
    idle_fen integer not null check (idle_fen >= 0),
    delivered_wh bigint not null,
    lines jsonb not null,
    energy_tariff text not null,
    made_at timestamptz not null,
    settled_at timestamptz,
    settled_by text,
    payment_reference text,
    check (total_fen = energy_fen + service_fen + idle_fen),
    check ((state = 'open') = (settled_at is null))
);
create index bill_open on charging.bill (made_at) where state = 'open';

insert into charging.energy_tariff (name, valid_from, body, source) values (
    'demonstration-2026', 'epoch',
    '{"bands": [
        {"name": "valley", "from": "00:00", "to": "08:00", "energy_yuan_per_kwh": "0.3139", "service_yuan_per_kwh": "0.4000"},
        {"name": "peak",   "from": "08:00", "to": "11:00", "energy_yuan_per_kwh": "1.1002", "service_yuan_per_kwh": "0.4000"},
        {"name": "flat",   "from": "11:00", "to": "17:00", "energy_yuan_per_kwh": "0.6585", "service_yuan_per_kwh": "0.4000"},
        {"name": "peak",   "from": "17:00", "to": "22:00", "energy_yuan_per_kwh": "1.1002", "service_yuan_per_kwh": "0.4000"},
        {"name": "flat",   "from": "22:00", "to": "24:00", "energy_yuan_per_kwh": "0.6585", "service_yuan_per_kwh": "0.4000"}],
      "idle": {"grace_minutes": 30, "yuan_per_minute": "0.20", "cap_yuan": "60.00"}}',
    'Assumption: hours in the manner of Jiangsu''s peak, flat and valley list, prices of its size; the operator sets the real ones'
);
