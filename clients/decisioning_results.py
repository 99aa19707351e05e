"""What a workflow says it did, left out, or failed at: promised by the documents, which show the form of none of it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from clients.answers import read_problem
from clients.decisioning_models import ObjectMapping, WorkflowError, WorkflowWarning
from clients.folding import first_of, folded, folded_name, text_of
from clients.wire import as_text

Hide = Callable[[Any], Any]

_CODES = ("code", "errorcode", "warningcode")
_WORDS = ("message", "errormessage", "errordescription", "detail", "description", "reason", "title", "text", "warning")
_SOURCE_IDS = ("sourceid", "sourceobjectid", "sourceentityid", "objectid", "entityid")
_SOURCE_NAMES = ("sourcename", "sourceobjectname", "sourceentityname", "objectname", "entityname")
_SOURCE_TYPES = ("sourcetype", "sourceobjecttype", "sourceentitytype", "objecttype", "entitytype")
_TARGETS = ("targets", "target", "targetobjects", "targetobject")


class _Object(NamedTuple):
    id: str
    name: str
    type: str


_NOTHING = _Object("", "", "")


@dataclass(frozen=True)
class _Row:
    source: _Object
    targets: tuple[_Object, ...]


def read_outcome(body: Any, hide: Hide) -> tuple[tuple[ObjectMapping, ...], tuple[WorkflowWarning, ...]]:
    """The mappings and the warnings of whatever members are named so, at any depth."""
    rows: list[_Row] = []
    # A dictionary for its order: one warning may stand with its object and in the list of all.
    warnings: dict[WorkflowWarning, None] = {}
    # Without recursion: documents may be nested deeper than the stack of Python is.
    left: list[tuple[Any, _Object]] = [(body, _NOTHING)]
    while left:
        value, about = left.pop()
        inner: list[tuple[Any, _Object]] = []
        if isinstance(value, list):
            inner = [(item, about) for item in value]
        elif isinstance(value, dict):
            for key, item in value.items():
                name = folded_name(key)
                if name == "warnings":
                    warnings.update(dict.fromkeys(_read_warnings(item, about, hide)))
                elif name == "mappings":
                    for row, parts in _read_rows(item):
                        rows.append(row)
                        inner.append((parts, row.source))
                else:
                    inner.append((item, about))
        left.extend(reversed(inner))
    return tuple(_mappings(rows, tuple(warnings))), tuple(warnings)


def _read_rows(value: Any) -> Iterator[tuple[_Row, Any]]:
    """The rows of a list, of lists by type, or of a plain map from source to target; each with the JSON it is of."""
    if isinstance(value, list):
        yield from ((_read_row(item), item) for item in value if isinstance(item, dict))
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str):
                yield _Row(_Object(key, "", ""), (_Object(item, "", ""),)), None
            elif isinstance(item, list):
                yield from ((_read_row(part, key), part) for part in item if isinstance(part, dict))


def _read_row(value: dict[str, Any], kind: str = "") -> _Row:
    members = folded(value)
    inner = first_of(members, "source", "sourceobject")
    named = folded(inner)
    source = _Object(
        text_of(members, *_SOURCE_IDS) or text_of(named, "id", *_SOURCE_IDS) or _plain(inner) or text_of(members, "id"),
        text_of(members, *_SOURCE_NAMES) or text_of(named, "name", *_SOURCE_NAMES) or text_of(members, "name"),
        text_of(members, *_SOURCE_TYPES) or text_of(named, "type", *_SOURCE_TYPES) or text_of(members, "type") or kind,
    )
    targets = tuple(_read_target(item) for item in _many(first_of(members, *_TARGETS)))
    if not targets:
        flat = _Object(*(text_of(members, f"target{part}", f"targetobject{part}") for part in _Object._fields))
        targets = (flat,) if flat != _NOTHING else ()
    return _Row(source, targets)


def _read_target(value: Any) -> _Object:
    members = folded(value)
    id, name, kind = (text_of(members, part, f"target{part}", f"targetobject{part}") for part in _Object._fields)
    return _Object(id or _plain(value), name, kind)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _many(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _mappings(rows: Iterable[_Row], warnings: Iterable[WorkflowWarning]) -> Iterator[ObjectMapping]:
    by_id: dict[str, list[WorkflowWarning]] = {}
    by_name: dict[str, list[WorkflowWarning]] = {}
    for warning in warnings:
        if warning.object_id:
            by_id.setdefault(warning.object_id, []).append(warning)
        elif warning.object_name:
            by_name.setdefault(warning.object_name, []).append(warning)
    for source, targets in ((row.source, row.targets) for row in rows):
        if source == _NOTHING and not targets:
            continue
        about = (*by_id.get(source.id, ()), *by_name.get(source.name, ()))
        for target in targets or (_NOTHING,):
            yield ObjectMapping(
                type=source.type,
                source_id=source.id,
                source_name=source.name,
                target_id=target.id,
                target_name=target.name,
                target_type=target.type,
                warnings=about,
            )


def _read_warnings(value: Any, about: _Object, hide: Hide) -> Iterator[WorkflowWarning]:
    for item in _many(value):
        if item in (None, "", {}, []):
            continue
        members = folded(item)
        named = folded(first_of(members, "source", "object"))
        id = text_of(members, *_SOURCE_IDS) or text_of(named, "id") or text_of(members, "id")
        name = text_of(members, *_SOURCE_NAMES) or text_of(named, "name") or text_of(members, "name")
        # What a warning says of its object goes before where it stands.
        subject = _Object(id, name, "") if id or name else about
        yield WorkflowWarning(
            text=_words(item, members, hide),
            object_id=subject.id,
            object_name=subject.name,
            code=text_of(members, *_CODES),
        )


def read_errors(body: dict[str, Any], result: Any, hide: Hide) -> tuple[WorkflowError, ...]:
    """Why the workflow failed: what `errors` and `error` say, here and in the result."""
    found: list[WorkflowError] = []
    for members in (body, folded(result)):
        for name in ("errors", "error"):
            said = {error.message for error in found}
            for error in _read_errors(members.get(name), hide):
                # A bare sentence often repeats what stands elsewhere with its code.
                if error.code or error.details is not None or error.message not in said:
                    found.append(error)
    return tuple(found)


def _read_errors(value: Any, hide: Hide, code: str = "", depth: int = 3) -> Iterator[WorkflowError]:
    if value in (None, "", False, {}, []):
        return
    members = folded(value)
    if isinstance(value, list) and depth:
        for item in value:
            yield from _read_errors(item, hide, code, depth - 1)
    elif not isinstance(value, dict):
        yield WorkflowError(code, _words(value, members, hide), None)
    elif members.keys().isdisjoint((*_CODES, *_WORDS, "details")) and depth:
        # A map from code, status or object to what is said of it.
        for key, item in value.items():
            yield from _read_errors(item, hide, key, depth - 1)
    else:
        rest = {key: item for key, item in value.items() if folded_name(key) not in (*_CODES, *_WORDS)}
        details = members.get("details", rest or None)
        yield WorkflowError(text_of(members, *_CODES) or code, _words(value, members, hide), hide(details))


def _words(item: Any, members: dict[str, Any], hide: Hide) -> str:
    """What the item says in words; else the whole of it, rather than nothing."""
    words = (read_problem(item).words or text_of(members, *_WORDS)) if members else ""
    if not words and not text_of(members, *_CODES):
        try:
            words = as_text(hide(item))
        except RecursionError:
            words = "The reason is nested too deeply to be shown."
    return str(hide(" ".join(words.split())))
