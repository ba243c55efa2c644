"""A NIR graph -> the network that SpikingJelly or snnTorch imports of it, walking through time.

Each node is imported by itself, so that every one that is not covered can be named; NIRTorch then
wires them. A neuron's state is in the neuron, where `benchbench.frameworks` resets it and hooks see
its spikes: what SpikingJelly wraps around its neurons passes both by.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from benchbench.errors import ModelError
from benchbench.frameworks import is_spiking
from benchbench.frameworks.nir import tell
from benchbench.zoo.nir_graph import version_of
from benchbench.zoo.nir_neurons import DT_S, fault_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

__all__ = ["GraphNetwork", "network_of"]

SAFE = re.compile(r"[\w.\- ]+")  # NIRTorch writes Python with the nodes' names in it
MOST_NAMED = 12  # nodes in one message


class GraphNetwork(nn.Module):
    """A graph that walks through time.

    Attributes:
        graph: Graph of one time step, which takes its input and the state before.
        shape: Shape of one sample at one time step.
        steps: Time steps that an input without a time axis is presented for; None where the file's
            user has not said.
        time_first: Whether an input with a time axis is [T, N, ...], and not [N, T, ...].
    """

    def __init__(
        self, graph: nn.Module, shape: tuple[int, ...], steps: int | None, *, time_first: bool
    ) -> None:
        """Keep the graph."""
        super().__init__()
        self.graph, self.shape, self.steps, self.time_first = graph, shape, steps, time_first

    def forward(self, inputs: Tensor) -> Tensor:
        """Every time step's output, [T, N, ...]; [N, ...] of a graph without neurons or time.

        Args:
            inputs: One input at each time step; or [N, ...], which is presented at every step.

        Raises:
            ModelError: The shape is not the graph's, or the time steps are not known.
        """
        sequence = self._in_time(inputs)
        if sequence is None:
            output: Tensor = self.graph(inputs)[0]
            return output
        state, outputs = None, []
        for given in sequence:
            output, state = self.graph(given, state)
            outputs.append(output)
        return torch.stack(outputs)

    def _in_time(self, inputs: Tensor) -> Sequence[Tensor] | None:
        """The input [N, ...] of each time step; None where there is no time."""
        extra = inputs.dim() - len(self.shape)
        fits = extra == 2 or (extra == 1 and not self.time_first)
        if not fits or tuple(inputs.shape[extra:]) != self.shape:
            sizes = ", ".join(map(str, self.shape))
            one = f"[T, N, {sizes}]" if self.time_first else f"[N, {sizes}] or [N, T, {sizes}]"
            raise ModelError(f"the graph takes {one}, not {list(inputs.shape)}")
        if extra == 2:
            found = inputs.unbind(0 if self.time_first else 1)
            if self.steps not in {None, len(found)}:
                raise ModelError(f"steps: {self.steps} is told, and the data has {len(found)}")
            return found
        if self.steps is not None:
            return [inputs] * self.steps
        if is_spiking(self):
            raise ModelError(
                "a NIR graph has no number of time steps: give steps: T for how often an input is "
                "presented, or data with a time axis"
            )
        return None


def network_of(file: Path, steps: int | None, *, time_first: bool) -> nn.Module:
    """Import a graph by the first importer that covers all of it.

    Args:
        file: The graph.
        steps: Time steps of a sample that has no time axis.
        time_first: Whether the data is [T, N, ...].

    Raises:
        ModelError: It cannot be read, or each importer leaves nodes out; all of them are named.
    """
    import nir  # noqa: PLC0415 - who has no graph does not need it
    import nirtorch  # noqa: PLC0415 - as above

    try:
        graph = nir.read(file)
    except Exception as error:
        why = " ".join(str(error).split())[:300]
        text = f"{file} cannot be read by {version_of('nir')} ({type(error).__name__}: {why})"
        raise ModelError(text) from error
    if faults := list(_faults_of_structure(graph)):
        raise ModelError(f"{file}: {'; '.join(faults)}")
    missing = []
    for package, imported in IMPORTERS.items():
        made, left = _each(graph, package, imported)
        if left:
            missing.append(f"{version_of(package)} does not cover {_listed(left)}")
            continue
        kinds = {type(node): partial(_one_of, made) for _, node in _leaves(graph)}
        try:
            found = nirtorch.nir_to_torch(graph, kinds)
        except Exception as error:
            why = " ".join(str(error).split())[:300]
            text = f"{file} cannot be wired by {version_of('nirtorch')} ({why})"
            raise ModelError(text) from error
        _check_wiring(found, file)
        _tidy(found)
        network = GraphNetwork(found, _shape_of(graph, file), steps, time_first=time_first)
        with_what = ", ".join(map(version_of, (package, "nir", "nirtorch")))
        tell(network, f"{file.name}, imported by {with_what}, time step {DT_S:g} s")
        return network
    raise ModelError(f"{file}: no importer covers the graph: {'; '.join(missing)}")


def _by_spikingjelly(node: Any) -> nn.Module:  # noqa: ANN401 - nir has no types
    from spikingjelly.activation_based import base, nir_exchange  # noqa: PLC0415 - slow to import

    found = nir_exchange.import_from_nir(_alone(node), dt=DT_S).get_submodule("node")
    inside = (it for it in found.modules() if isinstance(it, base.MemoryModule))
    module: nn.Module = next(inside, found)
    return module


def _by_snntorch(node: Any) -> nn.Module:  # noqa: ANN401 - as above
    from snntorch import import_nir  # noqa: PLC0415 - may be missing

    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it does
        module: nn.Module = import_nir.import_from_nir(_alone(node)).get_submodule("node")
    return module


IMPORTERS: dict[str, Callable[[Any], nn.Module]] = {
    "spikingjelly": _by_spikingjelly,
    "snntorch": _by_snntorch,
}


def _alone(node: Any) -> Any:  # noqa: ANN401 - as above
    """A graph of one node: what importers take."""
    import nir  # noqa: PLC0415 - loaded by now

    ends = {"start": nir.Input({"input": [1]}), "end": nir.Output({"output": [1]})}
    edges = [("start", "node"), ("node", "end")]
    return nir.NIRGraph({**ends, "node": node}, edges, type_check=False)


def _each(
    graph: Any,  # noqa: ANN401 - as above
    package: str,
    imported: Callable[[Any], nn.Module],
) -> tuple[dict[int, nn.Module], list[str]]:
    """Every node's module by the node's id, and the nodes that are not covered with the reasons."""
    made, left = dict[int, nn.Module](), []
    for name, node in _leaves(graph):
        kind = type(node).__name__
        try:
            module = imported(node)
            why = _fault_of_layer(module, node) or fault_of(module, node)
        except ModuleNotFoundError:
            return {}, [f"anything: {package} is not installed"]
        except Exception as error:  # noqa: BLE001 - an importer refuses in any way it likes
            unknown = f"Unknown node type {type(node)}" in str(error)
            why = "no such node" if unknown else " ".join(str(error).split()) or repr(error)
        if why:
            left.append(f"{name} ({kind}: {why[:120]})")
        else:
            made[id(node)] = module
    return made, left


def _one_of(made: dict[int, nn.Module], node: object) -> nn.Module:
    return made[id(node)]


def _fault_of_layer(module: nn.Module, node: Any) -> str:  # noqa: ANN401 - as above
    """What an importer made of a layer that is known to go wrong; empty where nothing is."""
    kind = type(node).__name__
    if kind == "Flatten":  # NIR's dimensions leave out that of the samples
        wanted = [dim + 1 if dim >= 0 else dim for dim in (node.start_dim, node.end_dim)]
        if wanted != [module.start_dim, module.end_dim]:
            return "it flattens the samples into one"
    padding = getattr(node, "padding", None)
    if kind == "SumPool2d" and torch.as_tensor(padding).any():
        return "its padding is left out"
    return ""


def _leaves(graph: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - as above
    """Every node that is imported, those of graphs inside too, by its path."""
    for name, node in graph.nodes.items():
        kind = type(node).__name__
        if kind == "NIRGraph":
            yield from _leaves(node, f"{prefix}{name}.")
        elif kind not in {"Input", "Output"}:
            yield f"{prefix}{name}", node


def _faults_of_structure(graph: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401 - as above
    """What NIRTorch would wire wrongly, or would never end with."""
    where = f"graph {path} " if path else "the graph "
    kinds = Counter(type(node).__name__ for node in graph.nodes.values())
    for kind in ("Input", "Output"):
        if kinds[kind] != 1:
            yield f"{where}has {kinds[kind]} nodes of kind {kind}, and one is taken"
    for name in graph.nodes:
        if not SAFE.fullmatch(name):
            yield f"{where}has a node {name!r}: letters, digits and _.- are taken"
    names = Counter(name.replace(".", "_") for name in graph.nodes)
    for name in [name for name, count in names.items() if count > 1]:
        yield f"{where}has nodes that NIRTorch both calls {name}"
    reached = {name for name, node in graph.nodes.items() if type(node).__name__ == "Input"}
    while more := {b for a, b in graph.edges if a in reached} - reached:
        reached |= more
    if unreached := [name for name in graph.nodes if name not in reached]:
        yield f"{where}has nodes that no input reaches: {_listed(unreached)}"
    for name, node in graph.nodes.items():
        if type(node).__name__ == "NIRGraph":
            yield from _faults_of_structure(node, f"{path}{name}.")


def _check_wiring(found: nn.Module, file: Path) -> None:
    """Each node runs once a time step.

    Raises:
        ModelError: One runs never, or again.
    """
    for path, module in found.named_modules():
        if not isinstance(module, torch.fx.GraphModule):
            continue
        calls = Counter(str(it.target) for it in module.graph.nodes if it.op == "call_module")
        ends = {name for name, it in module.named_children() if type(it) is nn.Identity}
        wrong = [
            f"{path}.{name}".lstrip(".")
            for name, _ in module.named_children()
            if name not in ends and calls[name] != 1
        ]
        if wrong:
            raise ModelError(
                f"{file}: {version_of('nirtorch')} does not run {_listed(wrong)} once a time step"
            )


def _tidy(found: nn.Module) -> None:
    """Take out a tensor that NIRTorch makes at each time step and seldom needs."""
    for module in found.modules():
        if isinstance(module, torch.fx.GraphModule):
            for node in list(module.graph.nodes):
                if node.target is torch.ones and not node.users:
                    module.graph.erase_node(node)
            module.recompile()


def _shape_of(graph: Any, file: Path) -> tuple[int, ...]:  # noqa: ANN401 - as above
    """Shape of one sample at one time step, as the graph's input says it."""
    (shape,) = graph.input_type.values()
    if shape is None:
        raise ModelError(f"{file}: the graph's input has no shape")
    return tuple(int(size) for size in shape)


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
