"""JSON as bytes: read strictly without a tree and without recursion, and changed by splicing only the texts asked for.

The exported form of a journey is documented nowhere, so whatever is not changed on purpose must go back as it came:
order and repetition of members, precision of numbers, whitespace and escapes.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum

LIMIT_BYTES = 32 * 1024 * 1024
LIMIT_DEPTH = 2000
CHUNK = 1024 * 1024
NAMES_KEPT = 4096  # member names repeat; decoded ones are kept, but not without end

_SPACE = rb"[ \t\n\r]*+"
# Possessive throughout: a text of 20 MB is matched in one go, and a failing one is not tried again from every side.
_TEXT = rb'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"'
_NUMBER = rb"-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?+[0-9]++)?+"
# A piece of a text: signs as they are, or escapes, the two of a surrogate pair together.
_run = re.compile(
    rb"[^\\]++|((?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[^u]){1,1000}+)"
)
_space = re.compile(_SPACE)
_text = re.compile(_TEXT)
_value = re.compile(_SPACE + b"(?:(" + _TEXT + b")|([{\\[])|(" + _NUMBER + b")|(true|false|null))")
_member = re.compile(_SPACE + b"(" + _TEXT + b")" + _SPACE + b":")
_empty_object = re.compile(_SPACE + rb"\}")
_empty_array = re.compile(_SPACE + rb"\]")
_after = re.compile(_SPACE + rb"([,}\]])")
_not_a_number = re.compile(rb"NaN|-?Infinity")


class DocumentError(ValueError):
    """A sentence for people. It never quotes the document, which may hold secrets."""


class Part(IntEnum):
    """What stands at a place of the document; the scalar ones come last."""

    OBJECT = 0
    ARRAY = 1
    END = 2
    TEXT = 3
    NUMBER = 4
    WORD = 5  # true, false, null


# Part; name of the member, None in arrays, at the top and at ends; start; end, if it is a scalar (a container's end is
# an event of its own). A bare tuple: there are millions of them.
Event = tuple[Part, str | None, int, int]


def events(content: bytes) -> Iterator[Event]:
    """Every value in the order of the document, each container closed by an `END`.

    Takes what `json.loads` takes, save NaN and Infinity: UTF-8 with or without a byte order mark, any value at the top,
    repeated members. Raises DocumentError where the document breaks off being JSON, and beyond the limits.
    """
    position = _beginning(content)
    names: dict[bytes, str] = {}
    is_object: list[bool] = []  # of every open container
    name: str | None = None
    while True:
        found = _value.match(content, position)
        if found is None:
            raise _broken(content, position, "a value is expected")
        group = found.lastindex or 0
        position = found.end()
        if group == 2:
            start = position - 1
            opens_object = content[start] == 0x7B
            if len(is_object) == LIMIT_DEPTH:
                raise DocumentError(f"The document is nested more than {LIMIT_DEPTH:,} levels deep; that is too deep.")
            yield (Part.OBJECT if opens_object else Part.ARRAY, name, start, start)
            closed = (_empty_object if opens_object else _empty_array).match(content, position)
            if closed is None:
                is_object.append(opens_object)
                name = None
                if opens_object:
                    name, position = _name(content, position, names)
                continue
            position = closed.end()
            yield (Part.END, None, position, position)
        else:
            yield (_SCALARS[group], name, found.start(group), position)
        while True:  # after a whole value
            if not is_object:
                position = _past_space(content, position)
                if position != len(content):
                    raise _broken(content, position, "the document should have ended")
                return
            found = _after.match(content, position)
            if found is None:
                wanted = "a comma or the end of the object" if is_object[-1] else "a comma or the end of the list"
                raise _broken(content, position, f"{wanted} is expected")
            position = found.end()
            sign = content[position - 1]
            name = None
            if sign == 0x2C:
                if is_object[-1]:
                    name, position = _name(content, position, names)
                break
            if (sign == 0x7D) is not is_object[-1]:
                raise _broken(content, position - 1, "another bracket is expected")
            is_object.pop()
            yield (Part.END, None, position, position)


_SCALARS = {1: Part.TEXT, 3: Part.NUMBER, 4: Part.WORD}


def utf8_of(content: bytes, start: int, end: int) -> bytes:
    """The text between two quotation marks with its escapes undone, in UTF-8.

    Piece by piece, as each escape costs `json.loads` more than its own size. Half of a surrogate pair stays what it is,
    as `json.loads` has it; such a text decodes with "surrogatepass" only.
    """
    inner = content[start + 1 : end - 1]
    if b"\\" not in inner:
        return inner
    whole = bytearray()
    for found in _run.finditer(inner):
        if found[1] is None:
            whole += found[0]
        else:
            whole += str(json.loads(f'"{found[1].decode()}"')).encode("utf-8", "surrogatepass")
    return bytes(whole)


def replaced(content: bytes, pointers: Iterable[str], change: Callable[[str, bytes], bytes]) -> bytes:
    """The document with these texts given anew by `change` (pointer, text as it stands), everything else untouched.

    A pointer that several members share, because their name is repeated, means all of them.
    """
    wanted = _Branch.of(pointers)
    todo = set(wanted.pointers())
    pieces: list[bytes | memoryview] = []
    view = memoryview(content)
    done = 0
    branches: list[_Branch | None] = []
    positions: list[int] = []
    for part, name, start, end in events(content):
        if part is Part.END:
            branches.pop()
            positions.pop()
            continue
        here: _Branch | None = wanted
        if branches:
            here = branches[-1]
            if here is not None:
                here = here.below.get(str(positions[-1]) if name is None else name)
            positions[-1] += 1
        if part <= Part.ARRAY:
            branches.append(here)
            positions.append(0)
        elif here is not None and here.pointer is not None and part is Part.TEXT:
            pieces += (view[done:start], change(here.pointer, content[start:end]))
            done = end
            todo.discard(here.pointer)
    if todo:
        raise DocumentError(f"The document has no text at {min(todo)}; it is not the one this was decided on.")
    return b"".join((*pieces, view[done:]))


class _Branch:
    """Pointers as a tree, so that each place of the document asks one dictionary, however deep it is."""

    __slots__ = ("below", "pointer")

    def __init__(self) -> None:
        self.below: dict[str, _Branch] = {}
        self.pointer: str | None = None

    @classmethod
    def of(cls, pointers: Iterable[str]) -> "_Branch":
        root = cls()
        for pointer in pointers:
            branch = root
            for step in steps_of(pointer):
                branch = branch.below.setdefault(step, cls())
            branch.pointer = pointer
        return root

    def pointers(self) -> Iterator[str]:
        todo = [self]
        while todo:
            branch = todo.pop()
            todo += branch.below.values()
            if branch.pointer is not None:
                yield branch.pointer


# RFC 6901 knows ~0 and ~1. NUL and halves of surrogate pairs are legal in names, but no database stores them.
_unsafe = re.compile("[~/\x00\ud800-\udfff]")
_escape = re.compile("~(?:0|1|u([0-9a-f]{4}))")


def pointer_of(steps: Iterable[str | int]) -> str:
    """A JSON pointer; what cannot be stored as text is written ~u and four digits."""
    return "".join(f"/{step}" if isinstance(step, int) else f"/{_unsafe.sub(_escaped, step)}" for step in steps)


def steps_of(pointer: str) -> list[str]:
    if pointer and not pointer.startswith("/"):
        raise DocumentError(f"{pointer!r} is not a JSON pointer; those begin with a slash.")
    return [_escape.sub(_unescaped, step) for step in pointer.split("/")[1:]]


def _escaped(found: re.Match[str]) -> str:
    sign = found[0]
    return {"~": "~0", "/": "~1"}.get(sign) or f"~u{ord(sign):04x}"


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else "~" if found[0] == "~0" else "/"


def _beginning(content: bytes) -> int:
    """Where the value may begin, once size and encoding are found in order."""
    if len(content) > LIMIT_BYTES:
        size, limit = len(content) / 1024**2, LIMIT_BYTES // 1024**2
        raise DocumentError(f"The document has {size:,.1f} MiB; it is too large, the limit is {limit} MiB.")
    if not content.isascii():
        _check_encoding(content)
    beginning = len(codecs.BOM_UTF8) if content.startswith(codecs.BOM_UTF8) else 0
    if _space.fullmatch(content, beginning):
        raise DocumentError("The document is empty.")
    return beginning


def _check_encoding(content: bytes) -> None:
    """Piece by piece: decoded as a whole it could take four times its size."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for base in range(0, len(content), CHUNK):
        held_back = len(decoder.getstate()[0])
        try:
            decoder.decode(content[base : base + CHUNK], final=base + CHUNK >= len(content))
        except UnicodeDecodeError as exc:
            offset = base - held_back + exc.start
            raise DocumentError(f"The document is not UTF-8 text: byte {offset + 1:,} cannot be read.") from None


def _name(content: bytes, position: int, names: dict[bytes, str]) -> tuple[str, int]:
    found = _member.match(content, position)
    if found is None:
        position = _past_space(content, position)
        unnamed = _text.match(content, position)
        if unnamed is None:
            raise _broken(content, position, "the name of a member is expected")
        raise _broken(content, unnamed.end(), "a colon is expected")
    start, end = found.span(1)
    raw = content[start:end]
    name = names.get(raw)
    if name is None:
        name = utf8_of(content, start, end).decode("utf-8", "surrogatepass")
        if len(names) < NAMES_KEPT and len(raw) <= 100:
            names[raw] = name
    return name, found.end()


def _past_space(content: bytes, position: int) -> int:
    found = _space.match(content, position)
    return position if found is None else found.end()


def _broken(content: bytes, position: int, expected: str) -> DocumentError:
    position = _past_space(content, position)
    if position == len(content):
        return DocumentError(f"The document is not whole: it ends where {expected}.")
    if _not_a_number.match(content, position):
        expected = "NaN and Infinity are no values of JSON"
    elif content[position] == 0x22 and not _text.match(content, position):
        expected = "the text that begins here is not closed or holds something that JSON wants escaped"
    line_start = content.rfind(b"\n", 0, position) + 1
    line, column = content.count(b"\n", 0, position) + 1, _characters(content, line_start, position) + 1
    return DocumentError(f"The document is not JSON. Line {line:,}, column {column:,}: {expected}.")


def _characters(content: bytes, start: int, end: int) -> int:
    """How many a person counts: continuation bytes of UTF-8 are none, nor is the byte order mark."""
    count = sum(1 for byte in memoryview(content)[start:end] if byte & 0xC0 != 0x80)
    return count - content.startswith(codecs.BOM_UTF8) if start == 0 else count
