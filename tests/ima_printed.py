"""What the vendor's own document prints about the wire, typed from there and not from our code.

Section of the document -> the names of what is printed under it, and whose tests have to use each: the
provider's (tests/test_ima_printed*.py), the twin's (tests/twins/test_ima_document*.py), or both.
Keys are written ima_example_placeholder. Where the document contradicts itself a constant holds its words,
and DECIDED or a comment what contract 3 decided. Chat messages, preferences, logs and phrases are no wire.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any, NamedTuple

PROVIDER, TWIN = "provider", "twin"
BOTH = (PROVIDER, TWIN)
SECTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "Quick Reference Table": {"MODEL_IDS": BOTH, "RIGHT_AND_WRONG": BOTH},
    "Mandatory pre-check": {"REFERENCE_STRENGTH": BOTH},
    "Estimated Generation Time per Model": {"ESTIMATES": BOTH},
    "Error Message Translation, Enhanced Error Handling": {"ERRORS": BOTH, "PAGES": (PROVIDER,)},
    "Network Endpoints Used": {"DOMAINS": (PROVIDER,), "AUTHENTICATION": BOTH},
    "Agent Execution, Q2, Q4 (command lines)": {"COMMANDS": (PROVIDER,)},
    "Security & Transparency Policy": {"KEY_VARIABLE": (PROVIDER,)},
    "Model Selection Priority": {"DEFAULTS": BOTH},
    "Supported Models, Recommended Defaults": {"SUPPORTED": BOTH, "RECOMMENDED": BOTH},
    "Environment": {"HEADERS": BOTH, "LANGUAGES": BOTH, "REQUIRED_HEADERS": BOTH},
    "Always Query Product List First": {"FIRST_PRODUCT": BOTH},
    "Known attribute_ids": {"ATTRIBUTES": BOTH, "DECIDED": BOTH},
    "Core Flow": {"CORE_FLOW": BOTH, "POLL_EVERY": (PROVIDER,)},
    "Common Mistakes (twice)": {"MISTAKES": BOTH},
    "Image Upload": {"UPLOAD_STEPS": BOTH, "UPLOAD_ANSWER": BOTH, "UPLOAD_FILE": BOTH},
    "Supported Task Types": {"TASK_TYPES": BOTH},
    "Detail API status values": {"STATES": BOTH},
    "API 1: Product List": {"LIST_REQUEST": BOTH, "PRODUCT_LIST": BOTH},
    "API 2: Create Task": {
        "CREATE_REQUEST": BOTH,
        "TEXT_TO_IMAGE": BOTH,
        "IMAGE_TO_IMAGE": BOTH,
        "SEEDREAM_SIZES": BOTH,
        "KEY_FIELDS": BOTH,
        "TASK_ID": BOTH,
    },
    "API 3: Task Detail": {"DETAIL_REQUEST": BOTH, "DETAIL_BODY": BOTH, "COMPLETED": BOTH, "FORMATS": BOTH},
    "Q1, Q4, Q5 (ratios)": {
        "RATIOS": BOTH,
        "MAPPED": (PROVIDER,),
        "NATIVE_RATIOS": BOTH,
        "NO_RATIOS": BOTH,
        "MIDJOURNEY_PIXELS": (TWIN,),
    },
    "Q2, Q3, Q6 (sizes)": {"PRO_SIZES": BOTH, "NO_SIZE": BOTH, "NO_PARAMETER": BOTH},
    "Python Example": {"PYTHON_HEADERS": BOTH, "EXAMPLES": BOTH, "POLL": (TWIN,)},
}

TEXT, IMAGE = "text_to_image", "image_to_image"
SEEDREAM, MJ = "doubao-seedream-4.5", "midjourney"
BANANA, PRO = "gemini-3.1-flash-image", "gemini-3-pro-image"
ANYTHING = "*"

# Quick Reference Table: name people know, model_id, what it is not, fewest and most points
MODEL_IDS = (
    ("Nano Banana2", BANANA, "nano-banana-2", 4, 13),
    ("Nano Banana Pro", PRO, "nano-banana-pro", 10, 18),
    ("SeeDream 4.5", SEEDREAM, None, 5, 5),
    ("Midjourney", MJ, None, 8, 10),
)
RIGHT_AND_WRONG = ("--model-id gemini-3-pro-image", "--model-id nano-banana-pro")

# Mandatory pre-check: a call in pseudo code; no form of the document has such a parameter
REFERENCE_STRENGTH = {"reference_strength": 0.8}

# Estimated Generation Time per Model: shortest and longest seconds, seconds between two polls
ESTIMATES = {SEEDREAM: (30, 60, 5), BANANA: (20, 40, 5), PRO: (60, 120, 5), MJ: (40, 90, 8)}

# Error Message Translation, Enhanced Error Handling: code, words. Failed tasks stand in STATES.
ERRORS = (
    (401, "Unauthorized"),
    (4008, "Insufficient points"),
    (None, "Invalid product attribute"),  # printed without a code; 400 in the twin
    (6006, "credit mismatch"),
    (6009, "No Rule Match"),
    (6010, "Attribute ID does not match"),
    (400, "Bad request"),
    (400, "Parameter not supported"),  # for a ratio that the model has not
    (429, "Too Many Requests"),
    (500, "Internal Server Error"),
    (503, "Service Unavailable"),
)
PAGES = {
    401: "https://www.imaclaw.ai/imaclaw/apikey",
    4008: "https://www.imaclaw.ai/imaclaw/subscription",
}

# Network Endpoints Used. It says that files go to imapi.liveme.com; by its own steps of the upload only the
# link is asked for there, and the bytes go to the link.
DOMAINS = {"api": "https://api.imastudio.com", "upload": "https://imapi.liveme.com"}
AUTHENTICATION = {"api": "Bearer token", "upload": "key and signature"}

# Agent Execution, Q2, Q4: the older script's command lines
KEYED = "python3 {baseDir}/scripts/ima_image_create.py --api-key $IMA_API_KEY"
COMMANDS = {
    "list": f"{KEYED} --task-type text_to_image --list-models",
    "generate": f"{KEYED} --task-type text_to_image --model-id doubao-seedream-4.5"
    ' --prompt "a cute puppy running on grass" --user-id {user_id} --output-json',
    "image to image": f"{KEYED} --task-type image_to_image --model-id doubao-seedream-4.5"
    ' --prompt "turn into oil painting style" --input-images https://example.com/photo.jpg'
    " --user-id {user_id} --output-json",
    "4K": "python3 ima_image_create.py --task-type text_to_image --model-id gemini-3-pro-image"
    """ --prompt "your prompt" --extra-params '{"size": "4K"}'""",
    "SeeDream 16:9": "python3 ima_image_create.py --task-type text_to_image --model-id doubao-seedream-4.5"
    """ --prompt "beautiful landscape" --extra-params '{"aspect_ratio": "16:9"}'""",
    "Pro 16:9": "python3 ima_image_create.py --task-type text_to_image --model-id gemini-3-pro-image"
    """ --prompt "beautiful landscape" --extra-params '{"aspect_ratio": "16:9"}'""",
}
KEY_VARIABLE = "export IMA_API_KEY=ima_example_placeholder"

# Model Selection Priority: task type, profile, model_id, version_id, points. It names Nano Banana2's version
# without -preview; SUPPORTED has it, and the live list decides (contract 3).
DEFAULTS = (
    (TEXT, "", SEEDREAM, "doubao-seedream-4-5-251128", (5,)),
    (TEXT, "budget", BANANA, "gemini-3.1-flash-image", (4,)),
    (TEXT, "premium", PRO, "gemini-3-pro-image-preview", (10, 10, 18)),
    (TEXT, "artistic", MJ, "v6", (8, 10)),
    (IMAGE, "", SEEDREAM, "doubao-seedream-4-5-251128", (5,)),
    (IMAGE, "budget", BANANA, "gemini-3.1-flash-image", (4,)),
    (IMAGE, "premium", PRO, "gemini-3-pro-image-preview", (10,)),
    (IMAGE, "artistic", MJ, "v6", (8, 10)),
)


class Sold(NamedTuple):
    """One quality step of one model: what identifies it and what it costs."""

    task_type: str
    name: str
    model_id: str
    version: str
    attribute_id: int
    points: int
    size: str

    def __str__(self) -> str:
        return f"{self.task_type}-{self.name}-{self.size}"


def _steps(task_type: str, name: str, model_id: str, version: str, *steps: Any) -> tuple[Sold, ...]:
    return tuple(Sold(task_type, name, model_id, version, *step) for step in steps)


# Supported Models. SeeDream's size cell: Default (adaptive 4k).
SUPPORTED = (
    *_steps(TEXT, "SeeDream 4.5", SEEDREAM, "doubao-seedream-4-5-251128", (2341, 5, "4k")),
    *_steps(
        *(TEXT, "Nano Banana2", BANANA, "gemini-3.1-flash-image-preview"),
        *((4400, 4, "512px"), (4401, 6, "1K"), (4402, 10, "2K"), (4403, 13, "4K")),
    ),
    *_steps(
        *(TEXT, "Nano Banana Pro", PRO, "gemini-3-pro-image-preview"),
        *((2399, 10, "1K"), (2400, 10, "2K"), (2401, 18, "4K")),
    ),
    *_steps(TEXT, "Midjourney", MJ, "v6", (5451, 8, "480p"), (5452, 10, "720p")),
    *_steps(IMAGE, "SeeDream 4.5", SEEDREAM, "doubao-seedream-4-5-251128", (1611, 5, "4k")),
    *_steps(
        *(IMAGE, "Nano Banana2", BANANA, "gemini-3.1-flash-image-preview"),
        *((4404, 4, "512px"), (4405, 6, "1K"), (4406, 10, "2K"), (4407, 13, "4K")),
    ),
    *_steps(  # the cell of the cost says 10, the cell of the sizes 18 for 4K
        *(IMAGE, "Nano Banana Pro", PRO, "gemini-3-pro-image-preview"),
        *((2402, 10, "1K"), (2403, 10, "2K"), (2404, 18, "4K")),
    ),
    *_steps(IMAGE, "Midjourney", MJ, "v6", (5453, 8, "480p"), (5454, 10, "720p")),
)
# Recommended Defaults: task type, profile, model, fewest and most points
RECOMMENDED = (
    (TEXT, "", "SeeDream 4.5", 5, 5),
    (TEXT, "budget", "Nano Banana2", 4, 4),
    (TEXT, "artistic", "Midjourney", 8, 10),
    (IMAGE, "", "SeeDream 4.5", 5, 5),
    (IMAGE, "budget", "Nano Banana2", 4, 4),
    (IMAGE, "artistic", "Midjourney", 8, 10),
)

# Environment: the block of headers and its table, on every /open/v1/ endpoint
HEADERS = {
    "Authorization": "Bearer ima_example_placeholder",
    "x-app-source": "ima_skills",
    "x_app_language": "en",
}
LANGUAGES = ("en", "zh")  # recommended; en where it is left out
REQUIRED_HEADERS = ("Authorization", "x-app-source")

# Always Query Product List First: what its walk reads from the leaf, for the model of API 1
FIRST_PRODUCT = {
    "attribute_id": 2341,
    "credit": 5,
    "model_version": "doubao-seedream-4-5-251128",
    "model_name": "SeeDream 4.5",
    "form_defaults": {"size": "4k"},
}

# Known attribute_ids (2026-02-27): task type, model_id, attribute_id, credit, size, pixels a side (square)
ATTRIBUTES = (
    (TEXT, SEEDREAM, 2341, 5, "4k", None),
    (TEXT, BANANA, 4400, 4, "512px", 512),
    (TEXT, BANANA, 4401, 6, "1K", 1024),
    (TEXT, BANANA, 4402, 10, "2K", 2048),
    (TEXT, BANANA, 4403, 13, "4K", 4096),
    (TEXT, PRO, 2399, 10, "1K", 1024),
    (TEXT, PRO, 2400, 10, "2K", 2048),
    (TEXT, PRO, 2401, 18, "4K", 4096),
    (IMAGE, SEEDREAM, 1611, 5, "4k", None),
    (IMAGE, BANANA, 4404, 4, "512px", 512),
    (IMAGE, BANANA, 4405, 6, "1K", 1024),
    (IMAGE, BANANA, 4406, 10, "2K", 2048),
    (IMAGE, BANANA, 4407, 13, "4K", 4096),
    (IMAGE, PRO, 2402, 10, "1K", 1024),
    (IMAGE, PRO, 2403, 10, "2K", 2048),
    (IMAGE, PRO, 2404, 10, "4K", 4096),
)
DECIDED = {2404: 18}  # attribute_id -> points, where the tables differ; the twin sells the dearer

# Core Flow: method and path of every call, in order; the second and third for image_to_image only
CORE_FLOW = (
    "GET /open/v1/product/list",
    "GET /api/rest/oss/getuploadtoken",
    "PUT {ful}",
    "POST /open/v1/tasks/create",
    "POST /open/v1/tasks/detail",
)
POLL_EVERY = (2, 5)  # seconds; Midjourney's 8 are in ESTIMATES


class Mistake(NamedTuple):
    """A request that is one of the printed two but for one place, and what is said to come of it."""

    what: str
    task_type: str
    change: str  # set, drop, move
    path: str
    value: Any
    error: str

    def __str__(self) -> str:
        return self.what


OUTER, INNER = "parameters.0", "parameters.0.parameters"
ATTRIBUTE, CAST, CREDIT = "Invalid product attribute", "billing validation", "6006"
# Common Mistakes, both tables; fix: it names no error
MISTAKES = (
    Mistake("attribute_id 0", TEXT, "set", f"{OUTER}.attribute_id", 0, ATTRIBUTE),
    Mistake("no attribute_id", TEXT, "drop", f"{OUTER}.attribute_id", None, ATTRIBUTE),
    Mistake("old attribute_id", TEXT, "set", f"{OUTER}.attribute_id", 8538, ATTRIBUTE),
    Mistake("attribute_id of the other list", TEXT, "set", f"{OUTER}.attribute_id", 1611, ATTRIBUTE),
    Mistake("prompt outside", TEXT, "move", f"{INNER}.prompt", f"{OUTER}.prompt", "ignored or error"),
    Mistake("prompt at the top", TEXT, "move", f"{INNER}.prompt", "prompt", "ignored or error"),
    Mistake("no cast", TEXT, "drop", f"{INNER}.cast", None, CAST),
    Mistake("wrong credit", TEXT, "set", f"{OUTER}.credit", 4, CREDIT),
    Mistake("no credit", TEXT, "drop", f"{OUTER}.credit", None, CREDIT),
    Mistake("no model_name", TEXT, "drop", f"{OUTER}.model_name", None, "wrong model"),
    Mistake("no model_version", TEXT, "drop", f"{OUTER}.model_version", None, "wrong model"),
    Mistake("no app", TEXT, "drop", f"{OUTER}.app", None, "fix"),
    Mistake("no platform", TEXT, "drop", f"{OUTER}.platform", None, "fix"),
    Mistake("size adaptive", IMAGE, "set", f"{INNER}.size", "adaptive", "400"),
    Mistake("no image at the top", IMAGE, "set", "src_img_url", [], "fix"),
    Mistake("no image inside", IMAGE, "set", f"{INNER}.input_images", [], "fix"),
    Mistake("base64 for a link", IMAGE, "set", "src_img_url", ["data:image/png;base64,iVBO"], "fix"),
)

# Image Upload
UPLOAD_STEPS = CORE_FLOW[1:3]
UPLOAD_ANSWER = {  # the two names; their hosts are the OSS and the CDN that it prints
    "ful": "https://zhubite-imagent-bot.oss-us-east-1.aliyuncs.com/",
    "fdl": "https://ima-ga.esxscloud.com/",
}
UPLOAD_FILE = {"suffix": "jpeg", "content_type": "image/jpeg"}

# Supported Task Types
TASK_TYPES = {TEXT: "prompt", IMAGE: "prompt + input image URL"}

# Detail API status values: resource_status, status, what to do
STATES = (
    ((0, None), ("pending", "processing"), "keep polling"),
    ((1,), ("success", "completed"), "read url"),
    ((1,), ("failed",), "error"),
    ((2, 3), ANYTHING, "error"),
)

# API 1: Product List
LIST_REQUEST = "GET /open/v1/product/list?app=ima&platform=web&category=text_to_image"
PRODUCT_LIST: list[dict[str, Any]] = json.loads("""
[{"id": "SeeDream", "type": "2", "name": "SeeDream", "model_id": "", "children": [
  {"id": "doubao-seedream-4-5-251128", "type": "3", "name": "SeeDream 4.5", "model_id": "doubao-seedream-4.5",
   "credit_rules": [{"attribute_id": 2341, "points": 5, "attributes": {"default": "enabled"}}],
   "form_config": [{"field": "size", "type": "tags", "value": "4k",
     "options": [{"label": "2K", "value": "2k"}, {"label": "4K", "value": "4k"}]}]}]}]
""")

# API 2: Create Task. image_to_image has its link once at the top and twice inside.
CREATE_REQUEST = "POST /open/v1/tasks/create"
TEXT_TO_IMAGE: dict[str, Any] = json.loads("""
{"task_type": "text_to_image", "enable_multi_model": false, "src_img_url": [],
 "parameters": [{"attribute_id": 2341, "model_id": "doubao-seedream-4.5", "model_name": "SeeDream 4.5",
   "model_version": "doubao-seedream-4-5-251128", "app": "ima", "platform": "web",
   "category": "text_to_image", "credit": 5,
   "parameters": {"prompt": "a beautiful mountain sunset, photorealistic", "size": "4k", "n": 1,
     "input_images": [], "cast": {"points": 5, "attribute_id": 2341}}}]}
""")
IMAGE_TO_IMAGE: dict[str, Any] = json.loads("""
{"task_type": "image_to_image", "enable_multi_model": false, "src_img_url": ["https://example.com/input.jpg"],
 "parameters": [{"attribute_id": 1611, "model_id": "doubao-seedream-4.5", "model_name": "SeeDream 4.5",
   "model_version": "doubao-seedream-4-5-251128", "app": "ima", "platform": "web",
   "category": "image_to_image", "credit": 5,
   "parameters": {"prompt": "turn into oil painting style", "size": "4k", "n": 1,
     "input_images": ["https://example.com/input.jpg", "https://example.com/input.jpg"],
     "cast": {"points": 5, "attribute_id": 1611}}}]}
""")
SEEDREAM_SIZES = (("2k", "4k", "2048x2048"), "adaptive")  # taken; error 400
KEY_FIELDS = {  # place -> the task types that it is for
    **dict.fromkeys((f"{INNER}.prompt", f"{INNER}.cast", f"{INNER}.n", f"{OUTER}.credit"), (TEXT, IMAGE)),
    **dict.fromkeys((f"{INNER}.input_images", "src_img_url"), (IMAGE,)),
}
TASK_ID = "data.id"

# API 3: Task Detail
DETAIL_REQUEST = "POST /open/v1/tasks/detail"
DETAIL_BODY = {"task_id": "<id from create response>"}
COMPLETED: dict[str, Any] = json.loads("""
{"id": "task_abc", "medias": [{"resource_status": 1, "url": "https://cdn.../output.jpg", "format": "jpg",
  "width": 1024, "height": 1024}]}
""")
FORMATS = ("jpg", "png")

# Q1, Q4, Q5: SeeDream's eight ratios, by a virtual parameter; those that the Nano Bananas take as they are
RATIOS = {
    "1:1": (2048, 2048),
    "16:9": (2560, 1440),
    "9:16": (1440, 2560),
    "4:3": (2304, 1728),
    "3:4": (1728, 2304),
    "2:3": (1664, 2496),
    "3:2": (2496, 1664),
    "21:9": (3024, 1296),
}
MAPPED = ({"aspect_ratio": "16:9"}, {"size": "2560x1440"})
NATIVE_RATIOS = ("1:1", "16:9", "9:16", "4:3", "3:4")
NO_RATIOS = ("7:3", "8:3")  # of no model; but 7:3 is 21:9 as a fraction (contract 3)
MIDJOURNEY_PIXELS = (1024, 1024)

# Q2, Q3, Q6
PRO_SIZES = {"1K": (1024, 10, 2399), "2K": (2048, 10, 2400), "4K": (4096, 18, 2401)}
NO_SIZE = "8K"
NO_PARAMETER = {"resolution": "1080P"}  # of video models only

# Python Example
PYTHON_HEADERS = {**HEADERS, "Content-Type": "application/json"}
INPUT, PORTRAIT = "https://example.com/input.jpg", "https://example.com/portrait.jpg"


class Example(NamedTuple):
    """One purchase of the Python example. `model_id` None: the first of the list."""

    task_type: str
    model_id: str | None
    prompt: str
    input_images: tuple[str, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    interval: int = 3

    def __str__(self) -> str:
        return f"{self.task_type}-{self.model_id}"


EXAMPLES = (
    Example(TEXT, None, "mountain sunset, photorealistic"),
    Example(TEXT, MJ, "fantasy castle, impressionist painting style", interval=8),
    Example(TEXT, PRO, "beautiful landscape", extra=(("aspect_ratio", "16:9"),)),
    Example(IMAGE, SEEDREAM, "turn into oil painting style", (INPUT, INPUT), (("size", "4k"),)),
    Example(IMAGE, MJ, "anime style, vibrant colors", (PORTRAIT,), interval=8),
)
POLL = {"interval": 3, "timeout": 300}  # seconds


def unused(side: str, *files: str) -> list[str]:
    """The constants that concern a side and that no test function of the files names, as printed.NAME."""
    trees = [ast.parse(Path(file).read_text(encoding="utf-8")) for file in files]
    functions = [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    named = {
        part.attr
        for test in functions
        for part in ast.walk(test)
        if test.name.startswith("test_") and isinstance(part, ast.Attribute)
        if isinstance(part.value, ast.Name) and part.value.id == "printed"
    }
    concerned = [name for part in SECTIONS.values() for name, sides in part.items() if side in sides]
    return [name for name in concerned if name not in named]
