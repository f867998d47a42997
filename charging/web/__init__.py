"""The driver's page of a charger, `/c/<evse>`."""
