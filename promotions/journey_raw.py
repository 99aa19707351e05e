"""A JSON document indented for reading, byte by byte what it says: numbers keep their digits, members their order."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

LIMIT = 200_000
_TOKENS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+|"', re.DOTALL)
_DEEPEST = 40


@dataclass(frozen=True)
class Stretch:
    """Lines that follow each other; `is_only_here` if none of them stands in the other document."""

    text: str
    is_only_here: bool


@dataclass(frozen=True)
class Raw:
    """One document; `is_cut` if its end is not shown, `size_bytes` what it has as it came."""

    stretches: Sequence[Stretch]
    is_cut: bool
    size_bytes: int


def raw_pair(before: bytes | Mapping[str, Any], after: bytes | Mapping[str, Any]) -> tuple[Raw, Raw]:
    """Both documents, each with the lines marked that the other does not hold."""
    sides = [indented(content) for content in (before, after)]
    sizes = [
        len(content) if isinstance(content, bytes) else len(_dumped(content).encode()) for content in (before, after)
    ]
    lines = [text.split("\n") for text, _ in sides]
    known = [{line.strip().rstrip(",") for line in side} for side in lines]
    first, second = (Raw(_stretches(lines[side], known[1 - side]), sides[side][1], sizes[side]) for side in (0, 1))
    return first, second


def indented(content: bytes | Mapping[str, Any], limit: int = LIMIT) -> tuple[str, bool]:
    """The document with a line for every value, and whether it was cut after `limit` signs.

    It is not loaded, so neither its size nor its nesting matters; what is no JSON comes out in some order of lines.
    """
    if isinstance(content, bytes):
        text = content[: 4 * limit].decode("utf-8-sig", errors="replace")
        is_cut = len(content) > 4 * limit
    else:
        text, is_cut = _dumped(content), False
    words: list[str] = []
    length = depth = 0
    previous = ""
    for match in _TOKENS.finditer(text):
        sign = match[0]
        piece, depth = _piece(sign, previous, depth)
        length += len(piece)
        if length > limit:
            return "".join(words), True
        words.append(piece)
        previous = sign
    return "".join(words), is_cut


def _piece(sign: str, previous: str, depth: int) -> tuple[str, int]:
    if sign in ("}", "]"):
        depth = max(0, depth - 1)
        return (sign if previous in ("{", "[") else f"{_line(depth)}{sign}"), depth
    lead = _line(depth) if previous in ("{", "[", ",") else ""
    if sign in ("{", "["):
        return f"{lead}{sign}", depth + 1
    return (": " if sign == ":" else f"{lead}{sign}"), depth


def _line(depth: int) -> str:
    return "\n" + "  " * min(depth, _DEEPEST)


def _dumped(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=str)


def _stretches(lines: Sequence[str], other: set[str]) -> list[Stretch]:
    flagged = [(line, line.strip().rstrip(",") not in other) for line in lines]
    return [
        Stretch("\n".join(line for line, _ in group), is_only_here)
        for is_only_here, group in groupby(flagged, key=lambda row: row[1])
    ]
