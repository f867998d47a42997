-- OCPP 2.x: every kind of report that comes in parts; what cars said they need.
alter table charging.report_part drop constraint report_part_kind_check;
alter table charging.report_part add constraint report_part_kind_check
    check (kind in ('device', 'monitoring', 'customer', 'profiles', 'display'));
create index report_part_recent on charging.report_part (charger_id, received_at desc);

create table charging.charging_needs (
    transaction_id bigint primary key references charging.transaction,
    leaves_at timestamptz,                       -- null: the car did not say
    wanted_wh bigint check (wanted_wh >= 0),     -- from the moment it was told; null: the car did not say
    delivered_wh bigint not null,                -- energy of the transaction at that moment
    told_at timestamptz not null,
    body jsonb not null
);
