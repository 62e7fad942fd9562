"""What a chat is looked at for after whatever happened in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from chat.agent import Agent, Entry
from jargon import jargon, language

RANKS = {"uploading": 0, "submitted": 0, "progress": 1, "result": 2, "failure": 2, "closed": 2}
PICTURES = tuple(bytes.fromhex(magic) for magic in ("89504e47", "ffd8ff", "52494646"))
TOOL = {"action", "message", "media"}
CAPTION = 900  # UTF-16 units


def twice(chat: Sequence[Entry]) -> list[str]:
    """Messages said more than once of a job, though nobody asked; or, where there is none, after the same
    words of the person."""
    once: Counter[tuple[object, str]] = Counter()
    heard = 0
    for entry in chat:
        heard += entry.who == "user"
        if entry.who == "agent" and not (entry.again or entry.asked):
            once[entry.job or heard, entry.what] += 1
    return [text for (_, text), times in once.items() if times > 1]


def looked_at(agents: Sequence[Agent], speaks: Sequence[str]) -> None:
    """Every rule that holds in any chat, for each of some chats with one vendor. speaks: their languages."""
    for agent, spoken in zip(agents, speaks, strict=True):
        said = [entry for entry in agent.chat if entry.who == "agent"]
        for entry in said:
            _item(entry)
            assert jargon(entry.what) == [], entry.what
            assert language(entry.what) == {spoken}, entry.what
        assert twice(agent.chat) == []
        _in_order(agent, said)
        _files(agent, said)
        _nothing_more(agent)
    everybody = [entry.media for agent in agents for entry in agent.chat if entry.media and not entry.again]
    assert len(everybody) == len(set(everybody)), "a file in two chats"


def _item(entry: Entry) -> None:
    """Exactly the arguments of a message tool, within what every channel takes."""
    item = entry.item
    assert set(item) <= TOOL, item
    assert {"action", "message"} <= set(item), item
    assert item["action"] == "send"
    assert all(isinstance(value, str) and value for value in item.values()), item
    assert len(entry.what.encode("utf-16-le")) // 2 <= CAPTION


def _in_order(agent: Agent, said: Sequence[Entry]) -> None:
    """That it begins, how it goes, how it ended: each job's words in this order."""
    for job in {entry.job for entry in said if entry.job}:
        ranks = [RANKS[entry.event] for entry in said if entry.job == job and not entry.asked]
        assert ranks == sorted(ranks), [(entry.event, entry.what) for entry in said if entry.job == job]
        assert ranks.count(0) <= 1
        assert ranks.count(1) <= 8


def _files(agent: Agent, said: Sequence[Entry]) -> None:
    """Each file that was made was delivered once, and is what its name says."""
    made = {
        output["path"]
        for turn in agent.turns
        for output in turn.document.get("outputs", [])
        if output["path"]
    }
    sent = {entry.media for entry in said if entry.media}
    assert made == sent, "a file that was made was not delivered"
    for path in map(Path, filter(None, sent)):
        assert path.name.isascii()
        assert path.suffix in {".png", ".jpg", ".jpeg", ".webp"}
        assert path.read_bytes().startswith(PICTURES)


def _nothing_more(agent: Agent) -> None:
    """Whoever looks again at what ended well finds nothing left to say."""
    ends = {turn.document["job"]: turn.document for turn in agent.turns if turn.document.get("job")}
    for job, document in ends.items():
        if document["event"] == "result" and document["ok"] and document["done"]:
            again = agent.command("wait", job)
            assert (again["send"], again["done"]) == ([], True), again["send"]
