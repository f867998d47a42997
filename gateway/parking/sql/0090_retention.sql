-- The roll-ups stay; the samples they were made from serve the forecast's last year.
insert into facility.retention values ('parking', 'occupancy_sample', 'sampled_at', interval '400 days');
