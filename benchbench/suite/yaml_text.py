"""A suite file's text as plain dictionaries, lists and scalars, each with its line.

The events of YAML are read one by one, with a limit to everything that could grow: depth, values,
what aliases repeat. What has no place in a suite (merge keys, tags of one's own, dates, values that
are no JSON) is a fault with its line, and nothing of it is ever built.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import ScalarNode

from benchbench.display.text import neutral, shown
from benchbench.suite.limits import value_fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ruamel.yaml.events import Event

__all__ = ["MOST_BYTES", "Document", "read"]

Place = tuple[str | int, ...]

MOST_BYTES = 1 << 20  # some 20,000 models; YAML is read at about 100 kB a second
MOST_DEPTH = 32
MOST_VALUES = 250_000  # what an alias repeats is counted as often as it stands

_SCALARS = {f"tag:yaml.org,2002:{kind}": kind for kind in ("str", "int", "float", "bool", "null")}
_MERGE, _DATE = "tag:yaml.org,2002:merge", "tag:yaml.org,2002:timestamp"
_WRONG = object()  # stands for a value that is a fault already


@dataclass(slots=True)
class Document:
    """What a text holds.

    Attributes:
        value: Dictionaries, lists and scalars; None where there is nothing that can be looked at.
        lines: Line of each place, from 1.
        found: Faults by place, in the order of the text.
    """

    value: Any = None
    lines: dict[Place, int] = field(default_factory=lambda: {(): 1})
    found: list[tuple[Place, str]] = field(default_factory=list)

    def fault(self, place: Place, line: int, text: str) -> None:
        """Note a fault; two of one place keep the lines of both."""
        own = place
        while self.lines.get(own, line) != line:
            own = (*place, f" {'' if own == place else own[-1]}")  # a part that is not shown
        place = own
        self.lines[place] = line
        self.found.append((place, text))


class _StopError(Exception):
    """What follows cannot be read."""


def read(text: str) -> Document:
    """Read a text as far as it can be read; nothing is raised."""
    reader = _Reader(text)
    try:
        reader.read()
    except _StopError as error:
        reader.stopped(str(error))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reader.line = mark.line + 1 if mark else reader.line
        reader.stopped(str(error.problem or error.context))
    except YAMLError as error:  # a character that YAML does not have
        position = getattr(error, "position", None)
        reader.line = text.count("\n", 0, position) + 1 if position is not None else reader.line
        code = getattr(error, "character", None)
        what = f"the character U+{code:04X} is not allowed here" if code is not None else str(error)
        reader.stopped(what)
    return reader.document


@dataclass(slots=True)
class _Unended:
    """A mapping or a list that has not ended yet.

    Attributes:
        value: What is in it so far.
        place: Where it stands.
        before: Number of values before it.
        anchor: Its name; None where it has none.
        key: Key of the value that comes next, of a mapping; `_WRONG` for one that is left out.
        waits: Whether a key was read and its value was not.
    """

    value: dict[str, Any] | list[Any]
    place: Place
    before: int
    anchor: str | None
    key: Any = None
    waits: bool = False

    @property
    def next_place(self) -> Place:
        """Where the next value stands."""
        if isinstance(self.value, list):
            return (*self.place, len(self.value))
        return (*self.place, " " if self.key is _WRONG else self.key)


class _Reader:
    """Reads one document from the events of YAML."""

    def __init__(self, text: str) -> None:
        self.document, self.line = Document(), 1
        self._text, self._yaml = text, YAML(typ="safe", pure=True)
        self._open = list[_Unended]()
        self._count = 0
        self._anchors = dict[str, tuple[Any, int]]()

    def read(self) -> None:
        """Read all of it.

        Raises:
            _StopError: It goes beyond a limit, or a second document starts.
        """
        documents = 0
        for event in self._events():
            self.line = event.start_mark.line + 1
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _StopError("a second document starts here: a suite is one")
                if event.version is not None and tuple(event.version) != (1, 2):
                    version = ".".join(map(str, event.version))
                    raise _StopError(f"YAML {shown(version)}: expected 1.2, or no such line")
            elif isinstance(event, NodeEvent):
                self._node(event)
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                ended = self._open.pop()
                if ended.anchor is not None:
                    self._anchors[ended.anchor] = (ended.value, self._count - ended.before)

    def stopped(self, why: str) -> None:
        """Note why nothing further was read; what was found before it stands."""
        self.document.value = None
        self.document.fault(("(yaml)",), self.line, f"{neutral(why)[:300]}")

    def _events(self) -> Iterator[Event]:
        events = self._yaml.parse(self._text)
        while True:
            try:
                event = next(events, None)
            except (ValueError, TypeError, AttributeError, LookupError, AssertionError) as error:
                # What ruamel.yaml raises of directives and escapes that it does not expect.
                raise _StopError(f"not YAML: {error}") from error
            if event is None:
                return
            yield event

    def _node(self, event: NodeEvent) -> None:
        inside = self._open[-1] if self._open else None
        if inside is not None and isinstance(inside.value, dict) and not inside.waits:
            self._key(event, inside)
            return
        place = inside.next_place if inside else ()
        self._count += 1
        if self._count > MOST_VALUES:
            raise _StopError(f"more than {MOST_VALUES:,} values, aliases counted as they are used")
        if place:
            self.document.lines.setdefault(place, self.line)
        value = self._value(event, place)
        if inside is None:
            self.document.value = value
        elif isinstance(inside.value, list):
            inside.value.append(value)
        else:
            if inside.key is not _WRONG:
                inside.value[inside.key] = value
            inside.waits = False

    def _value(self, event: NodeEvent, place: Place) -> Any:  # noqa: ANN401 - whatever YAML holds
        if isinstance(event, AliasEvent):
            return self._repeated(event, place)
        if isinstance(event, ScalarEvent):
            scalar = self._scalar(event, place)
            if event.anchor is not None:
                self._anchors[event.anchor] = (scalar, 1)
            return scalar
        mapping = isinstance(event, MappingStartEvent)
        tag = getattr(event, "tag", None)
        if tag is not None and str(tag) != f"tag:yaml.org,2002:{'map' if mapping else 'seq'}":
            self._fault(place, f"the tag {shown(str(tag))} is not read here")
        if len(self._open) >= MOST_DEPTH:
            raise _StopError(f"nested more than {MOST_DEPTH} deep")
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)
        value: dict[str, Any] | list[Any] = {} if mapping else []
        # What is open waits already for the value that follows this one.
        self._open.append(_Unended(value, place, self._count, event.anchor))
        return value

    def _repeated(self, event: AliasEvent, place: Place) -> Any:  # noqa: ANN401 - as above
        if event.anchor in {it.anchor for it in self._open}:
            self._fault(place, f"*{shown(event.anchor)} stands inside of what it repeats")
            return None
        if event.anchor not in self._anchors:
            self._fault(place, f"*{event.anchor} repeats nothing: no &{event.anchor} is above it")
            return None
        value, size = self._anchors[event.anchor]
        self._count += size
        return value

    def _scalar(self, event: ScalarEvent, place: Place) -> Any:  # noqa: ANN401 - as above
        tag = event.tag
        if tag is None or tag == "!":
            tag = self._tag(event)
        tag = str(tag)
        if tag == _DATE:
            self._fault(place, f"a date: put it between quotes, {event.value[:40]!r}")
            return None
        if tag not in _SCALARS:
            self._fault(place, f"the tag {shown(tag)} is not read here")
            return None
        node = ScalarNode(tag, event.value, event.start_mark, event.end_mark, style=event.style)
        try:
            value = self._yaml.constructor.construct_object(node)
        except (YAMLError, ValueError, LookupError, TypeError):
            self._fault(place, f"expected {_SCALARS[tag]}, found {shown(event.value)}")
            return None
        if fault := value_fault(value):
            self._fault(place, fault)
            return None
        return value

    def _key(self, event: NodeEvent, inside: _Unended) -> None:
        """Take the next key of a mapping: text that stands there once."""
        inside.waits, inside.key = True, _WRONG
        if not isinstance(event, ScalarEvent):
            self._fault(inside.place, "expected a word as key")
            if not isinstance(event, AliasEvent):
                self._skip(event)
            return
        plain = event.implicit[0] and event.tag is None
        tag = self._tag(event)
        if plain and tag == _MERGE:
            self._fault(inside.place, "merge keys (<<) are not read: say what is meant in full")
            return
        key = event.value
        if (plain and _SCALARS.get(tag) != "str") or event.tag is not None:
            self._fault(inside.place, f"expected a word as key, found {shown(key)}: use quotes")
            return
        if fault := value_fault(key):
            self._fault(inside.place, fault)
            return
        place = (*inside.place, key)
        if key in inside.value:
            text = f"key {shown(key)} stands twice, first on line {self.document.lines[place]}"
            self.document.fault((*inside.place, f"{key} "), self.line, text)
            return
        if event.anchor is not None:
            self._anchors[event.anchor] = (key, 1)
        self.document.lines[place] = self.line
        inside.key = key

    def _tag(self, event: ScalarEvent) -> str:
        """What a scalar is by its looks."""
        try:
            return str(self._yaml.resolver.resolve(ScalarNode, event.value, event.implicit))
        except LookupError as error:  # ruamel.yaml has read a line %YAML further down already
            raise _StopError("a version of YAML is named below: expected 1.2, or none") from error

    def _skip(self, event: NodeEvent) -> None:
        """A list or a mapping as a key: it is read to its end and forgotten."""
        self._open.append(
            _Unended([] if isinstance(event, SequenceStartEvent) else {}, (), 0, None)
        )
        if len(self._open) >= MOST_DEPTH:
            raise _StopError(f"nested more than {MOST_DEPTH} deep")

    def _fault(self, place: Place, text: str) -> None:
        self.document.fault(place, self.line, text)
