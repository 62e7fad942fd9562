"""What a record of 100,000 jobs costs those who use it every day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.pairs import create, environment, medians, seconds
from bench.records import fill
from bench.table import Row
from sandbox.server import Sandbox
from support import KEY, PROMPT, key_variable, url_variable

FEW, MANY, RUNNING = 10, 100_000, 30
PAIRS = 21


def rows() -> Iterator[Row]:
    with ExitStack() as held:
        home = Path(held.enter_context(TemporaryDirectory()))
        fill(home / "few", FEW)
        fill(home / "many", MANY, RUNNING)
        sandbox = held.enter_context(Sandbox(home / "twins"))
        urls = sandbox.urls["ima"]
        addresses = {url_variable("ima", role): urls[role] for role in ("api", "upload")}
        variables = {key_variable("ima"): KEY, **addresses}
        for words in (("list",), ("start", "--force-new", "--yes", "--prompt", PROMPT, "--max-credits", "9")):
            many, few = (environment(home / name, variables) for name in ("many", "few"))
            ours, against = medians(
                lambda words=words, many=many: seconds(create(*words), many),  # type: ignore[misc]
                lambda words=words, few=few: seconds(create(*words), few),  # type: ignore[misc]
                PAIRS,
            )
            name = f"{words[0]} with {MANY} jobs and {RUNNING} open ones / with {FEW}"
            yield Row(name, ours, against, 1.2)
