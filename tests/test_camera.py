"""What a person says of the camera: read to one of the fifteen moves or stopped, never guessed and never
dropped; and written into a prompt in the form that Hailuo listens to."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import imagine_future
from hailuo_plans import AI302, FRAMES, GPTGE, IMAGE, TEXT, planned, stopped
from studio import camera, catalogue
from studio.camera import Moves
from studio.errors import UsageError

# The contract's table: the move, in English, in Chinese (which is what is sent, A5.15).
FIFTEEN = {
    "truck_left": ("Truck left", "左移"),
    "truck_right": ("Truck right", "右移"),
    "pan_left": ("Pan left", "左摇"),
    "pan_right": ("Pan right", "右摇"),
    "push_in": ("Push in", "推进"),
    "pull_out": ("Pull out", "拉远"),
    "pedestal_up": ("Pedestal up", "上升"),
    "pedestal_down": ("Pedestal down", "下降"),
    "tilt_up": ("Tilt up", "上摇"),
    "tilt_down": ("Tilt down", "下摇"),
    "zoom_in": ("Zoom in", "变焦推近"),
    "zoom_out": ("Zoom out", "变焦拉远"),
    "shake": ("Shake", "晃动"),
    "tracking": ("Tracking shot", "跟随"),
    "static": ("Static shot", "固定"),
}
OPPOSITES = (
    *(("左移", "右移"), ("左摇", "右摇"), ("推进", "拉远"), ("上升", "下降"), ("上摇", "下摇")),
    ("变焦推近", "变焦拉远"),
)
# What people say; the pace is no part of the move.
PLAIN = {
    "truck_left": "truck to the left; the camera moves left; slide left; crab left; drifting left; "
    "dolly left; 镜头左移; 向左移动; 镜头向左平移; 往左移; 从右向左移动; "
    "镜头从右到左移动; 向左滑动; 横向左移; 平移向左",
    "truck_right": "trucking right; move the camera to the right; slides right; 镜头右移; "
    "从左往右移; 镜头向右横移",
    "pan_left": "panning left; pan to the left; the camera is panning left; turn left; look left; 镜头左摇; "
    "向左摇镜; 镜头向左转; 从右向左摇; 水平左摇; 左摇镜头",
    "pan_right": "pans right; camera pans to the right; right pan; 向右摇; 镜头向右转动; 向右摇镜头",
    "push_in": "push-in; pushing in; dolly in; move closer; the camera pushes in; push in on the subject; "
    "get closer; approach; track forward; fly in; 镜头推进; 推镜头; 推近; 镜头拉近; 向前推; 前移; 靠近主体; "
    "往前推; 请推进; 推进 push in",
    "pull_out": "pull back; pulling out; dolly out; move away; track back; back away; moving backwards; "
    "镜头拉远; 拉镜头; 后拉; 镜头后退; 向后移动; 远离; 镜头后移",
    "pedestal_up": "rise; the camera rises; crane up; boom up; lift up; ascending; raise the camera; "
    "move upward; 镜头上升; 升起; 镜头抬升; 向上移动; 升高; 垂直上升; 升镜头",
    "pedestal_down": "lower; descend; crane down; sinking; drop down; lower the camera; 镜头下降; 降低; "
    "向下移动; 下移; 降镜头; 垂直下降",
    "tilt_up": "tilting up; tilts upward; look up; tilt the camera up; 镜头上摇; 向上摇; 上仰; 从下往上摇",
    "tilt_down": "tilt downwards; tilting down; look down; 镜头下摇; 向下摇; 下俯; 从上往下摇",
    "zoom_in": "zooming in; zoom; zoom in on the subject; 变焦推进; 变焦拉近; 镜头放大; 焦距拉近",
    "zoom_out": "zooms out; zoom back; 变焦缩小; 镜头缩小; 焦距拉远",
    "shake": "shaky; camera shake; hand-held; handheld camera; shaking; wobble; jitter; 抖动; 手持; 手持感; "
    "手持拍摄; 摇晃; 镜头晃动; 晃镜头",
    "tracking": "track; tracking; follow; follow the subject; the camera follows the subject; follow her; "
    "following shot; chase; 镜头跟随; 跟拍; 跟着人物; 跟随主体; 跟镜头; 跟随拍摄; 追踪; 跟着主角走",
    "static": "static; fixed camera; still; locked-off shot; no camera movement; don't move; tripod; "
    "hold still; stay still; the camera does not move; 固定镜头; 镜头不动; 静止; 固定机位; 保持不动; "
    "不要运镜; 定镜; 镜头不要动",
}
PACES = {
    "slow push in": "slow [推进]",
    "slowly push in": "slowly [推进]",
    "push in slowly": "slowly [推进]",
    "the camera pushes in very slowly": "very slowly [推进]",
    "gentle, gradual pan left": None,  # a pace alone is no move
    "whip pan left": "whip [左摇]",
    "crash zoom in": "crash [变焦推近]",
    "缓慢推进": "缓慢[推进]",
    "镜头缓缓地向左移": "缓缓[左移]",
    "慢慢拉远": "慢慢[拉远]",
    "慢推": "慢[推进]",
    "逐渐靠近": "逐渐[推进]",
    "轻微晃动": "轻微[晃动]",
    "快速右摇": "快速[右摇]",
    "slow 推进": "slow [推进]",
}
HAILUO_02, FORM = "MiniMax-Hailuo-02", catalogue.vendor("hailuo").raw["camera"]
WORDY, PICTURED = (
    {"MiniMax-Hailuo-2.3", HAILUO_02, "T2V-01-Director"},
    {
        "MiniMax-Hailuo-2.3",
        "MiniMax-Hailuo-2.3-Fast",
        HAILUO_02,
        "I2V-01-Director",
    },
)
LISTENERS = {TEXT: WORDY, IMAGE: PICTURED, FRAMES: {HAILUO_02}}  # else all of them
MANY = ("camera_many",)
FORM = catalogue.vendor("hailuo").raw["camera"]


def named(said: str) -> list[tuple[str, ...]]:
    return [one.names for one in camera.read(said)]


def written(said: str) -> str:
    """As it is sent."""
    return ", ".join(camera.written(one, FORM) for one in camera.read(said))


def no(said: str) -> UsageError:
    with pytest.raises(UsageError) as wrong:
        camera.read(said)
    return wrong.value


def test_there_are_the_fifteen_moves_of_the_contract_and_what_is_sent_is_the_chinese_word() -> None:
    data = catalogue.load("camera.json")["moves"]

    assert {name: (move["en"], move["zh"]) for name, move in data.items()} == {
        name: (english.lower(), chinese) for name, (english, chinese) in FIFTEEN.items()
    }
    assert FORM["tokens"] == {name: chinese for name, (_, chinese) in FIFTEEN.items()}


@pytest.mark.parametrize("name", FIFTEEN)
def test_each_move_is_read_in_either_language_and_case_and_sent_in_brackets(name: str) -> None:
    english, chinese = FIFTEEN[name]

    for said in (english, english.upper(), english.replace(" ", "-"), english.replace(" ", "_"), name):
        assert named(said) == [(name,)], said
    for said in (chinese, f"[{chinese}]", f"【{chinese}】", f" {chinese}。", f"镜头{chinese}"):
        assert named(said) == [(name,)], said
    assert written(english) == written(chinese) == f"[{chinese}]"


@pytest.mark.parametrize("name", FIFTEEN)
def test_each_move_is_read_in_plain_phrases(name: str) -> None:
    for said in PLAIN[name].split("; "):
        assert camera.read(said) == (Moves((name,)),), said


def test_every_phrase_of_the_table_is_reached_and_belongs_to_one_move() -> None:
    moves = catalogue.load("camera.json")["moves"]
    phrases = [(phrase, name) for name, move in moves.items() for phrase in move["phrases"]]

    assert [phrase for phrase, name in phrases if named(phrase) != [(name,)]] == []
    assert len({phrase for phrase, _ in phrases}) == len(phrases)


@pytest.mark.parametrize(("said", "sent"), PACES.items())
def test_the_pace_is_kept_in_the_persons_own_words(said: str, sent: str | None) -> None:
    if sent is None:
        assert no(said).kind == "unknown_move"
    else:
        assert written(said) == sent


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ("push in, pan left", "[推进,左摇]"),
        ("push in and pan left", "[推进,左摇]"),
        ("push in while tilting up", "[推进,上摇]"),
        ("push in + rise & shake", "[推进,上升,晃动]"),
        ("左摇,上升", "[左摇,上升]"),  # as the document prints it
        ("左摇，上升", "[左摇,上升]"),
        ("左摇、上升", "[左摇,上升]"),
        ("推进并且上升", "[推进,上升]"),
        ("推进的同时上升", "[推进,上升]"),
        ("推进和右摇", "[推进,右摇]"),
        ("pan left and pan left", "[左摇]"),
        ("slow push in, pan left", "slow [推进,左摇]"),
        ("push in then pan left", "[推进], [左摇]"),
        ("push in, then pan left", "[推进], [左摇]"),
        ("first push in; then pull back slowly", "[推进], slowly [拉远]"),
        ("push in -> pan left → tilt up > shake", "[推进], [左摇], [上摇], [晃动]"),
        ("先推进，然后拉远", "[推进], [拉远]"),
        ("推进接着左摇再上升", "[推进], [左摇], [上升]"),
        ("推进；拉远", "[推进], [拉远]"),
        ("push in and rise, then pan left and shake", "[推进,上升], [左摇,晃动]"),
        ("缓慢推进，然后快速右摇", "缓慢[推进], 快速[右摇]"),
    ],
)
def test_moves_at_once_share_a_bracket_and_those_in_turn_have_their_own(said: str, sent: str) -> None:
    assert written(said) == sent


@pytest.mark.parametrize("pair", OPPOSITES)
def test_opposites_at_once_stop_and_in_turn_do_not(pair: tuple[str, str]) -> None:
    one, other = pair

    for said in (f"{one}、{other}", f"{other}和{one}", f"{one}、晃动、{other}"):
        wrong = no(said)
        assert (wrong.kind, wrong.about["asked"]) == ("contradiction", said)
        assert "then" in (wrong.detail or "")
    assert written(f"{one}然后{other}") == f"[{one}], [{other}]"


@pytest.mark.parametrize("name", [name for name in FIFTEEN if name != "static"])
def test_a_still_camera_moves_in_no_way(name: str) -> None:
    assert no(f"固定、{FIFTEEN[name][1]}").kind == "contradiction"


@pytest.mark.parametrize(
    "said",
    [
        *(
            "orbit",
            "roll left",
            "环绕",
            "dutch angle",
            "推进到脸部",
            "push in on the face",
            "不要晃动",
            "no shake",
        ),
        *("左", "left", "slow", "缓慢", "camera", "镜头", ",", " ", "then", "{camera}", "push in then orbit"),
        *("push in, orbit", "zoom in and out", "push in 3 times", "推进推进", "变焦", "仰拍", "左摇 push in"),
    ],
)
def test_what_is_no_move_stops_with_all_fifteen_and_is_not_dropped(said: str) -> None:
    wrong = no(said)

    assert (wrong.kind, wrong.charged, wrong.about["asked"]) == ("unknown_move", "no", said)
    assert all(
        f"{english.lower()} ({chinese})" in (wrong.detail or "") for english, chinese in FIFTEEN.values()
    )
    assert wrong.instead


def test_a_slip_of_the_pen_is_answered_with_what_it_is_near_to() -> None:
    for name, (english, chinese) in FIFTEEN.items():  # in the words that are offered
        assert named(f"{chinese} {english.lower()}") == [(name,)]
    for wrong in (no("pan lft"), no("push inn"), no("tilt upp")):
        assert len(set(wrong.instead)) == len(wrong.instead)
    assert no("push inn").instead[0] == "push_in"
    assert no("pan lft").instead[0] == "pan_left"


# ---- where it goes


@pytest.mark.parametrize(
    ("prompt", "said", "sent"),
    [
        ("A girl runs", "推进", "A girl runs [推进]"),
        ("A girl runs. ", "推进", "A girl runs. [推进]"),
        ("A girl {camera} runs", "推进", "A girl [推进] runs"),
        ("{camera}", "推进", "[推进]"),
        ("{camera} A girl", "推进 then 左摇", "[推进], [左摇] A girl"),
        ("{camera} A girl {camera}", "推进 then 左摇", "[推进] A girl [左摇]"),
        ("一个女孩{camera}奔跑", "缓慢推进", "一个女孩缓慢[推进]奔跑"),
        (None, "推进", "[推进]"),
        ("", "推进", "[推进]"),
    ],
)
def test_it_is_written_where_the_prompt_has_a_place_and_else_at_its_end(
    prompt: str | None, said: str, sent: str
) -> None:
    plan = planned(GPTGE, IMAGE, HAILUO_02, prompt=prompt, camera=said)

    assert plan.prompt == sent
    assert "camera" not in plan.values
    assert plan.requested["prompt"] == prompt
    assert plan.applied["camera"] == written(said)


@pytest.mark.parametrize("said", ["推进", "推进 then 左摇 then 上升", "推进、左摇"])
def test_two_places_need_two_moves_in_turn(said: str) -> None:
    wrong = stopped(GPTGE, IMAGE, HAILUO_02, prompt="{camera} A girl {camera}", camera=said)

    assert wrong.kind == "contradiction"
    assert "2 places" in wrong.message


@pytest.mark.parametrize(("gateway", "mode"), [(AI302, IMAGE), (AI302, TEXT), (AI302, FRAMES), (GPTGE, TEXT)])
def test_a_place_without_camera_words_stops(gateway: str, mode: str) -> None:
    wrong = stopped(gateway, mode, HAILUO_02, prompt="A girl {camera} runs")

    assert (wrong.kind, wrong.about["asked"]) == ("option_needed", "camera")


def test_more_than_three_at_once_are_noted_and_three_or_four_in_turn_are_not() -> None:
    three, four = "推进、上升、左摇", "推进、上升、左摇、晃动"

    assert planned(GPTGE, TEXT, HAILUO_02, camera=four).notes == MANY
    assert planned(GPTGE, TEXT, HAILUO_02, camera=f"晃动 then {four}").notes == MANY
    for said in (three, "推进 then 上升 then 左摇 then 晃动", f"{three} then {three}"):
        assert planned(GPTGE, TEXT, HAILUO_02, camera=said).notes == ()


def test_the_length_is_checked_after() -> None:
    room = len(" [推进]")

    assert (
        len(planned(GPTGE, TEXT, HAILUO_02, prompt="x" * (2000 - room), camera="推进").prompt or "") == 2000
    )
    wrong = stopped(GPTGE, TEXT, HAILUO_02, prompt="x" * (2001 - room), camera="推进")
    assert (wrong.kind, wrong.about["most"]) == ("prompt_too_long", "2000")
    for signs, noted in ((199 - room, ()), (200 - room, ("long_prompt",))):  # 302.AI's camera page: 200
        assert planned(AI302, IMAGE, prompt="x" * signs, camera="推进").notes == noted


# ---- who listens


def listed(wrong: UsageError) -> set[str]:
    """Those that the detail says --camera is for."""
    found = re.search(r"--camera is for: ([^ ].*?)\.(?: |$)", wrong.detail or "")
    return set(found[1].split(", ")) if found else set()


@pytest.mark.parametrize(
    ("gateway", "mode", "model"),
    [
        (AI302, IMAGE, "I2V-01"),
        (AI302, IMAGE, "I2V-01-live"),
        (GPTGE, TEXT, "T2V-01"),
        (GPTGE, IMAGE, "I2V-01"),
    ],
)
def test_a_model_of_the_family_that_ignores_them_stops_and_names_those_that_listen(
    gateway: str, mode: str, model: str
) -> None:
    wrong = stopped(gateway, mode, model, camera="推进")

    assert (wrong.kind, listed(wrong)) == ("unsupported_option", LISTENERS[mode])
    assert {one.id for one in wrong.alternatives}
    assert {one.id for one in wrong.alternatives} <= LISTENERS[mode]


@pytest.mark.parametrize(
    ("mode", "model", "words"),
    [
        (TEXT, "viduq2", {"prompt": "a lighthouse"}),
        (IMAGE, "viduq3-pro", {"images": ("https://example.com/0.png",)}),
        ("reference_to_image", "any", {"prompt": "a cat", "images": ("https://example.com/0.png",)}),
    ],
)
def test_other_vendors_models_stop_and_name_those_that_listen(
    mode: str, model: str, words: dict[str, Any]
) -> None:
    with pytest.raises(UsageError) as wrong:
        imagine_future.planned(mode, model, {"camera": "推进"}, **words)

    assert (wrong.value.kind, listed(wrong.value)) == (
        "unsupported_option",
        LISTENERS.get(mode, WORDY | PICTURED),
    )


@pytest.mark.parametrize(
    ("gateway", "mode", "model"),
    [
        (AI302, TEXT, HAILUO_02),
        (AI302, IMAGE, HAILUO_02),
        (AI302, FRAMES, HAILUO_02),
        (AI302, IMAGE, "I2V-01-Director"),
        (GPTGE, TEXT, "MiniMax-Hailuo-2.3"),
        (GPTGE, IMAGE, "MiniMax-Hailuo-2.3-Fast"),
        (GPTGE, FRAMES, HAILUO_02),
        (GPTGE, TEXT, "T2V-01-Director"),
        (GPTGE, IMAGE, "I2V-01-Director"),
    ],
)
def test_those_that_listen_take_them_and_an_unknown_move_or_two_opposites_stop(
    gateway: str, mode: str, model: str
) -> None:
    assert planned(gateway, mode, model, camera="slow push in").prompt == "a lighthouse slow [推进]"
    assert stopped(gateway, mode, model, camera="orbit").kind == "unknown_move"
    assert stopped(gateway, mode, model, camera="推进和拉远").kind == "contradiction"


# ---- whatever is composed

PHRASES = [(said, name) for name in FIFTEEN for said in (*FIFTEEN[name], *PLAIN[name].split("; "))]
SPOKEN = st.sampled_from(PHRASES)
QUICK = st.sampled_from(["", "slowly ", "gently ", "缓慢", "快速", "慢慢"])
FAST = {"slowly ", "gently "}
AT_ONCE = st.sampled_from([", ", "、", " and ", "，", " + ", "同时"])
IN_TURN = st.sampled_from([" then ", "，然后", " -> ", "; ", "；", ", then "])


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, list[str], list[str]]:
    """Moves at once: the words, the moves, the paces."""
    said, names, paces = "", [], []
    for phrase, name in draw(st.lists(SPOKEN, min_size=1, max_size=3)):
        pace = draw(QUICK) if not said else ""
        pace = pace if not pace or (pace in FAST) == phrase.isascii() else ""
        said += (draw(AT_ONCE) if said else "") + pace + phrase
        names.append(name)
        paces += [pace.strip()] if pace else []
    return said, list(dict.fromkeys(names)), paces


def clashing(names: list[str]) -> bool:
    chinese = {FIFTEEN[name][1] for name in names}
    return ("static" in names and len(names) > 1) or any(set(pair) <= chinese for pair in OPPOSITES)


@given(st.lists(steps(), min_size=1, max_size=3), st.data())
def test_every_composition_of_known_phrases_is_read_and_nothing_of_it_is_dropped(
    made: list[tuple[str, list[str], list[str]]], data: st.DataObject
) -> None:
    said = made[0][0]
    for words, _, _ in made[1:]:
        said += data.draw(IN_TURN) + words

    if any(clashing(names) for _, names, _ in made):
        assert no(said).kind == "contradiction"
        return
    assert [(list(one.names), one.pace) for one in camera.read(said)] == [
        (names, " ".join(paces)) for _, names, paces in made
    ]


@given(st.text(max_size=30), SPOKEN)
def test_no_words_are_worse_than_an_error_of_ours(said: str, spoken: tuple[str, str]) -> None:
    for words in (said, f"{spoken[0]} {said}"):
        with suppress(UsageError):
            assert {name for one in camera.read(words) for name in one.names} <= set(FIFTEEN)


@given(SPOKEN, st.sampled_from(["orbit", "环绕", "purple", "三次", "twice", "不", "not"]))
def test_a_word_that_nobody_knows_is_never_left_out_in_silence(spoken: tuple[str, str], odd: str) -> None:
    said, _ = spoken
    for words in (f"{said} {odd}", f"{odd} {said}", f"{said}, {odd}", f"{said} then {odd}"):
        assert no(words).kind == "unknown_move", words


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        ("[推进,上升],[左摇]", ["[推进,上升]", "[左摇]"]),
        ("slow [推进], [左摇]", ["slow [推进]", "[左摇]"]),
        ("[推进] then [左摇]", ["[推进]", "[左摇]"]),
        ("[推进], 左摇", ["[推进]", "[左摇]"]),
        ("慢[推进]", ["慢[推进]"]),
        ("[推进][左摇]", ["[推进]", "[左摇]"]),
    ],
)
def test_what_is_sent_can_be_said_again_and_means_the_same(words: str, sent: list[str]) -> None:
    assert [camera.written(step, FORM) for step in camera.read(words)] == sent


@pytest.mark.parametrize(
    "words", ["push in slowly, tilt up quickly", "快速推进、缓慢左摇", "[slow push in, fast tilt up]"]
)
def test_moves_at_once_have_one_pace(words: str) -> None:
    with pytest.raises(UsageError) as stopped:
        camera.read(words)
    assert stopped.value.kind == "contradiction"


@pytest.mark.parametrize(
    ("words", "pace"),
    [
        ("slowly push in, slow tilt up", "slowly"),
        ("慢慢推进，缓慢上升", "慢慢"),
        ("very slow push in, slow tilt up", "very slow"),
    ],
)
def test_one_pace_in_two_words_is_one(words: str, pace: str) -> None:
    (moves,) = camera.read(words)
    assert (moves.pace, len(moves.names)) == (pace, 2)
