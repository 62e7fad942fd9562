"""Answers that no document prints: any JSON at all, printed answers with values that no machine can hold,
words that no screen should show. Whatever a vendor says, at whatever step: a valid document, no second
purchase, and once it may have accepted, never that nothing was bought."""

from __future__ import annotations

import itertools
import re
import time
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases import CASES, Case
from hostile_wire import (
    DEEP,
    DEEPER,
    FILE,
    GONE,
    INFINITE,
    Ran,
    Said,
    Wire,
    absent,
    changed,
    places,
    quick,
    ran,
)
from sandbox import ima_products
from sandbox.clip import clip
from studio.contract import Done
from studio.errors import StudioError
from studio.parsed import json_of
from support import CANARIES, ORDERS, PROMPT, ROOT, configure, key_variable

EXAMPLES = settings(
    max_examples=6,  # of each vendor and test
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
WORDS = (
    "\x1b]0;owned\x07\x1b[2J",
    "\u202egnp.exe\u2069",
    "../../etc/passwd",
    "a\0b\r\nc",
    "half \ud83d a sign",
    "x" * 100_000,
    "http://" * 20_000,
    "https://cdn.example.com/else.png",
    "success",
    "failed",
    "",
    "NaN",
    "1e999",
    "99999999999999999999999999",
    "file:///etc/passwd",
    "https://[/",
    "http://",
    "%",
    "{0}{name}%s",
    "__proto__",
)
BIG = (2**31, 2**53 + 1, 2**63, 10**15 - 1, 10**30, 10**400, 1e308, INFINITE)
NUMBERS = (0, -1, 0.5, -0.0, True, False, None, *BIG)
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(NUMBERS),
    st.sampled_from([DEEP, DEEPER]),
    st.sampled_from([[], {}, [[]], [None], {"": None}, [{}] * 1000]),
)
JSON = st.recursive(
    VALUES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "code", "data", "status", "state", "message", "medias", "task_id", "\ud800"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


def good(case: Case) -> dict[str, Any]:
    """What a purchase that goes well is answered, step by step."""
    (done, *_) = [shown.payload for shown, end in case.states.values() if end is Done]
    said = {"paid": case.submitted[0].payload, "state": done, "cancel": {}, "find": done}
    if case.link:
        said["link"] = case.link.payload
    if case.upload:
        said["token"] = case.upload.payload
        said["put"] = {}
    if case.listed:
        said["list"] = {"code": 0, "message": "success", "data": ima_products.tree("text_to_image")}
    return said


def read_by(name: str) -> list[str]:
    """Every word that a provider's file has in quotes: among them are all the fields that it reads."""
    source = (ROOT / "scripts/studio/providers" / f"{CASES[name].plan.provider}.py").read_text(
        encoding="utf-8"
    )
    return sorted(set(re.findall(r'"([a-z_]{2,})"', source)) | {"message", "reason"})


@st.composite
def spoilt(draw: st.DrawFn, value: Any, names: list[str]) -> Any:
    """A printed answer with a few of its places changed."""
    among = st.lists(
        st.sampled_from([*places(value) * 3, *absent(value, names)]), min_size=1, max_size=3, unique=True
    )
    for path in sorted(draw(among), key=lambda path: (len(path), repr(path)), reverse=True):
        new = draw(st.one_of(VALUES, st.just(GONE) if path else st.nothing()))
        value = changed(value, path, new)
    return value


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return clip(tmp_path_factory.mktemp("film"), 64, 48, 1, sound=False)


@pytest.fixture(params=CASES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Shop:
    """One vendor, and a home folder for each purchase."""

    def __init__(self, name: str, film: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.case, self.order, self.folder = CASES[name], ORDERS[name], folder
        self.says = {step: Said(value) for step, value in good(self.case).items()}
        self.file = FILE if name == "ima" else film
        self.picture = folder / "cat.png"
        self.picture.write_bytes(FILE)
        self.homes = itertools.count()
        self.names = read_by(name)
        self.patch = monkeypatch
        quick(monkeypatch)
        monkeypatch.setenv(key_variable(self.case.gateway), CANARIES[self.case.gateway])

    def buys(self, says: dict[str, Said], *words: str, whole: bool = True) -> tuple[Wire, Ran]:
        """A purchase that is answered so; `whole`: by the links come whole files. All that it wrote lies
        where it was told to."""
        home = self.folder / str(next(self.homes))
        self.patch.setenv("MEDIA_STUDIO_HOME", str(home / "state"))
        if self.order.unpriced:
            configure(f"[gateways.{self.case.gateway}]\naccept_unknown_price = true\n")
        wire = Wire({**self.says, **says}, self.file if whole else b"<html>gone</html>")
        said = ("--prompt", PROMPT, *self.order.said, "--out", str(home / "out"), "--timeout", "60")
        made = ran(wire, "make", *said, *words)
        assert {path.name for path in home.iterdir()} <= {"state", "out"}
        assert all(path.suffix in {".png", ".mp4"} for path in (home / "out").iterdir())
        return wire, made


@pytest.fixture
def shop(name: str, film: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(name, film, tmp_path, monkeypatch)


def test_a_purchase_of_printed_answers_goes_well(shop: Shop) -> None:
    wire, made = shop.buys({})
    assert (made.code, wire.asked.count("paid")) == (0, 1), made.document


BOUGHT = {None, "maybe", "yes"}
WELL = st.sampled_from([200, 200, 201, 299])
ANY = st.sampled_from([200, 200, 200, 302, 400, 404, 429, 500, 999])
LATER = st.sampled_from(["", "9" * 400, "-1", "nan", "Fri, 31 Dec 9999 23:59:59 -2359", "x" * 9999])
AFTERWARDS = st.sampled_from(["wait", "show", "cancel", "reconcile", "fetch"])


@EXAMPLES
@given(data=st.data(), status=WELL, later=LATER, then=AFTERWARDS)
def test_whatever_the_paid_request_is_answered_it_is_sent_once_and_never_called_unbought(
    shop: Shop, data: st.DataObject, status: int, later: str, then: str
) -> None:
    said = data.draw(st.one_of(spoilt(shop.says["paid"].value, shop.names), JSON))
    wire, made = shop.buys({"paid": Said(said, status, {"retry-after": later})})
    assert made.error.get("charged") in BOUGHT
    ran(wire, then, made.document["job"])
    assert wire.asked.count("paid") == 1


@EXAMPLES
@given(data=st.data(), status=ANY, later=LATER, then=AFTERWARDS, whole=st.booleans())
def test_whatever_is_said_of_a_task_that_is_paid_for_it_stays_so(
    shop: Shop, data: st.DataObject, status: int, later: str, then: str, whole: bool
) -> None:
    step = data.draw(st.sampled_from([one for one in ("state", "state", "link") if one in shop.says]))
    said = data.draw(st.one_of(spoilt(shop.says[step].value, shop.names), JSON))
    status = data.draw(st.sampled_from([200, status]))
    wire, made = shop.buys({step: Said(said, status, {"retry-after": later})}, whole=whole)
    assert made.error.get("charged") in BOUGHT
    again = ran(wire, then, made.document["job"])
    assert again.error.get("charged") in BOUGHT or again.code == 2
    assert wire.asked.count("paid") == 1


@EXAMPLES
@given(data=st.data(), status=ANY)
def test_whatever_is_said_before_the_paid_request_it_is_sent_once_at_most(
    shop: Shop, data: st.DataObject, status: int
) -> None:
    step = data.draw(st.sampled_from([one for one in ("list", "token", "put", "cancel") if one in shop.says]))
    said = data.draw(st.one_of(spoilt(shop.says[step].value, shop.names), JSON))
    words = ("--input-images", str(shop.picture)) if step in {"token", "put"} else ()
    wire, made = shop.buys({step: Said(said, data.draw(st.sampled_from([200, status])))}, *words)
    if step == "cancel" and made.document["job"]:
        ran(wire, "cancel", made.document["job"])
    assert wire.asked.count("paid") == int(made.document["job"] is not None)


@pytest.mark.parametrize(
    ("name", "step", "path", "value"),
    [
        pytest.param("ima", "list", ("data", 0, "children"), 5, id="children that are a number"),
        pytest.param("ima", "list", ("data",), [DEEP], id="a deep list"),
        pytest.param("ima", "state", ("data", "medias", 0, "width"), 10**400, id="a width beyond numbers"),
        pytest.param("ima", "state", ("data", "medias", 0, "url"), "https://a/\ud800", id="half a sign"),
        pytest.param("kling", "state", ("data", "updated_at"), 10**15 - 1, id="a time beyond calendars"),
        pytest.param("vidu", "state", ("credits",), 10**400, id="a charge beyond numbers"),
        pytest.param("mv", "state", ("state",), "half \ud83d", id="half a sign as a state"),
        pytest.param("302ai", "state", ("base_resp", "status_code"), INFINITE, id="an endless code"),
        pytest.param("gptge", "link", ("file", "download_url"), DEEPER, id="a deep link"),
    ],
)
def test_what_once_broke_a_command_does_not(shop: Shop, step: str, path: tuple[Any, ...], value: Any) -> None:
    said = changed(shop.says[step].value, path, value)
    wire, made = shop.buys({step: Said(said)}, whole=False)
    assert (wire.asked.count("paid"), made.error["charged"]) in {(0, "no"), (1, "yes"), (1, "maybe")}


def test_a_price_beyond_numbers_is_no_price(
    film: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop("ima", film, tmp_path, monkeypatch)
    paths = [path for path in places(shop.says["list"].value) if path and path[-1] == "points"]
    said = shop.says["list"].value
    for path in paths:
        said = changed(said, path, 10**400)
    wire, made = shop.buys({"list": Said(said)}, "--yes")
    assert (made.code, made.error["kind"], wire.asked) == (6, "bad_answer", ["list"])


def test_a_thousand_outputs_instead_of_one_fill_neither_disk_nor_chat(shop: Shop) -> None:
    entries = {"ima": ("data", "medias"), "vidu": ("creations",), "kling": ("data", "task_result", "videos")}
    path = entries.get(shop.case.plan.provider)
    if path is None:  # this vendor's answer has room for one
        return
    (one,) = reduce(lambda at, key: at[key], path, shop.says["state"].value)
    said = changed(shop.says["state"].value, path, [one] * 1000)
    wire, made = shop.buys({"state": Said(said)})
    assert (made.code, wire.asked.count("file"), len(made.document["send"])) == (0, 32, 32)


@pytest.mark.parametrize("value", [b"[]", b'{"a":1}', b'""'])
def test_an_answer_of_a_million_values_is_not_read(value: bytes) -> None:
    assert json_of(b"[" + value + b"]", ()) is not None
    assert json_of(b"[" + b",".join([value] * 10**6) + b"]", ()) is None


def test_a_message_of_many_links_is_told_at_once() -> None:
    began = time.process_time()
    told = StudioError("http://" * 10_000, detail="https://example.com/x?signed=word").detail
    assert told == "https://example.com/x?…"
    assert time.process_time() - began < 1  # second; all of it takes several
