"""studio.frozen makes classes like those of `dataclasses`."""

from __future__ import annotations

import ast
import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from studio import frozen
from support import ROOT

BODY = {
    "__annotations__": {
        "name": "str",
        "size": "int",
        "kept": "list[int]",
        "secret": "str",
        "whole": "object",
    },
    "size": 3,
    "__module__": __name__,
}
Maker = Callable[..., Any]


def made_by(module: Any, *, freeze: bool = True) -> Any:
    fields = {
        "kept": module.field(default_factory=list),
        "secret": module.field(default="", repr=False),
        "whole": module.field(default=None, compare=False),
    }
    return module.dataclass(frozen=freeze)(type("Thing", (), {**BODY, **fields}))


OURS, THEIRS = made_by(frozen), made_by(dataclasses)
CALLS: list[Callable[[Maker], Any]] = [
    lambda make: make("a"),
    lambda make: make("a", 4, [1], "s", "w"),
    lambda make: make(size=2, name="b", whole=(1,)),
    lambda make: frozen.replace(make("a", kept=[1]), size=9),
    lambda make: dataclasses.replace(make("a", kept=[1]), size=9),
    lambda make: copy.copy(make("a")),
]
WRONG: list[Callable[[Maker], Any]] = [
    lambda make: make(),
    lambda make: make("a", colour=1),
    lambda make: make("a", 1, [], "", None, 6),
    lambda make: make("a", name="b"),
    lambda make: make(size=1),
    lambda make: frozen.replace(make("a"), colour=1),
]


@pytest.mark.parametrize("call", CALLS)
def test_is_made_shown_and_taken_apart_like_a_dataclass(call: Callable[[Maker], Any]) -> None:
    ours, theirs = call(OURS), call(THEIRS)
    assert repr(ours) == repr(theirs)
    assert frozen.asdict(ours) == dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert [one.name for one in dataclasses.fields(ours)] == [one.name for one in dataclasses.fields(theirs)]
    assert OURS.__match_args__ == THEIRS.__match_args__
    assert OURS.size == THEIRS.size


@pytest.mark.parametrize("call", WRONG)
def test_takes_nothing_that_a_dataclass_does_not_take(call: Callable[[Maker], Any]) -> None:
    for make in (OURS, THEIRS):
        with pytest.raises(TypeError):
            call(make)


def test_is_compared_by_what_counts_and_only_with_its_own_kind() -> None:
    for make in (OURS, THEIRS):
        assert make("a", whole=1) == make("a", whole=2)
        assert make("a") != make("b")
        assert make("a", secret="x") != make("a")
    assert OURS("a") != THEIRS("a")


def test_frozen_is_hashed_and_stays_as_it_is() -> None:
    @frozen.dataclass(frozen=True)
    class Place:
        x: int
        y: int = 0

    assert {Place(1), Place(1, 0), Place(2)} == {Place(1), Place(2)}
    with pytest.raises(dataclasses.FrozenInstanceError):
        Place(1).x = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del Place(1).y
    open_one = made_by(frozen, freeze=False)("a")
    open_one.size = 7
    assert open_one.size == 7
    with pytest.raises(TypeError):
        hash(open_one)


def test_each_has_a_list_of_its_own() -> None:
    one, other = OURS("a"), OURS("a")
    one.kept.append(1)
    assert other.kept == []


def test_values_inside_are_taken_apart_too() -> None:
    inner = OURS("in", kept=[{"deep": OURS("deeper")}])
    outer = OURS("out", whole=(inner, [inner]))
    assert frozen.asdict(outer) == dataclasses.asdict(outer)


def test_can_be_pickled() -> None:
    from studio.types import Unit

    assert pickle.loads(pickle.dumps(Unit("points", 2))) == Unit("points", 2)


def test_no_class_of_the_product_is_compiled() -> None:
    """One is enough to import `inspect`, which takes longer than reading the record."""
    for path in (ROOT / "scripts" / "studio").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else set()
            if isinstance(node, ast.ImportFrom) and node.module == "dataclasses" and path.stem != "frozen":
                assert not named & {"dataclass", "field", "replace", "asdict"}, path


@pytest.mark.parametrize("module", [frozen, dataclasses], ids=["ours", "theirs"])
def test_what_is_to_be_done_after_making_is_done(module: Any) -> None:
    def then(self: Any) -> None:
        self.twice = 2 * self.size

    made = module.dataclass(
        type("Thing", (), {**BODY, "__annotations__": {"size": "int"}, "__post_init__": then})
    )
    assert made(size=4).twice == 8
