"""What comes before a network: its encoder, and the way of a batch to the device.

Neither is set apart in the windows: these begin with inputs that lie on the device, and an encoder
that is a layer of the model is in the time of its inference. Here both are timed alone, a few
batches long, the device waited for on either side of each. Their joules are not told apart: one
such stretch is shorter than a step of any sensor's counter.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import torch
    from torch import nn

    from benchbench.data.inputs import Inputs
    from benchbench.metrics.measurement import Measurement

__all__ = ["ENCODING", "ENCODING_SHARE", "INPUT_COPY", "measure", "time_copies"]

ENCODING = Figure(
    "encoding",
    "Encoding of a batch",
    "s",
    "timed",
    "median time of the calls of a model's encoder in one inference of a batch, all time steps "
    "together: a part of the inference, not beside it; its joules are not told apart",
    rests_on="machine",
    beside_paper="ratio",
    place=905,
    ranked=False,
)
ENCODING_SHARE = Figure(
    "encoding_share",
    "Encoding's share of an inference",
    "1",
    "timed",
    "time of the encoder's calls by that of the whole inference, the device waited for around each "
    "call",
    rests_on="machine",
    beside_paper="ratio",
    place=906,
    ranked=False,
)
INPUT_COPY = Figure(
    "input_copy",
    "Copy of a batch to the device",
    "s",
    "timed",
    "median time in which one batch of inputs comes from the host's pageable memory to the device; "
    "in no window, and its joules are not told apart",
    rests_on="machine",
    beside_paper="ratio",
    place=907,
    ranked=False,
)

LEAST, MOST = 3, 50  # ours: batches, so that a slow model's are over in seconds
BUDGET_S = 0.5  # ours: no further batch is begun after it
ON_HOST = "inputs lie in the host's memory, where the model runs: nothing is copied"
NO_ROOM = "the device has no room for a second copy of the batch beside the model"
NO_ENCODER = (
    "no encoder of a framework is a layer of this model: its first layer takes the inputs, or its "
    "own code encodes them, in the time of an inference"
)
NOT_APART = "its encoder is in what the backend runs as one: `backend: native` tells it apart"
NOT_CALLED = "the model has an encoder, and an inference does not call it"


@probe(gives=(ENCODING, ENCODING_SHARE, INPUT_COPY))
def measure(
    encoders: Mapping[str, nn.Module] | None,
    infer: Callable[[], object],
    inputs: Inputs,
    device: torch.device,
    sync: Callable[[], None],
    clock: Callable[[], float] = time.perf_counter,
) -> list[Measurement]:
    """Time the encoder within inferences, and the copy of a batch.

    Args:
        encoders: The model's encoders by path; None where they cannot be told apart.
        infer: Runs one inference of a batch.
        inputs: One batch.
        device: Where the model runs.
        sync: Waits until the device has finished.
        clock: Seconds.
    """
    found = _encoding(encoders, infer, sync, clock)
    if device.type == "cpu":
        return [*found, INPUT_COPY.missing(ON_HOST)]
    import torch

    on_host = inputs.cpu()
    try:
        copied = time_copies(on_host, lambda: on_host.to(device), sync, clock)
    except torch.OutOfMemoryError:  # the windows had room: they are not refused for this
        copied = INPUT_COPY.missing(NO_ROOM)
    return [*found, copied]


def time_copies(
    inputs: Inputs,
    copy: Callable[[], object],
    sync: Callable[[], None],
    clock: Callable[[], float] = time.perf_counter,
) -> Measurement:
    """Time copies of one batch; the first, for which the allocator asks for memory, is left out.

    Args:
        inputs: The batch, on the host.
        copy: Copies it to the device.
        sync: Waits until the device has finished.
        clock: Seconds.
    """
    copy()
    times_s = _timed(copy, sync, clock)
    size = sum(tensor.numel() * tensor.element_size() for tensor in inputs.tensors)
    detail = {"copies": len(times_s), "bytes": size, "longest_s": max(times_s)}
    return INPUT_COPY(statistics.median(times_s), detail=detail)


def _encoding(
    encoders: Mapping[str, nn.Module] | None,
    infer: Callable[[], object],
    sync: Callable[[], None],
    clock: Callable[[], float],
) -> list[Measurement]:
    """The encoder's time within whole inferences, by hooks around each of its calls."""
    if not encoders:
        why = NOT_APART if encoders is None else NO_ENCODER
        return [figure.missing(why) for figure in (ENCODING, ENCODING_SHARE)]
    spent_s, began_s = list[float](), list[float]()

    def before(*_: object) -> None:
        sync()
        began_s.append(clock())

    def after(*_: object) -> None:
        sync()
        spent_s.append(clock() - began_s.pop())

    encoding_s = list[float]()

    def inference() -> None:
        spent_s.clear()
        infer()
        encoding_s.append(sum(spent_s))

    hooks = [
        hook
        for module in encoders.values()
        for hook in (
            module.register_forward_pre_hook(before),
            module.register_forward_hook(after),
        )
    ]
    try:
        inference()
        calls = len(spent_s)
        encoding_s.clear()
        whole_s = _timed(inference, sync, clock) if calls else []
    finally:
        for hook in hooks:
            hook.remove()
    if not calls:
        return [figure.missing(NOT_CALLED) for figure in (ENCODING, ENCODING_SHARE)]
    detail = {"batches": len(whole_s), "calls": calls, "encoders": [*encoders]}
    share = sum(encoding_s) / sum(whole_s)
    return [
        ENCODING(statistics.median(encoding_s), detail=detail),
        ENCODING_SHARE(share, detail=detail),
    ]


def _timed(
    step: Callable[[], object], sync: Callable[[], None], clock: Callable[[], float]
) -> list[float]:
    """Seconds of each of some steps, the device idle before and after."""
    times_s, began_s = list[float](), clock()
    while len(times_s) < LEAST or (len(times_s) < MOST and clock() - began_s < BUDGET_S):
        sync()
        start_s = clock()
        step()
        sync()
        times_s.append(clock() - start_s)
    return times_s
