"""Simulated chargers: a process of its own that speaks OCPP over real websockets, named as simulated."""
