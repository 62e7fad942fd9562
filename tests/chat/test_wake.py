"""A wait in the background, and what of it reaches the agent. OpenClaw wakes an agent with a notice of its
own: re-implemented here from what is known of it (the end of both streams, collapsed, and its first signs).
It has to name the job and what to run next, whole, however the wait ended."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chat.agent import Agent, Document, Process
from chat.conftest import SAYS, Scene
from chat.test_situations import STILL, lost
from support import ROOT

TAIL, SHOWN = 400, 180  # characters of the output that are looked at, and of those that are shown


def notice(output: str) -> str:
    """What the agent is woken with, after both streams in the order in which they were written."""
    collapsed = " ".join(output[-TAIL:].split())
    return collapsed if len(collapsed) <= SHOWN else collapsed[: SHOWN - 1] + "…"


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        ("DONE k3 ok\n", "DONE k3 ok"),
        ("  a \n\n b\tc\n", "a b c"),
        ("x" * 180, "x" * 180),
        ("x" * 181, "x" * 179 + "…"),
        ("early" + "x" * 400, "x" * 179 + "…"),
        ("noise " * 60 + "DONE k3 ok", ("noise " * 30)[:179] + "…"),
    ],
)
def test_the_notice_is_the_begin_of_the_end_of_what_was_printed(output: str, shown: str) -> None:
    assert notice(output) == shown


def test_a_document_would_be_cut_in_the_middle_of_the_notice(scene: Scene) -> None:
    agent = scene.agent()
    begun = agent.start(SAYS["en"], *scene.fast)
    shown, code = woken(agent, begun["next"])
    assert (code, shown[-1], "create.py wait" in shown) == (0, "…", False)


def in_background(agent: Agent, argv: Sequence[str]) -> Process:
    """Both streams in one, as the machinery of the background keeps them."""
    return agent.process(argv, merged=True)


def woken(agent: Agent, argv: Sequence[str]) -> tuple[str, int]:
    """The notice of a command that ran in the background, and its exit code."""
    return ended(in_background(agent, argv))


def ended(process: Process) -> tuple[str, int]:
    try:
        output, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    assert output.strip(), "nobody is woken by silence"
    return notice(output.decode()), process.wait()


def brief(begun: Document, *more: str) -> list[str]:
    return [*begun["next"], "--brief", *more]


# --- each kind of end -------------------------------------------------------------------------------------


def done(scene: Scene, agent: Agent, begun: Document) -> Sequence[str]:
    return brief(begun)


def running(scene: Scene, agent: Agent, begun: Document) -> Sequence[str]:
    scene.vendor.fault("detail", STILL, times=-1)
    return brief(begun, "--max-wait", "0.5")


def unanswered(scene: Scene, agent: Agent, begun: Document) -> Sequence[str]:
    scene.vendor.fault("detail", {"kind": "http", "status": 503}, times=-1)
    return brief(begun, "--max-wait", "0.5")


def overdue(scene: Scene, agent: Agent, begun: Document) -> Sequence[str]:
    scene.vendor.fault("detail", STILL, times=-1)
    scene.later(5000)
    return brief(begun, "--max-wait", "0.5")


def not_saved(scene: Scene, agent: Agent, begun: Document) -> Sequence[str]:
    scene.vendor.fault("file", {"kind": "http", "status": 403}, times=-1)
    return brief(begun)


def forgotten(scene: Scene, agent: Agent, begun: Document) -> Sequence[str]:
    scene.vendor.fault("detail", {"kind": "code", "code": 404, "message": "task not exist"}, times=-1)
    scene.later(40)
    return brief(begun)


def without_key(scene: Scene, agent: Agent, begun: Document) -> Sequence[str]:
    agent.env["IMA_API_KEY"] = ""
    return brief(begun)


def key_on_the_line(scene: Scene, agent: Agent, begun: Document) -> Sequence[str]:
    """Of which a person is warned, on the other stream."""
    return brief(begun, "--api-key", agent.env["IMA_API_KEY"])


def failed(scene: Scene, agent: Agent, begun: Document) -> Sequence[str]:
    return brief(begun)


@dataclass(frozen=True)
class End:
    word: str
    kind: str
    runs: str  # the command that the line names
    code: int = 0
    comes: Callable[[Scene, Agent, Document], Sequence[str]] = done
    create: dict[str, Any] | None = None


BROKEN = {"kind": "media", "index": 0, "reason": "the paint ran out"}
ENDS = {
    "done": End("DONE", "ok", "show"),
    "still running": End("RUNNING", "ok", "wait", comes=running),
    "running, and nothing answers": End("RUNNING", "ok", "wait", comes=unanswered),
    "failed": End("FAILED", "failed", "show", 8, failed, BROKEN),
    "not saved": End("FAILED", "not_saved", "wait", 13, not_saved),
    "far too long": End("FAILED", "overdue", "wait", 5, overdue),
    "not found any more": End("FAILED", "lookup_failed", "wait", 5, forgotten),
    "no key": End("FAILED", "key_missing", "wait", 3, without_key),
    "a key on the line": End("DONE", "ok", "show", comes=key_on_the_line),
}


@pytest.mark.parametrize("case", ENDS)
def test_the_notice_names_the_job_and_what_to_run_however_it_ended(scene: Scene, case: str) -> None:
    row = ENDS[case]
    if row.create:
        scene.vendor.fault("create", row.create)
    agent = scene.agent()
    begun = agent.start(SAYS["en"], *scene.fast)
    agent.relay(begun)
    job = begun["job"]
    shown, code = woken(agent, row.comes(scene, agent, begun))
    assert (shown, code) == (f"{row.word} {job} {row.kind} -> create.py {row.runs} {job}", row.code)


def test_the_notice_of_an_end_that_nobody_knows_leads_to_its_message(scene: Scene) -> None:
    agent = scene.agent()
    job = lost(scene, agent, "en", accepted=True)["job"]
    shown, code = woken(agent, (*agent.turns[0].argv[:2], "wait", job, "--brief"))
    assert (shown, code) == (f"FAILED {job} unknown -> create.py show {job}", 9)


@pytest.mark.parametrize(
    ("held", "number"),
    [
        ("detail", signal.SIGTERM),
        ("file", signal.SIGTERM),
        ("detail", signal.SIGHUP),
        ("file", signal.SIGINT),
    ],
)
def test_a_wait_that_is_ended_from_outside_says_how_to_go_on(
    scene: Scene, held: str, number: signal.Signals
) -> None:
    agent = scene.agent()
    begun = agent.start(SAYS["en"], *scene.fast)
    agent.relay(begun)
    fault = {"kind": "stall", "bytes": 5000} if held == "file" else {"kind": "hold"}
    scene.vendor.fault(held, fault)
    process = in_background(agent, brief(begun))
    scene.vendor.held(held)
    process.send_signal(number)
    shown, code = ended(process)
    scene.vendor.release()
    assert (shown, code) == (f"RUNNING {begun['job']} interrupted -> create.py wait {begun['job']}", 130)
    assert agent.go_on(agent.run(begun["next"]))["event"] == "result"  # as the line says
    scene.ends(creates=1, points=5)


def test_what_is_killed_outright_says_nothing_and_its_job_is_found_by_who_looks(scene: Scene) -> None:
    """Nothing can be printed then; the exit code, which is not 0, wakes the agent all the same."""
    agent = scene.agent()
    agent.relay(begun := agent.start(SAYS["en"], *scene.fast))
    scene.vendor.fault("detail", {"kind": "hold"})
    process = in_background(agent, brief(begun))
    scene.vendor.held("detail")
    process.kill()
    output, _ = process.communicate(timeout=60)
    scene.vendor.release()
    assert (output, process.returncode) == (b"", -signal.SIGKILL)
    (end,) = agent.woken()
    assert (end["event"], end["job"]) == ("result", begun["job"])
    scene.ends(creates=1, points=5)


# --- from far away ----------------------------------------------------------------------------------------


@pytest.fixture
def far(tmp_path: Path) -> Path:
    """A folder whose path is longer than the whole notice."""
    folder = tmp_path.joinpath(*(["a-rather-long-name-of-a-folder-灯塔"] * 9))
    folder.mkdir(parents=True)
    assert len(str(folder)) > TAIL - 100
    return folder


@pytest.mark.parametrize("case", ["done", "still running", "not saved"])
def test_a_long_path_and_a_long_home_leave_the_notice_whole(scene: Scene, far: Path, case: str) -> None:
    row = ENDS[case]
    scripts = shutil.copytree(ROOT / "scripts", far / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    agent = scene.agent(create=scripts / "create.py")
    begun = agent.start(SAYS["en"], *scene.fast, "--home", str(far / "home"))
    agent.relay(begun)
    job = begun["job"]
    assert len(shlex.join(begun["next"])) > TAIL
    shown, code = woken(agent, row.comes(scene, agent, begun))
    assert (shown, code) == (f"{row.word} {job} {row.kind} -> create.py {row.runs} {job}", row.code)


# --- one that takes longer than five minutes --------------------------------------------------------------


@pytest.fixture
def slow_model(tmp_path: Path) -> Path:
    """The command with a made-up row: Midjourney takes 400 to 900 s, and is spoken of every two minutes."""
    scripts = shutil.copytree(
        ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__")
    )
    table = scripts / "studio" / "data" / "catalogue" / "ima.json"
    known = json.loads(table.read_text(encoding="utf-8"))
    (row,) = [one for one in known["models"] if one["id"] == "midjourney"]
    row.update(estimate=[400, 900], tell_every=120)
    table.write_text(json.dumps(known), encoding="utf-8")
    return scripts / "create.py"


def quietly(background: Sequence[str]) -> list[str]:
    """The command of which this is the brief form."""
    assert "--brief" in background
    return [word for word in background if word != "--brief"]


def test_what_takes_longer_than_five_minutes_is_waited_for_in_the_background(
    scene: Scene, slow_model: Path
) -> None:
    scene.vendor.fault("detail", STILL, times=-1)
    agent = scene.agent("zh", create=slow_model)
    agent.hears(SAYS["zh"])
    begun = agent.start(SAYS["zh"], "--model", "Midjourney")
    agent.relay(begun)
    job, background = begun["job"], begun["background"]
    assert begun["next"][2:6] == ["wait", job, "--max-wait", "120"]
    assert quietly(background) == begun["next"]

    scene.comes(130)  # a word is due: the background wakes, and leaves it to `next` to say it
    for _ in range(2):
        assert woken(agent, background) == (f"RUNNING {job} ok -> create.py wait {job}", 0)
    words = [agent.run(begun["next"]), agent.command("wait", job, "--max-wait", "1")]
    for document in words:
        agent.relay(document)
    assert [(one["event"], len(one["send"]), one["percent"]) for one in words] == [
        ("progress", 1, 14),
        ("progress", 0, 14),
    ]
    assert quietly(words[0]["background"]) == words[0]["next"]

    scene.vendor.clear()
    scene.comes(850)
    assert woken(agent, words[0]["background"]) == (f"DONE {job} ok -> create.py show {job}", 0)
    end, again = agent.command("wait", job), agent.command("wait", job)
    agent.relay(end)
    agent.relay(again)
    assert (end["event"], len(end["send"]), end["background"]) == ("result", 1, None)
    assert (again["send"], again["resend"]) == ([], end["send"])
    scene.ends(creates=1, points=scene.points)


def test_nothing_of_it_for_models_of_pictures_as_they_are(scene: Scene) -> None:
    agent = scene.agent()
    models = agent.command("models", "--task-type", "text_to_image")["models"]
    assert len(models) == 4
    for model in models:
        agent.messages += 1
        begun = agent.start(SAYS["en"], "--model", model["id"])
        shown = agent.command("show", begun["job"])
        for document in (begun, shown):
            assert document["background"] is None, model["id"]
            assert document["next"][2:4] == ["wait", begun["job"]]
            assert "--max-wait" not in document["next"], model["id"]
