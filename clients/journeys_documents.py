"""Journeys as bytes: they must come back as they came, and may be larger and deeper than is good to take apart."""

import re

from clients.transport import MalformedError

_BOM = b"\xef\xbb\xbf"
_BLANKS = b" \t\r\n"
_ENVELOPE = re.compile(rb'\s*\{\s*"result"\s*:\s*(?=\{)')
# Strings as a whole, so that braces inside them do not count; possessive, since one may be megabytes long.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]]', re.DOTALL)

_KEPT_LEVELS = 2
_PART_BYTES, _PART_LEVELS = 64 * 1024, 100


def document_in(content: bytes) -> bytes:
    """The exported document, out of its envelope if it has one; raises MalformedError if it is no JSON object."""
    content = content.removeprefix(_BOM)
    first = re.search(rb"\S", content)
    if first is None:
        raise MalformedError("the exported document is empty")
    if first[0] != b"{" or (not content.endswith(b"}") and content.rstrip(_BLANKS)[-1:] != b"}"):
        raise MalformedError("the exported document is not a JSON object")
    envelope = _ENVELOPE.match(content)
    if envelope is None:
        return content
    end = _end_of_object(content, envelope.end())
    # Only where `result` is the only member: what stands beside it belongs to the document.
    is_alone = end is not None and content[end:].strip(_BLANKS) == b"}"
    return content[envelope.end() : end] if is_alone else content


def _end_of_object(content: bytes, start: int) -> int | None:
    depth = 0
    for token in _TOKEN.finditer(content, start):
        mark = token[0]
        if mark in (b"{", b"["):
            depth += 1
        elif mark in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                return token.end()
    return None


def outline(content: bytes) -> bytes:
    """The JSON with those of its inner parts emptied that are long or deep: what a receipt says stands outside them."""
    kept, done = [], 0
    depth = deepest = start = 0
    for token in _TOKEN.finditer(content):
        mark = token[0]
        if mark in (b"{", b"["):
            depth += 1
            if depth == _KEPT_LEVELS + 1:
                start, deepest = token.end(), depth
            deepest = max(deepest, depth)
        elif mark in (b"}", b"]"):
            if depth == _KEPT_LEVELS + 1 and (token.start() - start > _PART_BYTES or deepest > _PART_LEVELS):
                kept.append(content[done:start])
                done = token.start()
            depth -= 1
    return b"".join((*kept, content[done:]))
