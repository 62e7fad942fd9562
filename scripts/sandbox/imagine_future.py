"""The twin of the gateway imagine-future: Vidu, Kling and One-click MV at one host, with one key.

Auth word: `Token` (the document). What a real key looks like is documented nowhere: here it is `imf_…`.
"""

import re
from typing import ClassVar

from sandbox.gateway import Choices, Gateway
from sandbox.kling import Kling
from sandbox.mv import Mv
from sandbox.shop import Refusal, said
from sandbox.vidu import Vidu
from sandbox.wire import Answer, Call


class ImagineFuture(Gateway):
    """Two hosts of the same routes, one of files."""

    name = "imagine-future"
    listeners = ("api", "alternate", "files")
    endpoints = ("create", "detail", "cancel", "file")
    keys = re.compile(r"imf_\S+")
    word = "Token"
    # The vendor's word for a finished film that it does not hand out (contract B1).
    plausible_failure = "CreationPolicyViolation"
    shops = (Vidu, Kling, Mv)
    # external_ids: does the query route know the caller's own ids? kling_word: what ends a task well.
    choices: ClassVar[Choices] = {"external_ids": (True, False), "kling_word": ("succeed", "succeeded")}

    def lost(self, call: Call) -> Answer:
        return said(Refusal("NotFound", "no such route"))


TWIN = ImagineFuture
