"""One file a sensor."""
