-- Whom to tell that a car must go: the permit's holder, else the host of a visitor's pass. Nothing is copied: the view reads
-- the permit and the pass as they stand, so what is erased there is gone here. Read by conversion's vehicle clearance.
create view report.stay_owner as
    select s.id as stay_id, coalesce(own.holder, plate_own.holder, pass.host) as owner,
           case when coalesce(own.holder, plate_own.holder) is not null then 'permit_holder' else 'visitor_host' end as relation,
           coalesce(own.bay_id, plate_own.bay_id) as permit_bay_id
    from parking.stay s
    left join parking.permit own on own.id = s.permit_id
    left join lateral (
        select p.holder, p.bay_id from parking.permit_plate pp join parking.permit p on p.id = pp.permit_id
        where pp.plate = s.plate and p.ended_at is null order by p.valid_to desc, p.id limit 1
    ) plate_own on own.id is null
    left join lateral (
        select v.host from parking.visitor_pass v
        where v.plate = s.plate and v.ended_at is null and v.valid_until > s.entered_at order by v.valid_until desc, v.id limit 1
    ) pass on true
    where s.state in ('entering', 'inside', 'leaving')
      and coalesce(own.holder, plate_own.holder, pass.host) is not null;
