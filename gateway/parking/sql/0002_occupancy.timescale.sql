select create_hypertable('parking.occupancy_sample', by_range('sampled_at', interval '7 days'),
                         create_default_indexes => false);
