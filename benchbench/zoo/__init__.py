"""The zoo: models found by reading their source, loaded by location, built in the worker."""

from __future__ import annotations

from benchbench.zoo.closure import closure, identity, unnamed
from benchbench.zoo.registry import build, bundled_folder, find, matching, register, scan
from benchbench.zoo.source import ModelInfo, Parameter, hint

__all__ = [
    "ModelInfo",
    "Parameter",
    "build",
    "bundled_folder",
    "closure",
    "find",
    "hint",
    "identity",
    "matching",
    "register",
    "scan",
    "unnamed",
]
