"""IMA's upload token: is this request signed as its clients sign it (contract 1.3)?"""

from hashlib import sha1
from uuid import uuid4

from sandbox.ima_create import Refusal
from sandbox.ima_store import Upload

APP_ID, APP_KEY = "webAgent", "32jdskjdk320eew"  # public constants of the vendor's clients
FREE = {"appUid", "cmimToken", "timestamp", "nonce", "sign", "fType", "fSuffix", "fContentType"}
FIXED = {"appId": APP_ID, "appKey": APP_KEY, "fService": "privite"}  # the vendor's spelling
NAMES = FREE | FIXED.keys()
TOP_TYPE = {"picture": "image", "video": "video", "audio": "audio"}
SUFFIXES = {  # of each type that is taken; the document names jpeg, png and mp4, the rest is as usual
    "image/png": ("png",),
    "image/jpeg": ("jpeg", "jpg"),
    "image/webp": ("webp",),
    "image/gif": ("gif",),
    "image/bmp": ("bmp",),
    "video/mp4": ("mp4",),
    "video/quicktime": ("mov",),
    "audio/mpeg": ("mp3",),
    "audio/wav": ("wav",),
}
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
    mime, top = asked["fContentType"], TOP_TYPE[asked["fType"]]
    if mime not in SUFFIXES or not mime.startswith(f"{top}/"):
        raise Refusal(400, f"fContentType must be one {top} type")
    if asked["fSuffix"] not in SUFFIXES[mime]:
        raise Refusal(400, f"fSuffix must be an ending of {mime}, without its dot")


def place(asked: dict[str, str], now: float, day: str, token: str) -> Upload:
    """A new place in the object store. `day` is YYYY/MM/DD, as in the vendor's paths."""
    name = f"{int(now * 1000)}_{uuid4()}.{asked['fSuffix']}"
    return Upload(token, f"/webAgent/privite/{day}/{name}", asked["fContentType"], int(now) + LIFE_S)
