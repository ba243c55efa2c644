"""Units: the factor from a figure's SI unit to the unit that a table or an axis asks for."""

from __future__ import annotations

from fractions import Fraction

__all__ = ["factor"]

# Fractions, so that 1e-9 GB/B and 1000 mJ/J come out to the last digit.
_DECIMAL = {
    prefix: Fraction(10) ** power
    for prefix, power in {
        "f": -15, "p": -12, "n": -9, "µ": -6, "μ": -6, "u": -6, "m": -3,
        "k": 3, "M": 6, "G": 9, "T": 12, "P": 15,
    }.items()
}  # fmt: skip
_BINARY = {f"{prefix}i": Fraction(1024) ** power for power, prefix in enumerate("KMGT", 1)}
_SHARES = {"%": Fraction(1, 100), "‰": Fraction(1, 1000), "ppm": Fraction(1, 10**6)}
_OTHERS = {
    "Wh": ("J", Fraction(3600)),
    "min": ("s", Fraction(60)),
    "h": ("s", Fraction(3600)),
    "bit": ("B", Fraction(1, 8)),
}


def factor(own: str, wanted: str) -> float | None:
    """Factor from figures in one unit to figures in another.

    Args:
        own: SI unit of a figure, ``1`` for a share or a count: ``J``, ``fps/W``, ``1/SynOp``.
        wanted: The same unit with other prefixes: ``mJ``, ``kfps/W``, ``1/GSynOp``, ``%``, ``M``.

    Returns:
        None where `wanted` is not known as a unit of the same kind.
    """
    (over, *under), (wanted_over, *wanted_under) = own.split("/"), wanted.split("/")
    if len(under) != len(wanted_under):
        return None
    found = _size(over, wanted_over)
    for part, wanted_part in zip(under, wanted_under, strict=True):
        size = _size(part, wanted_part)
        found = None if found is None or size is None else found / size
    return None if found is None else float(1 / found)


def _size(own: str, wanted: str) -> Fraction | None:
    """How many of one unit make one of the other."""
    if wanted == own:
        return Fraction(1)
    if own == "1":
        return _SHARES.get(wanted, _DECIMAL.get(wanted))
    names = {own: Fraction(1), **{k: size for k, (base, size) in _OTHERS.items() if base == own}}
    for name, size in names.items():
        prefixes = {"": Fraction(1), **_DECIMAL} | (_BINARY if own == "B" else {})
        prefix = prefixes.get(wanted.removesuffix(name)) if wanted.endswith(name) else None
        if prefix is not None:
            return prefix * size
    return None
