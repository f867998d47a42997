-- OCPP 2.x: events known by what they say (message ids and sequence numbers are reused), reports in parts, the device model.
alter table charging.transaction_event add column occurred_raw text not null default '';
alter table charging.transaction_event drop constraint transaction_event_pkey;
alter table charging.transaction_event add primary key (transaction_id, seq_no, kind, occurred_raw);

create table charging.report_part (
    charger_id integer not null references charging.charger,
    kind text not null check (kind in ('device', 'monitoring', 'customer')),
    request_id bigint not null,
    seq_no integer not null,
    is_last boolean not null,
    items jsonb not null,
    received_at timestamptz not null,
    primary key (charger_id, kind, request_id, seq_no)
);

create table charging.device_variable (
    charger_id integer not null references charging.charger,
    component text not null,
    component_instance text not null default '',
    evse_no smallint not null default 0,         -- 0: the charger itself
    connector_no smallint not null default 0,
    variable text not null,
    variable_instance text not null default '',
    attribute text not null default 'Actual',
    value text,
    mutability text,
    data_type text,
    unit text,
    read_at timestamptz not null,
    primary key (charger_id, component, component_instance, evse_no, connector_no, variable, variable_instance,
                 attribute)
);
