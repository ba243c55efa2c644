"""How a model is executed. Each backend proves that it computes the same."""
