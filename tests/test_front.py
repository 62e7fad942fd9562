"""The front passes everything on, and breaks what it is told to break."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
import requests
import trustme

from front import Front
from support import KEY, Vendor
from twins.ima_vendor import text_body

CREATE = "/open/v1/tasks/create"
HEADERS = {"Authorization": f"Bearer {KEY}", "x-app-source": "ima_skills"}
KINDS = pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])


@pytest.fixture
def front(vendor: Vendor, tmp_path: Path, tls: bool, monkeypatch: pytest.MonkeyPatch) -> Front:
    made = Front(vendor.urls["api"], tmp_path if tls else None)
    for name, value in made.env.items():
        monkeypatch.setenv(name, value)
    return made


def create(front: Front) -> requests.Response:
    return requests.post(front.url + CREATE, json=text_body(), headers=HEADERS, timeout=5)


@KINDS
def test_the_command_reaches_the_twin_through_it(vendor: Vendor, front: Front) -> None:
    with front:
        made = vendor.make(env=front.env)

    assert made.code == 0, made.stderr
    assert (vendor.stats["requests"]["create"], vendor.stats["accepted"]) == (1, 1)
    assert f"POST {CREATE} HTTP/1.1" in front.received
    assert len(front.received) == sum(
        vendor.stats["requests"][endpoint] for endpoint in ("list", "create", "detail")
    )


@KINDS
def test_a_request_and_its_answer_pass_unchanged(vendor: Vendor, front: Front) -> None:
    with front:
        answer = create(front)

    assert answer.json()["data"]["id"] == vendor.stats["tasks"][0]["id"]
    assert answer.headers["Server"].startswith("sandbox")
    assert vendor.stats["tasks"][0]["body"] == text_body()
    assert vendor.stats["creates"] == {text_body()["parameters"][0]["parameters"]["prompt"]: 1}


@KINDS
@pytest.mark.parametrize("after", [0, 40, 300])
def test_a_reset_comes_after_the_twin_registered_the_task(vendor: Vendor, front: Front, after: int) -> None:
    front.resets("/tasks/create", after=after)
    with front:
        with pytest.raises(requests.RequestException):
            create(front).json()
        assert vendor.stats["accepted"] == 1
        assert create(front).json()["code"] == 0


@pytest.mark.parametrize("tls", [False], ids=["plain"])
@pytest.mark.parametrize("after", [0, 1, 60])
def test_a_reset_comes_after_exactly_the_bytes_it_is_told(front: Front, after: int) -> None:
    front.resets("/product/list", after=after)
    with front, socket.create_connection(("127.0.0.1", int(front.url.rpartition(":")[2])), 5) as wire:
        wire.sendall(b"GET /open/v1/product/list HTTP/1.1\r\nHost: x\r\n\r\n")
        came = wire.recv(9999) if after else b""
        with pytest.raises(ConnectionResetError):
            wire.recv(9999)

    assert (len(came), b"HTTP/1.1 401"[:after]) == (after, came[:12])


@pytest.mark.parametrize("tls", [True], ids=["TLS"])
@pytest.mark.parametrize("after", [0, 300])
def test_a_tls_stream_breaks_after_the_twin_registered_the_task(
    vendor: Vendor, front: Front, after: int
) -> None:
    front.breaks("/tasks/create", after=after)
    with front:
        with pytest.raises((requests.exceptions.SSLError, requests.exceptions.ChunkedEncodingError)):
            create(front)
        assert vendor.stats["accepted"] == 1
        assert create(front).json()["code"] == 0


@pytest.mark.parametrize("tls", [False], ids=["plain"])
def test_there_is_no_record_to_break_where_there_is_no_tls(front: Front) -> None:
    with pytest.raises(ValueError, match="TLS"):
        front.breaks("/tasks/create")


@KINDS
def test_only_the_requests_that_are_named_are_broken_and_as_often_as_told(
    vendor: Vendor, front: Front
) -> None:
    front.resets("/tasks/detail", times=2)
    ended = []
    with front:
        assert create(front).status_code == 200
        for _ in range(3):
            try:
                ended.append(requests.post(f"{front.url}/open/v1/tasks/detail", timeout=5).status_code)
            except requests.ConnectionError:
                ended.append(0)

    assert ended == [0, 0, 401]
    assert vendor.stats["requests"]["detail"] == 3


@KINDS
def test_it_refuses_from_the_answer_it_is_told_until_it_is_opened_at_the_same_port(
    vendor: Vendor, front: Front
) -> None:
    front.shut_after("/product/list")
    with front:
        assert create(front).status_code == 200
        for _ in range(2):
            assert requests.get(f"{front.url}/open/v1/product/list", timeout=5).status_code == 401
            for _ in range(3):
                with pytest.raises(requests.ConnectionError, match="refused"):
                    create(front)
            front.open()
            assert create(front).status_code == 200
            front.shut_after("/product/list")

    assert vendor.stats["accepted"] == 3
    with pytest.raises(requests.ConnectionError, match="refused"):
        create(front)


@KINDS
def test_many_connections_at_once_are_served_side_by_side(vendor: Vendor, front: Front) -> None:
    vendor.fault("create", {"kind": "hold"}, times=5, when="after")
    codes: list[int] = []
    with front:
        buyers = [
            threading.Thread(target=lambda: codes.append(create(front).json()["code"])) for _ in range(5)
        ]
        for buyer in buyers:
            buyer.start()
        vendor.held("create", count=5)
        assert vendor.stats["accepted"] == 5
        vendor.release()
        for buyer in buyers:
            buyer.join(10)

    assert codes == [0] * 5


@pytest.mark.parametrize("tls", [True], ids=["TLS"])
def test_only_who_trusts_its_certificate_gets_through(
    vendor: Vendor, front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    with front:
        assert create(front).status_code == 200
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
        with pytest.raises(requests.exceptions.SSLError):
            create(front)

    assert vendor.stats["accepted"] == 1
