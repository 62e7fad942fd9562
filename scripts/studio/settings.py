"""What the person set up: folders, keys, other addresses, limits. Made from the environment that `app`
hands in, the options of one command and `config.toml`; anything odd in them is named and stops."""

from __future__ import annotations

import ipaddress
import math
import os.path
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from studio import catalogue
from studio.errors import KeyProblem, UsageError
from studio.frozen import dataclass, field, replace
from studio.language import LANGUAGES
from studio.redact import SHORTEST
from studio.types import Gateway, Json, Limits

HOME = "MEDIA_STUDIO_HOME"
AMOUNTS = ("per_call", "per_day", "per_user")
GATEWAY_SETTINGS = {
    "confirm_above": (int, float),
    **dict.fromkeys(AMOUNTS, (int, float)),
    "accept_unknown_price": bool,
    "hosts": list,
    "names": dict,
}
MOST = 10**12  # of any amount: a limit above it is none
AUTHORITY = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?")
SETTINGS = {
    "language": str,
    "out": str,
    "show_costs": bool,
    "receipts": bool,
    "store_prompts": bool,
    "gateways": dict,
}


@dataclass(frozen=True)
class Settings:
    home: Path
    config_file: Path
    config: Json
    environment: Mapping[str, str] = field(repr=False)
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    most: Mapping[str, float | None] = field(default_factory=dict)  # limits of this command, in the unit
    moved: bool = False  # the record is not where it would be by itself

    def key(self, gateway: Gateway) -> str:
        """The gateway's key, or KeyProblem. A word that cannot be its key is not sent there to find out."""
        key = (self.api_key or self.environment.get(gateway.key_env, "")).strip()
        if not key:
            raise KeyProblem(
                f"No key for {gateway.name}: set {gateway.key_env}.",
                detail=f"{where_from(gateway)} To try without one: --sandbox.",
            )
        odd = not key.isascii() or any(char.isspace() for char in key) or len(key) < SHORTEST
        owner = _plainly_of_another(key, gateway) or self._set_for_another(key, gateway)
        if odd or owner or not key.startswith(gateway.key_prefix):
            beginning = f": they start with {gateway.key_prefix}" if gateway.key_prefix else ""
            why = f", but looks like one of {owner}" if owner else beginning
            raise KeyProblem(
                f"What is set as {gateway.key_env} is no key of {gateway.name}{why}. "
                "It was not sent anywhere.",
                kind="key_malformed",
            )
        return key

    def _set_for_another(self, key: str, gateway: Gateway) -> str | None:
        """The name of the gateway whose variable holds the key that was given for this one alone."""
        if self.environment.get(gateway.key_env, "").strip() == key:
            return None
        holders = (made for made in catalogue.gateways() if made.id != gateway.id)
        found = (made for made in holders if self.environment.get(made.key_env, "").strip() == key)
        return next((made.name for made in found), None)

    def has_key(self, gateway: Gateway) -> bool:
        return bool((self.api_key or self.environment.get(gateway.key_env, "")).strip())

    def gateway(self, id: str) -> Gateway:
        """The gateway with this person's addresses and limits."""
        made = next(gateway for gateway in catalogue.gateways() if gateway.id == id)
        own = self.config.get("gateways", {}).get(id, {})
        asked = own.get("confirm_above")
        return replace(
            made,
            confirm_above=made.confirm_above if asked is None else _steps(asked, made),
            urls=self._urls(made, own.get("hosts", [])),
            names={**made.names, **own.get("names", {})},
            limits=self._limits(made, own),
        )

    def _limits(self, gateway: Gateway, own: Json) -> Limits:
        """The config's, and where this command names a lower one, that."""
        named = {name: (own.get(name), self.most.get(name)) for name in AMOUNTS}
        least = {
            name: min((_steps(one, gateway) for one in pair if one is not None), default=None)
            for name, pair in named.items()
        }
        return Limits(**least, accept_unknown=bool(own.get("accept_unknown_price")))

    def _urls(self, gateway: Gateway, hosts: list[str]) -> dict[str, str]:
        urls = dict(gateway.urls)
        if (self.base_url or self._address(gateway, "api")) and not self._address(gateway, "alternate"):
            urls.pop("alternate", None)  # it is the alternate of the address that is not used
        for role in urls:
            name, given = url_variable(gateway.id, role), self._address(gateway, role)
            if role == "api" and self.base_url:
                name, given = "--base-url", self.base_url
            if given:
                urls[role] = _allowed(name, given, gateway, hosts)
        return urls

    def _address(self, gateway: Gateway, role: str) -> str | None:
        """What the environment leads one of a gateway's addresses to."""
        name = url_variable(gateway.id, role)
        return self.environment.get(name)


def _plainly_of_another(key: str, gateway: Gateway) -> str | None:
    """The name of the other gateway whose keys begin so, where this one's have no beginning of their own."""
    others = [made for made in catalogue.gateways() if made.key_prefix and made.id != gateway.id]
    mine = gateway.key_prefix and key.startswith(gateway.key_prefix)
    return None if mine else next((made.name for made in others if key.startswith(made.key_prefix)), None)


def where_from(gateway: Gateway) -> str:
    """Where a key is made, or that this is not known."""
    if gateway.key_page is None:
        return f"Where {gateway.name} makes keys is not known here: ask whoever runs the account."
    return f"A key can be made at {gateway.key_page}."


def url_variable(gateway: str, role: str) -> str:
    """The environment name of one of a gateway's addresses: MEDIA_STUDIO_<GATEWAY>_URL, ..._UPLOAD_URL."""
    middle = gateway.replace("-", "_").upper()
    return f"MEDIA_STUDIO_{middle}_URL" if role == "api" else f"MEDIA_STUDIO_{middle}_{role.upper()}_URL"


def rehearsal_key(gateway: Gateway) -> str:
    """A key that opens a twin and nothing else."""
    return f"{gateway.key_prefix}rehearsal"


def load(  # noqa: PLR0913 - all by name
    environment: Mapping[str, str],
    *,
    home: str | None = None,
    api_key: str | None = None,
    base_url: str | None = None,
    most: Mapping[str, float | None] | None = None,
    read: bool = True,
) -> Settings:
    """`read`: whether the config is; without it all is as if there were none."""
    chosen = home or environment.get(HOME)
    if chosen:
        home_folder = folder(chosen)
        config_file = home_folder / "config.toml"
    else:
        import platformdirs

        home_folder = platformdirs.user_state_path("media-studio", appauthor=False)
        config_file = platformdirs.user_config_path("media-studio", appauthor=False) / "config.toml"
    return Settings(
        home=home_folder,
        config_file=config_file,
        config=_config(config_file) if read else {},
        environment=environment,
        api_key=api_key,
        base_url=base_url,
        most=most or {},
        moved=bool(chosen),
    )


def folder(text: str) -> Path:
    """A folder as a person writes it, absolute; ~ is the home folder, where there is one by that name."""
    try:
        return Path(os.path.expanduser(text)).absolute()
    except OSError as problem:  # the working directory is gone
        raise UsageError(f"{text} is no folder that can be found ({problem.strerror}).") from None


def _config(file: Path) -> Json:
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"{file} cannot be read ({problem}).", kind="bad_config") from problem
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        config: Json = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise UsageError(f"{file} is not valid TOML: {problem}.", kind="bad_config") from problem
    _check(config, SETTINGS, str(file))
    if config.get("language", "auto") not in {"auto", *LANGUAGES}:
        raise UsageError(f"{file}: language can be auto, {' or '.join(LANGUAGES)}.", kind="bad_config")
    known = [gateway.id for gateway in catalogue.gateways()]
    for id, own in config.get("gateways", {}).items():
        if id not in known:
            raise UsageError(f"{file}: there is no gateway {id}.", detail=f"Gateways: {', '.join(known)}.")
        _check(own, GATEWAY_SETTINGS, f"{file}, gateways.{id}")
        made = next(gateway for gateway in catalogue.gateways() if gateway.id == id)
        _check(own.get("names", {}), dict.fromkeys(made.names, str), f"{file}, gateways.{id}.names")
        for name, spelling in own.get("names", {}).items():
            if spelling not in {name, made.names[name]}:
                raise UsageError(
                    f"{file}, gateways.{id}.names: {name} can be {name} or {made.names[name]}.",
                    kind="bad_config",
                )
    return config


def _check(table: Any, allowed: Mapping[str, Any], where: str) -> None:
    for name, value in table.items() if isinstance(table, dict) else [("", table)]:
        if name not in allowed:
            import difflib

            close = difflib.get_close_matches(name, allowed, n=1)
            hint = f" Did you mean {close[0]}?" if close else f" Known: {', '.join(allowed)}."
            raise UsageError(f"{where}: there is no setting {name}.{hint}", kind="bad_config")
        if not isinstance(value, allowed[name]) or isinstance(value, bool) != (allowed[name] is bool):
            raise UsageError(f"{where}: {name} has a value of the wrong type.", kind="bad_config")
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"{where}: {name} must be a finite number.", kind="bad_config")
        if isinstance(value, int | float) and value < 0:
            raise UsageError(f"{where}: {name} must not be below 0.", kind="bad_config")


def _steps(amount: float, gateway: Gateway) -> int:
    """An amount in the gateway's unit, in its smallest steps: what is left of a step is dropped."""
    return int(min(amount, MOST) * 10**gateway.unit.decimals + 1e-6)


def _allowed(name: str, url: str, gateway: Gateway, hosts: list[str]) -> str:
    """Loopback at once; another https host only where the config names it: a key follows this address."""
    scheme, host = _authority(url)
    loopback = is_loopback(url)
    own = {urlsplit(base).hostname for base in gateway.urls.values()}
    trusted = scheme == "https" and host and (host in hosts or host in own)
    if set(url) & set("?#") or not (trusted or (loopback and scheme in {"http", "https"})):
        raise UsageError(
            f"{name} points to {host or 'no plain host'}, which may not be given the key of {gateway.name}.",
            kind="base_url_refused",
            detail=f'If you trust it, name it in config.toml: [gateways.{gateway.id}] hosts = ["{host}"] '
            "(https only).",
        )
    return url.rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine, by its literal name or address."""
    _, host = _authority(url)
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _authority(url: str) -> tuple[str, str]:
    """Scheme and host; no host where two readers of URLs could differ about it. Between the slashes stands
    a host and a port alone: of https://a.example\\@b.example one reader makes a, another b."""
    try:
        parts = urlsplit(url)
        plain = url.isprintable() and AUTHORITY.fullmatch(parts.netloc) and parts.port != 0
        return parts.scheme, (parts.hostname or "") if plain else ""
    except ValueError:
        return "", ""
