"""The reference client: the way of the vendors' own scripts. It buys a picture of IMA and saves it:
everything in a row, each request on a connection of its own, a poll every 5 s from the task's creation on.

    reference.py --base-url URL --upload-url URL --key KEY --prompt WORDS --out FILE
                 [--input-images FILE ... --signed TIME,NONCE,SIGN] [--poll-every SECONDS]

Prints one JSON line for each thing that happened: {"what", "at"} with `at` in seconds since the epoch, what
was asked how often, and the links. It imports argparse, json, time and requests only, so that its start is
the least that such a script can have; the words that sign an upload are therefore made by whoever starts it.
What it does not do (errors, other vendors, consent, a record) would only make it slower.
"""

import argparse
import json
import time

import requests

TIMEOUT = 60  # seconds, of each request


def say(what: str, **more: object) -> None:
    print(json.dumps({"what": what, "at": time.time(), **more}), flush=True)


def headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", "x-app-source": "ima_skills", "x_app_language": "en"}


def upload(url: str, key: str, signed: str, file: str) -> str:
    """A signed link is asked for, the bytes are put there. Returns the link to give to the task."""
    timestamp, nonce, sign = signed.split(",")
    suffix = file.rpartition(".")[2].replace("jpg", "jpeg")
    mime = f"image/{suffix}"
    query = {
        "appUid": key,
        "cmimToken": key,
        "appId": "webAgent",
        "appKey": "32jdskjdk320eew",
        "timestamp": timestamp,
        "nonce": nonce,
        "sign": sign,
        "fService": "privite",
        "fType": "picture",
        "fSuffix": suffix,
        "fContentType": mime,
    }
    token = requests.get(f"{url}/api/rest/oss/getuploadtoken", params=query, timeout=TIMEOUT).json()["data"]
    with open(file, "rb") as content:
        put = requests.put(token["ful"], data=content.read(), headers={"Content-Type": mime}, timeout=TIMEOUT)
    put.raise_for_status()
    return str(token["fdl"])


def create(url: str, key: str, model: str, prompt: str, links: list[str]) -> str:
    """Look up the model's first price, and buy at it. Returns the task's id."""
    task_type = "image_to_image" if links else "text_to_image"
    listed = requests.get(
        f"{url}/open/v1/product/list",
        params={"app": "ima", "platform": "web", "category": task_type},
        headers=headers(key),
        timeout=TIMEOUT,
    )
    waiting = listed.json()["data"]
    while waiting[0]["type"] != "3" or waiting[0]["model_id"] != model:
        waiting = (waiting[0].get("children") or []) + waiting[1:]
    leaf, rule = waiting[0], waiting[0]["credit_rules"][0]
    parameters = {
        **rule["attributes"],
        "prompt": prompt,
        "n": 1,
        "input_images": links,
        "cast": {"points": rule["points"], "attribute_id": rule["attribute_id"]},
    }
    parameters.pop("default", None)
    body = {
        "task_type": task_type,
        "enable_multi_model": False,
        "src_img_url": links,
        "parameters": [
            {
                "attribute_id": rule["attribute_id"],
                "model_id": model,
                "model_name": leaf["name"],
                "model_version": leaf["id"],
                "app": "ima",
                "platform": "web",
                "category": task_type,
                "credit": rule["points"],
                "parameters": parameters,
            }
        ],
    }
    made = requests.post(f"{url}/open/v1/tasks/create", json=body, headers=headers(key), timeout=TIMEOUT)
    return str(made.json()["data"]["id"])


def follow(url: str, key: str, task: str, every: float) -> tuple[list[str], int]:
    """Ask at once, then every so many seconds, until the task has ended. Returns the links to what was made,
    and how often was asked."""
    asked = 0
    while True:
        asked += 1
        answer = requests.post(
            f"{url}/open/v1/tasks/detail", json={"task_id": task}, headers=headers(key), timeout=TIMEOUT
        )
        medias = answer.json()["data"]["medias"]
        if medias and all(media["url"] for media in medias):
            return [media["url"] for media in medias], asked
        time.sleep(every)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--upload-url")
    parser.add_argument("--key", required=True)
    parser.add_argument("--model", default="doubao-seedream-4.5")
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--input-images", nargs="*", default=[])
    parser.add_argument("--signed")
    parser.add_argument("--poll-every", type=float, default=5.0)
    parser.add_argument("--out", required=True)
    asked = parser.parse_args()
    say("started")
    links = [upload(asked.upload_url, asked.key, asked.signed, file) for file in asked.input_images]
    say("uploaded", count=len(links))
    task = create(asked.base_url, asked.key, asked.model, asked.prompt, links)
    say("created", task=task)
    made, polls = follow(asked.base_url, asked.key, task, asked.poll_every)
    say("known", polls=polls, links=made)
    with open(asked.out, "wb") as file:
        file.write(requests.get(made[0], timeout=TIMEOUT).content)
    say("saved")


if __name__ == "__main__":
    main()
