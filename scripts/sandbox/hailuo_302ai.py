"""The twin of the gateway 302.AI, which sells Hailuo and hands on the vendor's answers (contract A3).

Its listener `api` stands for the path /minimaxi of its API. What a real key looks like is documented nowhere:
here it is `ai302_…`.
"""

import re
from typing import ClassVar

from sandbox.gateway import Choices
from sandbox.hailuo import CODES, NO_TASK, Hailuo, HailuoGateway, only_parameter
from sandbox.hailuo_rules import BAD, NO_MODEL
from sandbox.shop import Ask


class Hailuo302(Hailuo):
    """The shop. A parameter error is the vendor's, whatever is wrong."""

    gateway = "302ai"
    create = "/v1/video_generation"
    query = "/v1/query/video_generation"
    retrieve = "/v1/files/retrieve"
    codes: ClassVar[dict[str, str]] = {**CODES, NO_MODEL: BAD, NO_TASK: BAD}

    def asked_id(self, ask: Ask) -> str:
        return only_parameter(ask, "task_id")


class Gateway302(HailuoGateway):
    """Prices: hundredths of a PTC."""

    name = "302ai"
    keys = re.compile(r"ai302_\S+")
    shops = (Hailuo302,)
    # vendor_spelling: is the last frame called last_frame_image, and not as the document prints it?
    choices: ClassVar[Choices] = {"vendor_spelling": (False, True)}


TWIN = Gateway302
