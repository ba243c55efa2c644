"""How a sensor is read around and during a window."""
