"""What comes before a network: its encoder and the copy of a batch, on a virtual clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from spikingjelly.activation_based import encoding
from torch import Tensor, nn

from benchbench.data.inputs import Inputs
from benchbench.frameworks import encoders
from benchbench.meters.simulated import VirtualClock
from benchbench.probes.feeding import LEAST, MOST, measure, time_copies

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement

CPU = torch.device("cpu")
STEPS, ENCODER_S, BODY_S = 3, 0.02, 0.14
BATCH = Inputs.of(torch.rand(4, 1, 8, 8))


class Slow(encoding.PoissonEncoder):
    """An encoder that takes two hundredths of a second a call."""

    def __init__(self, clock: VirtualClock) -> None:
        """Keep the clock."""
        super().__init__()
        self.clock = clock

    def forward(self, x: Tensor) -> Tensor:
        """Encode."""
        self.clock.sleep(ENCODER_S)
        spikes: Tensor = super().forward(x)
        return spikes


class Encoded(nn.Module):
    """Three steps of an encoder, and a body that takes 0.14 s."""

    def __init__(self, clock: VirtualClock) -> None:
        """Build it."""
        super().__init__()
        self.encoder, self.body, self.clock = Slow(clock), nn.Identity(), clock

    def forward(self, x: Tensor) -> Tensor:
        """The mean of the steps."""
        spikes = torch.stack([self.encoder(x) for _ in range(STEPS)]).mean(0)
        self.clock.sleep(BODY_S)
        out: Tensor = self.body(spikes)
        return out


def asked(model: nn.Module, clock: VirtualClock, **more: object) -> dict[str, Measurement]:
    """What the probe says of a model on the CPU."""
    given = {"encoders": encoders(model), "inputs": BATCH, "device": CPU, **more}
    found = measure(
        **given,  # type: ignore[arg-type]
        infer=lambda: model(BATCH.args[0]),
        sync=lambda: None,
        clock=clock,
    )
    return {figure.name: figure for figure in found}


def test_the_encoders_calls_are_added_up_and_set_against_the_inference() -> None:
    """Three calls of 0.02 s are 0.06 of 0.20 s, and no hook stays behind."""
    clock = VirtualClock()
    model = Encoded(clock)
    found = asked(model, clock)
    assert found["encoding"].value == pytest.approx(STEPS * ENCODER_S)
    assert found["encoding_share"].value == pytest.approx(0.3)
    assert found["encoding"].detail["calls"] == STEPS
    assert found["encoding"].detail["encoders"] == ["encoder"]
    assert not model.encoder._forward_hooks
    assert not model.encoder._forward_pre_hooks
    assert found["input_copy"].value is None
    assert "nothing is copied" in found["input_copy"].reasons[0]


def test_the_device_is_waited_for_on_either_side_of_a_call() -> None:
    """Work that is queued before the encoder is not its own, and what it queues is."""
    clock, queued = VirtualClock(), [0.0]

    def sync() -> None:
        clock.sleep(queued.pop())
        queued.append(0.0)

    class Queues(encoding.PoissonEncoder):
        def forward(self, x: Tensor) -> Tensor:
            queued[0] += 0.01
            return x

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = Queues()

        def forward(self, x: Tensor) -> Tensor:
            queued[0] += 0.5
            out: Tensor = self.encoder(x)
            return out

    model = Whole()
    given = measure(encoders(model), lambda: model(BATCH.args[0]), BATCH, CPU, sync, clock)
    assert given[0].value == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("model", "found", "why"),
    [
        (nn.Linear(2, 2), {}, "no encoder of a framework"),
        (nn.Linear(2, 2), None, "backend: native"),
        (nn.Identity(), {"e": encoding.PoissonEncoder()}, "does not call it"),
    ],
)
def test_without_an_encoders_call_there_is_a_reason_and_no_zero(
    model: nn.Module, found: dict[str, nn.Module] | None, why: str
) -> None:
    """Direct encoding, another backend, or an encoder that is never asked."""
    given = measure(found, lambda: model, BATCH, CPU, lambda: None, VirtualClock())
    for figure in given[:2]:
        assert figure.value is None
        assert why in figure.reasons[0]


def test_a_batch_is_copied_to_another_device() -> None:
    """From the host: `meta` stands for a device, and its copies are as many as on any other."""
    found = measure(
        {}, lambda: None, BATCH.to(CPU), torch.device("meta"), lambda: None, VirtualClock()
    )[2]
    assert found.name == "input_copy"
    assert found.value == 0
    assert found.detail["bytes"] == 4 * 64 * 4
    assert found.detail["copies"] == MOST


def test_a_device_without_room_for_a_second_copy_has_all_other_figures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The windows before it ran: they are not refused for what is timed beside them."""

    def full(*_: object) -> Inputs:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Inputs, "to", full)
    clock = VirtualClock()
    found = asked(Encoded(clock), clock, device=torch.device("meta"))
    assert found["input_copy"].value is None
    assert "no room" in found["input_copy"].reasons[0]
    assert found["encoding_share"].value == pytest.approx(0.3)


def test_a_copy_ends_when_the_device_has_it() -> None:
    """A queued copy takes its time at the wait; the first one, which is slower, is left out."""
    clock, left_s = VirtualClock(), [0.0]
    durations = iter([5.0, 0.3, 0.4, 0.2, 9.0])

    def copy() -> None:
        left_s[0] += next(durations)

    def sync() -> None:
        clock.sleep(left_s[0])
        left_s[0] = 0.0

    found = time_copies(BATCH, copy, sync, clock)
    assert found.value == pytest.approx(0.3)
    assert found.detail["copies"] == LEAST
    assert found.detail["longest_s"] == pytest.approx(0.4)


def test_an_encoder_inside_an_encoder_is_counted_once() -> None:
    """The outermost alone is timed; a model that is an encoder is one as well."""
    inner = encoding.PoissonEncoder()
    inner.part = encoding.PoissonEncoder()
    assert [*encoders(nn.Sequential(inner))] == ["0"]
    assert [*encoders(inner)] == [""]


def test_norses_encoders_are_found() -> None:
    """Its modules stand in a file of their own; its neurons are none."""
    norse = pytest.importorskip("norse.torch")
    model = nn.ModuleDict({"encode": norse.PoissonEncoder(4), "lif": norse.LIFCell()})
    assert [*encoders(model)] == ["encode"]
