"""Agents that do not do as they are told: that run everything twice, forget to go on, stop in between, or run
every `next` at once. Nothing is bought a second time for it, and nobody reads a message twice."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chat.agent import MOST_TURNS, Agent, CutOff, Document, Process
from chat.conftest import SAYS, Scene
from chat.test_situations import DEAR, LANGUAGES, STILL, Fault, kind, lost, refused, travels_slowly
from test_spine import picture

# --- everything twice -------------------------------------------------------------------------------------


def stuttered(agent: Agent, prompt: str, *words: str) -> list[tuple[Document, Document]]:
    """A wish, every command of which is run once more when it came back, and both relayed. What is run again
    does not wait for what is due next."""
    agent.hears(prompt)
    agent.messages += 1
    document = agent.start(prompt, *words)
    pairs = []
    for _ in range(MOST_TURNS):
        argv = agent.turns[-1].argv
        again = agent.run((*argv, "--max-wait", "0.3") if "wait" in argv else argv)
        agent.relay(document)
        agent.relay(again)
        pairs.append((document, again))
        if document["done"]:
            return pairs
        agent.between(document)
        document = agent.run(document["next"])
    raise AssertionError(f"{MOST_TURNS} turns, and no end: {document}")


def said_once(pairs: list[tuple[Document, Document]]) -> bool:
    """Whether each second document has nothing to say, and what was said before beside it."""
    return all(
        (again["send"], again["resend"]) == ([], first["resend"] + first["send"]) for first, again in pairs
    )


TWICE: dict[str, tuple[str, tuple[str, ...], tuple[Fault, ...], int]] = {  # its end, words, faults, points
    "one picture": ("result", (), (), 5),
    "four pictures": ("result", ("--n", "4"), (), 20),
    "two of three": (
        "partly_failed",
        ("--n", "3"),
        (("create", {"kind": "media", "index": 1, "reason": "the paint ran out"}),),
        15,
    ),
    "a failure": ("failed", (), (("create", {"kind": "media", "index": 0, "reason": "no luck"}),), 5),
}


@pytest.mark.parametrize(("case", "speaks"), [*zip(TWICE, LANGUAGES * 2, strict=True)])
def test_every_command_is_run_twice_and_everything_is_said_once(scene: Scene, case: str, speaks: str) -> None:
    """At a person's times, so that chance brings no word of how it goes."""
    ends, words, faults, points = TWICE[case]
    for endpoint, fault in faults:
        scene.vendor.fault(endpoint, fault)
    agent = scene.agent(speaks)
    agent.between = lambda document: scene.later(300)
    pairs = stuttered(agent, SAYS[speaks], *words)

    begin, *between, end = pairs
    assert (begin[0]["event"], kind(end[0])) == ("submitted", ends)
    assert begin[0]["send"] != [] != end[0]["send"]
    assert said_once([begin, end])
    assert [len(again["send"]) for _, again in between] == [0] * len(between)
    scene.ends(creates=1, points=points)


def test_every_wait_is_run_twice_and_each_moment_is_spoken_of_once(scene: Scene) -> None:
    scene.vendor.fault("detail", STILL, times=-1)
    agent = scene.agent("zh")
    moments = [25, 45, 65, 110, 200]

    def passes(document: Document) -> None:
        scene.comes(moments.pop(0))
        if not moments:
            scene.vendor.clear()

    agent.between = passes
    pairs = stuttered(agent, SAYS["zh"])

    assert scene.events(agent) == ["submitted", *["progress"] * 4, "result"]
    words = [pair for pair in pairs if pair[0]["event"] == "progress"]
    assert [(len(first["send"]), again["send"]) for first, again in words] == [(1, [])] * 4
    scene.ends(creates=1, points=5)


def test_a_question_run_twice_is_the_same_question_and_its_yes_buys_once(scene: Scene) -> None:
    agent = scene.agent()
    (pair,) = stuttered(agent, SAYS["en"], *DEAR, *scene.fast)
    assert [(kind(one), one["done"]) for one in pair] == [("needs_approval", True)] * 2
    assert scene.creates == 0
    agent.chat.pop()  # it is the same question: no job is there yet that could know it was asked

    agent.hears("yes")
    begun = [agent.run(one["next"]) for one in (pair[0], pair[0], pair[1])]
    for document in begun:
        agent.relay(document)
    assert {document["job"] for document in begun} == {begun[0]["job"]}
    assert [len(document["send"]) for document in begun] == [1, 0, 0]
    assert kind(agent.go_on(begun[0] | {"send": []})) == "result"
    scene.ends(creates=1, points=36)


def test_a_purchase_whose_answer_was_lost_is_not_repeated_by_running_it_twice(scene: Scene) -> None:
    scene.vendor.fault("create", {"kind": "reset"}, when="after")
    agent = scene.agent()
    ((first, again),) = stuttered(agent, SAYS["en"], *scene.fast)
    assert (kind(first), kind(again), again["job"]) == ("unknown", "maybe_bought", first["job"])
    assert [one["done"] for one in (first, again)] == [True, True]
    scene.ends(creates=1, points=5)


def test_what_was_refused_cost_nothing_and_is_tried_again_by_running_it_twice(scene: Scene) -> None:
    scene.vendor.fault(*refused(503), times=-1)
    agent = scene.agent()
    ((first, again),) = stuttered(agent, SAYS["en"], *scene.fast)
    assert [(kind(one), one["error"]["charged"]) for one in (first, again)] == [
        ("model_unavailable", "no")
    ] * 2
    assert first["job"] != again["job"]
    scene.ends(creates=2, points=0)


# --- `next` is forgotten ----------------------------------------------------------------------------------


def shows(agent: Agent, prompt: str) -> Document:
    answer = agent.status()
    assert (answer["event"], len(answer["send"]), answer["done"]) == ("progress", 1, False)
    return agent.go_on(agent.run(answer["next"]))


def waits(agent: Agent, prompt: str) -> Document:
    return agent.status(command="wait")


def starts(agent: Agent, prompt: str) -> Document:
    again = agent.start(prompt)
    assert (again["event"], again["send"], len(again["resend"])) == ("submitted", [], 1)
    return agent.go_on(again)


@pytest.mark.parametrize(("comes_back", "speaks"), [(shows, "zh"), (waits, "en"), (starts, "zh")])
def test_next_is_forgotten_and_hours_later_the_picture_is_delivered_once(
    scene: Scene, comes_back: Callable[[Agent, str], Document], speaks: str
) -> None:
    agent = scene.agent(speaks)
    agent.hears(SAYS[speaks])
    begun = agent.start(SAYS[speaks])
    agent.relay(begun)
    scene.made()
    scene.later(5 * 3600)
    end = comes_back(agent, SAYS[speaks])
    assert (kind(end), end["job"]) == ("result", begun["job"])
    later = agent.status(command="wait")
    assert (later["send"], later["resend"]) == ([], end["send"])
    assert agent.command("wait", begun["job"])["send"] == []
    scene.ends(creates=1, points=5)


# --- cut off between two calls ----------------------------------------------------------------------------


def cut_at(agent: Agent, event: str, *, relayed: bool) -> None:
    """The agent ends when it has read a document of this kind: before or after it relays it."""

    def ends(document: Document) -> None:
        if document["event"] == event:
            raise CutOff

    agent.between = agent.came = lambda document: None
    if relayed:
        agent.between = ends
    else:
        agent.came = ends


def whole_again(agent: Agent) -> None:
    agent.between = agent.came = lambda document: None


@pytest.mark.parametrize(("relayed", "speaks"), [(True, "en"), (False, "zh")])
def test_it_is_cut_off_between_start_and_wait(scene: Scene, speaks: str, relayed: bool) -> None:
    agent = scene.agent(speaks)
    cut_at(agent, "submitted", relayed=relayed)
    with pytest.raises(CutOff):
        agent.wish(SAYS[speaks], *scene.fast)
    whole_again(agent)
    if not relayed:  # the same message once more: nobody heard, but it was printed
        again = agent.start(SAYS[speaks], *scene.fast)
        assert (again["send"], again["resend"]) == ([], agent.turns[0].document["send"])
        agent.never_came(again)
    (end,) = agent.woken()
    assert (kind(end), scene.events(agent)) == ("result", ["submitted", "result"])
    scene.ends(creates=1, points=5)


@pytest.mark.parametrize("relayed", [True, False], ids=["relayed", "not relayed"])
def test_it_is_cut_off_after_a_word_of_how_it_goes(scene: Scene, relayed: bool) -> None:
    """A word that was lost is not said later, when it is wrong; the next one is."""
    scene.vendor.fault("detail", STILL, times=-1)
    agent = scene.agent()
    agent.hears(SAYS["en"])
    agent.messages += 1
    begun = agent.start(SAYS["en"])
    agent.relay(begun)
    scene.comes(25)
    cut_at(agent, "progress", relayed=relayed)
    with pytest.raises(CutOff):
        agent.go_on(agent.run(begun["next"]))
    assert len(agent.turns[-1].document["send"]) == 1

    whole_again(agent)
    assert agent.command("wait", begun["job"], "--max-wait", "0.3")["send"] == []
    scene.comes(45)
    moments = [65]

    def passes(document: Document) -> None:
        scene.comes(moments.pop())
        scene.vendor.clear()

    agent.between = passes
    (end,) = agent.woken()
    assert kind(end) == "result"
    assert scene.events(agent) == ["submitted", *["progress"] * (1 + relayed), "result"]
    scene.ends(creates=1, points=5)


ENDS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "a picture": ("result", None),
    "a failure": ("failed", {"kind": "media", "index": 0, "reason": "no luck"}),
}


@pytest.mark.parametrize(("case", "speaks"), [*zip(ENDS, LANGUAGES, strict=True)])
def test_it_is_cut_off_when_it_has_read_the_end_and_the_end_comes_when_asked_for(
    scene: Scene, case: str, speaks: str
) -> None:
    ends, fault = ENDS[case]
    if fault:
        scene.vendor.fault("create", fault)
    agent = scene.agent(speaks)
    cut_at(agent, "result" if fault is None else "failure", relayed=False)
    with pytest.raises(CutOff):
        agent.wish(SAYS[speaks], *scene.fast)
    whole_again(agent)
    printed = agent.turns[-1].document["send"]

    assert agent.open() == []
    answer = agent.status(command="wait")
    assert (kind(answer), answer["send"], answer["resend"]) == (ends, [], printed)
    agent.never_came(answer)
    assert [entry.item for entry in agent.chat if entry.again] == printed
    scene.ends(creates=1, points=5)


# --- every `next` at once ---------------------------------------------------------------------------------


def started(scene: Scene, agent: Agent, *words: str) -> Document:
    agent.messages += 1
    return agent.start(SAYS["en"], *words)


def brought(scene: Scene, agent: Agent, *words: str) -> Document:
    """The last document of a wish, with whatever came before it said."""
    agent.messages += 1
    return agent.go_on(agent.start(SAYS["en"], *words, *scene.fast))


def asked_about(scene: Scene, agent: Agent) -> Document:
    return brought(scene, agent, *DEAR)


def quoted(scene: Scene, agent: Agent) -> Document:
    return agent.command("quote", "--prompt", SAYS["en"], "--user-id", agent.user, *scene.fast)


def unknown(scene: Scene, agent: Agent) -> Document:
    return lost(scene, agent, "en", accepted=True)


def maybe_bought(scene: Scene, agent: Agent) -> Document:
    unknown(scene, agent)
    return agent.start(SAYS["en"], *scene.fast)


def not_charged(scene: Scene, agent: Agent) -> Document:
    return agent.command("reconcile", lost(scene, agent, "en", accepted=False)["job"], "--not-charged")


def of_another_model(scene: Scene, agent: Agent) -> Document:
    """Not `next` of the document, but beside the same `done`."""
    scene.vendor.fault("create", {"kind": "media", "index": 0, "reason": "no luck"})
    failed = brought(scene, agent)
    return failed | {"next": failed["alternatives"][0]["next"]}


def not_saved(scene: Scene, agent: Agent) -> Document:
    scene.vendor.fault("file", {"kind": "http", "status": 403}, times=-1)
    return brought(scene, agent)


def overdue(scene: Scene, agent: Agent) -> Document:
    scene.vendor.fault("create", {"kind": "stuck"})
    begun = started(scene, agent)
    scene.comes(2000)
    return agent.command("wait", begun["job"], "--max-wait", "1")


def not_found(scene: Scene, agent: Agent) -> Document:
    scene.vendor.fault("detail", {"kind": "code", "code": 404, "message": "task not exist"}, times=-1)
    begun = started(scene, agent, *scene.fast)
    scene.later(40)
    return agent.command("wait", begun["job"])


def key_refused(scene: Scene, agent: Agent) -> Document:
    scene.vendor.fault("detail", {"kind": "code", "code": 401, "http": 401}, times=-1)
    return brought(scene, agent)


@dataclass(frozen=True)
class Forbidden:
    """What a `next` beside `done: true` would do unasked: buy for these points, or ask the vendor again."""

    comes: Callable[[Scene, Agent], Document]
    kind: str
    points: int = 0
    asks: str | None = None


FORBIDDEN = {
    "a question": Forbidden(asked_about, "needs_approval", points=36),
    "a price": Forbidden(quoted, "quote", points=5),
    "an end that nobody knows": Forbidden(unknown, "unknown", points=5),
    "the same after it": Forbidden(maybe_bought, "maybe_bought", points=5),
    "nothing came of it": Forbidden(not_charged, "closed", points=5),
    "another model": Forbidden(of_another_model, "failed", points=6),
    "made and not saved": Forbidden(not_saved, "not_saved", asks="file"),
    "far too long": Forbidden(overdue, "overdue", asks="detail"),
    "not found any more": Forbidden(not_found, "lookup_failed", asks="detail"),
    "the key is refused": Forbidden(key_refused, "key_refused", asks="detail"),
}


@pytest.mark.parametrize("case", FORBIDDEN)
def test_a_next_that_would_buy_or_ask_again_unasked_is_forbidden_by_its_document(
    scene: Scene, case: str
) -> None:
    row = FORBIDDEN[case]
    agent = scene.agent()
    document = row.comes(scene, agent)
    assert (kind(document), document["done"]) == (row.kind, True)

    creates, points, before = scene.creates, scene.points, scene.vendor.stats["requests"]
    hasty = [agent.run(document["next"]) for _ in range(2)]
    assert (scene.creates - creates, scene.points - points) == (int(row.points > 0), row.points)
    assert len({one["job"] for one in hasty}) == 1  # the yes of one `next` buys once, however often it is run
    if row.asks:
        assert scene.vendor.stats["requests"][row.asks] > before[row.asks]
        assert [(kind(one), one["done"]) for one in hasty] == [(row.kind, True)] * 2


@pytest.mark.parametrize("words", [("--max-credits", "3"), ("--size", "8K"), ("--model", "seadream")])
def test_where_no_yes_helps_there_is_no_next(scene: Scene, words: tuple[str, ...]) -> None:
    document = brought(scene, scene.agent(), *words)
    assert (document["done"], document["next"], scene.creates) == (True, None, 0)


def going_on(scene: Scene, agent: Agent) -> Document:
    return started(scene, agent, *scene.fast)


def still_going_on(scene: Scene, agent: Agent) -> Document:
    agent.relay(started(scene, agent, *scene.fast))
    return under_way(scene, agent, "--max-wait", "1")


def under_way(scene: Scene, agent: Agent, *words: str) -> Document:
    """Waited for, and the vendor is not there yet."""
    scene.vendor.fault("detail", STILL, times=-1)
    document = agent.command("wait", "last", "--user-id", agent.user, *words)
    scene.vendor.clear()
    return document


def late(scene: Scene, agent: Agent) -> Document:
    """Three moments have passed; the vendor is not there yet when it is asked the first time."""
    agent.relay(started(scene, agent))
    scene.comes(70)
    return under_way(scene, agent)


def key_reused(scene: Scene, agent: Agent) -> Document:
    agent.relay(started(scene, agent, *scene.fast))
    return agent.start("a windmill at dawn", *scene.fast)


def not_cancelled(scene: Scene, agent: Agent) -> Document:
    agent.relay(started(scene, agent, *scene.fast))
    return agent.command("cancel", "last", "--user-id", agent.user)


def nothing_to_fetch(scene: Scene, agent: Agent) -> Document:
    agent.relay(started(scene, agent, *scene.fast))
    return agent.command("fetch", "last", "--user-id", agent.user)


def interrupted(scene: Scene, agent: Agent) -> Document:
    begun = started(scene, agent, *scene.fast)
    agent.relay(begun)
    scene.vendor.fault("detail", {"kind": "hold"})
    process = agent.process(begun["next"])
    scene.vendor.held("detail")
    process.send_signal(signal.SIGTERM)
    document = agent.read(begun["next"], process)
    scene.vendor.release()
    return document


ALLOWED: dict[str, Callable[[Scene, Agent], Document]] = {
    "submitted": going_on,
    "progress": still_going_on,
    "late": late,
    "key_reused": key_reused,
    "cannot_cancel": not_cancelled,
    "nothing_to_fetch": nothing_to_fetch,
    "interrupted": interrupted,
}


@pytest.mark.parametrize("case", ALLOWED)
def test_a_next_beside_done_false_may_be_run_as_often_as_one_likes(scene: Scene, case: str) -> None:
    """Twice at the same time, and twice more."""
    agent = scene.agent()
    document = ALLOWED[case](scene, agent)
    assert (kind(document), document["done"]) == ("progress" if case == "late" else case, False)
    agent.relay(document)
    for _ in range(MOST_TURNS):
        next = document["next"]
        answers = [*agent.at_once(next, next), agent.run(next), agent.run(next)]
        for answer in answers:
            agent.relay(answer)
        document = answers[-1]
        if document["done"]:
            break
    assert kind(document) == "result"
    scene.ends(creates=1, points=5)


def test_an_upload_that_is_gone_on_with_twice_at_once_buys_once(scene: Scene, tmp_path: Path) -> None:
    """Eight seconds of this machine, as `start` waits that long."""
    inputs = [picture(tmp_path, f"{colour}.png", colour) for colour in ("red", "navy")]
    thread = travels_slowly(scene)
    agent = scene.agent()
    begun = started(scene, agent, *scene.fast, "--input-images", *inputs)
    thread.join()
    assert (begun["event"], begun["done"], begun["send"]) == ("uploading", False, [])
    scene.vendor.release()
    answers = agent.at_once(begun["next"], begun["next"])
    answers += [agent.run(begun["next"]) for _ in range(2)]
    for answer in answers:
        agent.relay(answer)
    assert {answer["job"] for answer in answers} == {begun["job"]}
    assert kind(agent.go_on(agent.run(answers[-1]["next"] or answers[0]["next"]))) == "result"
    scene.ends(creates=1, points=5)


# --- two at the same moment -------------------------------------------------------------------------------

LONG_WISH = (
    "a lighthouse at dusk, waves, gulls, clouds " * 120
)  # its document is more than one page of a pipe


def while_it_prints(agent: Agent, argv: Sequence[str], other: Sequence[str]) -> list[Document]:
    """One command is held in the middle of its document, and another one run meanwhile; both documents."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    first = subprocess.Popen(argv, env=agent.env, cwd=agent.cwd, stdout=writing, stderr=subprocess.DEVNULL)
    os.close(writing)
    begun = os.read(reading, 1)
    second = agent.process(other)
    with contextlib.suppress(subprocess.TimeoutExpired):
        second.wait(1.5)
    with open(reading, "rb") as rest:
        printed = begun + rest.read()
    first.wait(10)
    return [json.loads(printed), agent.read(other, second)]


def started_twice(scene: Scene, agent: Agent) -> list[Sequence[str]]:
    more = ("--user-id", agent.user, "--idempotency-key", "message")
    start = (sys.executable, agent.create, "start", "--prompt", LONG_WISH, *more)
    return [start, start]


def waited_for_twice(scene: Scene, agent: Agent) -> list[Sequence[str]]:
    begun = agent.start(LONG_WISH)
    agent.relay(begun)
    scene.made()
    scene.comes(70)
    return [begun["next"], begun["next"]]


def waited_for_and_fetched(scene: Scene, agent: Agent) -> list[Sequence[str]]:
    """When it was made and saved, and nobody has heard of it."""
    wait, _ = waited_for_twice(scene, agent)
    line(agent.process((*wait, "--brief")))
    return [wait, (*wait[:2], "fetch", *wait[3:])]


def failed_for_twice(scene: Scene, agent: Agent) -> list[Sequence[str]]:
    scene.vendor.fault("create", {"kind": "media", "index": 0, "reason": "no luck"})
    return waited_for_twice(scene, agent)


@pytest.mark.parametrize(
    "commands", [started_twice, waited_for_twice, waited_for_and_fetched, failed_for_twice]
)
def test_what_two_commands_have_to_say_at_the_same_moment_is_said_by_one(
    scene: Scene, commands: Callable[[Scene, Agent], list[Sequence[str]]]
) -> None:
    agent = scene.agent()
    documents = while_it_prints(agent, *commands(scene, agent))
    first, second = documents
    assert (first["job"], kind(first), first["done"]) == (second["job"], kind(second), second["done"])
    assert [len(document["send"]) for document in documents] == [1, 0]
    assert second["resend"] == first["send"]
    assert scene.creates == 1


def test_a_turn_to_speak_ends_with_its_command_and_is_not_kept_by_the_dead(scene: Scene) -> None:
    """One command is killed in the middle of its document: the next one speaks, some seconds later."""
    agent = scene.agent()
    wait, _ = waited_for_twice(scene, agent)
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    killed = subprocess.Popen(wait, env=agent.env, cwd=agent.cwd, stdout=writing, stderr=subprocess.DEVNULL)
    os.close(writing)
    os.read(reading, 1)
    killed.kill()
    killed.wait(10)
    os.close(reading)

    scene.later(6)
    said = agent.read(wait, agent.process(wait), patience=20)
    agent.relay(said)
    assert len(said["send"]) == 1
    begun = time.monotonic()
    assert agent.run(wait)["send"] == []
    assert time.monotonic() - begun < 5, "nobody had to be waited for"
    scene.ends(creates=1, points=5)


# --- woken and asking, both at once -----------------------------------------------------------------------


def brief(agent: Agent, job: str) -> Process:
    return agent.process((*agent.turns[0].argv[:2], "wait", job, "--brief"))


def line(process: Process) -> str:
    stdout, _ = process.communicate(timeout=60)
    return stdout.decode()


@pytest.mark.parametrize("first", ["background", "foreground", "together"])
def test_it_is_woken_and_asks_itself_and_one_of_both_says_the_result(scene: Scene, first: str) -> None:
    agent = scene.agent()
    agent.hears(SAYS["en"])
    begun = started(scene, agent, *scene.fast)
    agent.relay(begun)
    job = begun["job"]
    if first == "together":
        scene.vendor.fault("detail", {"kind": "hold"}, times=2)
        background, foreground = brief(agent, job), agent.process(begun["next"])
        scene.vendor.held("detail", count=2)
        scene.vendor.release()
        answers = [agent.read(begun["next"], foreground)]
        woken_by = line(background)
    elif first == "background":
        woken_by = line(brief(agent, job))
        answers = [agent.run(begun["next"])]
    else:
        answers = [agent.run(begun["next"])]
        woken_by = line(brief(agent, job))
    assert job in woken_by
    answers += [agent.command("wait", job), agent.command("fetch", job)]
    for answer in answers:
        agent.relay(answer)
    said = [answer["send"] for answer in answers if answer["event"] == "result"]
    assert [len(one) for one in said].count(1) == 1
    assert sum(map(len, said)) == 1
    scene.ends(creates=1, points=5)


@pytest.mark.parametrize("partly", [False, True], ids=["all of it", "two of three"])
def test_an_end_that_nobody_heard_of_is_told_once_although_another_trouble_comes_first(
    scene: Scene, partly: bool
) -> None:
    """The files come with the first document there is; what is to be said of the others, with the end."""
    if partly:
        scene.vendor.fault("create", {"kind": "media", "index": 1, "reason": "the paint ran out"})
    agent = scene.agent()
    begun = started(scene, agent, *scene.fast, *(("--n", "3") if partly else ()))
    agent.relay(begun)
    assert begun["job"] in line(brief(agent, begun["job"]))

    trouble = agent.status(begun["job"], "cancel")
    assert (kind(trouble), len(trouble["send"])) == ("already_over", 3 if partly else 2)
    end = agent.go_on(agent.command("wait", begun["job"]))
    assert kind(end) == ("partly_failed" if partly else "result")
    assert (len(end["send"]), end["resend"]) == (int(partly), trouble["send"][:-1])
    assert agent.command("wait", begun["job"])["send"] == []
    scene.ends(creates=1, points=15 if partly else 5)
