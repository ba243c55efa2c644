"""Joules by formula, one file a formula. No sensor is involved."""
