"""Readiness between drills: components, rounds, hazards, crews and training."""
