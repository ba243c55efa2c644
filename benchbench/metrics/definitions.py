"""Definitions of what is counted and trained. `benchbench.metrics.registry` puts them together."""

from __future__ import annotations

from benchbench.metrics.metric import Metric

__all__ = ["counted", "stepped", "trained"]


def counted() -> list[Metric]:
    """What is told from the model and from what images do in it."""
    return [
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
            "weight_sparsity",
            "Weight sparsity",
            "1",
            "counted",
            "size",
            "share of the weights of convolutions and linear layers that are exactly 0",
            "higher",
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
    ]


def stepped() -> list[Metric]:
    """What a step of a batch asks of torch, once for the training step and once for inference."""
    out: list[Metric] = []
    for phase, word in (("train", "training step"), ("infer", "inference of a batch")):
        out += [
            Metric(
                f"{phase}_operators",
                f"Operators, {word}",
                "1",
                "counted",
                "footprint",
                f"calls of torch's operators in a {word}, those that operators call included",
            ),
            Metric(
                f"{phase}_allocated",
                f"Allocated bytes, {word}",
                "B",
                "counted",
                "footprint",
                f"bytes that a {word} asks of torch's allocators, given back in between or not",
            ),
        ]
    return out


def trained() -> list[Metric]:
    """What a training gives."""
    return [
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
    ]
