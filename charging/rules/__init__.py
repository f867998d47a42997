"""Pure charging rules: transaction, metering, fees, sharing."""
