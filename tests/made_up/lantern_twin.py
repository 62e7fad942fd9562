"""The twin of Lantern: it keeps its tickets in a file, and a ticket shines after ten seconds."""

import json
import re
import secrets
from hashlib import sha256
from typing import Any

from sandbox.database import Database
from sandbox.desk import Setting
from sandbox.picture import Picture, render
from sandbox.wire import Answer, Call, json_answer

TABLES = "CREATE TABLE IF NOT EXISTS tickets (id TEXT PRIMARY KEY, body TEXT, at REAL, took INTEGER)"
ROUTES = {("PUT", "/store"): "store", ("POST", "/orders"): "create", ("GET", "/phase"): "detail"}
LASTS = 10.0  # seconds


def price(shade: str | None, glow: int) -> int:
    """In hundredths of a spark."""
    return {"warm": 125 * glow, "cold": 700, None: 300}[shade]


class Lantern:
    name = "lantern-house"
    listeners: tuple[str, ...] = ("api",)
    endpoints: tuple[str, ...] = ("create", "detail", "store", "file")
    keys = re.compile(r"imf_\S+")

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._tickets = Database(setting.home / "lantern.sqlite3", TABLES)

    def close(self) -> None:
        self._tickets.close()

    def endpoint(self, listener: str, call: Call) -> str:
        if call.method == "GET" and call.path.startswith("/light/"):
            return "file"
        return ROUTES.get((call.method, call.path), "unknown")

    def prompt(self, endpoint: str, call: Call) -> str | None:
        return str(json.loads(call.body).get("words")) if endpoint == "create" else None

    def answer(self, endpoint: str, call: Call) -> Answer:
        if endpoint == "file":
            ticket = self._ticket(call.path.split("/")[2])
            picture = Picture(320, 200, str(json.loads(ticket["body"]).get("words")), "Lantern One")
            return Answer(body=render(picture, ()), content_type="image/png")
        key = call.headers.get("X-Lantern", "")
        if not (self.keys.fullmatch(key) or key == "rehearsal"):
            return json_answer({"no": "stranger", "why": "nobody knows this key"}, 401)
        if endpoint == "store":
            return json_answer({"kept": f"kept-{sha256(call.body).hexdigest()[:8]}"})
        if endpoint == "create":
            return self._order(json.loads(call.body))
        if endpoint == "detail":
            return self._phase(dict(call.query)["ticket"])
        return json_answer({"no": "gone", "why": "no such route"}, 404)

    def other_task(self, call: Call) -> Answer:
        raise NotImplementedError

    def set_account(self, key: str, points: int) -> None:
        raise ValueError("Lantern counts no credit")

    def replace_products(self, category: str, tree: Any) -> None:
        raise ValueError("Lantern lists nothing")

    def restore_products(self) -> None:
        """There is nothing to restore."""

    def change_settings(self, wanted: dict[str, Any]) -> None:
        raise ValueError("Lantern has no settings")

    def stats(self) -> dict[str, Any]:
        with self._tickets.transaction() as db:
            rows = db.execute("SELECT * FROM tickets ORDER BY at").fetchall()
        tasks = [{"id": row["id"], "took": row["took"], "body": json.loads(row["body"])} for row in rows]
        return {"tasks": tasks}

    def _order(self, body: dict[str, Any]) -> Answer:
        if "dark" in str(body.get("words")):
            return json_answer({"no": "unclean", "why": "no words about the dark"}, 422)
        id, took = secrets.token_hex(6), price(body.get("shade"), body["glow"])
        with self._tickets.transaction() as db:
            row = (id, json.dumps(body), self._setting.clock(), took)
            db.execute("INSERT INTO tickets VALUES (?, ?, ?, ?)", row)
        return json_answer({"ticket": id, "took": took})

    def _phase(self, id: str) -> Answer:
        gone = (self._setting.clock() - self._ticket(id)["at"]) * self._setting.speed
        if gone < LASTS:
            return json_answer({"phase": "queued" if gone < LASTS / 2 else "lit"})
        return json_answer({"phase": "shines", "light": [{"at": f"{self._setting.urls['api']}/light/{id}"}]})

    def _ticket(self, id: str) -> Any:
        with self._tickets.transaction() as db:
            return db.execute("SELECT * FROM tickets WHERE id = ?", (id,)).fetchone()


TWIN = Lantern
