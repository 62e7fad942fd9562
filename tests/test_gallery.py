"""The page of `gallery` as a file: what is in it, whose words stand how, and where it is written. How it
behaves in a browser: test_gallery_page.py."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from time import process_time
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from exhibition import MODELS, Exhibition, unpriced
from studio import catalogue, chart, gallery, page
from studio.accounts import Spending
from studio.types import Job, ModelRef, Output, Saved
from support import KEY, ROOT, configure, run

STATE = "MEDIA_STUDIO_HOME"
ENGLISH = gallery.look("en")
HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "javascript:alert(1)",
    "</style></title></select><!-- -->",
    "{{script}} {{w.title}} {0} {}",
    "one\ntwo\r\n\tthree &amp; &lt;",
    "\u202eright to left\u2066 \u200f",
    "\ud800 \x00 \x1b[31m",
)


@dataclasses.dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    text: str = ""


class Reader(HTMLParser):
    """Every element of a page, with the text that stands right in it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs)))
        if tag not in {"meta", "img", "input"}:
            self._open.append(self.elements[-1])

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1].text += data

    def all(self, tag: str, named: str | None = None) -> list[Element]:
        """Those of a kind, or of a class of it."""
        found = [one for one in self.elements if one.tag == tag]
        return [one for one in found if named is None or named in (one.attributes.get("class") or "").split()]

    def said(self) -> str:
        return " ".join(one.text for one in self.elements if one.tag not in {"script", "style"})


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Exhibition]:
    made = Exhibition(Path(os.environ[STATE]) / "ledger.sqlite3", tmp_path / "media-studio")
    yield made
    made.ledger.close()


def written(shown: Exhibition, *words: str) -> tuple[Reader, Any]:
    """The page that the command writes, and its document."""
    made = run("gallery", "--json", *words, cwd=shown.folder.parent)
    assert made.code == 0, made.stdout
    return Reader(Path(made.document["path"]).read_bytes().decode()), made.document


def test_the_page_shows_what_was_made_and_the_document_counts_it(shown: Exhibition, clips: Path) -> None:
    shown.picture("a lighthouse", 64, 48, user_id="u1")
    shown.clip("a fox runs", clips)
    gone = shown.picture("a teapot", name="teapot.png")
    (shown.folder / "teapot.png").unlink()
    failed = shown.failed("will not do")
    lost = shown.unknown("perhaps")

    reader, document = written(shown)

    assert document["path"] == str(shown.folder / "gallery.html")
    assert {name: document[name] for name in ("jobs", "files", "missing", "more")} == {
        "jobs": 5,
        "files": 2,
        "missing": 1,
        "more": False,
    }
    (image,) = reader.all("img")
    assert (image.attributes["alt"], image.attributes["loading"]) == ("a lighthouse", "lazy")
    assert (image.attributes["width"], image.attributes["height"]) == ("64", "48")
    (film,) = reader.all("video")
    assert {"controls", "playsinline"} <= set(film.attributes)
    assert film.attributes["preload"] == "none"
    assert "autoplay" not in film.attributes
    assert f"create.py fetch {gone}" in reader.said()
    assert f"create.py reconcile {lost}" in reader.said()
    assert failed not in reader.said()
    assert len(reader.all("li", "card")) == 3
    assert [one.text for one in reader.all("dd")][:4] == ["2", "1", "1", "1"]


def test_of_people_and_at_a_pipe_the_command_says_the_path(shown: Exhibition) -> None:
    made = run("gallery", "--quiet", cwd=shown.folder.parent)
    assert made.stdout == f"{shown.folder / 'gallery.html'}\n"


def test_cards_say_prompt_model_cost_and_time(shown: Exhibition) -> None:
    shown.picture("a lighthouse", model=MODELS[1])
    shown.picture("a barn", billing=unpriced())
    reader, _ = written(shown)
    facts = [
        (one.attributes["data-fact"], one.text) for one in reader.all("bdi") if "data-fact" in one.attributes
    ]
    assert facts[4:7] == [("model", "Nano Banana Pro"), ("cost", "5 points"), ("took", "35 s")]
    assert facts[1] == ("cost", "price not known")
    assert [one.text for one in reader.all("p", "words")] == ["a barn", "a lighthouse"]


def test_whose_words_they_are_they_stay_words(shown: Exhibition) -> None:
    """In text, between quotes, in a list to choose from, and in an address."""
    for n, words in enumerate(one for one in HOSTILE if one.isprintable() or "\n" in one):
        model = ModelRef("x", words, "1")
        name = f"{n} {words}.png".replace("/", "~")
        shown.picture(words, user_id=words, model=model, name=name)
    plain = {one.tag for one in Reader(ENGLISH.html).elements}
    reader, document = written(shown)

    assert document["missing"] == 0
    added = {"img", "li", "ul", "bdi", "code", "rect", "svg", "table", "thead", "tbody", "tr", "th", "td"}
    assert {one.tag for one in reader.elements} - plain <= added | {"h3", "time"}
    assert len(reader.all("script")) == len(reader.all("style")) == 1
    assert not [name for one in reader.elements for name in one.attributes if name.startswith("on")]
    assert not [one for one in reader.elements if "autofocus" in one.attributes]
    for image in reader.all("img"):
        address = str(image.attributes["src"])
        assert urlsplit(address).scheme == ""
        assert (shown.folder / unquote(address)).is_file()
        assert unquote(address).replace("~", "/").endswith(f"{image.attributes['alt']}.png")


@pytest.mark.parametrize("words", HOSTILE)
def test_no_words_of_a_job_break_the_page(words: str) -> None:
    text = page.html(of([job(0, words, user_id=words, model=ModelRef("x", words, "1"))]), ENGLISH)
    reader = Reader(text.encode("utf-8", "replace").decode())
    assert len(reader.all("li", "card")) == 1
    assert [one.text for one in reader.all("p", "words")] == [words.encode("utf-8", "replace").decode()]
    assert len(reader.all("script")) == 1


def test_a_policy_forbids_every_request_and_every_script_but_its_own(shown: Exhibition) -> None:
    reader, _ = written(shown)
    (policy,) = (one.attributes["content"] for one in reader.all("meta") if "http-equiv" in one.attributes)
    rules = dict(rule.split(" ", 1) for rule in str(policy).split("; "))
    assert rules.pop("default-src") == "'none'"
    assert rules.pop("img-src") == rules.pop("media-src") == "'self' file:"
    assert all(re.fullmatch(r"'sha256-[\w+/]{43}='", rules.pop(name)) for name in ("style-src", "script-src"))
    assert rules == {"base-uri": "'none'", "form-action": "'none'"}
    assert "://" not in "".join(str(part) for part in (ENGLISH.html, ENGLISH.style, ENGLISH.script))


def test_files_elsewhere_are_named_by_their_whole_address(shown: Exhibition, tmp_path: Path) -> None:
    shown.picture("a lighthouse", name="a b#c?%41.png")
    reader, _ = written(shown)
    assert reader.all("img")[0].attributes["src"] == "a%20b%23c%3F%2541.png"
    reader, document = written(shown, "--out", str(tmp_path / "other"))
    assert document["path"] == str(tmp_path / "other" / "gallery.html")
    assert reader.all("img")[0].attributes["src"] == (shown.folder / "a b#c?%41.png").as_uri()


def test_an_older_page_is_written_anew_and_no_other_file_is_touched(shown: Exhibition) -> None:
    shown.picture("first")
    _, document = written(shown)
    place = Path(document["path"])
    shown.picture("second")
    assert len(written(shown)[0].all("img")) == 2
    assert [path.name for path in shown.folder.iterdir() if path.suffix != ".png"] == ["gallery.html"]
    assert place.stat().st_mode & 0o777 == 0o666 & ~_umask()

    place.write_text("<h1>my own</h1>")
    made = run("gallery", "--json", cwd=shown.folder.parent)
    assert (made.code, made.error["kind"]) == (2, "usage")
    assert place.read_text() == "<h1>my own</h1>"
    place.unlink()
    place.mkdir()
    assert run("gallery", "--json", cwd=shown.folder.parent).code == 2


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now


def test_a_page_that_cannot_be_written_says_so(shown: Exhibition, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    made = run("gallery", "--json", "--out", str(tmp_path / "file"))
    assert (made.code, made.error["kind"]) == (2, "out_unwritable")


def test_a_key_in_a_prompt_does_not_stand_in_the_page(shown: Exhibition) -> None:
    """`home` looks for it as well; escaped for HTML it would not find it."""
    shown.picture(f"paint {KEY} in gold", name="x.png")
    env = {"IMA_API_KEY": KEY}
    made = run("gallery", "--json", env=env, cwd=shown.folder.parent)
    text = Path(made.document["path"]).read_text()
    shown.ledger._store._db.execute("DELETE FROM jobs")  # it is a test's own doing that the record has it
    shown.ledger._store.erase()
    assert Reader(text).all("img")[0].attributes["alt"] == "paint [key] in gold"


def test_prompts_that_were_not_stored_are_not_shown_and_it_is_said(tmp_path: Path) -> None:
    configure("store_prompts = false\n")
    secret = Exhibition(Path(os.environ[STATE]) / "ledger.sqlite3", tmp_path / "media-studio", prompts=False)
    secret.picture("a secret garden")
    reader, document = written(secret)
    secret.ledger.close()
    assert "secret garden" not in Path(document["path"]).read_text()
    assert reader.all("img")[0].attributes["alt"] == "The prompt was not stored"


def test_since_user_and_count_narrow_the_page(shown: Exhibition) -> None:
    for n in range(3):
        shown.picture(f"n{n}", user_id=f"u{n % 2}")

    def alts(*words: str) -> list[str | None]:
        return [one.attributes["alt"] for one in written(shown, *words)[0].all("img")]

    assert alts() == ["n2", "n1", "n0"]
    assert alts("--user-id", "u0") == ["n2", "n0"]
    assert alts("--count", "1") == ["n2"]
    assert written(shown, "--count", "1")[1]["more"]
    assert alts("--since", "2099-01-01") == []


def test_a_rehearsal_says_so_and_its_commands_are_of_rehearsals(tmp_path: Path) -> None:
    job = run("make", "--sandbox", "--speed", "1000", "--prompt", "a fox", cwd=tmp_path).document["job"]
    made = run("gallery", "--sandbox", "--json", cwd=tmp_path).document
    text = Path(made["path"]).read_text()
    assert (made["sandbox"], made["files"]) == (True, 1)
    assert job in text
    assert "A rehearsal" in text


def test_every_account_has_its_own_sum_and_every_day_a_bar_and_a_row() -> None:
    rows = [
        Spending("ima", "2026-10-12", "u1", 2, 10, None, 0),
        Spending("ima", "2026-10-12", None, 1, 5, None, 1),
        Spending("302ai", "2026-10-10", None, 1, 850, 750, 0),
        Spending("ima", "2026-08-01", None, 1, 40, None, 0),
    ]
    reader = Reader(chart.section(rows, {one.id: one for one in catalogue.gateways()}, ENGLISH.words))
    assert [one.text for one in reader.all("p", "sum")] == ["55 points", "8.5 PTC"]
    assert [float(str(one.attributes["height"])) for one in reader.all("rect")] == [100, 100]
    assert [one.text for one in reader.all("title")] == ["2026-10-12: 15 points", "2026-10-10: 8.5 PTC"]
    cells = [one.text for one in reader.all("td")]
    assert cells == ["", "3", "15", "–", "1", "", "1", "40", "–", "–", "", "1", "8.5", "7.5", "–"]
    assert [one.text for one in reader.all("time")] == ["2026-10-12", "2026-08-01", "2026-10-10"]
    assert "PTC a day at 302.AI, 2026-09-27 to 2026-10-10" in str(
        reader.all("svg")[1].attributes["aria-label"]
    )


def test_both_languages_have_the_same_words_with_the_same_gaps() -> None:
    words = catalogue.load("gallery/words.json")
    gaps = {
        language: {name: sorted(re.findall(r"\{(\w*)\}", said)) for name, said in texts.items()}
        for language, texts in words.items()
    }
    del gaps["zh"]["month"], gaps["en"]["month"]
    assert gaps["zh"] == gaps["en"]
    assert all(len(texts["months"].split()) == 12 for texts in words.values())
    slots = set(re.findall(r"\{\{w\.(\w+)\}\}", ENGLISH.html))
    source = "".join((ROOT / f"scripts/studio/{name}.py").read_text() for name in ("page", "chart"))
    used = slots | {name for name in words["en"] if f'"{name}"' in source or f"'{name}'" in source}
    assert used == set(words["en"])


def test_in_chinese_the_page_is_chinese(shown: Exhibition) -> None:
    shown.picture("灯塔")
    reader, _ = written(shown, "--language", "zh")
    assert reader.all("html")[0].attributes["lang"] == "zh"
    assert reader.all("h1")[0].text == "作品集"
    assert "5 积分" in reader.said()


SAVED = Saved("image", "/x/1.png", "https://x.example/1", "image/png", 9, "0" * 64, 64, 48)


def job(n: int, prompt: str | None, outputs: tuple[Saved | Output, ...] = (SAVED,), **changes: Any) -> Job:
    from parts import plan

    return Job(f"job{n}", "done", 1e9 - n, 1e9, plan(prompt=prompt, **changes), "/x", outputs=outputs)


def of(jobs: list[Job], **changes: Any) -> page.Gallery:
    gateways = {one.id: one for one in catalogue.gateways()}
    made = page.Gallery(jobs, (), gateways, False, False, 1e9, lambda file: "1.png", gallery.local, [KEY])
    return dataclasses.replace(made, **changes)


def test_what_was_never_saved_says_what_to_do_and_what_the_vendor_lost_says_that() -> None:
    output = Output("image", "https://x.example/1")
    lost = dataclasses.replace(job(1, "b", (output,)), error={"kind": "files_gone"})
    said = Reader(page.html(of([job(0, "a", (output,)), lost]), ENGLISH)).said()
    assert "create.py fetch job0" in said
    assert "create.py fetch job1" not in said
    assert "has it no longer" in said


def test_ten_thousand_jobs_are_a_page_that_a_browser_can_open() -> None:
    """A card is a kilobyte, and writing them all takes seconds at most."""
    prompt = "a canary-yellow lighthouse, gouache, seen from the sea at dusk"
    before = process_time()
    text = page.html(of([job(n, prompt) for n in range(10_000)]), ENGLISH)
    assert process_time() - before < 6
    assert text.count('<li class="card"') == 10_000
    assert len(text) < 11_000_000
