"""Pure parking rules: stay, decision, tariff, occupancy, forecast."""
