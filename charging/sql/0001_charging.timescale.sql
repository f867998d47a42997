select create_hypertable('charging.meter_sample', 'measured_at',
    chunk_time_interval => interval '7 days', create_default_indexes => false);
select create_hypertable('charging.message', 'at',
    chunk_time_interval => interval '1 day', create_default_indexes => false);
