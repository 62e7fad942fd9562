"""What the gateway's document prints for Kling, typed from there."""

from __future__ import annotations

from typing import Any

MOTION, AVATAR = "videos/motion-control", "videos/avatar/image2video"
MOTION_REQUEST: dict[str, Any] = {
    "model_name": "kling-v2-6",
    "image_url": "https://your-image-url.com/person.jpg",
    "video_url": "https://your-video-url.com/dance-motion.mp4",
    "mode": "pro",
    "character_orientation": "image",
    "prompt": "A person dancing gracefully in a garden",
    "keep_original_sound": "no",
}
AVATAR_REQUEST: dict[str, Any] = {
    "model_name": "kling-v2-6",
    "image": "https://your-image-url.com/portrait.jpg",
    "text": "Hello everyone, welcome to our product demonstration.",
    "mode": "pro",
    "prompt": "The person speaks confidently with natural hand gestures",
}
CREATED: dict[str, Any] = {
    "code": 0,
    "message": "SUCCEED",
    "request_id": "req_abc123def456",
    "data": {
        "task_id": "881704293106061404",
        "task_status": "submitted",
        "task_status_msg": "",
        "task_info": {"external_task_id": "your_custom_id_or_system_id"},
        "created_at": 1715180000000,
        "updated_at": 1715180000000,
    },
}
SUCCESS: dict[str, Any] = {
    "code": 0,
    "message": "SUCCEED",
    "request_id": "req_query_001",
    "data": {
        "task_id": "881704293106061404",
        "task_status": "succeed",
        "task_status_msg": "",
        "task_info": {"external_task_id": "system_generated_task_id"},
        "task_result": {
            "videos": [
                {
                    "id": "video_001",
                    "url": "https://cdn.klingai.com/video/result_xxx.mp4",
                    "duration": "8",
                }
            ]
        },
        "created_at": 1715180000000,
        "updated_at": 1715180500000,
    },
}
PROCESSING: dict[str, Any] = {
    "code": 0,
    "message": "SUCCEED",
    "request_id": "req_query_002",
    "data": {
        "task_id": "881704293106061404",
        "task_status": "processing",
        "task_status_msg": "",
        "task_info": {"external_task_id": "system_generated_task_id"},
        "task_result": None,
        "created_at": 1715180000000,
        "updated_at": 1715180200000,
    },
}
