"""People, roles, sessions, tokens and the audit record."""
