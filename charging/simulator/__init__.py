"""Simulated chargers: a process of its own that speaks OCPP 1.6J over real websockets, named as simulated."""
