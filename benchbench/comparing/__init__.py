"""Figures set against figures: a paper's, another run's, another model's."""
