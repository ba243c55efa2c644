"""What a suite costs whoever runs it, as its file says it. Frozen; runs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["Cost"]


@dataclass(frozen=True, slots=True)
class Cost:
    """Time and what else a suite needs, in its author's words; nothing follows from them.

    Attributes:
        quick: Time that the quick form takes, and on what: "4 min on two cores".
        full: Time that the full form takes, and on what.
        data: Data that the suite is meant for, where it is not what it draws by itself.
        extras: Extras of benchbench that it needs: ``pip install 'benchbench[train]'``.
        gpu: What a GPU is needed for; empty where none is.
    """

    quick: str = ""
    full: str = ""
    data: str = ""
    extras: tuple[str, ...] = ()
    gpu: str = ""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    @property
    def needs(self) -> str:
        """Data, packages and devices in one line; empty where nothing is needed."""
        packages = f"benchbench[{','.join(self.extras)}]" if self.extras else ""
        return "; ".join(part for part in (self.data, packages, self.gpu) if part)
