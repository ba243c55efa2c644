"""Training on Lightning, the STDP fine-tune, and the store of trained weights."""
