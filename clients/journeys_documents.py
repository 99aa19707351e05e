"""Exported journeys as bytes: they are never parsed here, since they must come back as they came, and may be large."""

import re

from clients.transport import MalformedError

_BOM = b"\xef\xbb\xbf"
_BLANKS = b" \t\r\n"
_ENVELOPE = re.compile(rb'\s*\{\s*"result"\s*:\s*(?=\{)')
# Strings as a whole, so that braces inside them do not count; possessive, since one may be megabytes long.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}]', re.DOTALL)


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
        if mark == b"{":
            depth += 1
        elif mark == b"}":
            depth -= 1
            if depth == 0:
                return token.end()
    return None
