"""Pages of the dashboard: layout and thin callbacks."""
