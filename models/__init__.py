"""The zoo: one architecture a file; loaded by location, see `benchbench.zoo`."""
