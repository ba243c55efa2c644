"""Our frozen dataclasses as plain JSON and back: one encoder and one decoder for all of them.

What is stored or crosses a process border is `plain` on the way out and `restored` on the way in.
The decoder follows the annotations of the dataclass (through cattrs), so that a new field, or a
new nested dataclass, needs no line here.
"""

from __future__ import annotations

import json
import operator
import types
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from functools import cache
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from _typeshed import DataclassInstance
    from cattrs import Converter

__all__ = ["from_json", "plain", "restored"]

T = TypeVar("T")

_LIMITS = {
    "ge": (operator.ge, "of at least"),
    "gt": (operator.gt, "above"),
    "le": (operator.le, "of at most"),
    "lt": (operator.lt, "below"),
}

# Of a number: two of them, as a figure and the factor of its unit, still have a product.
LARGEST, MOST_DIGITS = 1e150, 150
MOST_LETTERS = 300  # of what is said of one field: a value that is quoted may have thousands
MOST_FAULTS = 5  # that are told of one document: where many fields are wrong, the first say why


def plain(value: DataclassInstance) -> dict[str, Any]:
    """A dataclass as plain dictionaries, lists and scalars, as JSON holds them."""
    return asdict(value)


def from_json(text: str | bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    """JSON as the standard has it: no NaN, no infinity, nothing nested without end.

    Raises:
        ValueError: It is none; the message says where.
    """
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_finite, parse_int=_whole)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


def _finite(text: str) -> float:
    if not abs(number := float(text)) <= LARGEST:
        raise ValueError(f"the number {text[:20]} is too large")
    return number


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:  # Python itself refuses to read some, and none has a float
        raise ValueError(f"the number {text[:20]} is too large")
    return int(text)


def restored(kind: type[T], data: object) -> T:
    """A dataclass from what `plain` made of it, or what JSON made of that.

    A field that is not there takes its default, so that files of an older version load, or what
    its dataclass has for it in ``BEFORE``; a dataclass with `from_text` may stand as the text that
    it takes, and what a dataclass names as ``REMOVED`` is passed over.

    Args:
        kind: A frozen dataclass of ours.
        data: Plain dictionaries, lists and scalars.

    Raises:
        ValueError: A field is missing that has no default, is unknown, or is of another kind.
    """
    from cattrs import BaseValidationError, transform_error  # noqa: PLC0415 - 40 ms, not for --help

    try:
        found = _converter().structure(data, kind)
    except BaseValidationError as error:
        said = transform_error(error, path=kind.__name__, format_exception=_said)
        raise ValueError(_told(said)) from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    _check_limits(found, place=kind.__name__)
    return found


def _told(faults: Sequence[str]) -> str:
    """The first faults of a document, each with its place, and how many more there are."""
    more = len(faults) - MOST_FAULTS
    told = [shown[: 2 * MOST_LETTERS] for shown in faults[:MOST_FAULTS]]  # a key may be long, too
    return "; ".join([*told, *([f"and {more} more"] if more > 0 else [])])


def _said(error: BaseException, kind: type | None) -> str:
    """What was wrong with a field, in its dataclass's own words where it has any."""
    from cattrs.v import format_exception  # noqa: PLC0415 - see above

    own = isinstance(error, ValueError | TypeError) and str(error)
    return (own or format_exception(error, kind))[:MOST_LETTERS]


@cache
def _converter() -> Converter:
    from cattrs import Converter  # noqa: PLC0415 - see above
    from cattrs.gen import make_dict_structure_fn  # noqa: PLC0415 - see above

    converter = Converter(forbid_extra_keys=True)
    for scalar in (int, float, str, bool):  # a count stays an integer, also where a float may be
        converter.register_structure_hook(scalar, _checked)
    converter.register_structure_hook_func(_is_optional_scalar, _checked)
    converter.register_structure_hook_func(_is_mapping_of_any, _mapping)

    def shortened(kind: Any) -> Any:  # noqa: ANN401 - a dataclass
        whole = make_dict_structure_fn(kind, converter)
        return lambda value, _: (
            kind.from_text(value) if isinstance(value, str) else whole(value, kind)
        )

    def of_before(kind: Any) -> Any:  # noqa: ANN401 - see above
        whole = make_dict_structure_fn(kind, converter)
        removed, before = getattr(kind, "REMOVED", ()), getattr(kind, "BEFORE", {})

        def made(value: Any, _: Any) -> Any:  # noqa: ANN401 - see above
            if isinstance(value, Mapping):
                left = {key: it for key, it in value.items() if key not in removed}
                value = {**before, **left}
            return whole(value, kind)

        return made

    converter.register_structure_hook_factory(lambda kind: hasattr(kind, "from_text"), shortened)
    converter.register_structure_hook_factory(
        lambda kind: hasattr(kind, "REMOVED") or hasattr(kind, "BEFORE"), of_before
    )
    return converter


def _checked(value: object, kind: Any) -> Any:  # noqa: ANN401 - whatever the annotation says
    """A scalar as it is, refused where it is none of the annotation's kinds."""
    kinds = get_args(kind) or (kind,)
    allowed = (*kinds, int) if float in kinds else kinds
    if type(value) not in allowed:
        words = " or ".join(getattr(k, "__name__", str(k)) for k in kinds)
        raise TypeError(f"expected {words}, found {str(value)[:60]!r}")
    return value


def _check_limits(value: object, limits: Sequence[object] = (), place: str = "") -> None:
    """Refuse a number that breaks a limit of its annotation; cattrs does not look at them."""
    if isinstance(value, int | float):
        for limit in limits:
            for name, (holds, words) in _LIMITS.items():
                if hasattr(limit, name) and not holds(value, end := getattr(limit, name)):
                    raise ValueError(f"expected a value {words} {end:,}, found {value!r} @ {place}")
    elif is_dataclass(value) and not isinstance(value, type):
        for name, inner in _limits_of(type(value)).items():
            _check_limits(getattr(value, name), inner, f"{place}.{name}")
    elif isinstance(value, tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            _check_limits(item, limits, place)


@cache
def _limits_of(kind: type) -> dict[str, tuple[object, ...]]:
    """The limits of each field's numbers; of fields that can have some, deep down too."""

    def within(hint: Any) -> Iterator[object]:  # noqa: ANN401 - an annotation
        if get_origin(hint) is Annotated:
            yield from get_args(hint)[1:]
        elif is_dataclass(hint):
            yield hint
        for inner in get_args(hint):
            yield from within(inner)

    hints = get_type_hints(kind, include_extras=True)
    return {name: found for name, hint in hints.items() if (found := tuple(within(hint)))}


def _is_optional_scalar(kind: Any) -> bool:  # noqa: ANN401 - see above
    scalars = {int, float, str, bool, type(None)}
    return isinstance(kind, types.UnionType) and set(get_args(kind)) <= scalars


def _is_mapping_of_any(kind: Any) -> bool:  # noqa: ANN401 - see above
    return get_origin(kind) in {dict, Mapping} and get_args(kind) == (str, Any)


def _mapping(value: object, _: Any) -> Any:  # noqa: ANN401 - see above
    """A mapping whose values are anybody's, as it is."""
    if not isinstance(value, Mapping):
        raise TypeError(f"expected a mapping, found {str(value)[:60]!r}")
    return value
