"""AMD GPUs and Apple silicon through libraries that are stood in for: joules, watts, refusals."""

from __future__ import annotations

import itertools
import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from benchbench.errors import MeterError
from benchbench.meters import open_meter, registry
from benchbench.meters.amd import AmdMeter, open_amd
from benchbench.meters.apple import AppleMeter
from benchbench.meters.registry import Request
from benchbench.probes.metering.plausibility import plausible
from benchbench.probes.metering.sampler import sample

if TYPE_CHECKING:
    from pathlib import Path


class Library(ModuleType):
    """amdsmi with some cards, in the units of the real one."""

    SIMULATED = True

    def __init__(self, cards: int = 1, **power: Any) -> None:
        """Nothing was consumed yet."""
        super().__init__("amdsmi")
        self.steps, self.cards, self.power, self.open = 10_000_000, cards, power, 0

    def amdsmi_init(self) -> None:
        """Begin."""
        self.open += 1

    def amdsmi_shut_down(self) -> None:
        """End."""
        self.open -= 1

    def amdsmi_get_processor_handles(self) -> list[str]:
        """The cards."""
        return [f"card {number}" for number in range(self.cards)]

    def amdsmi_get_gpu_asic_info(self, _: str) -> dict[str, str]:
        """What they are called."""
        return {"market_name": "Instinct"}

    def amdsmi_get_energy_count(self, handle: str) -> dict[str, Any]:
        """Steps of 15.3 microjoules; the second card has more."""
        more = 100 if handle == "card 1" else 0
        return {"energy_accumulator": self.steps + more, "counter_resolution": 15.3, "timestamp": 1}

    def amdsmi_get_power_info(self, _: str) -> dict[str, Any]:
        """As cards have it."""
        return self.power


@pytest.fixture
def amd(monkeypatch: pytest.MonkeyPatch) -> Library:
    """One card."""
    found = Library(current_socket_power="N/A", average_socket_power=250)
    monkeypatch.setitem(sys.modules, "amdsmi", found)
    return found


def test_amd_counts_steps_of_its_resolution(amd: Library) -> None:
    """A million steps of 15.3 microjoules are 15.3 J; watts are those that the card has."""
    with AmdMeter(None) as found:
        before = found.energy_j()
        amd.steps += 1_000_000
        assert found.energy_j() - before == pytest.approx(15.3)
        assert found.power_w() == 250.0
        assert found.name == "amdsmi, Instinct"
        assert found.provenance == "simulated"
        assert amd.open == 1
    assert amd.open == 0


def test_an_accumulator_that_goes_back_is_refused(amd: Library) -> None:
    """A reset in a window is no negative energy."""
    with AmdMeter(None) as found:
        before, amd.steps = amd.steps, 5
        with pytest.raises(MeterError, match="went backwards"):
            found.energy_j()
        amd.steps = before + 1_000_000  # nothing shows the gap any more
        with pytest.raises(MeterError, match="went backwards"):
            found.energy_j()


def test_a_gpu_of_another_maker_is_not_metered_by_an_amd_gpu(
    amd: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A processor with graphics by AMD stands beside many an NVIDIA GPU; this torch has no ROCm."""
    with pytest.raises(MeterError, match="no AMD GPU"):
        open_amd(Request("amd", "cuda:0", None))
    with open_amd(Request("amd:0", "cuda:0", "GPU-1")) as found:
        assert "not that of the compute device 'cuda:0'" in found.notes[0]
    with open_amd(Request("amd", "cpu", None)) as found:
        assert "not that of the compute device 'cpu'" in found.notes[0]
    monkeypatch.setattr("torch.version.hip", "6.2")
    with open_amd(Request("amd", "cuda:0", None)) as found:
        assert len(found.notes) == 1
    with open_amd(Request("amd:0", "cuda:0", None)) as found:
        assert "is not known" in found.notes[0]
    assert amd.open == 0


def test_of_several_cards_one_is_chosen_by_hand(
    amd: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Amdsmi's order is not torch's: nothing is guessed."""
    amd.cards = 2
    monkeypatch.setattr("torch.version.hip", "6.2")
    with pytest.raises(MeterError, match=r"2 GPUs, in an order that is not torch's"):
        open_amd(Request("amd", "cuda:0", None))
    assert amd.open == 0
    with open_amd(Request("amd:1", "cuda:0", None)) as found:
        assert found.energy_j() == pytest.approx(15.3e-6 * (amd.steps + 100))
    for choice, why in (("amd:2", "none with the number 2"), ("amd:x", "expected the number")):
        with pytest.raises(MeterError, match=why):
            open_amd(Request(choice, "cuda:0", None))


def test_amd_without_power_or_library_says_so(
    amd: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``N/A`` is no 0; what cannot be imported is the reason."""
    amd.power = {"current_socket_power": "N/A", "average_socket_power": 0}
    with AmdMeter(None) as found, pytest.raises(MeterError, match="tells no power"):
        found.power_w()
    amd.cards = 0
    with pytest.raises(MeterError, match="sees no AMD GPU"):
        AmdMeter(None)
    monkeypatch.setitem(sys.modules, "amdsmi", None)
    with pytest.raises(MeterError, match="amdsmi cannot be loaded"):
        AmdMeter(None)


def apple_with(monkeypatch: pytest.MonkeyPatch, **millijoules: int | None) -> SimpleNamespace:
    """A library whose chip has counted so much."""
    counted = SimpleNamespace(**millijoules)
    monitor = SimpleNamespace(get_cumulative_energy=lambda: counted)
    library: Any = ModuleType("zeus_apple_silicon")
    library.AppleEnergyMonitor, library.SIMULATED = lambda: monitor, True
    monkeypatch.setitem(sys.modules, "zeus_apple_silicon", library)
    return counted


def test_apples_parts_are_summed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Millijoules of what the chip counts; what it does not is no 0 among them."""
    counted = apple_with(monkeypatch, cpu_total_mj=5000, gpu_mj=2000, dram_mj=None)
    found = AppleMeter()
    assert found.name == "Apple silicon, cpu + gpu"
    assert found.energy_j() == pytest.approx(7.0)
    counted.gpu_mj += 500
    assert found.counters_j() == {"cpu": 5.0, "gpu": 2.5}
    with pytest.raises(MeterError, match="no counter of the memory alone"):
        found.memory_j()
    counted.dram_mj = 700
    assert AppleMeter().memory_j() == pytest.approx(0.7)
    assert found.provenance == "simulated"
    assert "estimate" in found.notes[0]
    counted.gpu_mj = None
    with pytest.raises(MeterError, match="counter of gpu is gone"):
        found.energy_j()


def test_a_chip_that_counts_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a machine without the library is."""
    apple_with(monkeypatch, cpu_total_mj=None)
    with pytest.raises(MeterError, match="counts no energy"):
        AppleMeter()
    monkeypatch.setitem(sys.modules, "zeus_apple_silicon", None)
    with pytest.raises(MeterError, match="cannot be loaded"):
        AppleMeter()


def test_what_the_library_prints_is_its_reason_and_stays_off_the_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As amdsmi 7.0 without ROCm: it prints, then raises KeyError."""
    (tmp_path / "amdsmi.py").write_text("print('Unable to find libamd_smi.so')\n{}['libamd_smi']\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "amdsmi", raising=False)
    with pytest.raises(MeterError, match=r"loaded: Unable to find libamd_smi\.so: install"):
        AmdMeter(None)
    assert capsys.readouterr().out == ""


def test_a_mute_gpu_beside_an_amd_card_has_its_own_reason(
    amd: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a slice of an NVIDIA GPU there is no energy, and none of the card beside it is taken."""
    for shape, found in list(registry._declared.items()):
        if found.open is open_amd:
            there = replace(found, there=lambda: True)
            monkeypatch.setitem(registry._declared, shape, there)
    meter = open_meter("auto", "cuda:0", "MIG-1234")
    assert not meter.has_energy
    with pytest.raises(MeterError, match=r"whole GPU only.*no AMD GPU"):
        meter.energy_j()
    assert amd.open == 0


def test_a_part_that_goes_back_within_a_window_makes_it_invalid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sum of all parts still rises: what one of them lost shows in that part alone."""
    counted = apple_with(monkeypatch, cpu_total_mj=5000, gpu_mj=50_000)
    meter, clock = AppleMeter(), itertools.count()
    samples = []
    for cpu_mj, gpu_mj in ((5000, 50_000), (15_000, 38_000), (45_000, 50_000)):
        counted.cpu_total_mj, counted.gpu_mj = cpu_mj, gpu_mj
        samples.append(sample(meter, lambda: float(next(clock))))
    found = plausible(meter.ceiling, 40.0, samples, 0.0, 6.0)
    (reason,) = (why for why in found.invalid if "went back" in why)
    assert reason.startswith("impossible: gpu went back by 12 J, so energy is missing")


def test_a_part_that_does_nothing_is_not_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The neural engine and an idle GPU draw nothing; a processor that stands still is a fault."""
    counted = apple_with(monkeypatch, cpu_total_mj=0, gpu_mj=7, ane_mj=0, dram_mj=0)
    meter, clock = AppleMeter(), itertools.count()
    samples = []
    for step in range(8):
        counted.cpu_total_mj, counted.dram_mj = 1000 * step, 100 * min(step, 2)
        samples.append(sample(meter, lambda: float(next(clock))))
    end_s = samples[-1].time_s
    found = plausible(meter.ceiling, 7.0, samples, 0.0, end_s, meter.may_rest)
    assert [why.split(" stood")[0] for why in found.invalid] == ["frozen: dram"]
