"""OCPP central system, metering, fees and load sharing."""
