"""Definitions of what is timed, metered and modelled; the registry puts them together."""

from __future__ import annotations

from benchbench.metrics.metric import Metric

__all__ = ["idle", "latency", "modelled", "phased"]


def phased() -> list[Metric]:
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


def modelled() -> list[Metric]:
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
        (
            "hierarchy",
            "memory hierarchy",
            "fp32 arithmetic; weights from DRAM once, from SRAM once a time step (Han et al. 2015)",
        ),
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
        for name, title in (
            ("compute", "arithmetic alone"),
            ("memory", "arithmetic and memory"),
            ("hierarchy", "memory hierarchy"),
        )
    ]


def latency() -> Metric:
    """How long one sample takes."""
    return Metric(
        "latency",
        "Latency at batch 1",
        "s",
        "timed",
        "latency",
        "median time of the inference of one sample alone, the device idle before and after",
        hardware=True,
    )


def idle() -> Metric:
    """The power of doing nothing."""
    return Metric(
        "idle_power",
        "Idle power",
        "W",
        "metered",
        "energy",
        "power of the device with its context open and nothing running",
        hardware=True,
    )
