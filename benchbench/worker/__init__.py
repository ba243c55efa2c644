"""The inside of one fresh process: what it is told, what it does, what it says."""
