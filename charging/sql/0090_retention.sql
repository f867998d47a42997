-- Bills keep what they were made from; samples serve the charts of the last year, messages the search for a fault.
insert into facility.retention values
    ('charging', 'meter_sample', 'measured_at', interval '400 days'),
    ('charging', 'message', 'at', interval '90 days');
