"""JSON of strangers, read within bounds, and written again with nothing changed that was not meant to be.

Numbers keep their digits and members their order, since what stands in an accounts template goes back to the platform.
"""

import json
import re
from typing import Any

from promotions.services.errors import RefusedError

LIMIT_BYTES = 16 << 20
LIMIT_DEPTH = 100
# A value of one byte takes a hundred in memory.
LIMIT_VALUES = 300_000
# NUL and halves of surrogate pairs: legal in JSON, and no database stores them.
unstorable = re.compile("[\x00\ud800-\udfff]")


class UnfitJsonError(RefusedError):
    """The sentence names the file. It never quotes it, since it may hold secrets."""


class Number(str):
    """A number, as it is written."""

    __slots__ = ()


def load(content: bytes, *, name: str) -> Any:
    """Objects, lists, text, `Number`, bool and None. Raises UnfitJsonError, whatever the content is."""
    if len(content) > LIMIT_BYTES:
        raise UnfitJsonError(
            f"{name} has {len(content) / (1 << 20):,.1f} MiB; the limit is {LIMIT_BYTES >> 20} MiB.", field="file"
        )
    if sum(content.count(sign) for sign in (b",", b"{", b"[")) > LIMIT_VALUES:
        raise UnfitJsonError(f"{name} holds more than {LIMIT_VALUES:,} values, which is too many.", field="file")
    try:
        found = json.loads(
            content.decode("utf-8-sig"),
            object_pairs_hook=_unambiguous,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_refuse_constant,
        )
    except RecursionError:
        raise _too_deep(name) from None
    except _AmbiguousError as exc:
        raise UnfitJsonError(
            f"{name} has an object that names a member twice, so it could be read in two ways.", field="file"
        ) from exc
    except _UnfitNameError:
        raise UnfitJsonError(f"{name} has a member whose name holds signs that are no text.", field="file") from None
    except UnicodeDecodeError:
        raise UnfitJsonError(f"{name} is not UTF-8 text.", field="file") from None
    except json.JSONDecodeError as exc:
        raise UnfitJsonError(
            f"{name} is not JSON: it breaks off being so at line {exc.lineno:,}, column {exc.colno:,}.", field="file"
        ) from None
    except ValueError:
        raise UnfitJsonError(f"{name} is not JSON: NaN and Infinity are no values of it.", field="file") from None
    if _is_deeper(found, LIMIT_DEPTH):
        raise _too_deep(name)
    return found


def dump(value: Any, *, is_ascii: bool = True, depth: int = 0) -> str:
    """What `load` gave as JSON again, indented."""
    ends, inner = "\n" + "  " * depth, "\n" + "  " * (depth + 1)

    def below(one: Any) -> str:
        return dump(one, is_ascii=is_ascii, depth=depth + 1)

    if isinstance(value, dict) and value:
        members = (f"{inner}{json.dumps(key, ensure_ascii=is_ascii)}: {below(one)}" for key, one in value.items())
        return f"{{{','.join(members)}{ends}}}"
    if isinstance(value, list) and value:
        return f"[{','.join(inner + below(one) for one in value)}{ends}]"
    return str(value) if isinstance(value, Number) else json.dumps(value, ensure_ascii=is_ascii)


class _UnfitNameError(Exception):
    pass


class _AmbiguousError(Exception):
    pass


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _AmbiguousError
    if any(unstorable.search(name) for name in found):
        raise _UnfitNameError
    return found


def _refuse_constant(_: str) -> None:
    raise ValueError


def _is_deeper(value: Any, limit: int) -> bool:
    """Level by level, without recursion."""
    level = [value]
    for _ in range(limit):
        level = [
            below
            for one in level
            if isinstance(one, dict | list)
            for below in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return any(isinstance(one, dict | list) for one in level)


def _too_deep(name: str) -> UnfitJsonError:
    return UnfitJsonError(f"{name} is nested more than {LIMIT_DEPTH} levels deep, which is too deep.", field="file")
