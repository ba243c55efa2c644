"""The suite files that come with benchbench."""
