"""Sirens of a run: that they sounded, when, and what a phone needs to show them without a network."""
