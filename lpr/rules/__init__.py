"""Pure plate rules: grammar, vote, match."""
