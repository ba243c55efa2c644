"""One file a question about a model; each declares the figures that it gives."""
