"""Pure figures of the dashboard."""
