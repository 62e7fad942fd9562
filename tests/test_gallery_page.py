"""The page of `gallery` in a browser: on a phone and on a desk, dark and light, by keyboard, without asking
anybody for anything. One Chromium for all; where there is none, see chromium.py."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chromium import Chromium, Page, needed
from exhibition import MODELS, Exhibition
from studio import gallery, page
from studio.catalogue import gateways

SCREENS = [(390, 844, True), (1280, 800, False)]
HOSTILE = '</script><script>alert(1)</script>"><img src=https://x.example onerror=alert(1)>\u202e'

SHOWN = "[...document.querySelectorAll('.card')].filter((card) => card.offsetParent).length"
FOCUS = "document.activeElement"
ROWS = "[...document.querySelectorAll('[data-of]')]"
FACTS = f"Object.fromEntries({ROWS}.map((one) => [one.dataset.of, one.textContent]))"
NAMED = "(one) => one.id || one.name || one.href || one.tagName"
OPEN = "document.getElementById('viewer').open"

CONTRAST = """
(() => {
  const rgba = (text) => {
    const found = text.match(/[\\d.]+/g).map(Number);
    return found.length < 4 ? [...found, 1] : found;
  };
  const light = (color) => {
    const [r, g, b] = color.map((one) => {
      const part = one / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = rgba(getComputedStyle(one).backgroundColor);
      if (color[3] === 1) return color;
    }
    return [255, 255, 255, 1];
  };
  const poor = [];
  let looked = 0;
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.matches("script, style, option, title")) continue;
    looked += 1;
    const [one, other] = [rgba(getComputedStyle(element).color), ground(element)].map(light);
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) poor.push(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return { looked, poor };
})()
"""
"""The text whose contrast to what is behind it is below 4.5 (WCAG 2.2, 1.4.3), and how many there are."""

NAMELESS = """
[...document.querySelectorAll("a, button, input, select, summary, video, svg, dialog, section, form")]
  .filter((one) => one.checkVisibility())
  .filter((one) => {
    const by = one.getAttribute("aria-labelledby");
    const name = one.getAttribute("aria-label") || (by && document.getElementById(by).textContent) ||
      [...(one.labels || [])].map((label) => label.textContent).join("") ||
      (one.matches("a, button, summary, .month") && one.textContent + one.querySelector("img")?.alt);
    return !name || !name.trim();
  })
  .map((one) => one.outerHTML.slice(0, 80))
"""
"""What can be used or steered to, and has no name."""


def visible(selector: str) -> str:
    """What is seen of some elements, as a list."""
    return f"[...document.querySelectorAll({selector!r})].filter((one) => one.checkVisibility())"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    made = Chromium(needed(), tmp_path_factory.mktemp("profile"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, clips: Path) -> str:
    """Six pictures, two clips, one that is gone, one job that failed and one that is unknown."""
    folder = tmp_path_factory.mktemp("gallery")
    shown = Exhibition(folder / "ledger.sqlite3", folder / "made")
    sizes = {"north": (640, 360), "east": (360, 640), "south": (512, 512), "west": (800, 200)}
    for n, (side, (width, height)) in enumerate(sizes.items()):
        shown.picture(f"a lighthouse, {side}", width, height, user_id="alice", model=MODELS[n % 2])
    shown.clip("a fox runs", clips)
    shown.clip("a tall fox", clips, 48, 64)
    shown.picture(HOSTILE)
    shown.picture("a very long word " + "w" * 300)
    shown.picture("a teapot", name="gone.png")
    (shown.folder / "gone.png").unlink()
    shown.failed("no")
    shown.unknown("perhaps")
    made = page.Gallery(
        jobs=shown.ledger.newest(99),
        spent=shown.ledger.accounts.spending(0.0),
        gateways={one.id: one for one in gateways()},
        more=True,
        sandbox=True,
        now=shown.clock.now,
        link=functools.partial(gallery.link, folder=shown.folder),
        local=gallery.local,
    )
    shown.ledger.close()
    file = shown.folder / "gallery.html"
    gallery.write(page.html(made, gallery.look("en")), file)
    return file.as_uri()


@pytest.fixture
def desk(browser: Chromium, place: str) -> Iterator[Page]:
    with browser.page(place) as made:
        yield made
        assert made.troubles() == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("width", "height", "phone"), SCREENS, ids=["phone", "desk"])
def test_it_fits_the_screen_is_readable_and_asks_nobody(
    browser: Chromium, place: str, width: int, height: int, phone: bool, dark: bool
) -> None:
    with browser.page(place, width=width, height=height, phone=phone, dark=dark) as made:
        made.run("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        assert made.run("document.documentElement.scrollWidth") == width
        assert made.run("matchMedia('(prefers-color-scheme: dark)').matches") is dark
        paper = made.run("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, paper[4:-1].split(","))) < 384) is dark
        found = made.run(CONTRAST)
        assert (found["poor"], found["looked"] > 50) == ([], True)
        assert made.run(NAMELESS) == []
        made.run("document.querySelector('.open').click()")
        assert made.run(CONTRAST)["poor"] == []
        assert made.run("document.documentElement.scrollWidth") == width
        assert made.troubles() == []
        assert {urlsplit(one).scheme for one in made.asked()} <= {"file", "data"}


def test_what_a_reader_needs_is_there(desk: Page) -> None:
    assert desk.run("[...document.images].every((image) => image.alt.trim())")
    assert desk.run("document.documentElement.lang") == "en"
    for landmark in ("header", "main", "footer", "[role=search]"):
        assert desk.run(f"document.querySelectorAll('body {landmark}').length") == 1
    levels = desk.run(f"{visible('h1, h2, h3')}.map((one) => +one.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    small = desk.run(f"{visible('button, input, select')}.filter((one) => one.offsetHeight < 24).length")
    assert small == 0


def test_pictures_are_drawn_from_the_files_beside_the_page(desk: Page) -> None:
    desk.run("[...document.images].forEach((image) => image.scrollIntoView())")
    desk.until(lambda: desk.run("[...document.images].every((image) => image.complete)"), "never loaded")
    assert desk.run("[...document.images].map((image) => image.naturalWidth > 0).join()") == ",".join(
        ["true"] * 6
    )


def test_what_a_stranger_wrote_is_text_and_nothing_else(desk: Page) -> None:
    assert desk.run(f"[...document.images].some((image) => image.alt === {HOSTILE!r})")
    assert desk.run("document.querySelectorAll('script').length") == 1
    assert desk.run("[...document.images].every((image) => image.src.startsWith('file:'))")


def test_the_policy_refuses_what_is_foreign_if_it_ever_got_in(browser: Chromium, place: str) -> None:
    with browser.page(place) as made:
        made.run("document.body.insertAdjacentHTML('beforeend', '<img src=http://127.0.0.1:9/x.png>')")
        made.run(
            "document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))"
        )
        made.run("fetch('http://127.0.0.1:9/').catch(() => 0)")
        assert made.run("window.ran") is None
        made.until(lambda: len(made.troubles()) >= 3, "the policy kept still")
        assert all("Content Security Policy" in one for one in made.troubles())


def test_without_scripts_all_is_shown_and_pictures_are_links(browser: Chromium, place: str) -> None:
    with browser.page(place, scripts=False) as made:
        made.call("Emulation.setScriptExecutionDisabled", value=False)  # for this test's own questions
        assert made.run(SHOWN) == 9
        assert made.run("document.getElementById('filter').hidden")
        assert made.run("document.querySelector('a.open').href").startswith("file:")
        assert made.troubles() == []


def test_the_filter_narrows_and_says_how_many_are_left(desk: Page) -> None:
    def left(script: str) -> tuple[int, str]:
        desk.run(f"(({{ words, kind, model, from, until }}) => {{ {script} }})(filter.elements)")
        desk.run("filter.dispatchEvent(new Event('input'))")
        return desk.run(SHOWN), desk.run("document.getElementById('shown').textContent")

    assert left("") == (9, "9 of 9 shown")
    assert left("words.value = 'LIGHTHOUSE south'") == (1, "1 of 9 shown")
    assert left("words.value = 'alice'") == (4, "4 of 9 shown")
    assert left("words.value = ''; kind.value = 'video'") == (2, "2 of 9 shown")
    assert left("kind.value = ''; model.value = 'Nano Banana Pro'") == (2, "2 of 9 shown")
    assert left("model.value = ''; from.value = from.max")[0] < 9
    assert left("until.value = '2001-01-01'") == (0, "0 of 9 shown")
    assert desk.run("document.getElementById('nothing').checkVisibility()")
    desk.run("document.getElementById('reset').click()")
    desk.until(lambda: desk.run(SHOWN) == 9, "not all came back")
    assert desk.run(f"{FOCUS}.name") == "words"


def test_by_keyboard_the_filter_is_found_written_in_and_left(desk: Page) -> None:
    desk.press("/")
    assert desk.run(f"{FOCUS}.name") == "words"
    desk.press("f", "o", "x", "/")
    assert desk.run(f"{FOCUS}.value") == "fox/"
    assert desk.run(SHOWN) == 0


def test_by_keyboard_everything_is_reached_and_seen_where_one_is(desk: Page) -> None:
    reached, unseen = set(), []
    for _ in range(90):
        desk.press("Tab")
        name, seen = desk.run(
            f"((one) => [({NAMED})(one), one.matches('body, video') ||"
            f" getComputedStyle(one).outlineStyle !== 'none'])({FOCUS})"
        )
        if name == "BODY":
            break
        reached.add(name)
        unseen += [] if seen else [name]
    wanted = desk.run(f"{visible('a, button, input, select, summary, video')}.map({NAMED})")
    assert set(wanted) - reached == set()
    assert unseen == []


@pytest.mark.parametrize("key", ["Enter", " "])
def test_a_picture_opens_with_its_facts_and_its_neighbours_and_closes(desk: Page, key: str) -> None:
    desk.run("document.querySelectorAll('a.mat')[2].focus()")
    desk.press(key)
    assert desk.run(OPEN)
    words = "document.getElementById('viewer-words').textContent"
    assert desk.run(words) == "a lighthouse, west"
    said = desk.run(FACTS)
    assert (said["cost"], said["took"], said["user"], said["size"]) == (
        "5 points",
        "35 s",
        "alice",
        "800 × 200, 0.0 MB",
    )
    desk.press("ArrowRight")
    assert desk.run(words) == "a lighthouse, south"
    desk.press("ArrowLeft", "ArrowLeft")
    assert desk.run(words) == "a fox runs"
    assert desk.run("document.querySelector('#stage video').controls")
    desk.press("ArrowRight")
    desk.press("Escape")
    assert not desk.run(OPEN)
    desk.until(lambda: bool(desk.run(f"{FOCUS}.matches('.open')")), "the focus was lost")
    assert desk.run(f"{FOCUS}.querySelector('img').alt") == "a lighthouse, west"


def test_who_closes_a_picture_is_where_they_were(desk: Page) -> None:
    desk.run("[...document.querySelectorAll('a.mat')].at(-1).focus()")
    before = desk.run("window.scrollY")
    desk.press("Enter", "Escape")
    desk.until(lambda: bool(desk.run(f"{FOCUS}.matches('.open')")), "the focus was lost")
    assert before > 100
    assert desk.run("window.scrollY") == before


def test_a_clip_keeps_still_and_its_shape_until_it_is_played_and_plays(desk: Page) -> None:
    clip = "document.querySelector('video:not(.tall)')"
    assert desk.run(
        "[...document.querySelectorAll('video')].every((one) => one.paused && one.readyState === 0)"
    )
    shape = desk.run(f"(({{ width, height }}) => width / height)({clip}.getBoundingClientRect())")
    assert shape == pytest.approx(64 / 48, abs=0.02)
    desk.call("Runtime.evaluate", expression=f"{clip}.play()", userGesture=True, awaitPromise=True)
    desk.until(lambda: desk.run(f"{clip}.currentTime") > 0.2, "it does not play")
    assert desk.run(f"{clip}.videoWidth") == 64
    desk.run("document.querySelector('.open').click()")
    assert desk.run(f"{clip}.paused"), "it goes on behind the dialog"


def test_who_wants_no_motion_gets_none(desk: Page) -> None:
    moves = "(one) => parseFloat(getComputedStyle(one).transitionDuration)"
    moving = f"{visible('body *')}.filter({moves}).length"
    desk.call(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "no-preference"}]
    )
    assert desk.run(moving) > 0
    desk.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    assert desk.run(moving) == 0
