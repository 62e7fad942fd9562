"""IMA's upload token: is this request signed as its clients sign it (contract 1.3)?"""

import re
from hashlib import sha1
from uuid import uuid4

from sandbox.ima_create import Refusal
from sandbox.ima_store import Upload

APP_ID, APP_KEY = "webAgent", "32jdskjdk320eew"  # public constants of the vendor's clients
FREE = {"appUid", "cmimToken", "timestamp", "nonce", "sign", "fType", "fSuffix", "fContentType"}
FIXED = {"appId": APP_ID, "appKey": APP_KEY, "fService": "privite"}  # the vendor's spelling
NAMES = FREE | FIXED.keys()
TOP_TYPE = {"picture": "image", "video": "video", "audio": "audio"}
MIME = re.compile(r"(image|video|audio)/[a-z0-9.+-]+")
SUFFIX = re.compile(r"[a-z0-9]{2,5}")
CLOCK_SLACK_S = 600
LIFE_S = 7 * 24 * 3600  # "about 7 days"


def signature(timestamp: str, nonce: str) -> str:
    """Plain SHA1 in upper-case hex; the vendor's text calls it an HMAC, its code does this."""
    return sha1(f"{APP_ID}|{APP_KEY}|{timestamp}|{nonce}".encode()).hexdigest().upper()


def check(query: tuple[tuple[str, str], ...], now: float) -> dict[str, str]:
    """The eleven parameters, checked. Raises Refusal; a wrong key is the caller's to judge."""
    asked = dict(query)
    if len(asked) != len(query):
        raise Refusal(400, "a parameter is given twice")
    for name in sorted(NAMES ^ asked.keys()):
        raise Refusal(400, f"{name} is {'missing' if name in NAMES else 'not a parameter'}")
    for name in sorted(NAMES):
        if not asked[name]:
            raise Refusal(400, f"{name} is empty")
    for name, value in FIXED.items():
        if asked[name] != value:
            raise Refusal(400, f"{name} must be {value}")
    _check_time(asked["timestamp"], now)
    if asked["sign"] != signature(asked["timestamp"], asked["nonce"]):
        raise Refusal(400, "sign is wrong")
    if asked["appUid"] != asked["cmimToken"]:
        raise Refusal(400, "appUid and cmimToken must be the same key")
    _check_file(asked)
    return asked


def _check_time(timestamp: str, now: float) -> None:
    if not (timestamp.isascii() and timestamp.isdigit()):
        raise Refusal(400, "timestamp must be whole seconds since the epoch")
    if abs(int(timestamp) - now) > CLOCK_SLACK_S:
        raise Refusal(400, "timestamp is more than ten minutes off")


def _check_file(asked: dict[str, str]) -> None:
    if asked["fType"] not in TOP_TYPE:
        raise Refusal(400, f"fType must be one of {', '.join(TOP_TYPE)}")
    mime = MIME.fullmatch(asked["fContentType"])
    if mime is None or mime[1] != TOP_TYPE[asked["fType"]]:
        raise Refusal(400, f"fContentType must be one {TOP_TYPE[asked['fType']]} type")
    if not SUFFIX.fullmatch(asked["fSuffix"]):
        raise Refusal(400, "fSuffix must be a file's ending without its dot")


def place(asked: dict[str, str], now: float, day: str, token: str) -> Upload:
    """A new place in the object store. `day` is YYYY/MM/DD, as in the vendor's paths."""
    name = f"{int(now * 1000)}_{uuid4()}.{asked['fSuffix']}"
    return Upload(token, f"/webAgent/privite/{day}/{name}", asked["fContentType"], int(now) + LIFE_S)
