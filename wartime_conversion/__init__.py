"""Conversion plans, runs, drills, depot and restoration."""
