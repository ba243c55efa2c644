"""Where a model computes and fires, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchbench.report.charts.base import (
    MOST,
    WIDTH,
    Illustration,
    Panel,
    Scale,
    axis_across,
    drawing,
    left_out,
    short,
    titled,
    words,
)
from benchbench.report.format import model_title, si
from benchbench.results.frames import layer_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.results.schema import CellResult, Results

__all__ = ["layer_charts"]

ROW, TOP, LEFT, RIGHT, GAP = 18, 30, 152, 10, 16
LAYERS = 40  # of a model: of more those are drawn that compute most
WHERE = "their layers are in results.json, and `Results.layers` gives them as a table"


@dataclass(frozen=True, slots=True)
class _Bar:
    """A layer: what it computes on dense inputs and on the data, and what its neurons do.

    Attributes:
        name: Its name.
        dense: Dense mult-adds per sample; None of a layer that only fires.
        spent: Accumulates on spikes, else mult-adds on inputs that are not 0; None where nothing
            was counted on data.
        active: Share of its outputs that are not 0, per time step; None of a layer without
            neurons.
        spiking: Whether these outputs are spikes.
    """

    name: str
    dense: float | None = None
    spent: float | None = None
    active: float | None = None
    spiking: bool = False


def layer_charts(results: Results) -> Illustration | None:
    """Mult-adds and activity of each layer; a panel a model."""
    of_each = [(cell, _bars(cell)) for cell in results.cells]
    there = [(cell, bars) for cell, bars in of_each if bars]
    if not there:
        return None
    panels = tuple(_panel(model_title(results, cell), bars) for cell, bars in there[:MOST])
    return Illustration(
        "Layer by layer: operations, and activity of the neurons",
        panels,
        (
            (
                "above: outline, dense mult-adds per sample; filled, what the data leaves of them "
                "(SynOps of layers that are fed with spikes, mult-adds on inputs that are not 0 of "
                "others)"
            ),
            (
                "below: firing rate of spiking layers, spikes per neuron and step (filled); of "
                "ReLU layers the share of outputs that are not 0 (hollow)"
            ),
            *left_out(len(there) - MOST, "model(s)", WHERE),
        ),
    )


def _bars(cell: CellResult) -> list[_Bar]:
    """The layers that compute, then those that fire, in the order of the network."""
    synops = _details(cell, "synops_exact")
    effective = _details(cell, "macs_effective")
    bars = []
    for row in layer_rows(cell.measurements):
        name = row["layer"]
        if row["macs"] is None:
            continue
        of = synops.get(name, {}).get("synops", effective.get(name, {}).get("macs_effective"))
        bars.append(_Bar(name, row["macs"], of))
    firing, sparse = _details(cell, "firing_rate"), _details(cell, "activation_sparsity")
    for name in dict.fromkeys((*firing, *sparse)):
        rate = firing.get(name, {}).get("rate")
        share = 1 - sparse[name]["sparsity"] if name in sparse else None
        active = share if rate is None else rate
        if active is not None:
            bars.append(_Bar(name, active=active, spiking=rate is not None))
    return bars


def _details(cell: CellResult, figure: str) -> dict[str, Any]:
    found = cell.measurements.get(figure)
    layers = found.detail.get("layers", ()) if found is not None and found.value is not None else ()
    return {layer["name"]: layer for layer in layers}


def _panel(title: str, bars: Sequence[_Bar]) -> Panel:
    computing = [bar for bar in bars if bar.dense is not None]
    firing = [bar for bar in bars if bar.active is not None]
    shown = sorted(computing, key=lambda bar: -(bar.dense or 0.0))[:LAYERS]
    rows = [bar for bar in computing if bar in shown]
    active = firing[:LAYERS]
    parts: list[str] = []
    top = height = float(TOP)
    if rows:
        most = max(bar.dense or 0.0 for bar in rows) or 1.0
        scale = Scale(0.0, most * 1.05, LEFT, WIDTH - RIGHT)
        bottom = top + ROW * len(rows)
        parts += [words(LEFT, top - 10, "mult-adds per sample", kind="soft")]
        parts += axis_across(scale, top - 4, bottom)
        parts += [_operations(bar, top + ROW * i, scale) for i, bar in enumerate(rows)]
        top, height = bottom + GAP + 34, bottom + 20
    if active:
        scale = Scale(0.0, max(1e-3, *(bar.active or 0.0 for bar in active)) * 1.05, LEFT, 380)
        parts += [words(LEFT, top - 10, "share that is not 0, per time step", kind="soft")]
        parts += [_activity(bar, top + ROW * i, scale) for i, bar in enumerate(active)]
        height = top + ROW * len(active) + 8
    rest = len(computing) - len(rows) + len(firing) - len(active)
    if rest:
        height += 18
        parts += [words(0, height - 6, f"{rest} more layer(s) are not drawn", kind="soft")]
    return Panel(title, drawing(height, _says(title, rows, active), parts))


def _says(title: str, rows: Sequence[_Bar], active: Sequence[_Bar]) -> str:
    """The panel in words: the layer that computes most, and the most active one."""
    out = [f"{title}, layer by layer"]
    if rows:
        most = max(rows, key=lambda bar: bar.dense or 0.0)
        out.append(f"{most.name} computes most, {si(most.dense or 0.0)} mult-adds")
    if active:
        most = max(active, key=lambda bar: bar.active or 0.0)
        out.append(f"{most.name} is the most active, {100 * (most.active or 0.0):.3g} %")
    return "; ".join(out)


def _operations(bar: _Bar, y: float, scale: Scale) -> str:
    dense, spent = bar.dense or 0.0, bar.spent
    x, end = scale.at(0), scale.at(dense)
    told = f"{bar.name}: {si(dense)} dense mult-adds"
    told += "" if spent is None else f", {si(spent)} of them on the data"
    filled = ""
    if spent is not None:
        width = max(0.5, scale.at(min(spent, scale.high)) - x)
        filled = f'<rect class="full" x="{x}" y="{y}" width="{width:g}" height="{ROW - 5}"/>'
    outline = f'<rect class="outline" x="{x}" y="{y}" width="{max(0.5, end - x):g}" '
    outline += f'height="{ROW - 5}"/>'
    return titled(told, words(LEFT - 8, y + 11, short(bar.name), anchor="end"), outline, filled)


def _activity(bar: _Bar, y: float, scale: Scale) -> str:
    active = bar.active or 0.0
    x = scale.at(0)
    kind = "full" if bar.spiking else "outline"
    width = max(0.5, scale.at(active) - x)
    word = "spikes per neuron and time step" if bar.spiking else "of the outputs are not 0"
    return titled(
        f"{bar.name}: {active:.4g} {word}",
        words(LEFT - 8, y + 11, short(bar.name), anchor="end"),
        f'<rect class="{kind}" x="{x}" y="{y}" width="{width:g}" height="{ROW - 5}"/>',
        words(x + width + 6, y + 11, f"{100 * active:.3g} %"),
    )
