"""Counts of base and candidate -> what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from benchbench.gate.outcome import Count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["changes"]


def changes(
    model: str,
    base: Mapping[str, Any],
    candidate: Mapping[str, Any],
    declared: Callable[[str, str, float, float], bool],
) -> list[Count]:
    """Compare each figure of a model; one that neither side has for the same reason is left out.

    Args:
        model: The model's id.
        base: Figures as `benchbench.gate.exact_counts.counts` gives them, by name.
        candidate: The same of the candidate.
        declared: Function that tells whether a change is in the repository's baseline, of the
            model, the figure, and what it was and is.
    """
    out = []
    for figure in dict.fromkeys((*base, *candidate)):
        old, new = base.get(figure), candidate.get(figure)
        if old is None or new is None:
            text = f"only in the {'candidate' if old is None else 'base'}"
            out.append(Count(model, figure, None, None, "not comparable", text))
        elif old["value"] is None and old == new:
            continue
        elif old["value"] is None or new["value"] is None:
            text = (old if old["value"] is None else new)["reason"]
            out.append(Count(model, figure, old["value"], new["value"], "not comparable", text))
        elif old["value"] == new["value"] and old["detail"] == new["detail"]:
            out.append(Count(model, figure, old["value"], new["value"], "same"))
        else:
            verdict: Literal["declared", "changed"] = "changed"
            values = (old["value"], new["value"])
            if declared(model, figure, *values):
                verdict = "declared"
            out.append(Count(model, figure, *values, verdict, _difference(old, new)))
    return out


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """``12 -> 14``, and which operators."""
    kinds = [
        f"{name} {old['detail'].get(name, 0)} -> {new['detail'].get(name, 0)}"
        for name in sorted({*old["detail"], *new["detail"]})
        if old["detail"].get(name) != new["detail"].get(name)
    ]
    text = f"{old['value']:,.15g} -> {new['value']:,.15g}"
    return f"{text} ({', '.join(kinds)})" if kinds else text
