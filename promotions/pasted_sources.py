"""What a person pastes to name public packages of others: payloads, or lines with two ids."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from clients.package_payloads import parse_payload

LIMIT = 50
TEXT_LIMIT = 50_000
_SEPARATORS = re.compile(r"[\s,;]+")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Source:
    """One package as it was understood, or why it was not."""

    text: str
    organization_id: str = ""
    package_id: str = ""
    problem: str = ""


def read_sources(text: str) -> list[Source]:
    """Every package that the text names, in its order; what is named twice says so."""
    found: list[Source] = []
    named: set[tuple[str, str]] = set()
    for source in _read(text[:TEXT_LIMIT]):
        key = (source.organization_id, source.package_id)
        if not source.problem and key in named:
            source = Source(source.text, *key, problem="It is named above already.")
        named.add(key)
        found.append(source)
        if len(found) > LIMIT:
            break
    return found


def _read(text: str) -> Iterator[Source]:
    """Payloads may stand one after the other, or in a list; all other lines hold two ids each."""
    rest = text.strip().removeprefix("\ufeff").lstrip()
    while rest:
        if rest[0] in "{[":
            try:
                value, end = _DECODER.raw_decode(rest)
            except (ValueError, RecursionError):
                yield Source(_cut(rest), problem="This is no complete JSON. Paste the whole payload, with its braces.")
                return
            yield from _payloads(value)
            rest = rest[end:].lstrip(" \t\r\n,;")
            continue
        line, _, rest = rest.partition("\n")
        rest = rest.lstrip()
        yield _line(line.strip())


def _payloads(value: object) -> Iterator[Source]:
    for one in value if isinstance(value, list) else [value]:
        text = json.dumps(one, ensure_ascii=False)
        try:
            payload = parse_payload(text)
        except ValueError as exc:
            yield Source(_cut(text), problem=str(exc))
        else:
            yield Source(_cut(text), payload.organization_id, payload.package_id)


def _line(line: str) -> Source:
    parts = [part.strip("\"'") for part in _SEPARATORS.split(line) if part]
    organizations = [part for part in parts if part.lower().endswith("@adobeorg")]
    others = [part for part in parts if part not in organizations]
    if len(organizations) == 1 and len(others) == 1:
        return Source(_cut(line), organizations[0], others[0])
    return Source(
        _cut(line), problem="This takes two ids: the organization’s, which ends in @AdobeOrg, and the package’s."
    )


def _cut(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:119]}…"
