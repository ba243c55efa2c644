"""The figures of Pu & Chen 2024 (doi:10.20944/preprints202401.2165.v1), from our own runs."""
