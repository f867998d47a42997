"""Parking: stays, gates, tariffs, payment and occupancy."""
