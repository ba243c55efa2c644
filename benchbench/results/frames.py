"""Layer by layer: what several figures say of the same layer, in one row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchbench.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from benchbench.metrics.measurement import Measurement

__all__ = ["layer_frame", "layer_rows"]

REST, TIED = "norms and others", "shared, counted once in all"
COUNTS = ("calls", "params", "macs", "macs_valid", "density", "synops", "share")


def layer_rows(figures: Mapping[str, Measurement]) -> list[dict[str, Any]]:
    """One row a layer, in the order of their first call; none where no layer was counted.

    Args:
        figures: A model's figures by name, of which those with ``detail["layers"]`` are read.

    Returns:
        Rows of ``layer``, ``kind`` (``conv``, ``linear`` or ``matmul``), ``shape_in`` and
        ``shape_out`` (one sample's, of one call), ``calls``, ``params``, ``macs`` (dense mult-adds
        per sample, of all calls), ``macs_valid`` (without padding taps), ``density`` (share of the
        inputs that are not 0), ``synops`` (accumulates per sample; of a layer that is fed with
        spikes alone) and ``share`` (of the model's dense mult-adds). What was not counted is None.
        A last row holds the parameters of no layer, so that the column adds up to ``params``.
    """
    dense = figures.get("macs_dense")
    if dense is None or dense.value is None:
        return []
    density, synops = _by_layer(figures, "macs_effective"), _by_layer(figures, "synops_exact")
    rows: list[dict[str, Any]] = [
        {
            "layer": layer["name"],
            "kind": layer["kind"],
            "shape_in": _sizes(layer.get("shape_in")),
            "shape_out": _sizes(layer.get("shape_out")),
            "calls": layer.get("calls"),
            "params": layer["params"],
            "macs": layer["macs_dense"],
            "macs_valid": layer["macs_valid"],
            "density": density.get(layer["name"], {}).get("density"),
            "synops": synops.get(layer["name"], {}).get("synops"),
            "share": layer["share"],
        }
        for layer in dense.detail.get("layers", ())
    ]
    params = figures.get("params")
    rest = 0.0
    if rows and params is not None and params.value is not None:
        rest = params.value - sum(row["params"] for row in rows)
    if rest:  # below 0 where a weight that several layers share stands in the row of each
        words = {"layer": REST if rest > 0 else TIED, "kind": ""}
        rows.append({**dict.fromkeys(rows[0]), **words, "params": rest})
    return rows


def layer_frame(model: str, figures: Mapping[str, Measurement]) -> pd.DataFrame:
    """`layer_rows` as a pandas data frame; what was not counted is NaN (a shape: None).

    Args:
        model: The model's name, for the reason.
        figures: Its figures by name.

    Raises:
        ResultError: Nothing was counted layer by layer, and why.
    """
    dense = figures.get("macs_dense")
    if dense is None or dense.value is None:
        why = "; ".join(dense.reasons) if dense else "its mult-adds were not counted"
        raise ResultError(f"{model}: there are no layers to show: {why}")
    import pandas as pd  # noqa: PLC0415 - 0.4 s that reports do not need

    columns = ["layer", "kind", "shape_in", "shape_out", *COUNTS]
    frame = pd.DataFrame(layer_rows(figures), columns=columns, dtype=object)
    return frame.astype(dict.fromkeys(COUNTS, float))


def _by_layer(figures: Mapping[str, Measurement], name: str) -> dict[str, Mapping[str, Any]]:
    figure = figures.get(name)
    rows = figure.detail.get("layers", ()) if figure is not None else ()
    return {row["name"]: row for row in rows}


def _sizes(shape: Sequence[int] | None) -> tuple[int, ...] | None:
    """A shape that was stored as a list."""
    return None if shape is None else tuple(shape)
