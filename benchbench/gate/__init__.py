"""The gate: is this revision slower than that one? Interleaved, with a fixed false-alarm rate."""
