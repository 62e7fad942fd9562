"""What each form of the catalogue takes, value by value, against the contract's table; and what a program is
told of it as a JSON Schema. The table is typed from the contract and not from our catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from studio import catalogue, inputs, params, tables, wishes
from studio.errors import UsageError
from studio.form import Resolved
from studio.types import Json
from studio.wishes import Wish
from support import run
from tabled import MODELS, SECONDS, bound, no, offer_of

Verdict: TypeAlias = Literal["sent", "dropped", "no"]
VALUES: Mapping[str, tuple[Any, ...]] = {  # good ones and bad ones, of every option of the documents
    "duration": (*range(-1, 19), 60, 600, 601, 5.5, "5", "long", True),
    "resolution": ("540p", "720p", "1080p", "360p", "4k", "1440p", ""),
    "aspect_ratio": ("16:9", "9:16", "3:4", "4:3", "1:1", "21:9", "2:3", "1:0", "wide?"),
    "seed": (0, 1, 2**31 - 1, 2**31, -1, "seven", True),
    "style": ("general", "anime", "oil"),
    "movement_amplitude": ("auto", "small", "medium", "large", "huge"),
    "bgm": (True, False, "maybe"),
    "audio": (True, False, "maybe"),
    "off_peak": (True, False, "maybe"),
    "callback_url": (
        "https://example.com/x",
        "http://example.com/x",
        "example.com",
        "https://e.com/" + "x" * 2000,
    ),
    "template_id": ("hugging", ""),
    "payload": ("mine",),
    "fps": (24,),
}
LISTED_IN = {  # B2: "-" is what an endpoint does not list
    "text_to_video": "duration resolution aspect_ratio seed style movement_amplitude bgm audio off_peak",
    "image_to_video": "duration resolution aspect_ratio seed movement_amplitude off_peak",
    "first_last_frame_to_video": "duration resolution seed off_peak",
    "reference_to_video": "duration resolution aspect_ratio seed off_peak",
    "template_to_video": "template_id duration resolution",
    "reference_to_image": "resolution aspect_ratio seed",
}


def b2(model: str, task_type: str, name: str, value: Any) -> Verdict:  # noqa: C901, PLR0911, PLR0912
    """What the contract says of one value: `payload` is listed too, but it carries the id of the job."""
    if name not in LISTED_IN[task_type].split() and name != "callback_url":
        return "no"
    q3, q1 = model.startswith("viduq3"), model == "viduq1"
    real = not isinstance(value, bool)
    match name:
        case "duration":
            allowed = SECONDS.get(model) or range(1, 601)
            return "sent" if real and value in {*allowed, *map(str, allowed)} else "no"
        case "resolution":
            if task_type == "reference_to_image":
                return "sent" if value else "no"  # its values are not given
            return "sent" if value in ({"1080p"} if q1 else {"540p", "720p", "1080p"}) else "no"
        case "aspect_ratio":
            if task_type == "reference_to_image":
                return "sent" if value not in {"wide?"} else "no"
            return "sent" if value in {"16:9", "9:16", "1:1", *(() if q1 else ("3:4", "4:3"))} else "no"
        case "seed":
            return "sent" if real and isinstance(value, int) and 0 <= value < 2**31 else "no"
        case "style":
            if not q1:
                return "dropped" if value == "general" else "no"
            return "sent" if value in {"general", "anime"} else "no"
        case "movement_amplitude":
            if not q1:
                return "dropped" if value == "auto" else "no"
            return "sent" if value in {"auto", "small", "medium", "large"} else "no"
        case "bgm":
            if q3:
                return "dropped" if value is False else "no"
            return "sent" if isinstance(value, bool) else "no"
        case "audio":
            if not q3:  # the default is true, but what they make is silent: sound would be a wish unmet
                return "dropped" if value is False else "no"
            return "sent" if isinstance(value, bool) else "no"
        case "off_peak":
            return "sent" if isinstance(value, bool) else "no"
        case "callback_url":
            return "sent" if value == VALUES["callback_url"][0] else "no"
        case "template_id":
            return "sent" if value else "no"
    raise AssertionError(name)


NEEDED = {"template_to_video": {"template_id": "t"}}


def verdict(model: str, task_type: str, **options: Any) -> tuple[Verdict, Resolved | UsageError]:
    """Of the first of these options; `dropped` and `sent` only where that is what became of it."""
    name = next(iter(options))
    try:
        made = bound(model, task_type, **{**NEEDED.get(task_type, {}), **options})
    except UsageError as refused:
        return "no", refused
    assert (name in made.values) is not (name in made.dropped)
    return ("dropped" if name in made.dropped else "sent"), made


def named_in(error: UsageError, model: str, task_type: str, name: str) -> None:
    """A refusal says what is taken in place of this."""
    schema = MODELS[model].forms[task_type]["properties"].get(name)
    said = f"{error.message} {error.detail}"
    assert error.kind in {"unsupported_option", "misnamed_option", "bad_link"}
    if schema is None:
        assert error.detail
        assert all(other in said for other, row in taken(model, task_type).items() if "const" not in row)
    elif "enum" in schema or "const" in schema:
        values = schema.get("enum", [str(schema.get("const")).lower()])
        assert all(str(value) in said for value in values), said
    elif schema["type"] == "boolean":
        assert "true or false" in said
    elif "maximum" in schema:
        least, most = schema["minimum"], schema["maximum"]
        bounds = (f"{least} to {most}", f"at least {least}, at most {most}", "takes a number")
        assert any(one in said for one in bounds), said
    else:
        assert schema.get("description", "at least 1 signs") in said, said
    assert "^" not in said, "a pattern is nothing to read"
    assert len(error.message) < 200


def taken(model: str, task_type: str) -> Json:
    made: Json = MODELS[model].forms[task_type]["properties"]
    return made


def idle(model: str, task_type: str) -> set[str]:
    return {name for name, row in taken(model, task_type).items() if "x-no-effect" in row}


VIDU = [(id, task_type) for id, model in MODELS.items() for task_type in model.task_types if id in MODELS]
VIDU = [(id, task_type) for id, task_type in VIDU if MODELS[id].provider == "vidu"]


def test_the_contracts_table_speaks_of_every_model_and_every_making() -> None:
    assert {task_type for _, task_type in VIDU} == set(LISTED_IN)
    assert {id for id, _ in VIDU} - set(SECONDS) == {"vidu_template", "vidu_reference_image"}
    for id, task_type in VIDU:
        assert set(taken(id, task_type)) == {*LISTED_IN[task_type].split(), "callback_url"}, (id, task_type)


@pytest.mark.parametrize(("id", "task_type"), VIDU)
def test_a_form_takes_exactly_what_the_contracts_table_says_and_a_refusal_names_what_is_taken(
    id: str, task_type: str
) -> None:
    for name, values in VALUES.items():
        for value in values:
            got, made = verdict(id, task_type, **{name: value})
            assert got == b2(id, task_type, name, value), (name, value)
            if isinstance(made, UsageError):
                named_in(made, id, task_type, name)
            elif got == "sent":
                assert str(made.values[name]) == str(value)
                assert made.origin[name] == "asked"


@pytest.mark.parametrize("seconds", SECONDS["viduq2"])
@pytest.mark.parametrize("music", [True, False])
def test_background_music_stops_where_it_would_be_ignored(seconds: int, music: bool) -> None:
    """Of all that is made only this depends on another option: q2 has none at 9 and 10 seconds."""
    got, made = verdict("viduq2", "text_to_video", bgm=music, duration=seconds)
    assert got == ("no" if music and seconds >= 9 else "sent")
    if isinstance(made, UsageError):
        assert made.message == "Vidu Q2: background music has no effect at 9 or 10 seconds."
        assert made.detail == "Leave out --set bgm, or change what goes with it."
    assert verdict("viduq1", "text_to_video", bgm=music, duration=5)[0] == "sent"


@pytest.mark.parametrize(
    ("id", "values"),
    [
        ("viduq3-turbo", {"duration": 5, "resolution": "720p", "audio": True}),
        ("viduq2", {"duration": 5, "resolution": "720p", "bgm": False}),
        (
            "viduq1",
            {
                **{"duration": 5, "resolution": "1080p", "style": "general"},
                **{"movement_amplitude": "auto", "bgm": False},
            },
        ),
    ],
)
def test_what_is_not_said_is_sent_as_the_documents_default(id: str, values: Json) -> None:
    made = bound(id, "text_to_video")
    assert made.values == {**values, "aspect_ratio": "16:9", "off_peak": False}
    assert set(made.origin.values()) == {"default"}
    assert "aspect_ratio" not in bound(id, "image_to_video").values, "it is the picture's, unless asked"


@pytest.mark.parametrize("id", ["kling", "kling-v2-6"])
def test_the_moving_of_a_picture_says_mode_turn_and_sound_always(id: str) -> None:
    made = bound(id, "motion_control")
    assert made.values == {"mode": "std", "character_orientation": "video", "keep_original_sound": "yes"}
    for name, values in {
        "mode": ("std", "pro"),
        "character_orientation": ("image", "video"),
        "keep_original_sound": ("yes", "no"),
    }.items():
        for value in values:
            got, _ = verdict(id, "motion_control", **{name: value})
            assert got == "sent"
        _, refused = verdict(id, "motion_control", **{name: "other"})
        assert isinstance(refused, UsageError)
        assert refused.detail == f"{name} can be {' or '.join(values)}."
    elsewhere: Json = {"duration": 5, "resolution": "720p", "text": "hello", "seed": 1}
    for name, value in elsewhere.items():
        _, refused = verdict(id, "motion_control", **{name: value})
        assert isinstance(refused, UsageError)
        assert "has no option" in refused.message, "text is an option of another making, and of no live list"


@pytest.mark.parametrize(("text", "sound"), [(True, True), (False, False), (True, False), (False, True)])
def test_a_face_speaks_a_text_or_a_sound_and_never_both(text: bool, sound: bool) -> None:
    files = {"input_images": ["face.png"], **({"input_audio": ["https://e.com/a.mp3"]} if sound else {})}
    words: Json = {"text": "hello"} if text else {}
    if text is not sound:
        assert bound("kling", "avatar", files, **words).values == {"mode": "std", **words}
        return
    refused = no(lambda: bound("kling", "avatar", files, **words))
    assert (refused.kind, refused.charged) == ("text_or_sound", "no")
    assert "--text and --input-audio" in refused.message


def test_lips_are_in_step_everywhere_but_at_540p() -> None:
    for resolution in ("540p", "720p", "1080p"):
        for lips in (True, False):
            got, made = verdict("one-click-mv", "music_video", lip_sync=lips, resolution=resolution)
            assert got == ("no" if lips and resolution == "540p" else "sent")
            if isinstance(made, UsageError):
                assert made.message == "One-click MV: lip sync is not made at 540p."


SONG: Mapping[str, tuple[tuple[Any, ...], tuple[Any, ...], Any]] = {  # taken, not taken, sent unasked
    "aspect_ratio": (("1:1", "16:9", "9:16", "4:3", "3:4"), ("21:9", "2:3"), "16:9"),
    "resolution": (("540p", "720p", "1080p"), ("360p", "4k"), "720p"),
    "add_subtitle": ((True, False), ("some",), False),
    "lip_sync": ((True, False), ("some",), False),
    "language": (("en", "zh"), ("fr", "auto"), None),
    "srt_url": (("https://e.com/a.srt",), ("http://e.com/a.srt", "a.srt"), None),
    "callback_url": (("https://e.com/x",), ("http://e.com/x",), None),
}


def test_a_music_video_takes_exactly_what_the_contract_lists() -> None:
    """The example's `duration` stands in no table: a film lasts as long as its song."""
    assert set(taken("one-click-mv", "music_video")) == set(SONG)
    assert bound("one-click-mv", "music_video").values == {
        name: usual for name, (_, _, usual) in SONG.items() if usual is not None
    }
    for name, (good, bad, _) in SONG.items():
        for value in good:
            assert verdict("one-click-mv", "music_video", **{name: value})[0] == "sent", (name, value)
        for value in bad:
            got, made = verdict("one-click-mv", "music_video", **{name: value})
            assert got == "no", (name, value)
            assert isinstance(made, UsageError)
            named_in(made, "one-click-mv", "music_video", name)
    for name in ("duration", "quality", "subtitle_color", "lip_ref_url", "seed", "style"):
        assert verdict("one-click-mv", "music_video", **{name: "5"})[0] == "no", name


@pytest.mark.parametrize(
    ("id", "task_type", "name"),
    [("vidu_template", "template_to_video", "template_id"), ("one-click-mv", "music_video_shot", "shot")],
)
def test_what_has_no_default_is_needed(id: str, task_type: str, name: str) -> None:
    refused = no(lambda: bound(id, task_type))
    assert (refused.kind, refused.about["asked"]) == ("option_needed", name)


@pytest.mark.parametrize("id", [id for id, model in MODELS.items() if not model.any_name])
def test_one_is_made_at_a_time(id: str) -> None:
    """Several would be several purchases; the document has no number."""
    for task_type in MODELS[id].task_types:
        asked = params.read(task_type, "x", 2, {})
        refused = no(
            lambda task_type=task_type, asked=asked: params.bind(offer_of(MODELS[id], task_type), asked)
        )
        assert refused.detail == "--n can be 1."


# --- what a program is told -------------------------------------------------------------------------------

SOLD = [(id, task_type) for id, model in MODELS.items() for task_type in model.task_types]
MORE: Mapping[str, tuple[Any, ...]] = {
    **VALUES,
    "duration": tuple(
        value for value in VALUES["duration"] if value != "5"
    ),  # a word, which JSON has no need of
    "mode": ("std", "pro", "max"),
    "character_orientation": ("image", "video", "left"),
    "keep_original_sound": ("yes", "no", True),
    "text": ("hello", ""),
    "lip_sync": (True, False, "maybe"),
    "add_subtitle": (True, "maybe"),
    "srt_url": ("https://e.com/a.srt", "a.srt"),
    "language": ("en", "zh", "fr"),
    "shot": (0, 1, 1000, 1001),
    "shots": ("1,2",),
}
ALWAYS: Mapping[str, Json] = {"template_to_video": {"template_id": "t"}, "music_video_shot": {"shot": 1}}


def buyable(
    id: str, task_type: str, files: Mapping[str, list[str]], prompt: str | None, options: Json
) -> bool:
    """Whether the command takes it."""
    made = catalogue.vendor(MODELS[id].provider).task_types[task_type]
    kinds = {
        kind: files.get(flag.lstrip("-").replace("-", "_"), ()) for kind, (_, flag) in inputs.KINDS.items()
    }
    try:
        wishes.check_prompt(Wish(prompt=prompt), made)
        inputs.check_count(made, {kind: tuple(names) for kind, names in kinds.items()})
        bound(id, task_type, files, **options)
    except UsageError:
        return False
    return True


@pytest.mark.parametrize(("id", "task_type"), SOLD)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_the_schema_of_a_form_accepts_exactly_what_the_command_takes(
    id: str, task_type: str, data: st.DataObject
) -> None:
    schema = tables.whole_form(MODELS[id], task_type)
    likely = st.sampled_from([name for name in MORE if name in schema["properties"]])
    names = data.draw(st.lists(likely | st.sampled_from(list(MORE)), unique=True, max_size=3))
    options = {**ALWAYS.get(task_type, {}), **{n: data.draw(st.sampled_from(MORE[n])) for n in names}}
    if task_type in ALWAYS and data.draw(st.integers(0, 4)) == 0:
        options.pop(next(iter(ALWAYS[task_type])))
    prompt = data.draw(st.sampled_from(["x", "x", "x", None, " ", "x" * 2501, "x" * 5001]))
    files: dict[str, list[str]] = {}
    for flag, most in (("input_images", 8), ("input_video", 1), ("input_audio", 1)):
        rule = schema["properties"].get(flag, {})
        usual = rule["minItems"] if flag in schema["required"] else 0
        count = data.draw(st.sampled_from([usual] * 6 + [rule.get("maxItems", 0), most, 0]))
        files |= {flag: ["x"] * count} if count else {}
    document = {**files, **options, **({} if prompt is None else {"prompt": prompt})}
    accepted = Draft202012Validator(schema).is_valid(document)
    assert accepted is buyable(id, task_type, files, prompt, options), document


NEEDS = {  # "R" in the contracts, but for what we always send by ourselves
    "text_to_video": {"prompt"},
    "image_to_video": {"prompt", "input_images"},
    "first_last_frame_to_video": {"input_images"},
    "reference_to_video": {"prompt", "input_images"},
    "template_to_video": {"input_images", "template_id"},
    "reference_to_image": {"prompt", "input_images"},
    "motion_control": {"input_images", "input_video"},
    "avatar": {"input_images"},
    "music_video": {"input_images", "input_audio"},
    "music_video_shot": {"prompt", "shot"},
    "music_video_compose": set(),
}


@pytest.mark.parametrize(("id", "task_type"), SOLD)
def test_what_is_needed_alone_is_accepted_and_without_any_of_it_nothing_is(id: str, task_type: str) -> None:
    schema = tables.whole_form(MODELS[id], task_type)
    least: Json = {
        **({} if schema["properties"]["prompt"].get("maxLength") == 0 else {"prompt": "x"}),
        **{
            f: ["x"] * schema["properties"][f]["minItems"]
            for f in schema["required"]
            if f.startswith("input_")
        },
        **ALWAYS.get(task_type, {}),
        **({"text": "hello"} if task_type == "avatar" else {}),
    }
    valid = Draft202012Validator(schema).is_valid
    assert set(schema["required"]) == NEEDS[task_type]
    assert valid(least)
    for name in schema["required"]:
        assert not valid({key: value for key, value in least.items() if key != name}), name
    assert schema["additionalProperties"] is False


def test_models_prints_every_form_whole_and_valid() -> None:
    rows = run("models", "--json").document["models"]
    printed = {(row["id"], row["gateway"]): row for row in rows}
    assert list(printed) == [(model.id, model.gateway) for model in catalogue.models()]
    for model in catalogue.models():
        forms = printed[model.id, model.gateway]["forms"]
        assert set(forms) == set(model.task_types)
        for task_type, form in forms.items():
            Draft202012Validator.check_schema(form)
            assert form == tables.whole_form(model, task_type)
            assert "$ref" not in str(form), "nothing has to be looked up elsewhere"
            lists = [row for row in form["properties"].values() if row.get("type") == "array"]
            assert all(1 <= row["minItems"] <= row["maxItems"] for row in lists), "what is named is not empty"
            made = catalogue.vendor(model.provider).task_types[task_type]
            assert ("prompt" in form["required"]) is made.prompt
            assert form["properties"]["prompt"].get("maxLength") == made.prompt_max
            assert {rule.kind for rule in made.inputs} == {
                kind
                for kind, (_, flag) in inputs.KINDS.items()
                if flag[2:].replace("-", "_") in form["properties"]
            }
