-- What the dashboard and the parking side may read.
create view report.charger as
select ch.identity, c.evse_no, c.connector_no, c.evse_id, c.status, c.error_code, c.status_at, c.availability,
       ch.protocol, ch.vendor, ch.model, ch.firmware, ch.is_simulated, ch.max_w,
       ch.connected_at is not null
           and (ch.disconnected_at is null or ch.disconnected_at < ch.connected_at) as is_connected,
       ch.last_seen_at, t.id as transaction_id, t.started_at as transaction_started_at,
       s.power_w, s.delivered_wh, s.soc_pct, s.measured_at as sampled_at
from charging.charger ch
join charging.connector c on c.charger_id = ch.id
left join charging.transaction t
    on t.charger_id = c.charger_id and t.evse_no = c.evse_no
   and t.state in ('running', 'suspended') and not t.is_told_late
left join lateral (
    select m.power_w, m.delivered_wh, m.soc_pct, m.measured_at
    from charging.meter_sample m
    where m.transaction_id = t.id and m.measured_at >= t.started_at
    order by m.measured_at desc limit 1
) s on true
where c.evse_no > 0;

create view report.charging_power as
select m.measured_at, ch.identity, c.evse_id, m.evse_no, m.transaction_id, m.power_w, m.delivered_wh
from charging.meter_sample m
join charging.charger ch on ch.id = m.charger_id
left join charging.connector c
    on c.charger_id = m.charger_id and c.evse_no = m.evse_no and c.connector_no = 1;

create view report.charging_transaction as
select t.id, ch.identity, c.evse_id, t.evse_no, t.id_tag, t.plate, t.state, t.started_at, t.stopped_at,
       t.stop_reason, t.closing_reason, t.delivered_wh, t.charging_ended_at, t.unplugged_at, t.flags,
       ch.is_simulated, b.state as bill_state, b.total_fen
from charging.transaction t
join charging.charger ch on ch.id = t.charger_id
left join charging.connector c
    on c.charger_id = t.charger_id and c.evse_no = t.evse_no and c.connector_no = 1
left join charging.bill b on b.transaction_id = t.id;

create view report.charging_bill as
select b.id, b.transaction_id, b.state, b.total_fen, b.energy_fen, b.service_fen, b.idle_fen, b.delivered_wh,
       b.lines, b.energy_tariff, b.made_at, b.settled_at, b.payment_reference, t.plate, t.id_tag, t.token,
       c.evse_id, t.started_at, t.stopped_at, t.charging_ended_at, t.unplugged_at
from charging.bill b
join charging.transaction t on t.id = b.transaction_id
left join charging.connector c
    on c.charger_id = t.charger_id and c.evse_no = t.evse_no and c.connector_no = 1;

create view report.charger_event as
select s.id, ch.identity, s.subject, s.status, s.occurred_at, s.received_at, s.detail
from charging.station_event s join charging.charger ch on ch.id = s.charger_id;

create view report.charger_order as
select o.id, ch.identity, o.action, o.state, o.requested_by, o.requested_at, o.sent_at, o.answered_at, o.error_code
from charging.charger_order o join charging.charger ch on ch.id = o.charger_id;
