-- Public holidays and worked weekend dates of 2026, as the State Council General Office announced them on 2025-11-04
-- (国务院办公厅关于2026年部分节假日安排的通知). A manager confirms or changes each by /api/v1/calendar; what a person has
-- set stays.
insert into parking.calendar_day (day, kind, name, set_by, set_at)
select day::date, kind, name, '国务院办公厅通知 2025-11-04（待管理人员确认）', '2025-11-04 00:00+08'
from (values
    ('holiday', '元旦', date '2026-01-01', date '2026-01-03'),
    ('workday', '元旦调休', date '2026-01-04', date '2026-01-04'),
    ('workday', '春节调休', date '2026-02-14', date '2026-02-14'),
    ('holiday', '春节', date '2026-02-15', date '2026-02-23'),
    ('workday', '春节调休', date '2026-02-28', date '2026-02-28'),
    ('holiday', '清明节', date '2026-04-04', date '2026-04-06'),
    ('holiday', '劳动节', date '2026-05-01', date '2026-05-05'),
    ('workday', '劳动节调休', date '2026-05-09', date '2026-05-09'),
    ('holiday', '端午节', date '2026-06-19', date '2026-06-21'),
    ('workday', '国庆节调休', date '2026-09-20', date '2026-09-20'),
    ('holiday', '中秋节', date '2026-09-25', date '2026-09-27'),
    ('holiday', '国庆节', date '2026-10-01', date '2026-10-07'),
    ('workday', '国庆节调休', date '2026-10-10', date '2026-10-10')
) as span (kind, name, first_day, last_day),
    generate_series(span.first_day::timestamp, span.last_day::timestamp, interval '1 day') as day
on conflict (day) do nothing;
