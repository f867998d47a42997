"""Pure conversion rules: plan, schedule, release, sign-off, clock, slots, stock, chain."""
