-- What a lane does now because its camera or the screens are away, by the policy of the site file; null: as always.
alter table parking.lane_state
    add column policy text check (policy in ('open', 'closed', 'attendant')),
    add column policy_since timestamptz,
    add constraint lane_state_policy check ((policy is null) = (policy_since is null));
