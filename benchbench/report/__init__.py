"""Reports; each a pure function of `benchbench.results.Results`."""
