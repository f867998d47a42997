-- The demonstration's simulated past is written once.
create table facility.demonstration (
    is_one boolean primary key default true check (is_one),
    since timestamptz not null,
    until timestamptz not null,
    seed integer not null
);
