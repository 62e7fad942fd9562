"""What a user wants from now on: shown, set, cleared, and taken over once from the older skill."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chooser import DEFAULT, MJ, PRO, TYPES, message, preferred, setting
from studio import catalogue, choices
from studio.errors import UsageError
from studio.language import language_of
from studio.migrations import MIGRATIONS
from studio.preferences import Preferences
from studio.store import Store
from support import FakeClock, Vendor, run

WORDS = catalogue.load("words.json")

# --- the record -------------------------------------------------------------------------------------------


def kept(folder: Path) -> Preferences:
    return Preferences(Store(folder / "l", FakeClock(), MIGRATIONS), FakeClock())


USERS, MODELS = st.sampled_from(["", "a", "b"]), st.sampled_from(["m1", "m2", "m3"])
SOME_TYPES = st.lists(st.sampled_from(["t1", "t2", "t3"]), unique=True)
STEPS = st.one_of(
    st.tuples(st.just("save"), USERS, SOME_TYPES, MODELS),
    st.tuples(st.just("clear"), USERS, SOME_TYPES, MODELS),
)


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(STEPS, max_size=12))
def test_each_user_has_one_model_a_task_type_the_last_that_was_set(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, list[str], str]]
) -> None:
    record = kept(tmp_path_factory.mktemp("p"))
    expected: dict[tuple[str, str], str] = {}
    for what, user, task_types, model in steps:
        keys = [(user, task_type) for task_type in task_types]
        if what == "save":
            record.save(user, task_types, "g", model)
            expected.update(dict.fromkeys(keys, model))
        else:
            assert record.clear(user, task_types) == len([expected.pop(k) for k in keys if k in expected])
    for user in ("", "a", "b"):
        rows = {one.task_type: one.model_id for one in record.of(user)}
        assert rows == {task_type: model for (whose, task_type), model in expected.items() if whose == user}
        for task_type in ("t1", "t2", "t3"):
            one = record.get(user, task_type)
            assert (one.model_id if one else None) == expected.get((user, task_type))


# --- prefs ------------------------------------------------------------------------------------------------


def test_what_is_set_is_confirmed_shown_and_of_this_user_only() -> None:
    made = setting("MJ")
    assert message(made) == "⭐ From now on I use Midjourney for your pictures."
    assert [(row["task_type"], row["gateway"]) for row in made.document["preferences"]] == [
        ("image_to_image", "ima"),
        ("text_to_image", "ima"),
    ]
    assert preferred() == dict.fromkeys(TYPES, "midjourney")
    assert preferred("u2") == preferred("") == {}
    assert message(run("prefs", "--user-id", "u1")) == "💬 I use Midjourney for your pictures, as you wished."
    assert "have not chosen" in message(run("prefs", "show"))


def test_it_is_said_in_the_language_that_was_asked_for_or_that_the_model_is_named_in() -> None:
    for words in (("MJ", "--language", "zh"), ("可梦",)):
        assert "记住了，以后你的图片都用" in message(setting(*words))


def test_where_nothing_is_in_a_language_it_is_that_of_the_users_last_picture(vendor: Vendor) -> None:
    for prompt, user in (("黄昏的灯塔", "u1"), ("a lighthouse", "u2")):
        assert vendor.make("--user-id", user, prompt=prompt).code == 0
    words = ("prefs", "clear"), ("prefs",), ("prefs", "set", "--model", "MJ")
    for user, spoken in (("u1", "zh"), ("u2", "en"), ("u3", "en")):
        said = [message(run(*command, "--user-id", user)) for command in words]
        assert {language_of(text) for text in said} == {spoken}
    assert language_of(message(run("prefs", "--user-id", "u1", "--language", "en"))) == "en"


def test_one_kind_of_making_can_have_a_model_of_its_own() -> None:
    setting("MJ")
    made = setting("可梦", "--task-type", "image_to_image", "--language", "en")
    assert message(made) == "⭐ From now on I use SeeDream 4.5 for pictures made from a picture."
    assert preferred() == {"text_to_image": "midjourney", "image_to_image": "doubao-seedream-4.5"}
    assert message(run("prefs", "--user-id", "u1")).count("\n") == 1

    cleared = run("prefs", "clear", "--user-id", "u1", "--task-type", "text_to_image")
    assert "pictures made from words" in message(cleared)
    assert preferred() == {"image_to_image": "doubao-seedream-4.5"}


def test_a_model_of_films_is_preferred_for_each_kind_that_it_makes_and_for_no_picture() -> None:
    made = setting("Vidu pro", "--language", "en")
    assert message(made) == (
        "⭐ From now on I use Vidu Q3 Pro for videos made from words, videos made from a picture, "
        "videos between two pictures, videos with figures from pictures."
    )
    setting("MJ", "--language", "en")
    films = ("text_to_video", "image_to_video", "first_last_frame_to_video", "reference_to_video")
    assert preferred() == {**dict.fromkeys(films, "viduq3-pro"), **dict.fromkeys(TYPES, "midjourney")}
    cleared = message(run("prefs", "clear", "--user-id", "u1", "--language", "en"))
    assert "for your pictures, your videos." in cleared
    assert preferred() == {}


def test_clearing_says_what_comes_now_also_where_there_was_nothing() -> None:
    setting("MJ")
    setting("MJ", user="u2")
    assert message(run("prefs", "clear", "--user-id", "u1")).startswith("✅ Forgotten.")
    assert preferred() == {}
    again = run("prefs", "clear", "--user-id", "u1")
    assert (again.code, again.document["ok"]) == (0, True)
    assert "nothing to forget" in message(again)
    assert preferred("u2") != {}


@pytest.mark.parametrize("words", ["用最好的", "Use the BEST", "recommended", "你选一个", "试试别的"])
def test_words_that_leave_the_choice_to_us_clear(words: str) -> None:
    setting("MJ")
    made = run("prefs", "set", "--model", words, "--user-id", "u1", "--language", "en")
    assert (made.code, message(made)[:12]) == (0, "✅ Forgotten.")
    assert preferred() == {}


@pytest.mark.parametrize("word", [*WORDS["automatic"], *WORDS["best"]])
def test_no_word_that_leaves_the_choice_to_us_is_a_models_name(word: str) -> None:
    assert catalogue.find(word, catalogue.models()) is None
    assert choices.automatic(word) == (word in WORDS["automatic"])
    with pytest.raises(UsageError):
        choices.check_named(word, "--remember")


def test_the_word_that_we_write_ourselves_leaves_the_choice_to_us() -> None:
    assert choices.automatic(catalogue.ANY)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("set", "--model", "SeaDream 9"), "unknown_model"),
        (("set",), "cannot_remember"),
        (("set", "--model", "最便宜"), "cannot_remember"),
        (("set", "--model", "cheapest"), "cannot_remember"),
        (("set", "--model", "MJ", "--task-type", "text_to_song"), "usage"),
        (("set", "--model", "MJ", "--file", "x"), "usage"),
        (("show", "--model", "MJ"), "usage"),
        (("clear", "--model", "MJ"), "usage"),
        (("import", "--user-id", "u1"), "usage"),
        (("import", "--task-type", "text_to_image"), "usage"),
        (("forget",), "usage"),
        (("set", "MJ"), "usage"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_set_stops_and_changes_nothing(words: tuple[str, ...], kind: str) -> None:
    setting("可梦")
    given = words if "--user-id" in words or words[0] in {"import", "forget"} else (*words, "--user-id", "u1")
    made = run("prefs", *given)
    assert (made.code, made.error["kind"]) == (2, kind)
    assert preferred() == dict.fromkeys(TYPES, "doubao-seedream-4.5")


def test_a_rehearsal_has_preferences_of_its_own() -> None:
    made = run("prefs", "set", "--model", "MJ", "--user-id", "u1", "--sandbox")
    assert message(made).startswith("🧪 Rehearsal: ⭐")
    assert preferred() == {}
    assert preferred("u1", "--sandbox") != {}


def test_values_are_printed_for_a_pipe() -> None:
    setting("MJ", "--task-type", "text_to_image")
    assert run("prefs", "--user-id", "u1", "--quiet").stdout == "text_to_image midjourney\n"


# --- the older skill's file -------------------------------------------------------------------------------

OLDER = {
    "user_u1": {
        "text_to_image": {
            "model_id": "midjourney",
            "model_name": MJ,
            "credit": 8,
            "last_used": "2026-02-26T03:07:27Z",
        },
        "image_to_image": {"model_id": "doubao-seedream-4.5"},
        "text_to_video": {"model_id": "wan2.6-t2v"},
        "text_to_music": {"model_id": "sonic"},
    },
    "user_u2": {"text_to_image": {"model_id": "a-model-of-old"}},
    "user_u3": {"text_to_image": {"model_id": "midjourney"}},
    "user_": {"text_to_image": {"model_id": "gemini-3-pro-image"}},
}


def older(text: str | bytes, at: Path | None = None) -> Path:
    path = at or Path(os.environ["HOME"]) / ".openclaw" / "memory" / "ima_prefs.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.replace("ROW", ROW).encode())
    return path


def test_the_older_skills_preferences_are_taken_over_once(tmp_path: Path) -> None:
    older(json.dumps(OLDER))
    setting("可梦", "--task-type", "image_to_image", user="u3")
    made = run("prefs", "import")
    assert made.code == 0, made.stderr
    taken = [(row["user_id"], row["task_type"], row["model"]["name"]) for row in made.document["preferences"]]
    assert taken == [
        ("u1", "image_to_image", DEFAULT),
        ("u1", "text_to_image", MJ),
        ("", "text_to_image", PRO),
    ]
    assert [(row["user_id"], row["model"], row["why"]) for row in made.document["left"]] == [
        ("u1", "wan2.6-t2v", "unknown_model"),
        ("u1", "sonic", "unknown_task_type"),
        ("u2", "a-model-of-old", "unknown_model"),
        ("u3", MJ, "has_one"),
    ]
    assert "3 in all" in message(made)
    assert "wan2.6-t2v, sonic, a-model-of-old" in message(made)
    assert preferred("u3") == {"image_to_image": "doubao-seedream-4.5"}, "ours are kept"

    run("prefs", "clear", "--user-id", "u1")
    again = run("prefs", "import")
    assert (again.code, again.document["preferences"], again.document["left"]) == (0, [], [])
    assert "I read that before" in message(again)
    assert preferred() == {}, "what was cleared since stays so"
    elsewhere = run("prefs", "import", "--file", str(older(json.dumps(OLDER), tmp_path / "other.json")))
    assert preferred() != {}, elsewhere.stdout


def test_a_file_with_nothing_for_us_is_read_all_the_same() -> None:
    older("{}")
    assert "nothing new" in message(run("prefs", "import"))
    assert "read that before" in message(run("prefs", "import"))


ROW = '{"text_to_image": {"model_id": "midjourney"}}'
ODD: dict[str, str | bytes] = {
    "empty": "",
    "no JSON": "{",
    "a list": "[]",
    "no user": '{"text_to_image": {"model_id": "midjourney"}}',
    "no rows": '{"user_u1": []}',
    "a row that is none": '{"user_u1": {"text_to_image": "midjourney"}}',
    "no model": '{"user_u1": {"text_to_image": {"model_name": "x"}}}',
    "a model that is no text": '{"user_u1": {"text_to_image": {"model_id": 7}}}',
    "half a sign": '{"user_\\ud800": ROW}',
    "a sign that ends texts": '{"user_a\\u0000": ROW}',
    "a name twice": '{"user_u1": ROW, "user_u1": ROW}',
    "a long name": f'{{"user_{"x" * 300}": ROW}}',
    "no UTF-8": b'{"user_\xff": {}}',
    "deep": "[" * 100_000,
    "much": b" " * 1_000_000 + b"{}",
    "good, then odd": '{"user_u1": ROW, "user_u2": 1}',
}


@pytest.mark.parametrize("what", ODD)
def test_anything_odd_in_the_older_file_stops_and_changes_nothing(what: str) -> None:
    path = older(ODD[what])
    made = run("prefs", "import")
    assert (made.code, made.error["kind"]) == (2, "bad_preferences")
    assert preferred() == {}
    older(json.dumps(OLDER), path)
    assert "3 in all" not in message(made)
    assert "in all" in message(run("prefs", "import")), "a file that could not be read is not read yet"


def test_only_a_regular_file_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path in (tmp_path, pipe, loop, tmp_path / "nowhere"):
        made = run("prefs", "import", "--file", str(path), timeout=20)
        assert (made.code, made.error["kind"]) == (2, "bad_preferences")
