"""IMA Studio's Open API: pictures. Wire facts: references/ima.md.

Every answer is an envelope `{"code", "message", "data"}`, and its `code` is the only word of business: 0
and 200 are success, whatever the HTTP status. An answer without an envelope is transport, not a no.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from studio.answers import identifier, rows, text, whole
from studio.contract import KEY, Done, Failed, Pending, Poll, Read, Request, Response
from studio.errors import NetworkError, StudioError, UnknownOutcome, vendor_said
from studio.form import Choice, FormField, Offer, Rule
from studio.frozen import replace
from studio.signs import on_one_line
from studio.types import Gateway, Json, MediaRef, Output, Plan, Source, Submitted, TaskRef

SUCCESS = frozenset({"0", "200"})
WAITING = frozenset({"", "pending", "processing"})
FINISHED = frozenset({"success", "completed"})
MARKER = "default"  # an attribute that marks the fallback rule; no parameter, never sent


class Provider:
    def __init__(
        self, gateways: Mapping[str, Gateway], raw: Mapping[str, Any], now: Callable[[], float]
    ) -> None:
        (self._gateway,) = gateways.values()
        self._raw = raw
        self._now = now

    def offers(self, task_type: str, language: str, read: Read) -> tuple[Offer, ...]:
        response = read(
            Request(
                what="the product list",
                method="GET",
                url=f"{self._gateway.urls['api']}/open/v1/product/list",
                query={"app": "ima", "platform": "web", "category": task_type},
                headers=self._headers(language),
                safe=True,
            )
        )
        nodes = self._data(response)
        if not isinstance(nodes, list):
            raise self._lacks(response, "data (a list)")
        return tuple(_offer(leaf) for leaf in _leaves(nodes))

    def upload(self, source: Source, read: Read) -> MediaRef:
        """A signed link is asked for, the bytes are put there. The vendor's protocol carries the key in
        the query of the first call, so its URL is never shown."""
        if source.url:
            return MediaRef(source.role, source.url)
        token = read(self._upload_token(source))
        data = self._data(token)
        links = {name: data.get(name) if isinstance(data, dict) else None for name in ("ful", "fdl")}
        for name, link in links.items():
            if not isinstance(link, str) or not link:
                raise self._lacks(token, f"data.{name}")
        put = read(
            Request(
                what="the upload of an input",
                method="PUT",
                url=str(links["ful"]),
                headers={"Content-Type": str(source.mime)},
                body=source.content,
                safe=True,
            )
        )
        if put.status not in {200, 201, 204}:
            kind = "rate_limited" if put.status == 429 else "vendor_down"
            raise self._said(kind, put, None, f"HTTP {put.status}")
        return MediaRef(source.role, links["fdl"])

    def submit_request(self, plan: Plan, media: tuple[MediaRef, ...], uid: str) -> Request:
        links = [ref.value for ref in media]
        attribute, points = plan.billing.attribute_id, plan.billing.per_unit
        body = {
            "task_type": plan.task_type,
            "enable_multi_model": False,
            "src_img_url": links,
            "parameters": [
                {
                    "attribute_id": attribute,
                    "model_id": plan.model.id,
                    "model_name": plan.model.name,
                    "model_version": plan.model.version,
                    "app": "ima",
                    "platform": "web",
                    "category": plan.task_type,
                    "credit": points,
                    "parameters": {
                        **plan.values,
                        "prompt": plan.prompt,
                        "n": plan.n,
                        "input_images": links,
                        "cast": {"points": points, "attribute_id": attribute},
                    },
                }
            ],
        }
        return Request(
            what="the paid request",
            method="POST",
            url=f"{self._gateway.urls['api']}/open/v1/tasks/create",
            headers=self._headers(plan.language),
            json=body,
            safe=False,
        )

    def parse_submit(self, plan: Plan, response: Response) -> Submitted:
        code = _code(response)
        payload = response.payload if isinstance(response.payload, dict) else {}
        data = payload["data"] if isinstance(payload.get("data"), dict) else {}
        task_id = identifier(data.get("id"))
        if code not in SUCCESS:
            if task_id:  # whatever else it says, it names a task
                raise UnknownOutcome(
                    f"The paid request was answered with an error that names a task: {task_id}.",
                    provider_code=code,
                    detail=_message(response),
                )
            raise self._submit_failed(response, code)
        if not task_id:
            raise UnknownOutcome("The paid request was accepted, but the answer lacks data.id.")
        count = whole(data.get("generate_count")) or plan.n
        return Submitted(
            task=self._task(task_id, min(count, plan.n)),
            deadline=_seconds(data.get("timeout_at")),
        )

    def task_of(self, plan: Plan, task_id: str) -> TaskRef:
        return self._task(task_id, plan.n)

    def poll_request(self, task: TaskRef, language: str) -> Request:
        return Request(
            what="the task's state",
            method="POST",
            url=f"{self._gateway.urls['api']}/open/v1/tasks/detail",
            headers=self._headers(language),
            json={"task_id": task.task_id},
            safe=True,
        )

    def parse_poll(self, task: TaskRef, response: Response) -> Poll:
        """Finished when as many media as were bought have ended, each well or badly: one bad picture does
        not throw the good ones away."""
        data = self._data(response)
        if not isinstance(data, dict) or "medias" not in data:
            raise self._lacks(response, "data.medias")
        if str(data.get("id") or task.task_id) != task.task_id:
            raise self._said("bad_answer", response, None, "It answered about another task.")
        medias = data["medias"] or []
        ends = [self._media(response, media) for media in medias]
        waiting = [end for end in ends if isinstance(end, Pending)]
        if waiting or len(ends) < int(task.route.get("outputs", 1)):
            return next((end for end in waiting if not end.known), Pending("processing"))
        failures = tuple(end for end in ends if isinstance(end, Failed))
        outputs = tuple(end for end in ends if isinstance(end, Output))
        return Done(outputs, failures) if outputs else failures[0]

    def _task(self, id: str, outputs: int) -> TaskRef:
        return TaskRef(self._gateway.id, id, self._now(), {"outputs": str(outputs)})

    def _media(self, response: Response, media: Any) -> Pending | Failed | Output:
        """One media entry. `resource_status` 0 or null: under way; 1: ready; 2: failed; 3: deleted. A
        failed `status` ends it whatever the number says; ready without a link is not ready yet."""
        if not isinstance(media, dict) or "resource_status" not in media:
            raise self._lacks(response, "data.medias[].resource_status")
        resource = _plain(media["resource_status"] or 0)
        status = str(media.get("status") or "").lower()
        if status == "failed" or resource in {"2", "3"}:
            reason = str(media.get("error_msg") or media.get("remark") or "The generation failed.")
            return Failed(self._kind(None, reason) or "failed", reason)
        if resource not in {"0", "1"} or status not in WAITING | FINISHED:
            return Pending(f"{status or 'no status'}, resource_status {resource}", known=False)
        link = text(media.get("url")) or text(media.get("watermark_url"))
        if resource != "1" or not link:
            return Pending(status or "processing")
        width, height = (whole(media.get(side)) or None for side in ("width", "height"))
        return Output("image", link, width, height)

    def _headers(self, language: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {KEY}",
            "x-app-source": "ima_skills",
            "x_app_language": language,
        }

    def _upload_token(self, source: Source) -> Request:
        """The 11 parameters of the vendor's upload route; the signature is a plain SHA-1."""
        own = self._raw["upload"]
        stamp, nonce = str(int(self._now())), secrets.token_hex(11)[:21]
        signed = "|".join((own["app_id"], own["app_code"], stamp, nonce))
        mime = str(source.mime)
        return Request(
            what="the upload link",
            method="GET",
            url=f"{self._gateway.urls['upload']}/api/rest/oss/getuploadtoken",
            query={
                "appUid": KEY,
                "cmimToken": KEY,
                "appId": own["app_id"],
                "appKey": own["app_code"],
                "timestamp": stamp,
                "nonce": nonce,
                "sign": hashlib.sha1(signed.encode(), usedforsecurity=False).hexdigest().upper(),
                "fService": own["service"],
                "fType": "picture",
                "fSuffix": mime.partition("/")[2],
                "fContentType": mime,
            },
            safe=True,
        )

    def _data(self, response: Response) -> Any:
        """The envelope's data, or the error that a safe step's answer is."""
        code = _code(response)
        if code in SUCCESS:
            return response.payload.get("data")
        if code is not None:
            kind = self._kind(code, _message(response)) or "vendor_down"
            raise self._said(kind, response, code, _message(response))
        bare = str(response.status)
        if bare in self._raw["bare_refusals"] or response.status == 404:
            raise self._said(self._raw["codes"][bare], response, bare, None)
        kind = "vendor_down" if response.status >= 300 else "bad_answer"
        raise self._said(kind, response, None, f"HTTP {bare}" if kind == "vendor_down" else "It is no JSON.")

    def _submit_failed(self, response: Response, code: str | None) -> StudioError:
        """A no to the paid request is a refusal only where it stands on the catalogue's closed lists."""
        if code is not None:
            kind = self._kind(code, _message(response))
            said = (_message(response) or "").strip().rstrip(".!").lower()
            listed = code in self._raw["refusals"] or said in self._raw["refusal_texts"]
        else:
            code = str(response.status)
            kind = self._raw["codes"].get(code)
            listed = code in self._raw["bare_refusals"] and _is_bare(response.payload)
        if not kind or not listed:
            return UnknownOutcome(
                "The paid request was answered with an error that does not say whether it was accepted.",
                provider_code=code,
                detail=_message(response),
            )
        error = self._said(kind, response, code, _message(response))
        error.refused = True
        error.smaller_may_do = self._smaller_may_do(response)
        return error

    def _smaller_may_do(self, response: Response) -> bool:
        """A refusal in the vendor's own envelope that a smaller size could get past."""
        words = self._raw["step_down"].get(_code(response))
        said = (_message(response) or "").lower()
        return words is not None and (not words or any(word in said for word in words))

    def _kind(self, code: str | None, text: str | None) -> str | None:
        """What a code means, refined by the text where one code stands for many things."""
        by_code: str | None = self._raw["codes"].get(code)
        if by_code not in {None, "bad_parameter"}:
            return by_code
        return self._by_text("refusal_texts", text) or self._by_text("texts", text) or by_code

    def _by_text(self, table: str, text: str | None) -> str | None:
        said = (text or "").lower()
        kinds: Mapping[str, str] = self._raw[table]
        return next((kind for words, kind in kinds.items() if words in said), None)

    def _said(self, kind: str, response: Response, code: str | None, detail: str | None) -> StudioError:
        error = vendor_said(kind, self._gateway.name, response.what, detail, code)
        error.retry_after = response.retry_after
        return error

    def _lacks(self, response: Response, field: str) -> NetworkError:
        return NetworkError(
            f"{self._gateway.name}'s answer for {response.what} lacks {field}.",
            kind="bad_answer",
            detail="Nothing was bought. Try again; if it stays, the vendor changed its interface.",
        )


def _code(response: Response) -> str | None:
    """The envelope's code as text; None where there is no envelope."""
    code = response.payload.get("code") if isinstance(response.payload, dict) else None
    return _plain(code) if isinstance(code, str | int | float) and not isinstance(code, bool) else None


def _plain(value: Any) -> str:
    """A code as text; 200.0 is 200."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _is_bare(payload: Any) -> bool:
    """No envelope at all: a proxy's page or a plain error, not an answer in an odd shape."""
    return payload is None or (isinstance(payload, dict) and not {"code", "data"} & set(payload))


def _seconds(milliseconds: Any) -> float | None:
    """A vendor's time; None for anything that is none."""
    stamp = whole(milliseconds)
    return stamp / 1000 if stamp and stamp < 10**15 else None


def _message(response: Response) -> str | None:
    text = response.payload.get("message") if isinstance(response.payload, dict) else None
    return text if isinstance(text, str) and text else None


def _leaves(nodes: list[Any]) -> Iterator[Json]:
    """Version leaves (type "3") of a tree of any depth, in the vendor's order: oldest first."""
    waiting = rows(nodes)[::-1]
    while waiting:
        node = waiting.pop()
        if str(node.get("type")) == "3":
            yield node
        waiting.extend(reversed(rows(node.get("children"))))


def _offer(leaf: Json) -> Offer:
    """A leaf -> an offer. What it lacks is kept with it: a broken entry must not hide the others."""
    model_id, version, name = (str(leaf.get(field) or "") for field in ("model_id", "id", "name"))
    name = on_one_line(name)
    try:
        rules = tuple(_rule(row) for row in leaf["credit_rules"])
        form = tuple(_field(row) for row in leaf.get("form_config") or [])
        missing = [field for field in ("model_id", "id", "name") if not leaf.get(field)]
        if missing:
            raise KeyError(missing[0])
    except KeyError as lacking:
        return Offer(model_id, version, name, problem=f"lacks {lacking.args[0]}")
    except (ArithmeticError, AttributeError, TypeError, ValueError):
        return Offer(model_id, version, name, problem="has a field of an unforeseen type")
    return Offer(model_id, version, name, form, rules)


def _rule(row: Json) -> Rule:
    attributes = dict(row["attributes"] or {})
    attributes.pop(MARKER, None)
    return Rule(_count(row["attribute_id"]), _count(row["points"]), attributes)


def _count(value: Any) -> int:
    """A whole number, zero or more: a price is never rounded, and a truth value is none."""
    number = whole(value)
    if number is None:
        raise ValueError("no whole number")
    return number


def _field(row: Json) -> FormField:
    control = _choice(row)
    if not row.get("is_ui_virtual"):
        return FormField(control)
    mapping = row.get("value_mapping") or {}
    target = mapping.get("target_param") or control.name
    if not isinstance(target, str):
        raise TypeError(target)
    rows = [
        (dict(rule["source_values"] or {}), rule["target_value"])
        for rule in mapping.get("mapping_rules") or []
        if rule["target_value"] is not None
    ]
    ui = tuple(_choice(part) for part in row.get("ui_params") or [])
    if not ui and not rows:  # nothing to turn into the target: it is asked for itself
        return FormField(replace(control, name=target))
    return FormField(control, ui=ui or (control,), target=target, mapping=tuple(rows))


def _choice(row: Json) -> Choice:
    """A control's options; one of no value is none, one without a label is known by its value."""
    listed = [(option.get("label"), option["value"]) for option in row.get("options") or []]
    options = tuple((on_one_line(str(label or value)), value) for label, value in listed if value is not None)
    return Choice(str(row.get("field") or row["id"]), row.get("value"), options)
