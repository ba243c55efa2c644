"""What several commands share: options, exit codes, consoles."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from benchbench.backends import BACKENDS, MemoryFormat
from benchbench.data.source import MOST_CLASSES, Time
from benchbench.display.text import neutral
from benchbench.suite.model import Loss
from benchbench.suite.training import Augment, ClassWeights, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

__all__ = [
    "EXIT_FAILED_CELLS",
    "EXIT_INTERRUPTED",
    "EXIT_NOTHING_COMPARABLE",
    "EXIT_NO_READER",
    "EXIT_REGRESSION",
    "EXIT_SOFTWARE",
    "EXIT_USAGE",
    "as_json_option",
    "classes",
    "consoles",
    "execution",
    "models_folder",
    "neurons",
    "only_models",
    "recipe",
    "say",
    "sets",
    "time",
    "where",
    "where_trained",
]

EXIT_REGRESSION, EXIT_USAGE, EXIT_FAILED_CELLS, EXIT_NOTHING_COMPARABLE = 1, 2, 3, 4
EXIT_SOFTWARE = 70  # of sysexits.h
EXIT_INTERRUPTED, EXIT_NO_READER = 130, 141  # what a shell says of SIGINT and of SIGPIPE

as_json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON instead of tables."
)
models_folder = click.option(
    "--models",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A further folder of models.",
)
only_models = click.option(
    "--only",
    multiple=True,
    metavar="PATTERN",
    help="Only these models (ids, wildcards allowed; may be repeated).",
)
sets = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting of the model (may be repeated).",
)


def recipe(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say how a model is trained; their defaults are the paper's."""
    whole, share = click.IntRange(1), click.FloatRange(0, 1, max_open=True)
    options = [
        click.option(
            "--epochs",
            type=whole,
            default=100,
            show_default=True,
            help="Passes over the training images, at most.",
        ),
        click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Time budget."),
        click.option("--patience", type=whole, help="Epochs without improvement to stop at."),
        click.option("--images", type=whole, help="Train on only so many images."),
        click.option(
            "--batch-size", type=whole, default=16, show_default=True, help="Images in a step."
        ),
        click.option(
            "--learning-rate", type=float, default=1e-3, show_default=True, help="That of Adam."
        ),
        click.option(
            "--loss",
            type=click.Choice(get_args(Loss)),
            default="auto",
            help="auto: mse on firing rates of spiking networks, else cross_entropy.",
        ),
        click.option(
            "--label-smoothing",
            type=click.FloatRange(0, 1),
            default=0.1,
            show_default=True,
            help="Of the targets.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(0),
            default=0,
            show_default=True,
            help="Seed of weights, data order and dropout.",
        ),
        click.option("--seeds", type=whole, default=1, help="Trainings, each from the next seed."),
        click.option(
            "--augment",
            type=click.Choice(get_args(Augment)),
            default="none",
            help="Mirror and crop the training images at random.",
        ),
        click.option(
            "--schedule",
            type=click.Choice(get_args(Schedule)),
            default="constant",
            help="Learning rate over the epochs.",
        ),
        click.option("--weight-decay", type=share, default=0.0, help="Decoupled, of AdamW."),
        click.option(
            "--class-weights",
            type=click.Choice(get_args(ClassWeights)),
            default="none",
            help="Weights of the classes in the loss.",
        ),
        click.option("--devices", type=whole, default=1, help="GPUs to train on."),
        click.option("--stdp", is_flag=True, help="Fine-tune the linear layers by STDP (Table 5)."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def neurons(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that tell what fires in a model, where it is not found or not rightly so."""
    options = [
        click.option(
            "--spiking",
            multiple=True,
            metavar="PATTERN",
            help="Path or class of the modules that are spiking neurons, e.g. 'My*' (may be "
            "repeated); 'none' looks for none.",
        ),
        click.option(
            "--reset",
            default="",
            metavar="METHOD",
            help="The model's own method that resets its state.",
        ),
        click.option(
            "--steps",
            type=click.IntRange(1),
            metavar="T",
            help="Time steps of a sample, in place of those that are found.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def execution(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that tell how models are executed; None where nothing is said."""
    options = [
        click.option(
            "--backend",
            type=click.Choice([*BACKENDS, "auto"]),
            help="How models are executed: benchbench list backends.",
        ),
        click.option(
            "--precision",
            type=click.Choice(["32", "bf16", "auto"]),
            callback=lambda _, __, value: 32 if value == "32" else value,
            help="bf16 multiplies matrices in bfloat16.",
        ),
        click.option(
            "--memory-format",
            type=click.Choice([*get_args(MemoryFormat), "auto"]),
            help="Order of the axes of images in memory.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


time = click.option(
    "--time",
    type=click.Choice(get_args(Time)),
    default="none",
    show_default=True,
    help="Where the time steps stand in a batch of --data: first is [T, N, ...], second "
    "[N, T, ...].",
)

classes = click.option(
    "--classes",
    type=click.IntRange(1, MOST_CLASSES),
    help="Number of classes of --data, where its labels do not tell.",
)


def where(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of all that runs a suite: on what device and data, and where it is kept."""
    return _where(command, "In place of the suite's data, not of a model's own")


def where_trained(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same of a training, which has no suite."""
    return _where(command, "What it is trained on, drawn faces by default")


def _where(command: Callable[..., Any], data: str) -> Callable[..., Any]:
    options = [
        click.option(
            "--device",
            default="auto",
            show_default=True,
            metavar="auto|cpu|cuda[:N]",
            help="Where the models run.",
        ),
        click.option(
            "--data",
            metavar="NAME|PATH|FUNCTION",
            help=f"{data}: a name, FER2013 as csv, csv.gz, zip or a folder, "
            "ferplus:IMAGES,VOTES, file.npz, or path/to/file.py:function.",
        ),
        click.option(
            "--out",
            type=click.Path(path_type=Path, file_okay=False),
            default="reports",
            show_default=True,
            help="Runs are kept in OUT/<suite>/<run id>/.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def say(text: str) -> None:
    """Write a message to standard error; what would steer the terminal does nothing in it."""
    click.echo(neutral(text), err=True)


def consoles() -> tuple[Console, Console]:
    """Standard output for results, standard error for progress."""
    from rich.console import Console  # noqa: PLC0415

    told = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if told else 160), Console(stderr=True)
