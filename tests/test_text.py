"""Every kind of document for eyes, for a pipe, and as one line for a notice."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers import GATEWAY, live
from studio import arguments, catalogue, commands, documents, errors, planning, reports, text, wishes
from studio.columns import Screen, width
from studio.signs import on_one_line
from studio.speech import Voice
from studio.types import Job, Json, Output, Plan, Saved, TaskRef
from support import validate

NEXT = ["python3", "create.py", "wait", "k3f9q2xa"]
BUY = ["python3", "create.py", "make", "--max-credits", "18"]

WIDE = Screen(100_000)
NO_JOBS = "No jobs yet. Rehearsals have a record of their own: create.py list --sandbox"


def plan_of(language: str = "en", n: int = 1) -> Plan:
    wish = wishes.Wish(prompt="一座灯塔", model="大香蕉", options={"size": "4K"}, language=language, n=n)
    task_type = wishes.task_type_of(wish)
    return planning.draft(
        wish,
        task_type=task_type,
        model=wishes.model_of(wish, task_type, {"ima"}),
        gateway=GATEWAY,
        inputs=(),
        offers_of=lambda _, id: live(id),
    )


PLAN = plan_of()
FILE = Saved("image", "/pictures/灯塔-1.png", "https://cdn.example/1.png", "image/png", 9, "0" * 64, 8, 8)
JOB = Job(
    id="k3f9q2xa",
    state="done",
    created_at=1000.0,
    changed_at=1040.0,
    plan=PLAN,
    out="/pictures",
    task=TaskRef("ima", "task-1", 1001.0),
    finished_at=1040.0,
    outputs=(FILE, replace(FILE, path="/pictures/灯塔-2.png", url="http://127.0.0.1:1/2.png")),
)
VOICE = Voice("zh")
RUNNING = replace(JOB, state="submitted", finished_at=None, outputs=())


def failure(error: errors.StudioError, **more: Any) -> Json:
    return documents.failure(error, VOICE, now=1100.0, **{"gateway": GATEWAY, **more})


STOP = errors.NeedsApproval("It is dear.")


def quote(ask: bool, request: Json | None = None) -> Json:
    return documents.quote(
        PLAN,
        GATEWAY,
        replace(VOICE, sandbox=True),
        stop=STOP if ask else None,
        request=request,
        token="t",
        next=BUY,
    )


REQUEST = {"method": "POST", "url": "https://api.imastudio.com/x", "json": {"prompt": "一座灯塔"}}
ROWS = [reports.model(spec, GATEWAY, ["text_to_image"]) for spec in catalogue.vendor("ima").models]
LIVE = [reports.live_model(offer, None, "text_to_image", "ima", GATEWAY) for offer in live()]
PARTLY = errors.JobFailed("One failed.", kind="partly_failed", charged="yes")
WAITING = errors.NotFinished("It takes longer.", detail="一会儿")
NO_KEY = errors.KeyProblem("No key.", detail="A key can be made at …")
KEYS = {
    "gateway": "ima",
    "name": "IMA Studio",
    "variable": "IMA_API_KEY",
    "key": "missing",
    "key_page": "https://k",
    "addresses": {"api": "http://127.0.0.1:1"},
}
CHECKS = [
    {"check": "python", "state": "ok", "says": "3.12", "fix": None},
    {"check": "key ima", "state": "warn", "says": "IMA_API_KEY is missing", "fix": "make one at https://k"},
]
DOCTOR: Json = {
    "keys": [KEYS],
    "checks": CHECKS,
    "folders": {name: "/家" for name in ("record", "config", "files")},
}
COMMANDS = {command.name: arguments.schema(command) for command in commands.COMMANDS}
CASES: dict[
    str, tuple[Json, str, str, str]
] = {  # document, brief line, values, a part of what a person reads
    "result": (
        documents.result(JOB, GATEWAY, VOICE, now=1100.0),
        "DONE k3f9q2xa ok -> create.py show k3f9q2xa",
        "/pictures/灯塔-1.png\n/pictures/灯塔-2.png",
        "  /pictures/灯塔-1.png\n  8×8 px, 9 bytes, 18 points\n",
    ),
    "progress": (
        documents.progress(RUNNING, GATEWAY, VOICE, now=1100.0, send=[], next=NEXT),
        "RUNNING k3f9q2xa ok -> create.py wait k3f9q2xa",
        "k3f9q2xa",
        "Go on with: python3 create.py wait k3f9q2xa",
    ),
    "still waiting": (
        failure(WAITING, job=RUNNING, next=NEXT),
        "RUNNING k3f9q2xa not_finished -> create.py wait k3f9q2xa",
        "k3f9q2xa",
        "It takes longer.\n一会儿\nGo on with: ",
    ),
    "partly": (
        failure(PARTLY, job=JOB),
        "FAILED k3f9q2xa partly_failed -> create.py show k3f9q2xa",
        "/pictures/灯塔-1.png\n/pictures/灯塔-2.png",
        "One failed.",
    ),
    "not fetched": (
        failure(
            errors.NotSaved("Disk full."),
            job=replace(JOB, outputs=(Output("image", "https://x/1.png"),)),
            next=NEXT,
        ),
        "FAILED k3f9q2xa not_saved -> create.py wait k3f9q2xa",
        "",
        "Disk full.",
    ),
    "no key": (failure(NO_KEY, gateway=None), "FAILED failure key_missing", "", "A key can be made"),
    "approval": (
        failure(errors.NeedsApproval("It costs 18 points."), plan=PLAN, next=BUY),
        "FAILED failure needs_approval",
        "",
        "It costs 18 points.",
    ),
    "quote": (quote(False), "DONE quote ok", "18", "Nano Banana Pro"),
    "dry run": (quote(True, REQUEST), "DONE quote ok", "18", '"prompt": "一座灯塔"'),
    "models": (
        reports.models(ROWS, basis="table of 2026-02-28", sandbox=False),
        "DONE models ok",
        "doubao-seedream-4.5\ngemini-3.1-flash-image\ngemini-3-pro-image\nmidjourney",
        "    doubao-seedream-4.5 through ima; default for text_to_image\n    --task-type text_to_image",
    ),
    "live models": (
        reports.models([*LIVE, *LIVE], basis="live", sandbox=False),
        "DONE models ok",
        "doubao-seedream-4.5\ngemini-3.1-flash-image\ngemini-3-pro-image\nmidjourney",
        "    --size 480p, 720p",
    ),
    "list": (
        reports.listing([JOB, RUNNING], {"ima": GATEWAY}, sandbox=False),
        "DONE list ok",
        "k3f9q2xa",
        "18 points  Nano Banana Pro\n  一座灯塔\n  /pictures/灯塔-1.png\n  /pictures/灯塔-2.png\nk3f9q2xa",
    ),
    "empty list": (reports.listing([], {}, sandbox=False), "DONE list ok", "", NO_JOBS),
    "doctor": (
        reports.doctor(ready=False, defaults={"text_to_image": None}, versions={"python": "3"}, **DOCTOR),
        "DONE doctor ok",
        "not ready",
        "make one at https://k",
    ),
    "healthy": (
        reports.doctor(ready=True, defaults={"text_to_image": "m"}, versions={}, **DOCTOR),
        "DONE doctor ok",
        "ready",
        "text_to_image: m",
    ),
    "sandbox": (
        reports.serving(
            {"A_URL": "http://127.0.0.1:1", "KEY": "ima_rehearsal"}, {"ima": {"api": "http://a"}}
        ),
        "DONE sandbox ok",
        "A_URL=http://127.0.0.1:1\nKEY=ima_rehearsal",
        "  export A_URL=http://127.0.0.1:1",
    ),
    "schema": (
        reports.schema(commands=COMMANDS, made={}, exits={"0": "done"}),
        "DONE schema ok",
        "",
        '"--prompt"',
    ),
}
KINDS = pytest.mark.parametrize("case", CASES)


@KINDS
def test_the_documents_of_these_tests_are_such_as_are_printed(case: str) -> None:
    validate(CASES[case][0])


@KINDS
def test_brief_is_one_short_ascii_line(case: str) -> None:
    document, brief, _, _ = CASES[case]
    assert text.brief(document) == brief


@KINDS
def test_values_come_one_a_line(case: str) -> None:
    document, _, values, _ = CASES[case]
    assert text.values(document) == values


@KINDS
def test_a_person_reads_what_matters(case: str) -> None:
    document, _, _, part = CASES[case]
    shown = text.person(document, WIDE)
    assert part in shown
    for message in document["send"]:
        assert message["message"] in shown


@KINDS
@pytest.mark.parametrize("columns", [40, 80])
def test_no_word_is_cut_at_the_edge_and_a_command_stays_in_one_line(case: str, columns: int) -> None:
    document = CASES[case][0]
    lines = text.person(document, Screen(columns)).splitlines()
    assert shlex.join(document.get("next") or []) in "\n".join(lines)
    if document["schema"].split("/")[1] in {"result", "quote"}:
        for line in (one for one in lines if width(one) > columns):
            assert line.startswith((" ", "Go on with:", "If you want that:")) or " " not in line, line


COPIED = [
    'Install it: /opt/a b/bin/python3 -m pip install "av>=14"   (or: uv run --with av …) and once more.',
    "It may be charged: look at the account, then `reconcile k3f9q2xa --not-charged`, or leave it as it is.",
    "🔗 原文件：https://cdn.example.com/a/very/long/address/that/goes/on/picture.png",
]


@pytest.mark.parametrize("line", COPIED)
def test_a_line_that_holds_what_is_copied_stays_whole(line: str) -> None:
    document = {**failure(errors.UsageError("No.", detail=line))}
    assert line in text.person(document, Screen(40)).splitlines()


def test_every_document_that_has_a_schema_is_among_these() -> None:
    names = {case[0]["schema"] for case in CASES.values()}
    assert names == {f"media-studio/{name}/1" for name in NAMES}


NAMES = ("result", "quote", "models", "list", "doctor", "sandbox", "schema")


@given(st.text(max_size=300), st.sampled_from([*errors.REFUSALS, "灯塔", "x" * 300]), st.booleans())
def test_whatever_an_error_says_it_fits_into_every_shape(words: str, kind: str, known: bool) -> None:
    error = errors.JobFailed(words, kind=kind, detail=words)
    document = failure(error, job=replace(JOB, outputs=()) if known else None)
    line = text.brief(document)
    assert line.isascii()
    assert line.isprintable()
    assert 0 < len(line) <= 170
    assert on_one_line(words) in text.person(document, WIDE)
    text.values(document)


def test_a_job_without_prompt_or_price_can_be_listed() -> None:
    plan = replace(PLAN, prompt=None, billing=replace(PLAN.billing, amount=None))
    shown = text.person(reports.listing([replace(JOB, plan=plan)], {"ima": GATEWAY}, sandbox=False))
    assert "     ?  Nano Banana Pro" in shown
