"""Finished files on their way here: links that expire, break, lead elsewhere or say too much."""

from __future__ import annotations

import gzip
import io
import urllib.parse

import pytest

from parts import Act, door, ima, line, resets, says, then
from studio.errors import InternalError, NotSaved
from support import KEY

CAP = 200_000
FILE = b"a finished picture" * 6000
MOST = FILE[:99_999]  # more than is read at once


@pytest.mark.parametrize(
    "acts",
    [
        pytest.param([says(200, FILE)], id="at once"),
        pytest.param(
            [says(302, Location="/moved"), says(307, Location="?again"), says(200, FILE)], id="moved"
        ),
        pytest.param([says(200, MOST, promised=len(FILE)), says(200, FILE)], id="cut short once"),
        pytest.param([then(says(200, MOST, promised=len(FILE)), resets), says(200, FILE)], id="reset once"),
        pytest.param([says(503), says(200, FILE)], id="busy once"),
        pytest.param([says(200, gzip.compress(FILE), Content_Encoding="gzip")], id="packed unasked"),
    ],
)
def test_a_finished_file_arrives_whole_from_its_start(acts: list[Act]) -> None:
    sink = io.BytesIO(b"left from before" * 9999)
    with line(*acts) as server:
        door(ima(server.url)).download(f"{server.url}/file", sink, CAP)

    assert sink.getvalue() == FILE
    assert all("authorization" not in got.headers for got in server.got)


@pytest.mark.parametrize(
    ("act", "why"),
    [
        pytest.param(says(403), "HTTP 403", id="expired"),
        pytest.param(says(200, MOST, promised=len(FILE)), "could not be fetched", id="always cut short"),
        pytest.param(says(200, b"x" * (CAP + 1)), "too large", id="too large"),
        pytest.param(says(302, Location="/round"), "circles", id="in circles"),
        pytest.param(says(302, Location="http://vendor.example.com/x"), "not https", id="to a plain link"),
        pytest.param(says(302, Location="https://[/x"), "could not be fetched", id="to no link at all"),
        pytest.param(says(302, Location="https://127.0.0.1:1/x"), "no connection", id="to nobody"),
    ],
)
def test_a_file_that_does_not_come_is_not_saved_and_may_be_asked_for_again(act: Act, why: str) -> None:
    with line(act) as server, pytest.raises(NotSaved, match=why) as failed:
        door(ima(server.url)).download(f"{server.url}/file?sig=link_secret", io.BytesIO(), CAP)

    assert (failed.value.retry, failed.value.charged) == ("later", "yes")
    assert "link_secret" not in failed.value.message


def test_a_redirect_does_not_lead_the_key_astray() -> None:
    leading = says(302, Location=f"https://cdn.example.com/{urllib.parse.quote(KEY, safe='')}")
    with line(leading) as server, pytest.raises(InternalError, match="not sent"):
        door(ima(server.url)).download(server.url, io.BytesIO(), CAP)
