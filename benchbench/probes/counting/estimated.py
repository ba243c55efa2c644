"""Formulas that look at a running model: each of the first samples alone, and its layers alone."""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from benchbench.display.text import first_of
from benchbench.formulas.layers import Layer
from benchbench.frameworks import reset, spiking_layers
from benchbench.metrics.statistics import t_interval
from benchbench.probes.counting.context import countable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchbench.data.inputs import Inputs
    from benchbench.formulas.registry import Formula, Kind
    from benchbench.metrics.measurement import Measurement

    Given = Mapping[str, Mapping[str, float]]

__all__ = ["coverage_of", "estimated", "layers_given"]

LEAST_COVERAGE = 0.75  # of the dense mult-adds; below, an estimator's figure would rank by its gaps
NAMED = 4  # neurons in a reason; a deep network has dozens
SAMPLES: dict[Kind, int] = {"watched": 8, "layers": 2}  # the second kind takes seconds a sample
KNOWN = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def estimated(
    formulas: Sequence[Formula],
    model: nn.Module,
    inputs: Inputs,
    dense: Measurement,
    known: Mapping[str, Any],
    given: Given,
) -> list[Measurement]:
    """What formulas say that look at a running model.

    Args:
        formulas: Those of the kinds ``watched`` and ``layers``.
        model: Model on the CPU; left as it was.
        inputs: Samples; the first few are used, one at a time.
        dense: Dense mult-adds by layer, as they were counted.
        known: What the detail of each figure says.
        given: Parameters that a suite has set, by formula.
    """
    seen = coverage_of(model, dense)
    if seen < LEAST_COVERAGE:
        why = (
            f"the estimator sees {100 * seen:.1f} % of the dense mult-adds: with less than "
            f"{100 * LEAST_COVERAGE:.0f} % it says nothing of the network"
        )
        return [it.figure.missing(why) for it in formulas]
    known = {**known, "coverage": seen}
    blind = {it.name: why for it in formulas if (why := _blind(it, model))}
    able = [it for it in formulas if it.name not in blind]
    watched = [it for it in able if it.basis.kind == "watched"]
    alone = [[it] for it in able if it.basis.kind == "layers"]
    groups = [watched, *alone] if watched else alone
    return [
        *(it.figure.missing(blind[it.name]) for it in formulas if it.name in blind),
        *(figure for group in groups for figure in _of(group, model, inputs, known, given)),
    ]


def _blind(formula: Formula, model: nn.Module) -> str:
    """Why a formula's figure would be too small: neurons whose states cost nothing in it.

    Beside a network whose neurons it knows, the same network with others would look cheaper.
    """
    if not formula.basis.neurons:
        return ""
    unseen = [
        path or type(module).__name__
        for path, module in spiking_layers(model).items()
        if not any(_is_one_of(formula.basis.neurons, inner) for inner in module.modules())
    ]
    if not unseen:
        return ""
    return (
        f"its estimator knows SpikingJelly's {' and '.join(formula.basis.neurons)} alone: the "
        f"states of {first_of([*map(repr, unseen)], NAMED)} cost nothing in it"
    )


def _is_one_of(neurons: Sequence[str], module: nn.Module) -> bool:
    """Whether a module is of one of these classes of SpikingJelly, or of a class made of it."""
    return any(
        kind.__module__.startswith("spikingjelly.") and kind.__name__ in neurons
        for kind in type(module).__mro__
    )


def _of(
    formulas: Sequence[Formula],
    model: nn.Module,
    inputs: Inputs,
    known: Mapping[str, Any],
    given: Given,
) -> list[Measurement]:
    """Formulas of one kind; where one of them refuses the model, each is asked by itself."""
    try:
        values = _joules(formulas, model, inputs, given)
    except Exception as error:  # noqa: BLE001 - a library's estimator fails on a model as it likes
        if len(formulas) > 1:
            return [it for one in formulas for it in _of([one], model, inputs, known, given)]
        why = f"its estimator refuses this model: {type(error).__name__}: {error}"[:300]
        return [it.figure.missing(why) for it in formulas]
    seen = known["coverage"]
    reasons = () if seen > 0.999 else (f"covers {100 * seen:.1f} % of the dense mult-adds",)
    out = []
    for formula, joules in zip(formulas, zip(*values, strict=True), strict=True):
        mean, low, high = t_interval(joules) if len(joules) > 1 else (joules[0], None, None)
        detail = {**known, "parameters": formula.values(given)}
        out.append(
            formula.figure(mean, n=len(joules), low=low, high=high, reasons=reasons, detail=detail)
        )
    return out


def _joules(
    formulas: Sequence[Formula], model: nn.Module, inputs: Inputs, given: Given
) -> list[list[float]]:
    """What each formula says, sample by sample."""
    from spikingjelly.activation_based import op_counter  # noqa: F401 - `countable` shields its modes

    kind, values = formulas[0].basis.kind, []
    with countable(model), _decomposed():
        for sample in inputs[: SAMPLES[kind]].singles():
            reset(model)
            if kind == "layers":
                layers = layers_given(model, sample)
                values.append([it.joules(layers, **it.values(given)) for it in formulas])
                continue
            with contextlib.ExitStack() as stack:
                said = [stack.enter_context(it.joules(model)) for it in formulas]
                sample.run(model)
            values.append([joules() for joules in said])
        reset(model)
    return values


def layers_given(model: nn.Module, inputs: Inputs) -> list[Layer]:
    """The layers that ran, in their order, each with what it was given.

    Args:
        model: Model in the mode that is asked for, freshly reset.
        inputs: One batch. Where autograd is on, each layer knows whether its input has a gradient.
    """
    neurons = {id(module) for module in spiking_layers(model).values()}
    found: list[Layer] = []
    hooks = []
    for path, module in model.named_modules():
        if id(module) in neurons:
            kind: Any = "neuron"
        elif isinstance(module, KNOWN):
            kind = "weights"
        elif isinstance(module, NORMS):
            kind = "norm"
        else:
            continue

        def note(module: nn.Module, args: Any, path: str = path, kind: Any = kind) -> None:  # noqa: ANN401 - torch's
            given = args[0]
            found.append(Layer(path, module, kind, given.detach().clone(), given.requires_grad))

        hooks.append(module.register_forward_pre_hook(note))
    try:
        inputs.run(model)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def coverage_of(model: nn.Module, dense: Measurement) -> float:
    """Share of the dense mult-adds that happen inside layers which the estimators know."""
    paths = {path for path, module in model.named_modules() if isinstance(module, KNOWN)}
    layers: Sequence[Mapping[str, Any]] = dense.detail["layers"]
    inside = sum(layer["macs_dense"] for layer in layers if layer["name"] in paths)
    return inside / dense.value if dense.value else 0.0


@contextlib.contextmanager
def _decomposed() -> Iterator[None]:
    """What the estimators run in: operations arrive as autograd has them, decomposed.

    In inference mode a convolution arrives whole, as an operation that SpikingJelly's estimators
    have no rule for, and costs nothing. They warn of each layer that costs nothing in their model.
    """
    with warnings.catch_warnings(), torch.inference_mode(mode=False), torch.no_grad():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
