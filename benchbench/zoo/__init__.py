"""The zoo: models found by reading their source, loaded by location, built in the worker."""

from __future__ import annotations

from benchbench.zoo.closure import closure, function_of, identity, unnamed
from benchbench.zoo.objects import holds_weights, is_pickle, reference_of
from benchbench.zoo.registry import build, find, made, register
from benchbench.zoo.scanning import bundled_folder, matching, scan
from benchbench.zoo.source import ModelInfo, Parameter, hint

__all__ = [
    "ModelInfo",
    "Parameter",
    "build",
    "bundled_folder",
    "closure",
    "find",
    "function_of",
    "hint",
    "holds_weights",
    "identity",
    "is_pickle",
    "made",
    "matching",
    "reference_of",
    "register",
    "scan",
    "unnamed",
]
