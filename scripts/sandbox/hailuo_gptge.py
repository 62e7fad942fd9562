"""The twin of the gateway gpt.ge (V-API), which sells Hailuo (contract A4).

Its queries go to a route of its own, answered in two envelopes in turn: the vendor's, and its own around it.
What a real key looks like is documented nowhere: here it is `gptge_…`.
"""

import re
import secrets
from typing import ClassVar

from sandbox.hailuo import CODES, NO_TASK, Hailuo, HailuoGateway, as_text, gateway_error
from sandbox.hailuo_rules import NO_MODEL, Body, facts
from sandbox.shop import Ask, Refusal, Task, no_query
from sandbox.wire import Answer

# The gateway's own refusals: code -> HTTP status, type.
OWN = {
    "invalid_api_key": (401, "authentication_error"),
    NO_MODEL: (400, "invalid_request_error"),
    NO_TASK: (404, "invalid_request_error"),
}
# What stands in its own envelope beside the status of a finished task, by the task.
RESULTS = ("video_url", "file_id", "resp_data")


class HailuoGptge(Hailuo):
    """The shop."""

    gateway = "gptge"
    create = "/task/minimax/v1/video_generation"
    query = "/task/(?P<id>[^/]+)"
    retrieve = "/task/minimax/v1/files/retrieve"
    codes: ClassVar[dict[str, str]] = {**CODES, "Unauthorized": "invalid_api_key"}

    def asked_id(self, ask: Ask) -> str:
        no_query(ask)
        return ask.id

    def check_seen(self, task: Task) -> None:
        """The site-wide route learns of a task a little later than create has answered."""
        if self._till.now() < task.created_at + facts()["early_s"] / task.speed:
            raise Refusal(NO_TASK, "task not exist")

    def enveloped(self, task: Task, flat: Body, ask: Ask) -> Body:
        """A stranger's task shows itself by its id, which only the vendor's envelope has."""
        if ask.stranger or self.counted(task) % 2 == 0:
            return flat
        return {
            "code": 0,
            "message": "success",
            "request_id": secrets.token_hex(16),
            "time_elapsed": round(self._till.now() - task.created_at, 3),
            "data": self._data(task, flat),
        }

    def refused(self, refusal: Refusal, endpoint: str) -> tuple[str, Answer]:
        code = self.codes.get(refusal.reason, refusal.reason)
        if code not in OWN:
            return super().refused(refusal, endpoint)
        status, type = OWN[code]
        return code, gateway_error(status, refusal.message, type, code)

    def _data(self, task: Task, flat: Body) -> Body:
        """Why a task failed stands in the vendor's answer alone, so that a failed one always brings it."""
        status = {"status": flat["status"]}
        kind = RESULTS[int(task.id) % len(RESULTS)]
        if kind == "resp_data" or self.state(task, self._till.now()) == "failed":
            return {**status, "resp_data": as_text(flat)}
        if "file_id" not in flat:
            return status
        return {**status, kind: self.link(task) if kind == "video_url" else int(flat["file_id"])}


class Gptge(HailuoGateway):
    """Prices are documented nowhere: this twin's own credits."""

    name = "gptge"
    keys = re.compile(r"gptge_\S+")
    shops = (HailuoGptge,)


TWIN = Gptge
