"""Training a model by itself."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchbench import zoo
from benchbench.api.runs import carried_out
from benchbench.data.source import SYNTHETIC, DataSource
from benchbench.errors import ModelError
from benchbench.files import expanded
from benchbench.frameworks import Neurons
from benchbench.running.plan import RunRequest
from benchbench.suite.schema import Model, Settings, Suite
from benchbench.suite.tables import Row, Table
from benchbench.suite.training import Stdp, Train

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchbench.backends import Backend, MemoryFormat, Precision
    from benchbench.data.source import Time
    from benchbench.results.schema import Results
    from benchbench.running import runner
    from benchbench.running.plan import Plan
    from benchbench.suite.model import Loss
    from benchbench.suite.training import Augment, ClassWeights, Schedule

__all__ = ["train"]


def train(  # noqa: PLR0913 - each is an option of the command line
    model: str | Callable[..., Any],
    *,
    set: Mapping[str, Any] | None = None,  # noqa: A002 - as in `run`
    epochs: int = 100,
    minutes: float | None = None,
    patience: int | None = None,
    images: int | None = None,
    batch_size: int = 16,
    learning_rate: float = 1e-3,
    loss: Loss = "auto",
    label_smoothing: float = 0.1,
    seed: int = 0,
    seeds: int = 1,
    augment: Augment = "none",
    schedule: Schedule = "constant",
    weight_decay: float = 0.0,
    class_weights: ClassWeights = "none",
    backend: Literal[Backend, "auto"] = "auto",
    precision: Literal[Precision, "auto"] = "auto",
    memory_format: Literal[MemoryFormat, "auto"] = "auto",
    devices: int = 1,
    stdp: bool = False,
    spiking: str | Sequence[str] = (),
    reset: str = "",
    steps: int | None = None,
    device: str = "auto",
    data: str | Path | None = None,
    time: Time = "none",
    classes: int | None = None,
    out: str | Path = "reports",
    progress: bool | runner.Progress = False,
) -> Results:
    """Train one model, report its accuracy, and keep the weights for suites that ask for them.

    An interrupted training is taken up again by the same call.

    >>> import tempfile, benchbench
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     trained = benchbench.train("shallow_cnn", epochs=1, images=32, out=folder, device="cpu")
    >>> trained.figure("shallow_cnn", "epochs").value
    1

    Args:
        model: Model as in a `Suite`: a reference, or a function; a module would start from the
            weights that it has.
        set: Settings of the model.
        epochs: Most epochs.
        minutes: Time budget, minutes.
        patience: Epochs without improvement to stop at.
        images: Number of images to train on; all by default.
        batch_size: Images a step.
        learning_rate: Learning rate of Adam.
        loss: ``mse`` or ``cross_entropy``; ``auto`` as in `Model`.
        label_smoothing: Label smoothing of the targets.
        seed: Seeds weights, data order and dropout.
        seeds: Number of trainings, each from the next seed.
        augment: Augmentation of the images, as in `Train`.
        schedule: Learning rate over the epochs, as in `Train`.
        weight_decay: Decoupled weight decay, as in `Train`.
        class_weights: Weights of the classes in the loss, as in `Train`.
        backend: How the model is executed, as in `Settings`.
        precision: ``32``, or ``bf16`` for matrix products in bfloat16.
        memory_format: ``contiguous`` or ``channels_last``.
        devices: GPUs to train on.
        stdp: Whether the linear layers are fine-tuned by STDP (Table 5).
        spiking: Names of modules or of their classes that are spiking neurons, as in `count`.
        reset: The model's own method that resets its state.
        steps: Time steps of one sample; found by default.
        device: The device, as in `run`.
        data: The data, as in `run`.
        time: Where the time steps stand in a batch of it, as in `count`.
        classes: Number of its classes, where its labels do not tell.
        out: Folder of all runs, as in `run`.
        progress: Who watches, as in `run`.

    Raises:
        ModelError: There is no such model, or it has no such setting.
        SuiteError: Something else that was asked for is not right.
        BenchbenchError: What `run` raises.
    """
    recipe = Train(
        epochs=epochs,
        minutes=minutes,
        patience=patience,
        images=images,
        devices=devices,
        augment=augment,
        schedule=schedule,
        weight_decay=weight_decay,
        class_weights=class_weights,
        seeds=seeds,
        stdp=Stdp() if stdp else None,
    )
    if isinstance(model, str):
        zoo.find(model, Path.cwd()).require(set or {})
    name = Suite(models=[model]).models[0].id
    told = Neurons.told(spiking, reset, steps)
    entry = Model(name, model, set=dict(set or {}), loss=loss, **asdict(told))
    how = Settings(
        batch_size,
        seed,
        backend,
        precision,
        memory_format,
        repeats=0,
        train=recipe,
        learning_rate=learning_rate,
        label_smoothing=label_smoothing,
    )
    given = DataSource(SYNTHETIC if data is None else str(data), time=time, classes=classes)
    title = f"Training of {entry.title}"
    suite = Suite(1, f"train-{name}", (entry,), title, data=given, settings=how)
    # What is wanted are the weights: a journal that has what came of them is not enough.
    request = RunRequest(suite, device=device, out=expanded(str(out)), takes=False)
    return carried_out(request, progress, _with_its_table)


def _with_its_table(plan: Plan) -> Plan:
    """A training with the table of what it is for, which only its data tells.

    Raises:
        ModelError: It is for nothing.
    """
    (cell,) = plan.cells
    rows: Sequence[Row] = [Row(name) for name in ("mse", "mse_public", "r_squared")]
    if cell.objective == "classification":
        shares = ["accuracy", "accuracy_public"]
        recipe = cell.settings.train
        shares += ["accuracy_seeds"] if recipe and recipe.seeds > 1 else []
        rows = [Row(name, scale=100, unit="%", decimals=2) for name in shares]
    elif cell.objective == "none":
        raise ModelError(
            f"{cell.model.title}: its data has no targets that are labels or numbers: "
            "there is nothing to train for"
        )
    counts = [Row(name) for name in ("epochs", "depth", "params", "synops_exact")]
    table = Table(plan.suite.title, (*rows, *counts))
    return replace(plan, suite=replace(plan.suite, tables=(table,)))
