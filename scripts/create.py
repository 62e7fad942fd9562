# /// script
# requires-python = ">=3.10"
# dependencies = [
#     "requests>=2.32,<3",
#     "jsonschema>=4.18,<5",
#     "Pillow>=10.1,<14",
#     "platformdirs>=4,<5",
#     "rich>=13,<16",
#     "urllib3>=2,<3",
#     "tomli>=2,<3; python_version < '3.11'",
# ]
# ///
"""Pictures and videos from a chat or a terminal: `create.py --help`."""

import contextlib
import gc
import os
import sys

NEEDS = {
    "requests": "requests>=2.32,<3",
    "jsonschema": "jsonschema>=4.18,<5",
    "PIL": "Pillow>=10.1,<14",
    "platformdirs": "platformdirs>=4,<5",
    "rich": "rich>=13,<16",
    "urllib3": "urllib3>=2,<3",
}
if sys.version_info < (3, 11):
    NEEDS["tomli"] = "tomli>=2,<3"


def missing() -> "list[str]":
    """What has to be installed before anything can run."""
    from importlib.util import find_spec

    return [NEEDS[name] for name in sorted(NEEDS) if find_spec(name) is None]


def refuse(message: str, detail: str, kind: str = "not_installed", code: int = 2) -> int:
    """A result document and one line, in words that any Python 3 can run."""
    import json

    about = ("job", "state", "task_id", "provider", "gateway", "task_type", "model", "requested", "applied")
    open_ends = (
        "chosen_by",
        "cost",
        "elapsed_s",
        "estimate_s",
        "percent",
        "parts",
        "parent",
        "note",
        "handed_out_at",
        "next",
        "background",
        "receipt",
    )
    document = dict.fromkeys((*about, *open_ends))  # type: dict[str, object]
    document.update(
        schema="media-studio/result/1",
        event="failure",
        ok=False,
        done=True,
        sandbox=False,
        steps=[],
        inputs=[],
        outputs=[],
        shots=[],
        alternatives=[],
        difference=[],
        resend=[],
        send=[{"action": "send", "message": message}],
        error={
            "kind": kind,
            "exit": code,
            "provider_code": None,
            "message": message,
            "detail": detail,
            "charged": "no",
            "retry": "after_change",
            "actions": [],
        },
    )
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stderr.write("media-studio: {} {}\n".format(message, detail))
    return code


def run() -> int:
    if sys.version_info < (3, 10):
        version = "{}.{}".format(*sys.version_info[:2])
        return refuse("This needs Python 3.10 or newer, not {}.".format(version), "Use a newer python3.")
    names = missing()
    if names and not {"--help", "--help-all", "-h", "--version"} & set(sys.argv[1:]):
        packages = " ".join('"{}"'.format(name) for name in names)
        detail = "Install them: {} -m pip install {}   (or: uv run {})"
        detail = detail.format(sys.executable, packages, sys.argv[0])
        return refuse("Some packages that this needs are not installed.", detail)
    try:
        from studio.cli import main
    except KeyboardInterrupt:
        return refuse("Stopped.", "Nothing was bought.", "interrupted", 130)
    return main()


def leave(code: int) -> None:
    """End at once: all is printed, and to take apart what was imported takes longer than `list`."""
    for stream in filter(None, (sys.stdout, sys.stderr)):  # a closed one is None
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    gc.set_threshold(100000)  # what is imported is no garbage: to look for some in it takes a while
    try:
        leave(run())
    except SystemExit as said:  # --help and --version end so
        leave(int(said.code or 0))
