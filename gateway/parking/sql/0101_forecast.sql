-- The forecast of occupied bays, when it was fitted, and the dates that do not behave like their weekday.
create table parking.occupancy_forecast (
    zone_id text not null,
    horizon text not null check (horizon in ('30min', '1h', '24h')),
    target_at timestamptz not null,
    made_at timestamptz not null,
    expected double precision not null,
    low double precision not null,
    high double precision not null,
    capacity integer not null,
    method text not null check (method in ('learned', 'usual', 'last')),
    primary key (zone_id, horizon, target_at),
    check (low <= expected and expected <= high)
);
create index occupancy_forecast_target on parking.occupancy_forecast (target_at);

create table parking.forecast_fit (
    fitted_at timestamptz primary key,
    method text not null,
    history_rows integer not null,
    seconds double precision not null
);

-- `holiday` behaves like a Sunday, `workday` is a weekend date that is worked (调休) and behaves like a Monday.
create table parking.calendar_day (
    day date primary key,
    kind text not null check (kind in ('holiday', 'workday')),
    name text not null,
    set_by text not null,
    set_at timestamptz not null
);

create view report.occupancy_forecast as
    select zone_id, horizon, target_at, made_at, expected, low, high, capacity, greatest(capacity - expected, 0) as free,
           method
    from parking.occupancy_forecast;
create view report.forecast_fit as select fitted_at, method, history_rows, seconds from parking.forecast_fit;
