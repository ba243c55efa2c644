"""The zoo: models found by reading their source, loaded by location, built in the worker.

A model is a function that returns a ``torch.nn.Module``. It takes either keyword arguments or one
configuration dataclass that stands in the same file. Finding and checking models reads the source
as text (no torch is imported); only `build` executes it.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import fnmatch
import hashlib
import importlib
import importlib.machinery
import importlib.util
import inspect
import sys
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from benchbench.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import ModuleType

__all__ = ["ModelInfo", "Parameter", "build", "bundled_folder", "find", "register", "scan"]

F = TypeVar("F", bound="Callable[..., Any]")

_registered: dict[str, tuple[Path, int]] = {}


def register(function: F) -> F:
    """Put a model's function into the zoo under its own name.

    The same source may register again (a module that is loaded twice); another source under the
    same name is a clash.

    Raises:
        ModelError: Another file or line registered this name.
    """
    code = function.__code__
    place = (Path(code.co_filename).resolve(), code.co_firstlineno)
    known = _registered.setdefault(function.__name__, place)
    if known != place:
        raise ModelError(
            f"model {function.__name__!r} of {place[0]}:{place[1]} is registered already by "
            f"{known[0]}:{known[1]}; rename one of the two"
        )
    return function


@dataclass(frozen=True, slots=True)
class Parameter:
    """One setting of a model, as its source spells it."""

    name: str
    annotation: str
    default: str


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What the source says of a model.

    Attributes:
        name: The function's name.
        file: Where it stands.
        summary: First line of its docstring.
        parameters: Its settings; empty and `open` where they cannot be told.
        open: Whether it takes settings that the source does not name.
        digest: SHA-256 of the file, part of a cell's identity.
    """

    name: str
    file: Path
    summary: str
    parameters: tuple[Parameter, ...]
    open: bool
    digest: str

    def check(self, settings: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Faults of `settings` for this model, as pairs of key and message."""
        names = {parameter.name: parameter for parameter in self.parameters}
        faults = []
        for key, value in settings.items():
            if key in names:
                expected = _mismatch(names[key].annotation, value)
                if expected:
                    faults.append((key, f"expected {expected}, found {value!r}"))
            elif not self.open:
                has = ", ".join(names) or "none"
                text = f"{self.name} has no setting {key!r}{hint(key, names)}; it has {has}"
                faults.append((key, text))
        return faults


def hint(word: str, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` for the nearest of `known`, or an empty string."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _mismatch(annotation: str, value: object) -> str | None:
    """What `annotation` expects, where `value` is not it; None where it fits or cannot be told."""
    if annotation.startswith("Literal["):
        choices = ast.literal_eval(f"({annotation[len('Literal[') : -1]},)")
        return None if value in choices else f"one of {', '.join(map(repr, choices))}"
    kinds: dict[str, tuple[type, ...]] = {
        "int": (int,),
        "float": (int, float),
        "bool": (bool,),
        "str": (str,),
    }
    if annotation not in kinds:
        return None
    fits = isinstance(value, kinds[annotation])
    fits = fits and (annotation == "bool" or not isinstance(value, bool))  # True is an int
    return None if fits else f"a value of type {annotation}"


def bundled_folder() -> Path:
    """The folder of benchbench's own models: inside the installed package, or beside it."""
    package = Path(__file__).resolve().parent
    inside = package / "models"
    return inside if inside.is_dir() else package.parent / "models"


def scan(folder: Path) -> dict[str, ModelInfo]:
    """Every ``@register``ed function of the Python files in `folder`, by name.

    Raises:
        ModelError: A file cannot be parsed, or two functions share a name.
    """
    found: dict[str, ModelInfo] = {}
    for file in sorted(folder.glob("*.py")):
        tree, digest = _parse(file)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and any(map(_is_register, node.decorator_list)):
                if node.name in found:
                    raise ModelError(
                        f"{file}:{node.lineno}: model {node.name!r} is registered already by "
                        f"{found[node.name].file}"
                    )
                found[node.name] = _info(node, tree, file, digest)
    return found


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """The names that match a shell wildcard, sorted."""
    return sorted(name for name in names if fnmatch.fnmatchcase(name, pattern))


def find(reference: str, folder: Path | None = None) -> ModelInfo:
    """Find a model without executing it.

    Args:
        reference: A name of the zoo, ``path/to/file.py:function`` or ``package.module:function``.
        folder: A further models folder, and the place that relative paths start from.

    Raises:
        ModelError: There is no such model; the message has the nearest name.
    """
    if ":" not in reference:
        models = scan(bundled_folder()) | (scan(folder) if folder else {})
        if reference in models:
            return models[reference]
        raise ModelError(
            f"no model {reference!r} in the zoo{hint(reference, models)}; it has "
            f"{', '.join(models)}; your own is path/to/file.py:function or package.module:function"
        )
    place, _, function = reference.rpartition(":")
    if place.endswith(".py"):
        file = Path(place).expanduser()
        file = file if file.is_absolute() or folder is None else folder / file
        if not file.is_file():
            raise ModelError(f"no file {file}")
    else:
        file = _module_file(place)
    tree, digest = _parse(file)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if function in functions:
        return _info(functions[function], tree, file, digest)
    if function in _bound_names(tree):  # re-exported or a class: its settings cannot be told
        return ModelInfo(function, file, "", (), open=True, digest=digest)
    raise ModelError(f"{file} has no {function!r}{hint(function, functions)}")


def build(
    reference: str,
    settings: Mapping[str, Any],
    folder: Path | None = None,
    *,
    num_classes: int | None = None,
) -> Any:  # noqa: ANN401 - nn.Module, not imported here
    """Execute a model's source and build it. Imports torch.

    Args:
        reference: As for `find`.
        settings: The model's settings.
        folder: As for `find`.
        num_classes: The data set's number of classes, handed to a model that takes
            ``num_classes`` and was not given it.

    Returns:
        The ``torch.nn.Module``.

    Raises:
        ModelError: The model is not found or is no ``torch.nn.Module``. What its own code raises
            is passed on as it is.
    """
    import torch  # noqa: PLC0415 - only the worker pays for it

    info = find(reference, folder)
    place = reference.rpartition(":")[0]
    module = importlib.import_module(place) if place and not place.endswith(".py") else _load(info)
    function = getattr(module, info.name)
    settings = dict(settings)
    takes = {parameter.name for parameter in info.parameters}
    if num_classes is not None and "num_classes" in takes:
        settings.setdefault("num_classes", num_classes)
    config = _config_class(function)
    model = function(config(**settings)) if config else function(**settings)
    if not isinstance(model, torch.nn.Module):
        raise ModelError(f"{reference} returned {type(model).__name__}, not a torch.nn.Module")
    return model


def _parse(file: Path) -> tuple[ast.Module, str]:
    source = file.read_bytes()
    try:
        return ast.parse(source, str(file)), hashlib.sha256(source).hexdigest()
    except SyntaxError as error:
        raise ModelError(f"{file}:{error.lineno}: not Python: {error.msg}") from error


def _is_register(node: ast.expr) -> bool:
    return ast.unparse(node).rpartition(".")[2] == "register"


def _info(node: ast.FunctionDef, tree: ast.Module, file: Path, digest: str) -> ModelInfo:
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    classes = {item.name: item for item in tree.body if isinstance(item, ast.ClassDef)}
    annotation = ast.unparse(every[0].annotation) if every and every[0].annotation else ""
    if len(every) == 1 and annotation in classes:
        fields = [item for item in classes[annotation].body if isinstance(item, ast.AnnAssign)]
        parameters = tuple(
            Parameter(ast.unparse(item.target), ast.unparse(item.annotation), _text(item.value))
            for item in fields
        )
    else:
        defaults = [
            *[None] * (len(every) - len(arguments.defaults) - len(arguments.kw_defaults)),
            *arguments.defaults,
            *arguments.kw_defaults,
        ]
        parameters = tuple(
            Parameter(item.arg, _text(item.annotation), _text(default))
            for item, default in zip(every, defaults, strict=True)
        )
    summary = (ast.get_docstring(node) or "").partition("\n")[0]
    return ModelInfo(node.name, file, summary, parameters, arguments.kwarg is not None, digest)


def _text(node: ast.expr | None) -> str:
    return ast.unparse(node) if node else ""


def _bound_names(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom | ast.Import):
            names |= {(alias.asname or alias.name) for alias in node.names}
        elif isinstance(node, ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names | ({"*"} & names)


def _module_file(dotted: str) -> Path:
    """The source file of a module, found without importing its parents."""
    path: list[str] | None = [str(Path.cwd()), *sys.path]  # the worker has both too
    spec = None
    for part in dotted.split("."):
        spec = importlib.machinery.PathFinder.find_spec(part, path)
        if spec is None:
            raise ModelError(f"no module {dotted!r} can be imported here (searched {part!r})")
        path = list(spec.submodule_search_locations or [])
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise ModelError(f"module {dotted!r} has no Python source")
    return Path(spec.origin)


def _load(info: ModelInfo) -> ModuleType:
    name = f"benchbench_zoo_{info.file.stem}_{info.digest[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, info.file)
    if spec is None or spec.loader is None:
        raise ModelError(f"{info.file} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _config_class(function: Callable[..., Any]) -> type | None:
    """The configuration dataclass of a model's function, where it takes one."""
    parameters = list(inspect.signature(function).parameters.values())
    if len(parameters) != 1:
        return None
    kind = typing.get_type_hints(function).get(parameters[0].name)
    return kind if isinstance(kind, type) and dataclasses.is_dataclass(kind) else None
