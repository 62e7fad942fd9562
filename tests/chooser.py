"""What the tests about preferences share: the command as a user of a chat runs it."""

from __future__ import annotations

from studio import catalogue
from support import PROMPT, Run, Vendor, run

TYPES = tuple(catalogue.vendor("ima").task_types)  # what these models make
MJ, PRO, DEFAULT = "Midjourney", "Nano Banana Pro", "SeeDream 4.5"


def message(made: Run) -> str:
    (item,) = made.document["send"]
    text: str = item["message"]
    return text


def preferred(user: str = "u1", *words: str) -> dict[str, str]:
    """Task type -> model id, as a fresh process shows it."""
    rows = run("prefs", "--user-id", user, *words).document["preferences"]
    assert {row["user_id"] for row in rows} <= {user}
    return {row["task_type"]: row["model"]["id"] for row in rows}


def setting(model: str, *words: str, user: str = "u1") -> Run:
    made = run("prefs", "set", "--model", model, "--user-id", user, *words)
    assert made.code == 0, made.stderr
    return made


def quote(vendor: Vendor, *words: str, user: str = "u1") -> Run:
    return vendor.run("quote", "--prompt", PROMPT, "--user-id", user, *words)
