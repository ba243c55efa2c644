"""How operations and spikes are counted."""
