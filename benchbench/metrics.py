"""The vocabulary: every figure's name, unit, definition and probe, so no header hides one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from benchbench.measurement import Measurement

if TYPE_CHECKING:
    from benchbench.measurement import Method

__all__ = ["METRICS", "PHASES", "PROBES", "Metric", "measured", "unavailable"]

PHASES = ("train", "infer")


@dataclass(frozen=True, slots=True)
class Metric:
    """What a figure means.

    Attributes:
        name: The name in files and tables.
        title: The header in a table.
        unit: SI unit, or ``1``.
        method: How it is got.
        probe: The file in `benchbench.probes` that takes it.
        definition: One sentence, shown by ``benchbench list probes``.
        better: Which direction is better, for ratios.
        hardware: Whether the figure depends on the machine, so that its absolute value must not
            be compared with a paper's.
    """

    name: str
    title: str
    unit: str
    method: Method
    probe: str
    definition: str
    better: Literal["lower", "higher"] = "lower"
    hardware: bool = False


def _phased() -> list[Metric]:
    """The figures that exist once for the training step and once for inference."""
    out: list[Metric] = []
    for phase, word in (("train", "Training"), ("infer", "Inference")):
        out += [
            Metric(
                f"{phase}_fps",
                f"{word} speed",
                "fps",
                "timed",
                "speed",
                f"samples per second of the {word.lower()} step, data resident on the device",
                "higher",
                hardware=True,
            ),
            Metric(
                f"{phase}_gpu_busy",
                f"{word}: GPU busy",
                "1",
                "metered",
                "occupancy",
                "share of the window in which any kernel ran (NVML utilization.gpu)",
                "lower",
                hardware=True,
            ),
            Metric(
                f"{phase}_gpu_memory",
                f"{word}: peak GPU memory",
                "B",
                "metered",
                "occupancy",
                "peak of the allocator's reserved memory during the window",
                hardware=True,
            ),
            Metric(
                f"{phase}_rss",
                f"{word}: peak RSS",
                "B",
                "metered",
                "occupancy",
                "peak resident memory of the worker process up to the end of the phase "
                "(CPU runs only)",
                hardware=True,
            ),
            Metric(
                f"{phase}_power",
                f"{word}: power",
                "W",
                "metered",
                "energy",
                "energy of the window over its length, idle included",
                hardware=True,
            ),
            Metric(
                f"{phase}_energy",
                f"{word}: energy per sample",
                "J",
                "metered",
                "energy",
                "energy counter's difference over the window by samples, idle included",
                hardware=True,
            ),
            Metric(
                f"{phase}_energy_net",
                f"{word}: net energy per sample",
                "J",
                "metered",
                "energy",
                "the same, less the idle power over the window",
                hardware=True,
            ),
            Metric(
                f"{phase}_fps_per_w",
                f"{word}: energy efficiency",
                "fps/W",
                "metered",
                "energy",
                "samples per second per watt, both from the same window",
                "higher",
                hardware=True,
            ),
        ]
    return out


def _modelled() -> list[Metric]:
    """Joules by formula; never in one column with metered ones."""
    rows = [
        ("compute_fp32", "arithmetic alone, fp32", "mult-adds at 4.6 pJ, accumulates at 0.9 pJ"),
        ("compute_fp16", "arithmetic alone, fp16", "mult-adds at 1.5 pJ, accumulates at 0.4 pJ"),
        ("compute_int8", "arithmetic alone, int8", "mult-adds at 0.23 pJ, accumulates at 0.03 pJ"),
        ("zero_skipping", "arithmetic, zeros skipped", "mult-adds of non-zero inputs at 4.6 pJ"),
        (
            "quantised_twin",
            "its quantised twin",
            "the same layers as a ReLU network of ceil(log2(T + 1)) bits (Yan et al. 2024)",
        ),
        ("memory", "with memory", "fp32 arithmetic, and 24.96 pJ for each byte of a weight's use"),
        ("lemaire", "Lemaire", "arithmetic, addressing and SRAM by size (Lemaire et al. 2022)"),
    ]
    out = [
        Metric(
            f"modelled_{name}",
            f"Modelled energy: {title}",
            "J",
            "modelled",
            "modelled",
            f"per inference, no sensor: {definition}"
            + ("; costs of Horowitz 2014, 45 nm" if name != "lemaire" else ""),
        )
        for name, title, definition in rows
    ]
    return out + [
        Metric(
            f"break_even_{name}",
            f"Break-even density, {title}",
            "1",
            "modelled",
            "modelled",
            "share of non-zero inputs of the spike-fed layers at which the network costs what its "
            f"ReLU twin costs by {title}; above 1 it always wins",
            "higher",
        )
        for name, title in (("compute", "arithmetic alone"), ("memory", "arithmetic and memory"))
    ]


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in [
        Metric(
            "params",
            "Parameters",
            "1",
            "counted",
            "size",
            "number of scalars in the model's parameters, shared ones once",
        ),
        Metric(
            "param_bytes",
            "Parameter size",
            "B",
            "counted",
            "size",
            "bytes of the parameters as they lie in memory",
        ),
        Metric(
            "macs_dense",
            "Mult-adds, dense",
            "1",
            "counted",
            "operations",
            "multiply-accumulates per sample, padding taps included, over all time steps",
        ),
        Metric(
            "macs_valid",
            "Mult-adds, valid taps",
            "1",
            "counted",
            "operations",
            "the same without taps that fall on padding",
        ),
        Metric(
            "macs_torchinfo",
            "Mult-adds (torchinfo)",
            "1",
            "counted",
            "operations",
            "torchinfo's total_mult_adds in step mode s: the paper's own definition, which "
            "adds the parameters of batch norms and biases",
        ),
        Metric(
            "macs_effective",
            "Mult-adds, non-zero inputs",
            "1",
            "counted",
            "spikes",
            "multiply-accumulates and accumulates whose input is not zero, on the run's images",
        ),
        Metric(
            "synops_exact",
            "SynOps, exact",
            "1",
            "counted",
            "spikes",
            "accumulates triggered by real spikes, on the run's images",
        ),
        Metric(
            "synops_rate",
            "SynOps, by rate",
            "1",
            "counted",
            "spikes",
            "spike-fed layers' input rate times their dense mult-adds",
        ),
        Metric(
            "neuron_updates",
            "Neuron updates",
            "1",
            "counted",
            "spikes",
            "spiking neurons times time steps",
        ),
        Metric(
            "firing_rate",
            "Firing rate",
            "1",
            "counted",
            "spikes",
            "spikes per neuron and time step, over all spiking layers",
        ),
        Metric(
            "activation_sparsity",
            "Activation sparsity",
            "1",
            "counted",
            "spikes",
            "1 - non-zero activations / (neurons x T), over spiking layers, or over ReLU layers "
            "where there are none",
            "higher",
        ),
        Metric(
            "depth",
            "Depth",
            "1",
            "counted",
            "structure",
            "convolutions and linear layers on the longest path from input to output",
        ),
        Metric(
            "accuracy",
            "Accuracy, PrivateTest",
            "1",
            "counted",
            "accuracy",
            "share of the PrivateTest images that are classified rightly, by the weights that "
            "were best on PublicTest; Wilson's interval over images",
            "higher",
        ),
        Metric(
            "accuracy_public",
            "Accuracy, PublicTest",
            "1",
            "counted",
            "accuracy",
            "the same on PublicTest, which the best epoch was chosen on: too good by that choice",
            "higher",
        ),
        Metric(
            "epochs",
            "Epochs trained",
            "1",
            "counted",
            "accuracy",
            "passes over the training images until the epochs, the budget or the patience ended",
        ),
        Metric(
            "training_time",
            "Time of the training",
            "s",
            "timed",
            "accuracy",
            "wall time of all epochs, validation and fine-tunes included",
            hardware=True,
        ),
        Metric(
            "channels_cut",
            "Channels cut",
            "1",
            "counted",
            "accuracy",
            "share of the channels with a batch norm that Network Slimming removed",
            "higher",
        ),
        Metric(
            "accuracy_per_synop",
            "Accuracy per SynOp",
            "1/SynOp",
            "counted",
            "accuracy",
            "accuracy over synops_exact of one inference",
            "higher",
        ),
        Metric(
            "accuracy_per_joule",
            "Accuracy per joule",
            "1/J",
            "metered",
            "accuracy",
            "accuracy over the metered energy of one inference",
            "higher",
            hardware=True,
        ),
        *_modelled(),
        *_phased(),
        Metric(
            "idle_power",
            "Idle power",
            "W",
            "metered",
            "energy",
            "power of the device with its context open and nothing running",
            hardware=True,
        ),
    ]
}

PROBES: tuple[str, ...] = tuple(dict.fromkeys(metric.probe for metric in METRICS.values()))


def measured(name: str, value: float, **fields: Any) -> Measurement:  # noqa: ANN401
    """A Measurement of the metric `name`, its unit and method from the vocabulary."""
    metric = METRICS[name]
    return Measurement(name, value, metric.unit, metric.method, **fields)


def unavailable(name: str, reason: str) -> Measurement:
    """The metric `name` as `n/a`, with the reason."""
    metric = METRICS[name]
    return Measurement.missing(name, metric.unit, metric.method, reason)
