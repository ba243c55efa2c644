"""What a suite file says, and how it is read. Runs nothing."""
