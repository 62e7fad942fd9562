"""The rules by which a registry's scanner judges a published file, rebuilt from the facts known of them.

Each is a pure question about one text file: its name below the root (with `/`), its text -> does it trip?
The patterns are our own. Where the facts leave room the wider reading is taken, and most rules look at every
kind of file: what passes here should pass there. `over_limits` has what is counted instead of read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Trips = Callable[[str, str], bool]

TEXT_LIMIT = 256 * 1024  # bytes of a text file that is still analysed
FILE_LIMIT = 10 * 1024 * 1024
TOTAL_LIMIT = 50 * 1024 * 1024
SHOWN_OF_SKILL_MD = 6_000  # characters that a reviewer's model is shown

POSTS = r"\.(?:post|put|request)\((?s:.{0,400}?)\b(?:json|data|headers)\s*="
INLINE_UPLOAD = r"b64encode\(\s*(?:[^()\n]+\.read_bytes\(\)|open\([^()\n]*\)\.read\(\))"

A_SECRET = r"(?i:api[_-]?key|token|secret|password|authorization)\w*[\"']?\s*[:=]\s*"
HARMLESS = r"(?![^\"'\n]*(?i:your|example|placeholder|dummy|sample|redacted|test-token))"
SECRET_LITERAL = A_SECRET + r"f?[\"']" + HARMLESS + r"(?:Bearer )?[\w+/=.-]{16,}[\"']"
SECRET_IN_SHELL = r"\b[A-Z_]*(?:API_KEY|TOKEN|SECRET|PASSWORD)=" + HARMLESS + r"[\w+/.-]{16,}"
KNOWN_PREFIX = r"\b(?:sk|ak|pk)-[A-Za-z0-9]{6}|\bghp_\w{6}|\beyJ[A-Za-z0-9_-]{6}"

KEY_FLAG = r"(?:python3?|uvx?|node|npx)\b[^\n]*\s--(?:api-key|token|password|secret|private-key)[ =][\"']?\$"
READS_SECRET = r"(?:environ|getenv|environment)\b[^\n]{0,40}(?:KEY|TOKEN|SECRET|PASSWORD)\b"
READS_URL = r"(?:environ|getenv|environment)\b[^\n]{0,40}URL\b"
JS_NETWORK = r"\bfetch\(|\baxios\b|XMLHttpRequest|WebSocket|\bhttps?\.(?:get|request)\("

UNVERIFIED = r"verify\s*=\s*False|CERT_NONE|check_hostname\s*=\s*False|rejectUnauthorized\s*:\s*false"
ENDLESS = r"while True:|while 1:|sleep\(\s*(?:[3-9]\d\d|\d{4,})"
ANSWERS_OUT = r"(?i)submit[\w-]*[_/-]answer|answers?/submit"
WRITES_BY_TOOL = r"(?s)ffmpeg.{0,200}[\"']-y[\"'].{0,200}str\(output\w*\)"
DELETES = r"rm\s+-(?:rf|fr|r\s+-f)\s+[\"']?(?:~|/|\$\{?HOME)"
INSTRUCTIONS = r"(?i)ignore (?:all |any )?previous instructions|system prompt\s*[:=]"
TEMPLATE_LINE = r"(?m)^\s*(?:export )?\w+=\"?\$\{\w+\}\"?\s*$"
CODE_FENCE = r"(?m)^```(?:bash|sh|shell|python)\b"
PIPED_TO_SHELL = r"(?:curl|wget)\b[^\n|]*\|\s*(?:sudo )?(?:ba|z)?sh\b"
RAW_IP = r"https?://(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:]+\])"
SHORTENED = r"https?://(?:bit\.ly|tinyurl\.com|t\.co|goo\.gl|is\.gd|cutt\.ly|rb\.gy)/"
ALWAYS = r"(?m)^\s*[\"']?always[\"']?\s*:\s*[\"']?true"

INVISIBLE = "[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
LONG_RUN = r"[A-Za-z0-9+/=]{200}"
ANOTHER_ROLE = r"(?i)\byou are now an?\b"
HIDDEN_COMMENT = r"<!--"
MACHINE_PATH = r"(?<![\w.~])/(?:home|root|Users|work|tmp|opt)/"

MARKDOWN, DATA = (".md",), (".json", ".yaml", ".yml", ".toml")


def holds(*patterns: str, only: tuple[str, ...] = (), never: str | None = None) -> Trips:
    """A rule that trips where all patterns are found, in files of these endings, and one is not."""

    def trips(name: str, text: str) -> bool:
        return (
            (not only or name.endswith(only))
            and all(re.search(pattern, text) for pattern in patterns)
            and not (never and re.search(never, text))
        )

    return trips


def any_of(*rules: Trips) -> Trips:
    return lambda name, text: any(rule(name, text) for rule in rules)


RULES: Mapping[str, Trips] = {
    # Static rules, by the registry's names.
    "potential_exfiltration": holds(INLINE_UPLOAD, POSTS),
    "exposed_secret_literal": holds(f"{SECRET_LITERAL}|{SECRET_IN_SHELL}|{KNOWN_PREFIX}"),
    "secret_argv_exposure": holds(KEY_FLAG),
    "env_credential_access": any_of(
        holds(READS_SECRET, READS_URL, r"\.post\(|[\"']POST[\"']", "(?i)password"),
        holds(r"process\.env", JS_NETWORK),
    ),
    "insecure_tls_verification": holds(UNVERIFIED),
    "dynamic_code_execution": holds(r"\beval\(|\bexec_module\("),
    "obfuscated_code": holds(r"(?:\\x[0-9a-fA-F]{2}){6}"),
    "autonomous_credential_egress": holds(ENDLESS, "API_KEY", ANSWERS_OUT),
    "unsafe_file_write": holds(r"[\"']--out", WRITES_BY_TOOL, never="tempfile|is_relative_to"),
    "destructive_delete_command": holds(DELETES),
    "prompt_injection_instructions": holds(INSTRUCTIONS),
    "generated_source_template_injection": holds(TEMPLATE_LINE, CODE_FENCE),
    "install_terminal_payload": holds(PIPED_TO_SHELL),
    "install_untrusted_source": holds(f"{RAW_IP}|{SHORTENED}", only=DATA),
    "privileged_always": holds(ALWAYS),
    # Signals of injection, which floor the verdict.
    "invisible_character": holds(INVISIBLE),
    "base64_run": holds(LONG_RUN),
    "another_role": holds(ANOTHER_ROLE),
    "hidden_comment": holds(HIDDEN_COMMENT, only=MARKDOWN),
    # Not the registry's, ours: the machine that something was written on is nobody's business.
    "machine_path": holds(MACHINE_PATH),
}


def tripped(name: str, text: str) -> set[str]:
    """The rules that one file trips."""
    return {code for code, rule in RULES.items() if rule(name, text)}


def over_limits(sizes: Mapping[str, int], texts: Mapping[str, str]) -> list[str]:
    """What is too large. `sizes`: bytes of each file; `texts`: those that are text."""
    found = [f"{name}: {size} bytes" for name, size in sizes.items() if size > FILE_LIMIT]
    found += [f"{name}: {sizes[name]} bytes of text" for name in texts if sizes[name] > TEXT_LIMIT]
    total = sum(sizes.values())
    return found + ([f"in all: {total} bytes"] if total > TOTAL_LIMIT else [])
