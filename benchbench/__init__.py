"""Energy and efficiency benchmarks for spiking and conventional networks.

Importing this package imports neither torch nor any other heavy library.
"""

from __future__ import annotations

from benchbench.errors import BenchbenchError
from benchbench.metrics.measurement import Measurement
from benchbench.zoo import register

__all__ = ["BenchbenchError", "Measurement", "__version__", "register"]

__version__ = "0.1.0"
