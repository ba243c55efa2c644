"""NVIDIA's sensor: the total energy counter and the utilisation of one GPU, through NVML.

Sources: NVIDIA's NVML API reference (nvml.h) for names, units and error codes. Each call is tried
once when the meter is opened; what it said is kept, and nothing is guessed from the architecture.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from benchbench.errors import MeterError
from benchbench.meters import nvml_power as power
from benchbench.meters import nvml_state as state
from benchbench.meters.base import Busy, Condition, Meter
from benchbench.meters.limits import Uncertainty
from benchbench.meters.nvml_errors import code_name, is_a_slice, sentence
from benchbench.meters.polled import PowerIntegral
from benchbench.meters.registry import meter
from benchbench.meters.rising import Rising
from benchbench.meters.utilisation import SAMPLE_PERIOD_S, share_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench.meters.registry import Request

__all__ = ["NvmlMeter", "open_nvml"]

POLL_S = 0.02  # ours: of the power, where it has to be summed up


class NvmlMeter(Meter):
    """The sensors of one NVIDIA GPU.

    Attributes:
        uuid: The GPU's UUID as NVML spells it, ``GPU-...``.
        provenance: ``simulated`` where the GPU's own name begins with ``SIMULATED``: a simulated
            library announces itself, so that nobody has to remember it.
        calls: Answer of each NVML call that was tried once: ``supported`` or NVML's error.
        integrates: Whether the energy is summed up from power, for want of a counter.
        uncertainty: Gain and offset as Yang et al. found them (arXiv 2312.02741): 5 %, and up to
            16 W on the worst of their boards. The counter moves every 20 to 100 ms.
    """

    part = "gpu"
    frozen_remedy = "see whether `nvidia-smi -q -d POWER` moves, else reload the driver or reboot"

    def __init__(self, selector: str) -> None:
        """Open the GPU.

        Args:
            selector: A UUID (``GPU-...``), or an index in NVML's order, which is not CUDA's.

        Raises:
            MeterError: NVML or the GPU cannot be had.
        """
        if selector.startswith("MIG-"):
            raise MeterError(is_a_slice(selector))
        try:
            import pynvml  # noqa: PLC0415 - 20 ms and 8,000 lines that only this meter needs
        except ImportError as error:
            raise MeterError(
                "the package nvidia-ml-py is missing: `pip install nvidia-ml-py`"
            ) from error
        self._nvml: Any = pynvml
        self._sum: PowerIntegral | None = None
        self._call("nvmlInit")
        self._open = True
        try:
            self._device = self._find(selector)
            gpu = str(self._call("nvmlDeviceGetName", self._device))
            self.uuid = str(self._call("nvmlDeviceGetUUID", self._device))
        except MeterError:
            self.close()
            raise
        self.provenance = "simulated" if gpu.startswith("SIMULATED") else "real"
        reading = partial(self._call, state.ENERGY, self._device)
        self._counter = Rising("the energy counter", "mJ", reading)
        self.calls = {call: self._try(call, *more) for call, more in state.TRIALS}
        self.notes = self._mig()
        self._scope = power.MODULE if power.counts_the_module(gpu) else power.GPU
        self._choose_power()
        self._limit_w, self.ceiling = 0.0, power.ceiling(None)
        self.condition()
        answer = self.calls[state.ENERGY]
        self.integrates = answer != "supported" and self._power is not None
        self.has_energy = answer == "supported" or self.integrates
        if self.integrates:
            self.notes += (f"{state.ENERGY} says {answer}: the energy is summed up from power",)
            self._sum = PowerIntegral(self.power_w).start(POLL_S)
        kind = "power, summed up," if self.integrates else "energy counter"
        whole = ", whole module" if self._scope == power.MODULE else ""
        self.name = f"NVML {kind} of {gpu}{whole}"

    def power_w(self) -> float:
        """The power now, or its mean over the last second where the driver has no other.

        Raises:
            MeterError: NVML refuses.
        """
        if self._power is None:
            raise MeterError(self.no_power)
        return self._power()

    def condition(self) -> Condition:
        """The GPU's state now; the ceiling follows the highest power limit that was seen."""
        found = state.condition(self._call, self._device, self._scope)
        if found.power_limit_w is not None and found.power_limit_w > self._limit_w:
            self._limit_w = found.power_limit_w
            self.ceiling = power.ceiling(self._limit_w)
        return found

    def energy_j(self) -> float:
        """Joules since the driver was loaded.

        Raises:
            MeterError: NVML refuses, or the counter went backwards.
        """
        if self._sum is not None:
            return self._sum.energy_j()
        return self._counter.now() / 1000

    def busy_between(self, start_s: float, end_s: float) -> Busy:
        """Share of the window in which any kernel ran (not the occupancy of the SMs).

        From NVML's buffer of samples; where that is refused or holds nothing of the window, from
        one reading of the utilisation rate, with a note.

        Raises:
            MeterError: NVML refuses both.
        """
        try:
            busy = share_of(state.busy_samples(self._call, self._device), start_s, end_s)
            why = "NVML's buffer holds no sample of the window"
        except MeterError as error:
            busy, why = None, str(error)
        if busy is not None:
            return busy
        rate = int(self._call(state.RATES, self._device).gpu)
        note = (
            "one reading of the utilisation rate after the window, which covers its last 1/6 .. "
            f"1 s and what came after, because {why}"
        )
        return Busy(rate / 100, 1, min(SAMPLE_PERIOD_S, end_s - start_s), (note,))

    def close(self) -> None:
        """Shut NVML down; a second call does nothing."""
        if self._open:
            self._open = False
            if self._sum is not None:
                self._sum.close()
            try:
                self._nvml.nvmlShutdown()
            except self._nvml.NVMLError:
                return  # a lost GPU cannot be shut down, and every figure already says so

    def _call(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 - pynvml has no types
        """Call NVML, its error as a sentence."""
        try:
            return getattr(self._nvml, name)(*arguments)
        except self._nvml.NVMLError as error:
            raise MeterError(sentence(name, int(error.value))) from error

    def _find(self, selector: str) -> Any:  # noqa: ANN401 - an opaque handle
        if selector.isdecimal():
            count = int(self._call("nvmlDeviceGetCount"))
            if int(selector) >= count:
                raise MeterError(
                    f"there is no GPU {selector}: NVML sees {count}, counted from 0; "
                    "`nvidia-smi -L` lists them"
                )
            return self._call("nvmlDeviceGetHandleByIndex", int(selector))
        try:
            return self._call("nvmlDeviceGetHandleByUUID", selector.encode())
        except MeterError as error:
            slice_ = selector.replace("GPU-", "MIG-", 1)  # CUDA names both by the bare number
            if self._try_find(slice_):
                raise MeterError(is_a_slice(slice_)) from error
            raise MeterError(f"GPU {selector!r}: {error}") from error

    def _try_find(self, uuid: str) -> bool:
        try:
            self._nvml.nvmlDeviceGetHandleByUUID(uuid.encode())
        except self._nvml.NVMLError:
            return False
        return True

    def _try(self, name: str, *extra: object) -> str:
        try:
            found = getattr(self._nvml, name)(self._device, *extra)
        except self._nvml.NVMLError as error:
            return code_name(int(error.value))
        if name == power.FIELDS and found[0].nvmlReturn:  # each field has a code of its own
            return f"field {power.POWER_INSTANT}: {code_name(int(found[0].nvmlReturn))}"
        return "supported"

    def _mig(self) -> tuple[str, ...]:
        """A note where other slices draw power from this GPU."""
        if (
            self.calls[state.MIG_MODE] != "supported"
            or not self._call(state.MIG_MODE, self._device)[0]
        ):
            return ()
        return ("MIG is on: the energy is that of the whole GPU with all its slices",)

    def _choose_power(self) -> None:
        """Power now where the driver has it, else a second's mean; and what either may miss."""
        self.uncertainty = Uncertainty(
            0.05, 16.0, "gain and largest offset of Yang et al., arXiv 2312.02741", 0.1, 0.1
        )
        self.no_power = (
            f"NVML gives no power: {power.FIELDS} says {self.calls[power.FIELDS]}, "
            f"{power.MEAN_POWER} says {self.calls[power.MEAN_POWER]}"
        )
        self._power: Callable[[], float] | None = None
        instant = partial(power.field_w, self._call, self._device, power.POWER_INSTANT, self._scope)
        if self._scope == power.MODULE:
            self._choose_module_power(instant)
        elif self.calls[power.FIELDS] == "supported":
            self._power = instant
        elif self.calls[power.MEAN_POWER] == "supported":
            self._power = partial(power.mean_power_w, self._call, self._device)
            lag_s = 1.0 if self.calls[state.ENERGY] != "supported" else 0.1
            self.uncertainty = replace(self.uncertainty, lag_s=lag_s, power_lag_s=1.0)

    def _choose_module_power(self, instant: Callable[[], float]) -> None:
        """The module's power beside the module's counter; the GPU's alone would contradict it."""
        whole = "GPU, processor and memory of the module together"
        self.notes += (f"the energy is that of {whole}",)
        try:
            instant()
        except MeterError as error:
            self.no_power = f"the counter is that of {whole}, and no power is: {error}"
        else:
            self._power = instant


@meter("nvml:<index or UUID>", place=4, automatic={"gpu": 1})
def open_nvml(request: Request) -> NvmlMeter:
    """The GPU that was chosen, or the one that computes.

    Raises:
        MeterError: NVML or the GPU cannot be had, or it is not known which GPU computes.
    """
    if request.choice:
        chosen = NvmlMeter(request.choice)
        if request.uuid != chosen.uuid:
            chosen.chosen_by_hand(request.selector, request.device)
        return chosen
    if not request.uuid:
        raise MeterError(
            f"the UUID of {request.device!r} is unknown, and NVML's order of GPUs is not CUDA's: "
            "choose the sensor by hand (meter: nvml:<index or UUID>)"
        )
    return NvmlMeter(request.uuid)
