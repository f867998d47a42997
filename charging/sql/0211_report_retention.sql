-- Reports may name customers and serve only the person who asked: they go after three months.
insert into facility.retention values ('charging', 'report_part', 'received_at', interval '90 days');
