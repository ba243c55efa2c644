"""A nested key of a suite needs its dataclass and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from benchbench.codec import plain, restored
from benchbench.suite.loader import bundled_suites, load
from benchbench.suite.schema import Suite, changed

if TYPE_CHECKING:
    from fixtures_copy import PackageCopy

WARM = '''
@dataclass(frozen=True, slots=True)
class Warm:
    """Epochs of a linear warm-up.

    Attributes:
        epochs: Number of epochs.
        start: Share of the learning rate to start from.
    """

    epochs: Annotated[int, Ge(1)] = 1
    start: float = 0.1

    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass(frozen=True, slots=True)
class Train:'''

SUITE = """benchbench: 1
name: warm
settings: { train: { epochs: 2, warm: { epochs: 3 } } }
quick: { train: { warm: { start: 0.5 } } }
models: [{ id: m, model: vgg }]
"""

CODE = """
import json
from benchbench.codec import plain, restored
from benchbench.errors import SuiteError
from benchbench.suite.loader import json_schema, load, parse
from benchbench.suite.schema import Suite
suite, folder = load("warm.yaml")
again = restored(Suite, json.loads(json.dumps(plain(suite))))
quick = suite.with_mode("quick").settings.train.warm
try:
    parse(open("warm.yaml").read().replace("start", "begin"), "w", folder)
except SuiteError as error:
    fault = str(error)
print(json.dumps([again == suite, [quick.epochs, quick.start], fault, json_schema()]))
"""


def test_a_nested_key_is_one_dataclass(package_copy: PackageCopy) -> None:
    """Validation, hints, quick settings, JSON Schema and the stored form follow from it."""
    file = package_copy.root / "benchbench" / "suite" / "training.py"
    text = file.read_text()
    head, tail = text.split("\n@dataclass(frozen=True, slots=True)\nclass Train:", 1)
    tail = tail.replace(
        "    slim: Slim | None = None\n",
        "    slim: Slim | None = None\n    warm: Warm | None = None\n",
    )
    file.write_text(head + WARM + tail)
    (package_copy.root.parent / "warm.yaml").write_text(SUITE)
    same, quick, fault, schema = json.loads(package_copy.python(CODE))
    assert same
    assert quick == [3, 0.5]  # the key that differs, and the rest as in settings
    assert "unknown key 'begin'; known: epochs, start" in fault
    assert "start" in json.loads(schema)["$defs"]["Warm"]["properties"]


def test_every_bundled_suite_is_restored_from_its_json() -> None:
    """What a journal's header holds is the suite itself again."""
    for file in bundled_suites().values():
        suite, _ = load(str(file))
        assert restored(Suite, json.loads(json.dumps(plain(suite)))) == suite


def test_a_change_of_a_nested_setting_leaves_the_rest() -> None:
    """Also where there was none before: then its defaults are the rest."""
    suite, _ = load("half")
    (train,) = {model.train for model in suite.models if model.id == "vgg_half"}
    assert train is not None
    assert train.slim is not None
    slimmer = changed(train, {"slim": {"ratio": 0.25}})
    assert slimmer.slim == replace(train.slim, ratio=0.25)
    assert changed(replace(train, slim=None), {"slim": {"ratio": 0.25}}).slim is not None
