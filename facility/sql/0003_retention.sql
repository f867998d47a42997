-- How long each series is kept. A package adds a row for each of its own tables that only ever grows.
create table facility.retention (
    schema_name text not null,
    table_name text not null,
    column_name text not null,              -- the timestamptz that says how old a row is
    kept_for interval not null check (kept_for >= interval '1 day'),
    primary key (schema_name, table_name)
);
comment on table facility.retention is 'read by facility.retention, which lets older rows go';
-- Facts are the live screens'' change feed, not a record.
insert into facility.retention values ('facility', 'fact', 'at', interval '14 days');
