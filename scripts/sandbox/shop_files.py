"""The files of a gateway with several shops: links that end, and what stands behind them, made when asked.

An address is /{shop}/{task id}/{name}?expires=…&signature=…: it holds all that is needed, and no port.
"""

import hmac
import re
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

from sandbox.clip import clip, marked
from sandbox.desk import Setting
from sandbox.picture import Picture, render
from sandbox.shop import Film, Shop, Still, Task
from sandbox.shop_store import ShopStore
from sandbox.wire import Answer, Call

PATH = re.compile(r"/[a-z]+/([0-9]{18})/([a-z0-9.-]+)")
LOOPBACK = ("127.0.0.1", "localhost")


class ShopFiles:
    """The files listener. Its errors are XML, as an object store's are. `keys`: what a key of this vendor
    looks like, which has no business here."""

    def __init__(
        self,
        store: ShopStore,
        setting: Setting,
        shops: dict[str, Shop],
        keys: re.Pattern[str],
    ) -> None:
        self._store, self._setting, self._shops, self._keys = store, setting, shops, keys
        self._lent: dict[str, Task] = {}

    def link(self, task: Task, name: str, until: float) -> str:
        """The address of a file with this run's port."""
        path = f"/{task.shop}/{task.id}/{name}"
        expires = str(int(until))
        return (
            f"{self._setting.urls['files']}{path}?expires={expires}&signature={self._signed(path, expires)}"
        )

    def lend(self, task: Task) -> None:
        """Serve the files of a task that nobody registered, as long as this process lives."""
        self._lent[task.id] = task

    def lent(self, id: str) -> Task | None:
        """A task that was lent."""
        return self._lent.get(id)

    def own(self, url: str) -> Film | Still | None:
        """What a link of ours leads to now; its port may be that of an earlier run."""
        try:
            parts = urlsplit(url)
            host = parts.hostname
        except ValueError:
            return None
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        if parts.scheme != "http" or host not in LOOPBACK or not self._is_good(parts.path, query):
            return None
        return self._found(parts.path)

    def answer(self, call: Call) -> Answer:
        """Serve a GET."""
        if self._shows_a_key(call):
            self._setting.counts.violation(f"a key reached the files host: {call.method} file")
            return _refused(403, "AccessDenied")
        if not self._is_good(call.path, call.query):
            return _refused(403, "AccessDenied")
        found = self._found(call.path)
        if found is None:
            return _refused(404, "NoSuchKey")
        if isinstance(found, Still):
            drawn = Picture(found.width, found.height, found.prompt, found.model)
            return Answer(200, render(drawn, ()), "image/png")
        folder = self._setting.home / "clips"
        width, height = found.width // 2 * 2, found.height // 2 * 2  # h264 has even sides only
        film = clip(folder, width, height, found.seconds, found.sound)
        return Answer(200, marked(film, call.path), "video/mp4")

    def _found(self, path: str) -> Film | Still | None:
        named = PATH.fullmatch(path)
        task = (self._lent.get(named[1]) or self._store.task(named[1])) if named else None
        if named is None or task is None:
            return None
        return self._shops[task.shop].file(task, named[2], self._setting.clock())

    def _is_good(self, path: str, query: tuple[tuple[str, str], ...]) -> bool:
        """Is this the query that was handed out with the path, and still in time?"""
        asked = dict(query)
        if [name for name, _ in query] != ["expires", "signature"] or not asked["expires"].isdigit():
            return False
        right = hmac.compare_digest(
            asked["signature"].encode(), self._signed(path, asked["expires"]).encode()
        )
        return right and self._setting.clock() <= int(asked["expires"])

    def _signed(self, path: str, expires: str) -> str:
        words = f"{path}\n{expires}".encode()
        return hmac.new(self._store.secret.encode(), words, sha256).hexdigest()

    def _shows_a_key(self, call: Call) -> bool:
        """An Authorization header, or a key that this twin has seen, anywhere in the request."""
        if "Authorization" in call.headers:
            return True
        heads = "\n".join([call.path, *(value for _, value in call.query), *call.headers.values()])
        words = self._keys.findall(heads) + self._keys.findall(call.body.decode("utf-8", "replace"))
        return any(self._store.knows_account(word) for word in dict.fromkeys(words))


def _refused(status: int, code: str) -> Answer:
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code></Error>'
    return Answer(status, body.encode(), "application/xml")
