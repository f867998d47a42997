-- Six hours from local midnight: with them a chart of a season, or of every zone over two months, has a few hundred
-- points a line, and no query reads tens of thousands of hours.
alter table parking.occupancy_rollup drop constraint occupancy_rollup_step_check;
alter table parking.occupancy_rollup add constraint occupancy_rollup_step_check
    check (step in ('quarter', 'hour', 'quarter_day', 'day'));
insert into parking.occupancy_rollup
    (step, zone_id, begins_at, occupied_minutes, minutes, lowest, highest, capacity)
select 'quarter_day', zone_id, date_bin('6 hours', begins_at, '2000-01-01 00:00+08'), sum(occupied_minutes),
       sum(minutes), min(lowest), max(highest), max(capacity)
from parking.occupancy_rollup where step = 'hour' group by 2, 3;
create view report.occupancy_quarter_day as
    select zone_id, begins_at as at, occupied_minutes / minutes as occupied, lowest, highest, capacity, minutes
    from parking.occupancy_rollup where step = 'quarter_day';
