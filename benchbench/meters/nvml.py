"""NVIDIA's sensor: the total energy counter and the utilisation of one GPU, through NVML.

Sources: NVIDIA's NVML API reference (nvml.h) for names, units and error codes. Each call is tried
once when the meter is opened; what it said is kept, and nothing is guessed from the architecture.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from benchbench.errors import MeterError
from benchbench.meters.base import Busy, Condition, Reading, Uncertainty, wait_for_change
from benchbench.meters.nvml_errors import code_name, sentence
from benchbench.meters.utilisation import SAMPLE_PERIOD_S, share_of

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from benchbench.measurement import Provenance

__all__ = ["NvmlMeter"]

ENERGY = "nvmlDeviceGetTotalEnergyConsumption"  # mJ since the driver was loaded; Volta and later
POWER = "nvmlDeviceGetPowerUsage"  # mW
SAMPLES = "nvmlDeviceGetSamples"
RATES = "nvmlDeviceGetUtilizationRates"
PROCESSES = "nvmlDeviceGetComputeRunningProcesses"
MIG_MODE = "nvmlDeviceGetMigMode"

# The field of nvmlValue_t by nvmlValueType_t, in the order of nvml.h.
_VALUE_FIELDS = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")
_CLOCK_TOLERANCE_S = 5.0  # a sample this far from now was not stamped with the system's clock


class NvmlMeter:
    """The sensors of one NVIDIA GPU.

    Attributes:
        name: The GPU's name.
        uuid: As NVML spells it, ``GPU-...``.
        provenance: ``simulated`` where the GPU's own name begins with ``SIMULATED``: a simulated
            library announces itself, so that nobody has to remember it.
        notes: What to know when reading this meter's figures.
        calls: What each NVML call said when it was tried once: ``supported`` or NVML's error.
    """

    name: str
    uuid: str
    provenance: Provenance
    notes: tuple[str, ...]
    calls: dict[str, str]
    uncertainty = Uncertainty(0.05, 16.0, "arXiv 2312.02741: gain, and the largest offset seen")

    def __init__(self, selector: str) -> None:
        """Open the GPU.

        Args:
            selector: A UUID (``GPU-...``), or an index in NVML's order, which is not CUDA's.

        Raises:
            MeterError: NVML or the GPU cannot be had.
        """
        if selector.startswith("MIG-"):
            raise MeterError(
                f"{selector} is a MIG slice, and NVML counts energy for a whole GPU only: measure "
                "on a GPU without MIG, or choose its parent by `meter: nvml:GPU-...`, which "
                "includes every other slice"
            )
        try:
            import pynvml  # noqa: PLC0415 - 20 ms and 8,000 lines that only this meter needs
        except ImportError as error:
            raise MeterError(
                "the package nvidia-ml-py is missing: `pip install nvidia-ml-py`"
            ) from error
        self._nvml: Any = pynvml
        self._call("nvmlInit")
        self._open = True
        try:
            self._device = self._find(selector)
            gpu = str(self._call("nvmlDeviceGetName", self._device))
            self.uuid = str(self._call("nvmlDeviceGetUUID", self._device))
        except MeterError:
            self.close()
            raise
        self.name = f"NVML energy counter of {gpu}"
        self.provenance = "simulated" if gpu.startswith("SIMULATED") else "real"
        self._last_mj = 0
        self._distrust = ""
        self.calls = {call: self._try(call) for call in (ENERGY, SAMPLES, RATES)}
        self.notes = self._shared()

    def power_w(self) -> float:
        """The power now.

        Raises:
            MeterError: NVML refuses.
        """
        return int(self._call(POWER, self._device)) / 1000

    def condition(self) -> Condition:
        """Nothing is read yet."""
        return Condition(unknown=("NVML's condition is not read",))

    def energy_j(self) -> float:
        """Joules since the driver was loaded.

        Raises:
            MeterError: NVML refuses, or the counter went backwards.
        """
        if self._distrust:
            raise MeterError(self._distrust)
        now_mj = int(self._call(ENERGY, self._device))
        if now_mj < self._last_mj:
            # It stays distrusted: once it has passed its old value, nothing would show the gap.
            self._distrust = (
                f"the energy counter went backwards, from {self._last_mj} to {now_mj} mJ: the GPU "
                "was reset or its driver reloaded in between; run the cell again"
            )
            raise MeterError(self._distrust)
        self._last_mj = now_mj
        return now_mj / 1000

    def wait_for_update(self, timeout_s: float = 2.0) -> Reading:
        """Wait until the counter changes, every 10 .. 100 ms.

        Raises:
            MeterError: NVML refuses, or the counter is frozen.
        """
        return wait_for_change(self.energy_j, timeout_s, time.perf_counter, time.sleep)

    def busy_between(self, start_s: float, end_s: float) -> Busy:
        """Share of the window in which any kernel ran (not the occupancy of the SMs).

        From NVML's buffer of samples; where that is refused or holds nothing of the window, from
        one reading of the utilisation rate, with a note.

        Raises:
            MeterError: NVML refuses both.
        """
        try:
            busy = share_of(self._samples(), start_s, end_s)
            why = "NVML's buffer holds no sample of the window"
        except MeterError as error:
            busy, why = None, str(error)
        if busy is not None:
            return busy
        rate = int(self._call(RATES, self._device).gpu)
        note = (
            "one reading of the utilisation rate after the window, which covers its last 1/6 .. "
            f"1 s and what came after, because {why}"
        )
        return Busy(rate / 100, 1, min(SAMPLE_PERIOD_S, end_s - start_s), (note,))

    def close(self) -> None:
        """Shut NVML down; a second call does nothing."""
        if self._open:
            self._open = False
            try:
                self._nvml.nvmlShutdown()
            except self._nvml.NVMLError:
                return  # a lost GPU cannot be shut down, and every figure already says so

    def __enter__(self) -> Self:
        """The meter itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Shut NVML down."""
        self.close()

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
            raise MeterError(f"GPU {selector!r}: {error}") from error

    def _try(self, name: str) -> str:
        extra = (self._nvml.NVML_GPU_UTILIZATION_SAMPLES, 0) if name == SAMPLES else ()
        try:
            getattr(self._nvml, name)(self._device, *extra)
        except self._nvml.NVMLError as error:
            return code_name(int(error.value))
        return "supported"

    def _shared(self) -> tuple[str, ...]:
        """Notes on who else draws power from this GPU; silence means unknown, not exclusive."""
        notes = []
        self.calls[MIG_MODE] = self._try(MIG_MODE)
        if self.calls[MIG_MODE] == "supported":
            current, _pending = self._call(MIG_MODE, self._device)
            if current:
                notes.append("MIG is on: the energy is that of the whole GPU with all its slices")
        self.calls[PROCESSES] = self._try(PROCESSES)
        if self.calls[PROCESSES] == "supported":
            # One process is taken for this one: in a container NVML gives the host's PIDs.
            count = len(self._call(PROCESSES, self._device))
            if count > 1:
                notes.append(
                    f"shared: NVML lists {count} compute processes on this GPU, and the energy is "
                    "that of all of them"
                )
        return tuple(notes)

    def _samples(self) -> list[tuple[float, float]]:
        """Time (`time.perf_counter` seconds) and share of each sample in NVML's buffer."""
        kind, raw = self._call(SAMPLES, self._device, self._nvml.NVML_GPU_UTILIZATION_SAMPLES, 0)
        to_perf_counter = time.perf_counter() - time.time()  # NVML stamps with the epoch, in us
        samples = [
            (
                sample.timeStamp / 1e6 + to_perf_counter,
                float(getattr(sample.sampleValue, _VALUE_FIELDS[kind])) / 100,
            )
            for sample in raw
            if sample.timeStamp  # the buffer's unused places are 0
        ]
        if samples:
            newest_s = max(time_s for time_s, _ in samples)
            if abs(newest_s - time.perf_counter()) > _CLOCK_TOLERANCE_S:
                raise MeterError(
                    "the newest utilisation sample is not of the last "
                    f"{_CLOCK_TOLERANCE_S:g} s by the system's clock"
                )
        return samples
