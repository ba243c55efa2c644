"""The command line: options, exit codes, progress. No torch, no logic."""
