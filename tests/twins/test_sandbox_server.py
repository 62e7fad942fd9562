"""The sandbox as a server: hosts, restarts, company, silence, and what it may import."""

from __future__ import annotations

import ast
import http.client
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import sandbox as package
from sandbox import Sandbox
from twins.ima_vendor import Clock, Vendor, banana_body, image_body, text_body

SOURCE = Path(package.__file__).parent


def test_a_vendor_has_three_hosts_on_loopback(vendor: Vendor) -> None:
    assert list(vendor.urls) == ["api", "upload", "files"]
    assert len(set(vendor.urls.values())) == 3
    assert all(url.startswith("http://127.0.0.1:") for url in vendor.urls.values())


def test_the_first_port_can_be_chosen() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]

    with Sandbox(port=free) as sandbox:
        assert sandbox.urls["ima"]["api"] == f"http://127.0.0.1:{free}"


def test_a_port_in_use_is_an_error_and_leaves_nothing_behind() -> None:
    with Sandbox() as first, pytest.raises(OSError, match="in use"):
        Sandbox(port=int(first.urls["ima"]["api"].rsplit(":", 1)[1]))


def test_a_restart_over_the_same_home_finds_everything_at_new_ports(tmp_path: Path, clock: Clock) -> None:
    clock.now = time.time()
    with Sandbox(tmp_path, clock=clock) as first:
        before = Vendor(first)
        link = before.upload(b"picture")
        task_id = before.create(text_body())["data"]["id"]
    clock.now += 61

    with Sandbox(tmp_path, clock=clock) as second:
        after = Vendor(second)
        [media] = after.detail(task_id)["data"]["medias"]

        assert media["url"].startswith(after.urls["files"])
        assert after.http.get(media["url"], timeout=5).status_code == 200
        assert after.stats()["balance"] == {"cdef": 999_995}
        assert (after.stats()["accepted"], len(after.stats()["tasks"])) == (0, 1)
        assert after.create(image_body(link))["code"] == 0


def test_the_state_holds_no_port_and_no_key(tmp_path: Path) -> None:
    with Sandbox(tmp_path, speed=1000) as sandbox:
        vendor = Vendor(sandbox)
        vendor.upload(b"picture")
        vendor.finish(vendor.create(text_body(size="2k"))["data"]["id"])
        kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())

    assert b"127.0.0.1" not in kept
    assert vendor.key.encode() not in kept


def test_a_task_keeps_the_speed_it_was_made_with(tmp_path: Path, clock: Clock) -> None:
    with Sandbox(tmp_path, speed=1000, clock=clock) as fast:
        task_id = Vendor(fast).create(text_body())["data"]["id"]
    clock.now += 1

    with Sandbox(tmp_path, speed=1, clock=clock) as slow:
        assert Vendor(slow).detail(task_id)["data"]["medias"][0]["url"]


def test_two_sandboxes_over_one_home_share_tasks_and_points(tmp_path: Path) -> None:
    with Sandbox(tmp_path, speed=1000) as one, Sandbox(tmp_path, speed=1000) as two:
        left, right = Vendor(one), Vendor(two)
        task_id = left.create(banana_body())["data"]["id"]

        assert right.finish(task_id)[0]["url"].startswith(right.urls["files"])
        assert right.stats()["balance"] == {"cdef": 999_994}
        assert (left.stats()["accepted"], right.stats()["accepted"]) == (1, 0)


START = """
import sys
from pathlib import Path
from sandbox import Sandbox
with Sandbox(Path(sys.argv[1])) as sandbox:
    sys.stdout.write(sandbox.urls["ima"]["api"])
"""


def test_several_processes_can_start_over_one_home_at_once_and_say_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", START, str(tmp_path / "home")]
    pipe = subprocess.PIPE
    started = [subprocess.Popen(command, cwd=SOURCE.parent, stdout=pipe, stderr=pipe) for _ in range(3)]
    ended = [process.communicate(timeout=20) for process in started]

    assert [process.returncode for process in started] == [0, 0, 0]
    assert len({out for out, _ in ended}) == 3
    assert [errors for _, errors in ended] == [b"", b"", b""]


def test_a_temporary_home_is_gone_after_close() -> None:
    sandbox = Sandbox()
    home = sandbox._home
    assert home.is_dir()
    sandbox.close()
    sandbox.close()

    assert not home.exists()


def test_a_connection_serves_many_requests_quickly(vendor: Vendor) -> None:
    connection = http.client.HTTPConnection(vendor.urls["api"].removeprefix("http://"), timeout=5)
    connection.connect()
    used = connection.sock
    began = time.perf_counter()
    for _ in range(50):
        connection.request("POST", "/open/v1/tasks/detail", b"{}", vendor.headers)
        connection.getresponse().read()

    assert connection.sock is used
    assert time.perf_counter() - began < 1  # forty milliseconds each, were small writes held back
    connection.close()


def test_a_client_that_goes_away_is_no_error_of_the_sandbox(
    vendor: Vendor, capfd: pytest.CaptureFixture[str]
) -> None:
    host, port = vendor.urls["api"].removeprefix("http://").split(":")
    for said in (
        b"",
        b"POST /open/v1/tasks/create HTTP/1.1\r\nContent-Length: 99\r\n\r\n{",
        b"nonsense\r\n\r\n",
    ):
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(said)

    assert vendor.create(text_body())["code"] == 0
    assert vendor.stats()["violations"] == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("header", "status"),
    [("Transfer-Encoding: chunked", 411), ("Content-Length: x", 400), ("Content-Length: 99999999999", 413)],
)
def test_a_body_of_no_honest_length_is_refused(vendor: Vendor, header: str, status: int) -> None:
    host, port = vendor.urls["files"].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(f"PUT /put/x HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
        said = connection.recv(200)

    assert said.startswith(f"HTTP/1.1 {status} ".encode())


def test_speed_must_be_positive() -> None:
    with pytest.raises(ValueError, match="speed"):
        Sandbox(speed=0)


def test_the_sandbox_imports_nothing_of_the_product() -> None:
    imported: set[str] = set()
    for file in SOURCE.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").split(".")[0])

    assert imported - set(sys.stdlib_module_names) == {"sandbox", "PIL", "av", "jsonschema"}
