"""One file a question; a probe does not know which suite asked."""
