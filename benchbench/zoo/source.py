"""What a model's source says of it, read as text: nothing is executed, and no torch imported."""

from __future__ import annotations

import ast
import difflib
import hashlib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchbench.errors import ModelError
from benchbench.files import content_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = [
    "LOADED",
    "ModelInfo",
    "Parameter",
    "bound_names",
    "defined",
    "hint",
    "info_of",
    "is_register",
    "parse",
]

MOST_BYTES = 1 << 24  # of a source file
LOADED = "benchbench_zoo_"  # begins the name of a module that is loaded by its place


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
        digest: SHA-256 of the file; `benchbench.zoo.closure` has what it imports, too.
    """

    name: str
    file: Path
    summary: str
    parameters: tuple[Parameter, ...]
    open: bool
    digest: str

    def check(self, given: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Faults of the settings that are given for this model, as pairs of key and message."""
        names = {parameter.name: parameter for parameter in self.parameters}
        faults = []
        for key, value in given.items():
            if key in names:
                expected = _mismatch(names[key].annotation, value)
                if expected:
                    text = f"{self.name}: {key}: expected {expected}, found {value!r}"
                    faults.append((key, text))
            elif not self.open:
                has = ", ".join(names) or "none"
                text = f"{self.name} has no setting {key!r}{hint(key, names)}; it has {has}"
                faults.append((key, text))
        return faults

    def lacks(self, given: Mapping[str, Any]) -> str:
        """Which settings without a default are not given, in a sentence; empty where none is.

        The number of classes is the data set's where it is not given.
        """
        names = [
            parameter.name
            for parameter in self.parameters
            if not parameter.default and parameter.name not in {*given, "num_classes"}
        ]
        if not names:
            return ""
        form = ", ".join(f"{name}: ..." for name in names)
        return (
            f"{self.name} needs a value for {', '.join(names)}, which has no default: give it by "
            f"`set: {{ {form} }}`, on the command line by --set {names[0]}=..."
        )

    def require(self, given: Mapping[str, Any]) -> None:
        """Refuse settings that do not fit, and that some are missing.

        Raises:
            ModelError: A setting is unknown, of another type or missing; all faults are told.
        """
        faults = [text for _, text in self.check(given)]
        faults += filter(None, [self.lacks(given)])
        if faults:
            raise ModelError("; ".join(faults))


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


def parse(file: Path) -> tuple[ast.Module, str]:
    """A file's syntax tree and the SHA-256 of its text.

    Raises:
        ModelError: It is not Python, or cannot be read; the message has the line.
    """
    try:
        source = content_of(file, MOST_BYTES)
    except OSError as error:
        raise ModelError(f"{file}: cannot be read: {error.strerror}") from error
    try:
        with warnings.catch_warnings(action="ignore"):  # an old file's escapes are its own
            return ast.parse(source, str(file)), hashlib.sha256(source).hexdigest()
    except SyntaxError as error:
        raise ModelError(f"{file}:{error.lineno or 1}: not Python: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:  # a NUL; nested without end
        raise ModelError(f"{file}: not Python: {error or 'nested too deeply'}") from error


def is_register(node: ast.expr) -> bool:
    """Whether a decorator is ``@register``."""
    return ast.unparse(node).rpartition(".")[2] == "register"


def info_of(node: ast.FunctionDef, tree: ast.Module, file: Path, digest: str) -> ModelInfo:
    """What the source says of one function."""
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


def defined(tree: ast.Module) -> set[str]:
    """Names of a module's own functions and classes."""
    return {item.name for item in tree.body if isinstance(item, ast.FunctionDef | ast.ClassDef)}


def bound_names(tree: ast.Module) -> set[str]:
    """Names that a module binds by import, class or assignment."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom | ast.Import):
            names |= {(alias.asname or alias.name) for alias in node.names}
        elif isinstance(node, ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names | ({"*"} & names)
