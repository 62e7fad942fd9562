"""IMA's store of files: what clients put there, and the results. No key has any business here."""

import hmac
import re
from urllib.parse import urlsplit

from sandbox import ima_states
from sandbox.desk import Setting
from sandbox.ima_states import Task
from sandbox.ima_store import Store, Upload
from sandbox.picture import Picture, render, shrink
from sandbox.wire import Answer, Call

LARGEST_UPLOAD = 30 * 1024 * 1024  # bytes
RESULT = re.compile(r"/ima/results/(task_[0-9a-f]{24})_([1-9][0-9]?)\.png")
KEY_IN_BYTES = re.compile(rb"ima_[A-Za-z0-9_.-]{1,200}")
VARIANTS = ("watermark", "cover")


class Files:
    """The files listener. Its errors are XML, as an object store's are."""

    def __init__(self, store: Store, setting: Setting) -> None:
        self._store = store
        self._setting = setting
        self._lent: dict[str, Task] = {}

    def answer(self, endpoint: str, call: Call) -> Answer:
        """Serve "put" or "file"."""
        if self._shows_a_key(call):
            self._setting.counts.violation(f"a key reached the files host: {call.method} {endpoint}")
            return _refused(403, "AccessDenied")
        return self._put(call) if endpoint == "put" else self._get(call)

    def link(self, task: Task, index: int, variant: str = "") -> str:
        """The address of a result, with this run's port. `index` from 0, in the path from 1."""
        query = f"?variant={variant}" if variant else ""
        return f"{self._setting.urls['files']}/ima/results/{task.id}_{index + 1}.png{query}"

    def lend(self, task: Task) -> None:
        """Serve the results of a task that nobody registered, as long as this process lives."""
        self._lent[task.id] = task

    def handed_out(self, path: str) -> bool:
        """Is this the path of an upload that arrived with something in it, or of a result that is ready?"""
        upload = self._store.upload(path=path)
        return self._result(path) is not None or bool(upload and upload.body)

    def _put(self, call: Call) -> Answer:
        token = call.path.removeprefix("/put/")
        upload = self._store.upload(token=token)
        if upload is None or not hmac.compare_digest(upload.token, token) or self._expired(upload):
            return _refused(403, "AccessDenied")
        if call.query:  # it is part of what a presigned link signs
            return _refused(403, "SignatureDoesNotMatch")
        if call.headers.get("Content-Type") != upload.content_type:
            self._setting.counts.violation("put: Content-Type differs from the announced one")
            return _refused(403, "SignatureDoesNotMatch")
        if "Content-Length" not in call.headers:
            return _refused(411, "MissingContentLength")
        if len(call.body) > LARGEST_UPLOAD:
            return _refused(413, "EntityTooLarge")
        self._store.fill(token, call.body)
        return Answer(200, content_type="application/xml")

    def _get(self, call: Call) -> Answer:
        found = self._result(call.path)
        if found is not None:
            variant = dict(call.query).get("variant", "")
            return Answer(200, self._drawn(*found, variant), "image/png")
        upload = self._store.upload(path=call.path)
        if upload is None or upload.body is None or self._expired(upload):
            return _refused(404, "NoSuchKey")
        return Answer(200, upload.body, upload.content_type)

    def _expired(self, upload: Upload) -> bool:
        return self._setting.clock() > upload.expires_at

    def _result(self, path: str) -> tuple[Task, int] | None:
        """The task and media index (from 0) of a result that can be downloaded now."""
        named = RESULT.fullmatch(path)
        task = (self._lent.get(named[1]) or self._store.task(named[1])) if named else None
        if named is None or task is None:
            return None
        index = int(named[2]) - 1
        return (task, index) if ima_states.is_ready(task, index, self._setting.clock()) else None

    def _drawn(self, task: Task, index: int, variant: str) -> bytes:
        drawn = render(_picture(task, index, variant == "watermark"), self._inputs(task))
        return shrink(drawn) if variant == "cover" else drawn

    def _inputs(self, task: Task) -> list[bytes]:
        """Bytes of the inputs kept here: uploads as they came, results drawn without inputs of their own."""
        found = []
        for link in dict.fromkeys(task.body["src_img_url"]):
            path = urlsplit(link).path
            upload, result = self._store.upload(path=path), self._result(path)
            if upload is not None and upload.body is not None:
                found.append(upload.body)
            elif result is not None:
                found.append(render(_picture(*result), ()))
        return found

    def _shows_a_key(self, call: Call) -> bool:
        """An Authorization header, or a key that this twin has seen, anywhere in the request."""
        if "Authorization" in call.headers:
            return True
        heads = "\n".join([call.path, *(value for _, value in call.query), *call.headers.values()]).encode()
        words = KEY_IN_BYTES.findall(heads) + KEY_IN_BYTES.findall(call.body)
        return any(self._store.knows_account(word.decode()) for word in dict.fromkeys(words))


def _picture(task: Task, index: int, watermark: bool = False) -> Picture:
    product = task.body["parameters"][0]
    width, height = task.delivered or task.pixels
    return Picture(
        *(width, height, product["parameters"]["prompt"], product["model_name"]),
        size=str(product["parameters"].get("size", "")),
        index=index,
        total=task.n,
        watermark=watermark,
    )


def _refused(status: int, code: str) -> Answer:
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code></Error>'
    return Answer(status, body.encode(), "application/xml")
