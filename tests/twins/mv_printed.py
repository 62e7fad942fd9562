"""What the document prints of One-click MV, typed from there; the prompts are not shortened by us."""

from __future__ import annotations

from typing import Any

BASE = "/ai/avu/one-click/mv"
CREATE: dict[str, Any] = {
    "images": ["https://your-image-url.com/image.png"],
    "prompt": "",
    "audio_url": "https://your-audio-url.com/audio.mp3",
    "duration": 15,
    "aspect_ratio": "16:9",
    "lip_sync": False,
}
EDIT: dict[str, Any] = {
    "job_id": "901334076999344129",
    "prompt": "2.5D modeling style, cheerful atmosphere, close-up, the protagonist dances on the beach, "
    "waves lapping at the ankles, camera follows the spinning motion",
}
COMPOSE: dict[str, Any] = {"job_ids": ["id1", "id2", "id3", "id4", "id5", "id6"]}
MADE: dict[str, Any] = {"id": "your_job_id_here"}  # of edit and compose; under create nothing is printed
SHOT_JOB: dict[str, Any] = {
    "id": "901245331704909824",
    "type": "generate_video",
    "state": "success",
    "signed_url": "signed_url",
    "mv_generate_video_input": {
        "duration": 3,
        "prompt": "2.5d building style, bright tones...",
        "lyric_text": "Intro",
    },
    "index": 0,
}
COMPOSE_JOB: dict[str, Any] = {
    "id": "901245503243554816",
    "type": "compose",
    "state": "success",
    "signed_url": "signed_url",
    "index": 0,
}
QUERY: dict[str, Any] = {
    "id": "901243326567555072",
    "type": "mv",
    "state": "success",
    "job_records": [
        {"type": "generate_video", "jobs": [SHOT_JOB], "index": 0},
        {"type": "compose", "jobs": [COMPOSE_JOB], "index": 0},
    ],
    "created_at": "2025-12-24T02:51:34.070650Z",
    "signed_url": "signed_url",
}
STATES = ("created", "processing", "success", "failed")
