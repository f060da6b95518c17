"""A HAR file (HTTP Archive 1.2, as browsers save it) → the text of a `[[journey]]`, for a person to look through."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from watchdog.config.addresses import URL
from watchdog.config.rules import is_list, is_table
from watchdog.errors import UsageError

LARGEST: Final = 64 * 1024 * 1024
MOST_STEPS: Final = 100
_STATIC: Final = re.compile(
    r"\.(?:css|js|mjs|map|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|otf|eot|mp4|webm)$", re.IGNORECASE
)
_STATIC_KINDS: Final = ("image/", "font/", "video/", "audio/", "text/css", "application/javascript", "text/javascript")
_SECRET: Final = re.compile(r"pass|pwd|secret|pin\b|otp", re.IGNORECASE)
_KEPT_HEADERS: Final = frozenset({"accept", "x-requested-with"})
_TOKEN_HEADERS: Final = re.compile(r"authorization|(?:x-)?(?:csrf|xsrf)(?:-?token)?", re.IGNORECASE)
"""They are kept where an earlier answer gave what they say."""
_SHORTEST_TOKEN: Final = 8
"""A value that is shorter is the same by chance."""
_INPUT: Final = re.compile(r"<(?:input|meta)\b[^<>]{0,2000}>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"""([a-zA-Z-]{1,40})\s{0,9}=\s{0,9}(?:"([^"]{0,1000})"|'([^']{0,1000})')""")
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"})
_LONGEST_URL: Final = 2000
_SEARCHED: Final = 1024 * 1024
"""Characters of an answer in which values are looked for."""
_MOST_SEARCHES: Final = 2000
_DEEPEST: Final = 8
_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(slots=True)
class _Entry:
    method: str
    url: str
    status: int
    redirect: str
    headers: dict[str, str]
    body: str
    body_kind: str
    answer: str
    answer_kind: str


@dataclass(slots=True)
class _Step:
    name: str
    lines: list[str] = field(default_factory=list[str])
    captures: dict[str, str] = field(default_factory=dict[str, str])


def journey_of_har(file: Path, name: str) -> str:
    """TOML. Raises UsageError with a sentence for what is no HAR, or holds no page and no call."""
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    if len(content) > LARGEST:
        raise UsageError(f"{file} is larger than {LARGEST // 1024 // 1024} MiB: record only the failing pages")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise UsageError(f"{file} is no HAR: it is no JSON") from None
    entries = is_list((is_table((is_table(document) or {}).get("log")) or {}).get("entries"))
    if entries is None:
        raise UsageError(f"{file} is no HAR: it has no log.entries")
    wanted = list(_without_redirects(entry for raw in entries if (entry := _entry(raw)) is not None))
    if not wanted:
        raise UsageError(f"{file} holds no page and no call, only what belongs to them")
    return _Journey(name, wanted[:MOST_STEPS]).text()


def _entry(raw: Any) -> _Entry | None:
    """What a person did, or what a page asked for; None for what only belongs to a page, and for what is broken."""
    table = is_table(raw) or {}
    request, response = is_table(table.get("request")) or {}, is_table(table.get("response")) or {}
    content, sent = is_table(response.get("content")) or {}, is_table(request.get("postData")) or {}
    url, method, status = request.get("url"), request.get("method"), response.get("status")
    if not isinstance(url, str) or not isinstance(method, str) or not isinstance(status, int):
        return None
    try:
        url = URL(url.partition("#")[0])
    except ValueError:
        return None
    kind = _text(content.get("mimeType")).lower()
    static = _STATIC.search(urlsplit(url).path) or kind.startswith(_STATIC_KINDS)
    known = table.get("_resourceType", "document") in {"document", "xhr", "fetch"}
    if static or not known or method not in _METHODS:
        return None
    return _Entry(
        method=method,
        url=url,
        status=status,
        redirect=_text(response.get("redirectURL")),
        headers=dict(_headers(request.get("headers"))),
        body=_text(sent.get("text")),
        body_kind=_text(sent.get("mimeType")).lower(),
        answer=_text(content.get("text"))[:_SEARCHED],
        answer_kind=kind,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _headers(raw: Any) -> Iterator[tuple[str, str]]:
    for one in is_list(raw) or []:
        table = is_table(one) or {}
        if isinstance(table.get("name"), str) and isinstance(table.get("value"), str):
            yield table["name"].lower(), table["value"]


def _without_redirects(entries: Iterator[_Entry]) -> Iterator[_Entry]:
    """A journey follows them by itself: what a redirect asked for is no step; what it gave is the answer."""
    first: _Entry | None = None
    for entry in entries:
        if first is not None and entry.method in {"GET", "HEAD"}:
            first.status, first.answer, first.answer_kind = entry.status, entry.answer, entry.answer_kind
            first.redirect = entry.redirect
            entry = first  # noqa: PLW2901 - its answer has come now
            first = None
        if 300 <= entry.status < 400 and entry.redirect:  # noqa: PLR2004 - redirects
            first = entry
            continue
        yield entry
    if first is not None:
        yield first


class _Journey:
    """Finds where the values of requests come from: an earlier answer, or a person."""

    def __init__(self, name: str, entries: list[_Entry]) -> None:
        self._name = name
        self._entries = entries
        self._secrets: dict[str, str] = {}
        self._steps: list[_Step] = []
        self._searches = 0
        self._values: dict[str, str] = {}
        """What an answer gave → its name."""

    def text(self) -> str:
        parts = urlsplit(self._entries[0].url)
        base = f"{parts.scheme}://{parts.netloc}"
        for number, entry in enumerate(self._entries):
            self._take(number, entry, base)
        head = ["[[journey]]", f"name = {_quoted(_NAME.sub('-', self._name)[:63].strip('-') or 'imported')}"]
        head += [f"base = {_quoted(base)}", '# services = ["project/service"]   # whose users take this way']
        if self._secrets:
            listed = ", ".join(f"{name} = {_quoted(place)}" for name, place in self._secrets.items())
            head.append(f"secrets = {{ {listed} }}")
        if self._values:
            head.append(f"redact = [{', '.join(_quoted(name) for name in dict.fromkeys(self._values.values()))}]")
        blocks = ["\n".join(head)]
        for step in self._steps:
            captures = [f"capture.{name} = {where}" for name, where in step.captures.items()]
            blocks.append("\n".join(["[[journey.step]]", *step.lines, *captures]))
        return "\n\n".join(blocks) + "\n"

    def _take(self, number: int, entry: _Entry, base: str) -> None:
        path = urlsplit(entry.url).path.strip("/").rpartition("/")[2]
        name = _NAME.sub("-", path)[:40].strip("-0123456789") or ("front" if number == 0 else "page")
        taken = {step.name for step in self._steps}
        if name in taken or not re.match(r"[A-Za-z_]", name):
            name = f"step-{number + 1}"
        step = _Step(name)
        url = entry.url.removeprefix(base) if entry.url.startswith(f"{base}/") else entry.url
        step.lines = [f"name = {_quoted(name)}", f"url = {_quoted(self._filled(number, url))}"]
        self._steps.append(step)
        self._send(number, entry, step)
        if entry.status >= 400:  # noqa: PLR2004 - errors
            step.lines.append(f"# was answered with {entry.status} when it was recorded")

    def _send(self, number: int, entry: _Entry, step: _Step) -> None:
        kept = {key: value for key, value in entry.headers.items() if key in _KEPT_HEADERS}
        kept |= {key: value for key, value in entry.headers.items() if _TOKEN_HEADERS.fullmatch(key)}
        headers = {key: self._filled(number, value) for key, value in kept.items() if _plain(value)}
        plain = {key: value for key, value in headers.items() if key in _KEPT_HEADERS or "{{" in value}
        if entry.method not in {"GET", "POST"} or (entry.method == "POST" and not entry.body):
            step.lines.append(f"method = {_quoted(entry.method)}")
        if plain:
            step.lines.append(f"headers = {_table(plain)}")
        if not entry.body or entry.method == "GET":
            return
        if "x-www-form-urlencoded" in entry.body_kind:
            pairs = dict(parse_qsl(entry.body, keep_blank_values=True, max_num_fields=None))
            step.lines.append(
                f"form = {_table({key: self._value(number, key, value) for key, value in pairs.items()})}"
            )
            return
        try:
            document = json.loads(entry.body)
        except (ValueError, RecursionError):
            step.lines.append('# its body was neither a form nor JSON: write it as body = "…"')
            return
        step.lines.append(f"json = {_toml(self._json(number, document))}")

    def _json(self, number: int, value: Any, key: str = "") -> Any:
        table, listed = is_table(value), is_list(value)
        if table is not None:
            return {name: self._json(number, item, name) for name, item in table.items()}
        if listed is not None:
            return [self._json(number, item, key) for item in listed]
        return self._value(number, key, value) if isinstance(value, str) else value

    def _value(self, number: int, key: str, value: str) -> str:
        """What a field sends: what a person typed as a secret, what an answer gave, or as it is."""
        if _SECRET.search(key) and value:
            name = _NAME.sub("_", key).strip("_-") or "secret"
            name = name if re.match(r"[A-Za-z_]", name) else f"secret_{name}"
            name = name[:60].removesuffix("_file")
            self._secrets[name] = f"${{{_NAME.sub('_', name).replace('-', '_').upper()}}}"
            return f"{{{{ {name} }}}}"
        return self._filled(number, value)

    def _filled(self, number: int, text: str) -> str:
        """The text with what an earlier answer gave as a template."""
        text = text.replace("{{", "{ {").replace("${", "$${")
        for value in [text, *re.split(r"[/?&=; ]", text)]:
            if len(value) >= _SHORTEST_TOKEN and (name := self._found_before(number, value)) is not None:
                text = text.replace(value, f"{{{{ {name} }}}}")
                break
        return text

    def _found_before(self, number: int, value: str) -> str | None:
        """The name of a capture that gives the value, made where an earlier answer has it; None where none does."""
        if value in self._values:
            return self._values[value]
        self._searches += 1
        if self._searches > _MOST_SEARCHES or len(value) > _LONGEST_URL:
            return None
        for earlier in range(number - 1, -1, -1):
            found = _where(self._entries[earlier], value)
            if found is not None:
                hint, where = found
                name = self._new_name(hint)
                self._steps[earlier].captures[name] = where
                self._values[value] = name
                return name
        return None

    def _new_name(self, hint: str) -> str:
        name = _NAME.sub("_", hint).strip("_-")[:50] or "value"
        name = name if re.match(r"[A-Za-z_]", name) else f"value_{name}"
        taken = {*self._values.values(), *self._secrets}
        return name if name not in taken else f"{name}_{len(taken)}"


def _where(entry: _Entry, value: str) -> tuple[str, str] | None:
    """A name and the TOML of a capture that finds the value in an answer."""
    if value not in entry.answer:
        return None
    if "json" in entry.answer_kind:
        try:
            return _in_json(json.loads(entry.answer), value)
        except (ValueError, RecursionError):
            return None
    for tag in _INPUT.findall(entry.answer):
        attributes = {name.lower(): first or second for name, first, second in _ATTRIBUTE.findall(tag)}
        name, kind = attributes.get("name", ""), "content" if tag[1:5].lower() == "meta" else "value"
        if attributes.get(kind) == value and re.fullmatch(r"[A-Za-z0-9_:.\[\]-]{1,80}", name):
            selector = f"{'meta' if kind == 'content' else 'input'}[name='{name}']"
            return name, f"{{ html = {_quoted(selector)}, attribute = {_quoted(kind)} }}"
    return None


def _in_json(document: Any, value: str) -> tuple[str, str] | None:
    left: list[tuple[str, str, Any, int]] = [("value", "$", document, 0)]
    while left:
        key, path, item, depth = left.pop(0)
        if item == value:
            return key, f"{{ json = {_quoted(path)} }}"
        if depth < _DEEPEST:
            for name, inner in (is_table(item) or {}).items():
                if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,60}", name):
                    left.append((name, f"{path}.{name}", inner, depth + 1))
            left += [
                (key, f"{path}[{number}]", inner, depth + 1) for number, inner in enumerate((is_list(item) or [])[:100])
            ]
    return None


def _plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and len(text) <= _LONGEST_URL


def _quoted(text: str) -> str:
    """A basic string of TOML: escapes are those of JSON; what is no character at all is replaced."""
    return json.dumps(text.encode("utf-8", "replace").decode(), ensure_ascii=False).replace("\x7f", "\\u007F")


def _table(pairs: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{_quoted(key)} = {_quoted(value)}" for key, value in pairs.items()) + " }"


def _toml(value: Any) -> str:
    """A value of JSON on one line of TOML, which has no null."""
    table, listed = is_table(value), is_list(value)
    if table is not None:
        inner = ", ".join(f"{_quoted(key)} = {_toml(item)}" for key, item in table.items() if item is not None)
        return f"{{ {inner} }}" if inner else "{}"
    if listed is not None:
        return f"[{', '.join(_toml(item) for item in listed if item is not None)}]"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "0"
    return '""' if value is None else json.dumps(value)
