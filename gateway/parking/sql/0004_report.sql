-- What the dashboard may read of parking.
create view report.bay_state as
    select s.bay_id, s.zone_id, s.is_occupied as occupied, s.stay_id, s.changed_at, s.heard_at, s.is_simulated,
           coalesce(u.use, 'parking') as use
    from parking.bay_state s left join facility.bay_use u using (bay_id);

create view report.zone_now as
    select zone_id, occupied, capacity, greatest(capacity - occupied, 0) as free, changed_at from parking.zone_count;

-- One row a minute and one at each change; filter on `at`.
create view report.occupancy_minute as
    select zone_id, sampled_at as at, occupied, capacity, cause from parking.occupancy_sample;
create view report.occupancy_quarter as
    select zone_id, begins_at as at, occupied_minutes / minutes as occupied, lowest, highest, capacity, minutes
    from parking.occupancy_rollup where step = 'quarter';
create view report.occupancy_hour as
    select zone_id, begins_at as at, occupied_minutes / minutes as occupied, lowest, highest, capacity, minutes
    from parking.occupancy_rollup where step = 'hour';
create view report.occupancy_day as
    select zone_id, begins_at as at, occupied_minutes / minutes as occupied, lowest, highest, capacity, minutes
    from parking.occupancy_rollup where step = 'day';

create view report.stay_open as
    select s.id, s.plate, s.plate_kind, s.vehicle_class, s.ticket, s.state, s.entry_lane, s.entered_at, s.inside_at,
           s.zone_id, b.bay_id, s.permit_id is not null as has_permit, s.is_simulated
    from parking.stay s left join parking.bay_state b on b.stay_id = s.id and b.is_occupied
    where s.state in ('entering', 'inside', 'leaving');

create view report.stay_closed as
    select id, plate, plate_kind, vehicle_class, entry_lane, exit_lane, entered_at, left_at, zone_id,
           permit_id is not null as has_permit, is_simulated
    from parking.stay where state = 'closed';

create view report.lane_now as
    select l.lane_id, l.is_closed, l.closed_reason, l.camera_seen_at,
           log.at, log.plate, log.plate_kind, log.confidence, log.outcome, log.reason, log.picture_path, log.stay_id,
           log.is_simulated,
           exists (select 1 from parking.gate_order o where o.lane_id = l.lane_id and o.ended_at is null
                   and o.opened_at is not null) as is_open
    from parking.lane_state l
    left join lateral (
        select * from parking.lane_log g where g.lane_id = l.lane_id order by g.at desc limit 1
    ) log on true;

-- Reads that wait for the attendant, oldest first.
create view report.plate_review as
    select id, lane_id, at, read_id, plate, plate_kind, confidence, picture_path, outcome, reason, stay_id, due_fen,
           candidates, is_simulated
    from parking.lane_log where outcome = 'ask' and settled_at is null;
