"""What is printed for MiniMax Hailuo: requests and answers, typed from gpt.ge's document, from the fields
that 302.AI's lists (it prints no example), and from the contract (A1, A4)."""

from __future__ import annotations

from typing import Any

PICTURE = "https://p2.a.kwimgs.com/bs2/upload-ylab-stunt/ai_portal/1731125871/6N0QrAnAeU/409-f054fa25c21a.png"
GPTGE_REQUEST: dict[str, Any] = {
    "model": "MiniMax-Hailuo-02",
    "prompt": "A girl climbs onto the horse [右移], "
    "then pulls the horse's head and turns, galloping away [拉远].",
    "duration": 10,
    "resolution": "768P",
    "first_frame_image": PICTURE,
}
GPTGE_EVERY_FIELD: dict[str, Any] = {
    **GPTGE_REQUEST,
    "prompt_optimizer": False,
    "fast_pretreatment": True,
    "callback_url": "https://your-host.com/callback",
    "last_frame_image": "https://your-host.com/end.webp",
}
VIDEO_REQUEST: dict[str, Any] = {
    "model": "MiniMax-Hailuo-02",
    "prompt": "A girl climbs onto the horse, then gallops away.",
    "prompt_optimizer": True,
    "duration": 6,
    "resolution": "768P",
    "first_frame_image": PICTURE,
    "last_frame_images": "https://your-host.com/end.jpeg",
    "callback": "https://your-host.com/callback",
}
CAMERA_REQUEST: dict[str, Any] = {
    "model": "I2V-01",
    "prompt": "A girl climbs onto the horse [右移]",
    "prompt_optimizer": True,
    "first_frame_image": PICTURE,
}
CREATED: dict[str, Any] = {
    "task_id": "106916112212032",
    "base_resp": {"status_code": 0, "status_msg": "success"},
}
PENDING: dict[str, Any] = {
    "task_id": "106916112212032",
    "status": "Processing",
    "base_resp": {"status_code": 0, "status_msg": "success"},
}
SUCCESS: dict[str, Any] = {
    "task_id": "106916112212032",
    "status": "Success",
    "file_id": "176844028768320",
    "video_width": 768,
    "video_height": 1152,
    "base_resp": {"status_code": 0, "status_msg": "success"},
}
RETRIEVED: dict[str, Any] = {
    "file": {
        "file_id": 176844028768320,
        "bytes": 0,
        "created_at": 1700469398,
        "filename": "output.mp4",
        "purpose": "video_generation",
        "download_url": "https://your-host.com/output.mp4",
    },
    "base_resp": {"status_code": 0, "status_msg": "success"},
}
# Every code of the contract's table A1 but those of voice cloning and of success.
CODES = (
    *(1000, 1001, 1002, 1004, 1008, 1013, 1024, 1026, 1027, 1033, 1039, 1041, 1042, 2013, 2038, 2045, 2049),
    *(2056, 2061, 1028, 1030),
)
