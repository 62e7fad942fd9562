"""What happens to people who ask for pictures in a chat, and what they read of it. Each situation ends with
the same look at the chat (chat/looks.py) and at what the vendor took."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chat.agent import Agent, CutOff, Document
from chat.conftest import SAYS, Scene
from test_spine import picture

Fault = tuple[str, dict[str, Any]]  # endpoint, fault
DEAR = ("--model", "Nano Banana Pro", "--size", "4K", "--n", "2")  # 36 points: asked about first
STILL: dict[str, Any] = {"kind": "set", "field": "data.medias", "value": []}  # under way, whenever asked
LANGUAGES = ("en", "zh")


# --- what ends by itself ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wish:
    """A wish and its end. faults: played for ever. ends: the event of the last document, or the kind of its
    error; said: what its first message holds, in each language."""

    ends: str
    words: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    account: int | None = None
    files: int = 0
    creates: int | None = 1  # None: as often as it likes, as nothing is accepted
    points: int = 0
    said: tuple[str, str] = ("", "")
    done: bool = True


def refused(code: int, **more: Any) -> Fault:
    return ("create", {"kind": "code", "code": code, **more})


WISHES = {
    "one picture": Wish("result", files=1, points=5, said=("2048×2048", "2048×2048")),
    "a landscape picture for a channel": Wish(
        "result",
        ("--aspect-ratio", "16:9", "--channel", "feishu"),
        files=1,
        points=5,
        said=("2560×1440",) * 2,
    ),
    "four pictures": Wish("result", ("--n", "4"), files=4, points=20, said=("1 of 4", "共 4 张")),
    "a nickname": Wish("result", ("--model", "香蕉", "--size", "512px"), files=1, points=4),
    "no key": Wish(
        "key_missing", env=(("IMA_API_KEY", ""),), creates=0, said=("imaclaw.ai/imaclaw/apikey",) * 2
    ),
    "a key that is refused": Wish("key_refused", faults=(refused(401, http=401),), said=("apikey",) * 2),
    "a key that is refused at once": Wish(
        "key_refused", faults=(("list", {"kind": "code", "code": 401, "http": 401}),), creates=0
    ),
    "no credit": Wish("no_credit", account=3, said=("subscription", "subscription")),
    "too little credit, and a cheaper model": Wish(
        "no_credit", ("--model", "Nano Banana Pro"), account=7, said=("SeeDream 4.5", "SeeDream 4.5")
    ),
    "another plan is needed": Wish("plan_needed", faults=(refused(4014),), said=("plan", "套餐")),
    "nothing answers": Wish("network", env=(("MEDIA_STUDIO_IMA_URL", "http://127.0.0.1:9"),), creates=0),
    "the service is down": Wish(
        "vendor_down", faults=(("list", {"kind": "http", "status": 503}),), creates=0
    ),
    "too many requests": Wish("rate_limited", faults=(refused(429, http=429),), creates=None),
    "a size that is refused": Wish("bad_parameter", faults=(refused(400),)),
    "the price list changes all the time": Wish("offer_changed", faults=(refused(6010),), creates=2),
    "the model is not available": Wish(
        "model_unavailable", faults=(refused(503),), said=("Nano Banana2", "Nano Banana2")
    ),
    "the words are refused at once": Wish(
        "content_refused",
        faults=(refused(400, message="blocked by content policy"),),
        said=("put it differently", "换个说法"),
    ),
    "the words are refused later": Wish(
        "content_refused",
        faults=(("create", {"kind": "media", "index": 0, "reason": "content policy"}),),
        points=5,
        said=("put it differently", "换个说法"),
    ),
    "it fails for a reason": Wish(
        "failed",
        faults=(("create", {"kind": "media", "index": 0, "reason": "the paint ran out"}),),
        points=5,
        said=("• Nano Banana2: 6 points", "• Nano Banana2：6 积分"),
    ),
    "it fails for no reason": Wish("failed", faults=(("create", {"kind": "media", "index": 0}),), points=5),
    "two of three are made": Wish(
        "partly_failed",
        ("--n", "3"),
        faults=(("create", {"kind": "media", "index": 1, "reason": "the paint ran out"}),),
        files=2,
        points=15,
    ),
    "it may have been accepted": Wish(
        "unknown", faults=(("create", {"kind": "reset"}),), said=("imagent.bot", "imagent.bot")
    ),
    "more than the limit": Wish("over_limit", ("--max-credits", "3"), creates=0, said=("5 points", "5 积分")),
    "a shape that the model cannot do": Wish(
        "unsupported_option",
        ("--model", "Midjourney", "--aspect-ratio", "16:9"),
        creates=0,
        said=("SeeDream 4.5", "SeeDream 4.5"),
    ),
    "a size that nobody makes": Wish(
        "unsupported_option", ("--size", "8K"), creates=0, said=("4K is the largest", "最大是 4K")
    ),
    "two wishes that exclude each other": Wish(
        "same_field", ("--size", "4k", "--aspect-ratio", "16:9"), creates=0
    ),
    "a model that nobody knows": Wish(
        "unknown_model", ("--model", "seadream"), creates=0, said=("SeeDream 4.5", "SeeDream 4.5")
    ),
    "no picture to start from": Wish("nothing_earlier", ("--from-job", "last"), creates=0),
    "a rehearsal": Wish(
        "result",
        ("--sandbox",),
        env=(("IMA_API_KEY", ""),),
        files=1,
        creates=0,
        said=("🧪 Rehearsal", "🧪 演练"),
    ),
    "the best": Wish("needs_approval", ("--model", "best"), creates=0, said=("18 points", "18 积分")),
    "dear": Wish("needs_approval", DEAR, creates=0, said=("36 points", "36 积分")),
}


def kind(document: Document) -> str:
    """How it ended, in a word."""
    error = document.get("error")
    return str(error["kind"] if error else document["event"])


@pytest.mark.parametrize(
    ("name", "speaks"), [(name, LANGUAGES[n % 2]) for n, name in enumerate(WISHES)]
)  # by turns: each text in each language, tests/test_no_jargon.py
def test_a_wish_and_its_end(scene: Scene, name: str, speaks: str) -> None:
    wish = WISHES[name]
    for endpoint, fault in wish.faults:
        scene.vendor.fault(endpoint, fault, times=-1)
    if wish.account is not None:
        scene.vendor.account(wish.account)
    agent = scene.agent(speaks, env=dict(wish.env))
    end = agent.wish(SAYS[speaks], *wish.words, *scene.fast)

    assert kind(end) == wish.ends
    last = [entry for entry in agent.chat if entry.event == end["event"]]
    assert wish.said[LANGUAGES.index(speaks)] in last[0].what
    assert len([entry for entry in agent.chat if entry.media]) == wish.files
    begun = [entry for entry in agent.chat if entry.event == "submitted"]
    assert len(begun) == (end["task_id"] is not None)
    scene.ends(creates=scene.creates if wish.creates is None else wish.creates, points=wish.points)


# --- a slow one -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_a_slow_picture_is_spoken_of_at_its_moments(scene: Scene, speaks: str) -> None:
    """At a person's times: 60 to 120 s are expected, and it takes 200."""
    scene.vendor.fault("detail", STILL, times=-1)
    agent = scene.agent(speaks)
    moments = [30, 60, 115, 130, 200]

    def passes(document: Document) -> None:
        scene.comes(moments.pop(0))
        if not moments:
            scene.vendor.clear()

    agent.between = passes
    end = agent.wish(SAYS[speaks], "--model", "Nano Banana Pro")

    assert (kind(end), scene.events(agent)) == ("result", ["submitted", *["progress"] * 4, "result"])
    told = [turn.document["percent"] for turn in agent.turns if turn.document["event"] == "progress"]
    assert (25 <= told[0] < 35, 50 <= told[1] < 60, told[2:]) == (True, True, [95, None])
    late = [entry.what for entry in agent.chat if entry.event == "progress"][3]
    assert {"en": "Almost done", "zh": "快好了"}[speaks] in late
    scene.ends(creates=1, points=10)


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_how_far_it_is_is_not_guessed_while_the_vendor_gives_no_answer(scene: Scene, speaks: str) -> None:
    scene.vendor.fault("detail", {"kind": "http", "status": 503}, times=-1)
    agent = scene.agent(speaks)
    moments = [30, 200, 210]

    def passes(document: Document) -> None:
        scene.comes(moments.pop(0))
        if not moments:
            scene.vendor.clear()

    agent.between = passes
    end = agent.wish(SAYS[speaks], "--model", "Nano Banana Pro")
    assert (kind(end), scene.events(agent)) == ("result", ["submitted", *["progress"] * 2, "result"])
    seen = [entry.what for entry in agent.chat if entry.event == "progress"]
    unseen = {"en": "cannot be seen just now", "zh": "暂时看不到进度"}[speaks]
    assert [unseen in words for words in seen] == [False, True], "before the shortest time nobody is asked"
    scene.ends(creates=1, points=10)


def test_a_picture_that_takes_very_long_is_spoken_of_eight_times_at_most(scene: Scene) -> None:
    scene.vendor.fault("detail", STILL, times=-1)
    agent = scene.agent("zh")
    moments = [30, 60, 90, 120, 180, 300, 540, 1020, 1650]  # at the last a ninth word would be due
    asked: list[Document] = []

    def passes(document: Document) -> None:
        scene.comes(moments.pop(0))
        if not moments:
            asked.append(agent.command("wait", document["job"], "--max-wait", "1"))
            scene.vendor.clear()

    agent.between = passes
    end = agent.wish(SAYS["zh"], "--model", "Nano Banana Pro")
    assert (kind(end), scene.events(agent)) == ("result", ["submitted", *["progress"] * 8, "result"])
    assert [document["send"] for document in asked] == [[]]
    scene.ends(creates=1, points=10)


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_a_picture_that_takes_longer_than_any_is_told_once_and_looked_at_when_asked(
    scene: Scene, speaks: str
) -> None:
    scene.vendor.fault("create", {"kind": "stuck"})
    agent = scene.agent(speaks)
    begun = agent.start(SAYS[speaks])
    agent.relay(begun)
    scene.comes(2000)
    overdue = agent.status(begun["job"], "wait", "--max-wait", "1")
    assert (kind(overdue), overdue["done"], overdue["next"][2:4]) == ("overdue", True, ["wait", begun["job"]])
    scene.ends(creates=1, points=5)


def test_a_quick_picture_is_not_spoken_of_before_it_is_there(scene: Scene) -> None:
    """20 to 40 s are expected, the first word would be due at 30, and it is there at 20."""
    agent = scene.agent()
    agent.between = lambda document: scene.comes(22)
    end = agent.wish(SAYS["en"], "--model", "Nano Banana", "--size", "512px")
    assert (kind(end), scene.events(agent)) == ("result", ["submitted", "result"])
    assert len(agent.turns) == 2
    scene.ends(creates=1, points=4)


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_it_is_asked_how_it_goes_in_between(scene: Scene, speaks: str) -> None:
    scene.vendor.fault("detail", STILL, times=-1)
    agent = scene.agent(speaks)
    asked: list[Document] = []

    def impatient(document: Document) -> None:
        if asked:
            return
        scene.comes(12)
        asked.append(agent.status())
        scene.comes(200)
        asked.append(agent.status(document["job"]))
        scene.vendor.clear()

    agent.between = impatient
    end = agent.wish(SAYS[speaks])
    answers = [entry.what for entry in agent.chat if entry.asked]

    assert (kind(end), [document["event"] for document in asked]) == ("result", ["progress"] * 2)
    assert [" 1" in answers[0], {"en": "3 min", "zh": "3 分"}[speaks] in answers[1]] == [True, True]
    (ready,) = agent.status()["send"]  # in a sentence, and not the picture again
    assert {"en": "It is ready", "zh": "已经做好了"}[speaks] in ready["message"]
    assert "media" not in ready
    scene.ends(creates=1, points=5)


# --- consent ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_consent_is_asked_and_given(scene: Scene, speaks: str) -> None:
    agent = scene.agent(speaks)
    asked = agent.wish(SAYS[speaks], *DEAR, *scene.fast)
    assert (kind(asked), asked["done"], scene.creates) == ("needs_approval", True, 0)
    end = agent.yes(asked)
    assert (kind(end), scene.events(agent)) == ("result", ["failure", "submitted", "result", "result"])
    scene.ends(creates=1, points=36)


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_consent_is_asked_and_denied(scene: Scene, speaks: str) -> None:
    agent = scene.agent(speaks)
    assert kind(agent.wish(SAYS[speaks], *DEAR, *scene.fast)) == "needs_approval"
    agent.hears("no")
    assert agent.open() == []
    scene.ends(creates=0, points=0)


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_a_yes_after_ten_minutes_is_asked_for_again(scene: Scene, speaks: str) -> None:
    agent = scene.agent(speaks)
    asked = agent.wish(SAYS[speaks], *DEAR, *scene.fast)
    scene.later(601)
    again = agent.yes(asked)
    assert (kind(again), again["done"], scene.creates) == ("approval_unknown", True, 0)
    assert kind(agent.yes(again)) == "result"
    scene.ends(creates=1, points=36)


def test_a_no_with_a_change_is_a_new_wish(scene: Scene) -> None:
    agent = scene.agent()
    agent.wish(SAYS["en"], *DEAR, *scene.fast)
    end = agent.wish(SAYS["en"], "--model", "Nano Banana Pro", "--size", "2K", *scene.fast)
    assert kind(end) == "result"
    scene.ends(creates=1, points=10)


# --- another model ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_another_model_is_chosen_after_a_failure(scene: Scene, speaks: str) -> None:
    scene.vendor.fault("create", {"kind": "media", "index": 0, "reason": "no luck"})
    agent = scene.agent(speaks)
    failed = agent.wish(SAYS[speaks], *scene.fast)
    assert (kind(failed), failed["alternatives"][0]["cost"]) == ("failed", 6)
    end = agent.another(failed, 0)
    assert (kind(end), end["model"]["name"]) == ("result", "Nano Banana2")
    scene.ends(creates=2, points=5 + 6)


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_another_model_is_chosen_where_the_first_cannot(scene: Scene, speaks: str) -> None:
    agent = scene.agent(speaks)
    stopped = agent.wish(SAYS[speaks], "--model", "MJ", "--aspect-ratio", "16:9", *scene.fast)
    number = [one["model"] for one in stopped["alternatives"]].index("Nano Banana2")
    price = stopped["alternatives"][number]["cost"]
    end = agent.another(stopped, number)
    assert (kind(end), end["model"]["name"], scene.points) == ("result", "Nano Banana2", price)
    scene.ends(creates=1, points=6)


def test_the_largest_size_is_chosen_where_nobody_makes_a_larger(scene: Scene) -> None:
    agent = scene.agent("zh")
    stopped = agent.wish(SAYS["zh"], "--size", "8K", *scene.fast)
    end = agent.another(stopped, 0)
    assert (kind(end), scene.points) == ("result", stopped["alternatives"][0]["cost"])
    scene.ends(creates=1, points=scene.points)


# --- an end that nobody knows -----------------------------------------------------------------------------


def lost(scene: Scene, agent: Agent, speaks: str, *, accepted: bool) -> Document:
    """The answer to the paid request never came."""
    scene.vendor.fault("create", {"kind": "reset"}, when="after" if accepted else "before")
    end = agent.wish(SAYS[speaks], *scene.fast)
    assert (kind(end), end["done"], scene.creates) == ("unknown", True, 1)
    return end


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_it_was_not_accepted_after_all_and_is_made_after_a_yes(scene: Scene, speaks: str) -> None:
    agent = scene.agent(speaks)
    closed = agent.found(lost(scene, agent, speaks, accepted=False), "--not-charged")
    assert (kind(closed), closed["done"], scene.creates) == ("closed", True, 1)
    assert kind(agent.yes(closed)) == "result"
    scene.ends(creates=2, points=5)


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_it_was_accepted_after_all_and_is_fetched(scene: Scene, speaks: str) -> None:
    agent = scene.agent(speaks)
    unknown = lost(scene, agent, speaks, accepted=True)
    wrong = agent.found(unknown, "--task-id", "task_of_somebody")
    assert kind(wrong) == "no_such_task"
    end = agent.found(unknown, "--task-id", scene.vendor.stats["tasks"][0]["id"])
    assert kind(end) == "result"
    scene.ends(creates=1, points=5)


def test_it_is_bought_once_more_anyway(scene: Scene) -> None:
    agent = scene.agent()
    end = agent.yes(lost(scene, agent, "en", accepted=True))
    assert kind(end) == "result"
    scene.ends(creates=2, points=10)


def test_nobody_answers_and_the_same_is_asked_for_again(scene: Scene) -> None:
    agent = scene.agent("zh")
    unknown = lost(scene, agent, "zh", accepted=True)
    again = agent.wish(SAYS["zh"], *scene.fast)
    assert (kind(again), again["job"], scene.creates) == ("maybe_bought", unknown["job"], 1)
    scene.ends(creates=1, points=5)


# --- made, and not to be had ------------------------------------------------------------------------------


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_a_file_that_cannot_be_fetched_is_said_once_and_delivered_later(scene: Scene, speaks: str) -> None:
    scene.vendor.fault("file", {"kind": "http", "status": 403}, times=-1)
    agent = scene.agent(speaks)
    asked = agent.wish(SAYS[speaks], *scene.fast)
    assert (kind(asked), asked["done"], asked["next"][2:4]) == ("not_saved", True, ["wait", asked["job"]])
    scene.vendor.clear()
    end = agent.yes(asked)
    assert (kind(end), scene.events(agent)) == ("result", ["submitted", "result", "result"])
    scene.ends(creates=1, points=5)


def test_of_two_files_the_one_that_came_is_delivered_once_and_the_other_later(scene: Scene) -> None:
    scene.vendor.fault("file", {"kind": "http", "status": 403}, times=3)  # as often as one file is tried
    agent = scene.agent()
    asked = agent.wish(SAYS["en"], "--n", "2", *scene.fast)
    assert (kind(asked), len(asked["send"]), asked["done"]) == ("not_saved", 2, True)
    assert agent.command("show", asked["job"])["send"] == asked["send"][1:]  # and is asked about again
    end = agent.yes(asked)
    assert (kind(end), len(end["send"]), len(end["resend"])) == ("result", 1, 1)
    scene.ends(creates=1, points=10)


# --- cut off ----------------------------------------------------------------------------------------------

HELD: dict[str, Fault] = {
    "while the price is asked": ("list", {"kind": "hold"}),
    "while it is bought": ("create", {"kind": "hold"}),
    "while it is waited for": ("detail", {"kind": "hold"}),
    "while it is fetched": ("file", {"kind": "stall", "bytes": 5000}),
}


def cut_off(scene: Scene, agent: Agent, step: str, speaks: str) -> None:
    """The command is killed in the middle of this, and the agent with it."""
    endpoint, fault = HELD[step]
    scene.vendor.fault(endpoint, fault)

    def held() -> None:
        scene.vendor.held(endpoint)

    def begins_to_wait(document: Document) -> None:
        agent.cut = held

    agent.between = begins_to_wait
    if endpoint in {"list", "create"}:
        agent.cut = held
    with pytest.raises(CutOff):
        agent.wish(SAYS[speaks], *scene.fast)
    agent.between = lambda document: None
    scene.vendor.release()
    scene.later(60)  # whoever was killed is given up by then


@pytest.mark.parametrize("speaks", LANGUAGES)
@pytest.mark.parametrize("step", ["while it is waited for", "while it is fetched"])
def test_a_wait_is_killed_and_the_agent_woken_again(scene: Scene, step: str, speaks: str) -> None:
    agent = scene.agent(speaks)
    cut_off(scene, agent, step, speaks)
    knows = agent.turns[0].document["job"] if speaks == "en" else None
    (end,) = agent.woken(knows)
    assert kind(end) == "result"
    assert agent.open() == []
    scene.ends(creates=1, points=5)


def test_a_start_is_killed_before_it_buys_and_the_message_comes_again(scene: Scene) -> None:
    agent = scene.agent()
    cut_off(scene, agent, "while the price is asked", "en")
    assert agent.woken() == []
    assert kind(agent.go_on(agent.start(SAYS["en"], *scene.fast))) == "result"
    scene.ends(creates=1, points=5)


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_a_start_is_killed_while_it_buys_and_is_not_bought_again(scene: Scene, speaks: str) -> None:
    agent = scene.agent(speaks)
    cut_off(scene, agent, "while it is bought", speaks)
    (end,) = agent.woken()
    assert (kind(end), end["done"]) == ("unknown", True)
    again = agent.go_on(agent.start(SAYS[speaks], *scene.fast))  # the same message once more
    assert (kind(again), again["job"]) == ("maybe_bought", end["job"])
    closed = agent.found(end, "--not-charged")
    assert kind(agent.yes(closed)) == "result"
    scene.ends(creates=2, points=5)


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_nobody_reads_the_result_and_it_is_sent_when_the_agent_is_woken(scene: Scene, speaks: str) -> None:
    agent = scene.agent(speaks)
    agent.between = lambda document: agent.unheard(document["next"])
    with pytest.raises(CutOff):
        agent.wish(SAYS[speaks], *scene.fast)
    agent.between = lambda document: None
    job = agent.command("list", "--user-id", agent.user)["jobs"][0]["job"]
    (end,) = agent.woken(job)
    assert (kind(end), scene.events(agent)) == ("result", ["submitted", "result"])
    scene.ends(creates=1, points=5)


# --- several ----------------------------------------------------------------------------------------------


def test_two_people_ask_for_the_same_at_once(scene: Scene) -> None:
    agents = [scene.agent("en", user="ann"), scene.agent("en", user="bob")]
    ends: dict[str, Document] = {}

    def served(agent: Agent) -> None:
        ends[agent.user] = agent.wish(SAYS["en"], *scene.fast)

    threads = [threading.Thread(target=served, args=(agent,)) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [kind(ends[user]) for user in ("ann", "bob")] == ["result"] * 2
    assert ends["ann"]["job"] != ends["bob"]["job"]
    assert [scene.events(agent) for agent in agents] == [["submitted", "result"]] * 2
    assert [agent.status()["job"] for agent in agents] == [ends["ann"]["job"], ends["bob"]["job"]]
    scene.ends(creates=2, points=10)


def test_one_person_asks_for_two_things_in_two_languages(scene: Scene) -> None:
    first, second = scene.agent("zh"), scene.agent("en")
    second.messages = 7  # the same person, in another chat
    assert kind(first.wish(SAYS["zh"], *scene.fast)) == "result"
    assert kind(second.wish(SAYS["en"], *scene.fast)) == "result"
    scene.ends(creates=2, points=10)


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_the_same_subject_again(scene: Scene, speaks: str) -> None:
    agent = scene.agent(speaks)
    first = agent.wish(SAYS[speaks], *scene.fast)
    end = agent.wish(
        {"en": "the same by night", "zh": "同一座灯塔，夜里"}[speaks], "--from-job", "last", *scene.fast
    )
    assert (kind(end), end["task_type"]) == ("result", "image_to_image")
    assert end["outputs"][0]["path"] != first["outputs"][0]["path"]
    scene.ends(creates=2, points=10)


def travels_slowly(scene: Scene) -> threading.Thread:
    """Of two pictures one comes through, and the other is held until it is released."""
    scene.vendor.fault("put", {"kind": "hold"})

    def slowly() -> None:
        scene.vendor.held("put")
        while scene.vendor.stats["requests"]["put"] < 2:  # the other one comes through
            time.sleep(0.01)
        scene.vendor.fault("put", {"kind": "hold"}, times=-1)

    thread = threading.Thread(target=slowly)
    thread.start()
    return thread


def test_the_pictures_to_start_from_travel_slowly(scene: Scene, tmp_path: Path) -> None:
    """Eight seconds of this machine: then `start` comes back, and its `next` goes on."""
    inputs = [picture(tmp_path, f"{colour}.png", colour) for colour in ("red", "navy")]
    thread = travels_slowly(scene)
    agent = scene.agent()
    agent.between = lambda document: scene.vendor.release()
    end = agent.wish("the first in the style of the second", *scene.fast, "--input-images", *inputs)
    thread.join()

    assert [turn.document["event"] for turn in agent.turns][:2] == ["uploading", "submitted"]
    assert (kind(end), scene.events(agent)) == ("result", ["submitted", "result"])
    scene.ends(creates=1, points=5)
