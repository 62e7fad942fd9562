"""What the gateway's document prints for Vidu, typed from there."""

from __future__ import annotations

from typing import Any

PROMPT = (
    "In an ultra-realistic fashion photography style featuring light blue and pale amber tones, an astronaut "
    "in a spacesuit walks through the fog. The background consists of enchanting white and golden lights, "
    "creating a minimalist still life and an impressive panoramic scene."
)
TEXT: dict[str, Any] = {
    "model": "viduq3-pro",
    "prompt": PROMPT,
    "duration": 5,
    "seed": 0,
    "aspect_ratio": "16:9",
    "resolution": "720p",
    "movement_amplitude": "auto",
    "off_peak": False,
}
TEXT_ANSWER: dict[str, Any] = {
    "task_id": "916198978159124480",
    "type": "text2video",
    "state": "created",
    "model": "viduq3-pro",
    "style": "general",
    "prompt": "In an ultra-realistic fashion photography style...",
    "duration": 5,
    "seed": 1920759782,
    "aspect_ratio": "16:9",
    "resolution": "720p",
    "movement_amplitude": "auto",
    "created_at": "2026-02-03T09:19:33.696Z",
    "credits": 80,
    "off_peak": False,
}
IMAGE: dict[str, Any] = {
    "model": "viduq3-pro",
    "images": ["https://your-image-url.com/image.png"],
    "prompt": "The astronaut waved and the camera moved up.",
    "duration": 5,
    "seed": 0,
    "resolution": "1080p",
    "movement_amplitude": "auto",
    "off_peak": False,
}
IMAGE_ANSWER: dict[str, Any] = {
    "task_id": "916201234567890123",
    "type": "img2video",
    "state": "created",
    "model": "viduq3-pro",
    "images": ["https://your-image-url.com/image.png"],
    "prompt": "The astronaut waved and the camera moved up.",
    "duration": 5,
    "seed": 1920759782,
    "resolution": "1080p",
    "movement_amplitude": "auto",
    "created_at": "2026-02-03T09:25:00.000Z",
    "credits": 80,
    "off_peak": False,
}
FRAMES: dict[str, Any] = {
    "model": "viduq3-pro",
    "images": ["https://your-images.com/start-frame.jpg", "https://your-images.com/end-frame.jpg"],
    "prompt": "Smooth transition from day to night",
    "duration": 5,
    "seed": 0,
    "resolution": "720p",
    "off_peak": False,
}
REFERENCE: dict[str, Any] = {
    "model": "viduq3-pro",
    "images": ["https://your-images.com/reference-character.jpg"],
    "prompt": "The character walks through a garden, camera following from behind",
    "duration": 5,
    "seed": 0,
    "aspect_ratio": "16:9",
    "resolution": "720p",
    "off_peak": False,
}
# The document prints no example of these two; every field of its tables is in them.
TEMPLATE: dict[str, Any] = {
    "model": "some-template-model",
    "template_id": "hug",
    "images": ["https://your-images.com/people.jpg"],
    "prompt": "They hug",
    "duration": 5,
    "resolution": "720p",
    "callback_url": "https://your-host.com/told",
}
PICTURE: dict[str, Any] = {
    "model": "q3-fast",
    "images": ["https://your-images.com/cat.jpg"],
    "prompt": "The same cat on a boat",
    "aspect_ratio": "9:16",
    "resolution": "1080p",
    "seed": 7,
    "callback_url": "https://your-host.com/told",
}
REQUESTS = {
    "text2video": TEXT,
    "img2video": IMAGE,
    "start-end2video": FRAMES,
    "reference2video": REFERENCE,
    "template2video": TEMPLATE,
    "ref2image/nano": PICTURE,
}
SUCCESS: dict[str, Any] = {
    "task_id": "916198978159124480",
    "type": "text2video",
    "state": "success",
    "model": "viduq3-pro",
    "prompt": "An astronaut walking through fog...",
    "creations": [
        {
            "url": "https://cdn.imagine-future.com/video/result.mp4",
            "cover_url": "https://cdn.imagine-future.com/video/cover.jpg",
        }
    ],
    "created_at": "2026-02-03T09:19:33.696Z",
    "credits": 80,
}
# (model, resolution, seconds, credits): every row of the price table
PRICES = [
    ("viduq3-pro", "540p", 5, 20),
    ("viduq3-pro", "720p", 5, 40),
    ("viduq3-pro", "1080p", 5, 80),
    ("viduq3-pro", "720p", 8, 64),
    ("viduq3-pro", "1080p", 8, 128),
    ("viduq3-pro", "720p", 16, 128),
    ("viduq3-pro", "1080p", 16, 256),
    ("viduq3-turbo", "720p", 5, 20),
    ("viduq3-turbo", "1080p", 5, 40),
    ("viduq3-turbo", "720p", 8, 32),
    ("viduq3-turbo", "1080p", 8, 64),
    ("viduq2", "540p", 5, 10),
    ("viduq2", "720p", 5, 20),
    ("viduq2", "1080p", 5, 40),
    ("viduq2", "720p", 8, 32),
    ("viduq2", "1080p", 8, 64),
    ("viduq2", "720p", 10, 40),
    ("viduq2", "1080p", 10, 80),
    ("viduq1", "1080p", 5, 40),
]
