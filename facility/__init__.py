"""Ground floor: what the building is, and what every package stands on."""
