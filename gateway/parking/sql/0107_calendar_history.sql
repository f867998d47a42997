-- Every change of the calendar is kept: a stay is priced by the calendar as it stood when the car came in.
create table parking.calendar_change (
    id bigint generated always as identity primary key,
    day date not null,
    kind text check (kind in ('holiday', 'workday')), -- null: behaves like its weekday again
    name text not null,
    set_by text not null,
    set_at timestamptz not null
);
create index calendar_change_day on parking.calendar_change (day, set_at, id);
insert into parking.calendar_change (day, kind, name, set_by, set_at)
    select day, kind, name, set_by, set_at from parking.calendar_day order by day;
