"""Objects as people paste them: ids, addresses of pages and of the API, tables, JSON."""

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from promotions.choices import ArtifactType

# More than this is no paste that a person looks through.
OBJECTS_LIMIT = 1000
ID_LIMIT, TITLE_LIMIT = 500, 500

_TYPE = re.compile(r"[A-Z][A-Z0-9_]{1,63}")
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_XDM = re.compile(r"https?://ns\.adobe\.com/[^\s?#\"',;|]+", re.IGNORECASE)
# An organization's own object: pages put more words behind it.
_OWN_XDM = re.compile(
    r"https?://ns\.adobe\.com/[^/]+/(?:schemas|mixins|fieldgroups|datatypes|classes)/[0-9a-f]{16,}", re.IGNORECASE
)
# Adobe, Schema Registry API guide: "meta:altId" is the "$id" with dots, led by an underscore.
_ALT_ID = re.compile(r"_(?P<tenant>[A-Za-z0-9]+)\.(?P<folder>[a-z]+)\.(?P<name>[0-9a-f]{16,})")
_SANDBOX = re.compile(r"(?:\bsname:|[?&](?:sandboxName|sandbox|x-sandbox-name)=)([a-z0-9-]+)", re.IGNORECASE)
_SYMBOL = re.compile(r"[A-Za-z][A-Za-z0-9_-]{1,63}")

_XDM_FOLDERS = {
    "schemas": ArtifactType.REGISTRY_SCHEMA,
    "mixins": ArtifactType.REGISTRY_MIXIN,
    "fieldgroups": ArtifactType.REGISTRY_MIXIN,
    "datatypes": ArtifactType.REGISTRY_DATATYPE,
    "classes": ArtifactType.REGISTRY_CLASS,
}
# The form of an id and the type it suggests (samples of Adobe's Sandbox tooling API guide); more than one type can
# share a form, so each is a guess.
_FORMS: tuple[tuple[re.Pattern[str], ArtifactType], ...] = (
    (re.compile(rf"{_UUID}[@-]\d{{12,14}}", re.IGNORECASE), ArtifactType.JOURNEY),
    (re.compile(_UUID, re.IGNORECASE), ArtifactType.PROFILE_SEGMENT),
    (re.compile(r"[0-9a-f]{48}", re.IGNORECASE), ArtifactType.REGISTRY_DESCRIPTOR),
    (re.compile(r"[0-9a-f]{32}", re.IGNORECASE), ArtifactType.MAPPING_SET),
    (re.compile(r"[0-9a-f]{24}", re.IGNORECASE), ArtifactType.CATALOG_DATASET),
)
# Parts of addresses that name a type, in the order in which they decide.
_PLACES: tuple[tuple[str, ArtifactType], ...] = (
    ("mergepolic", ArtifactType.PROFILE_MERGE),
    ("mappingset", ArtifactType.MAPPING_SET),
    ("journey", ArtifactType.JOURNEY),
    ("descriptor", ArtifactType.REGISTRY_DESCRIPTOR),
    ("dulepolicy", ArtifactType.DULE_CONSENT_POLICY),
    ("/polic", ArtifactType.DULE_CONSENT_POLICY),
    ("segment", ArtifactType.PROFILE_SEGMENT),
    ("audience", ArtifactType.PROFILE_SEGMENT),
    ("dataset", ArtifactType.CATALOG_DATASET),
    ("dataflow", ArtifactType.FLOW),
    ("flowservice", ArtifactType.FLOW),
    ("/flows", ArtifactType.FLOW),
    ("namespace", ArtifactType.ID_NAMESPACE),
    ("/identit", ArtifactType.ID_NAMESPACE),
)
# The last part of an address is an object only in one of these forms.
_IDS = re.compile(
    rf"(?<![0-9a-z])({_UUID}(?:[@-]\d{{12,14}})?|[0-9a-f]{{48}}|[0-9a-f]{{32}}|[0-9a-f]{{24}})(?![0-9a-z])",
    re.IGNORECASE,
)
_OTHER_WORDS = {
    "AUDIENCE": ArtifactType.PROFILE_SEGMENT,
    "SEGMENT": ArtifactType.PROFILE_SEGMENT,
    "NAMESPACE": ArtifactType.ID_NAMESPACE,
    "IDENTITY NAMESPACE": ArtifactType.ID_NAMESPACE,
    "DATAFLOW": ArtifactType.FLOW,
    "MIXIN": ArtifactType.REGISTRY_MIXIN,
    "FIELDGROUP": ArtifactType.REGISTRY_MIXIN,
    "POLICY": ArtifactType.DULE_CONSENT_POLICY,
}
_WORDS: Mapping[str, ArtifactType] = {
    **{str(found.label).upper(): found for found in ArtifactType},
    **{found.value: found for found in ArtifactType},
    **_OTHER_WORDS,
}
_HEADS = {
    "id": ("id", "object id", "artifact id", "remote id", "remote_id", "objectid", "artifactid", "$id"),
    "type": ("type", "object type", "artifact type", "artifacttype", "kind"),
    "title": ("title", "name", "object", "object name", "label"),
    "sandbox": ("sandbox", "source sandbox", "sandbox name"),
}
_LISTS = ("artifacts", "artifactsList", "objects", "object", "data", "items")

UNKNOWN_FORM = "The form of this id tells no type. Choose the type."
NO_ID = "No id of an object is in it. Paste the object's id or its address."


@dataclass(frozen=True, kw_only=True)
class Pasted:
    """One object as understood; with a problem it cannot be sent as it is. `sandbox` is the one its address names."""

    line: int
    text: str
    type: str = ""
    id: str = ""
    title: str = ""
    is_guessed: bool = False
    sandbox: str = ""
    problem: str = ""


def read_pasted(text: str) -> list[Pasted]:
    """What a pasted text names, in its order; empty lines are passed over, duplicates and what is not understood stay.

    For a JSON list `line` is the position in it.
    """
    found = list(_json(text)) if text.lstrip()[:1] in ("[", "{") else list(_lines(text))
    checked = _marked([_checked(pasted) for pasted in found[:OBJECTS_LIMIT]])
    if len(found) > OBJECTS_LIMIT:
        rest = found[OBJECTS_LIMIT]
        problem = f"Only the first {OBJECTS_LIMIT} are taken. Add the rest in a second step."
        checked.append(Pasted(line=rest.line, text=rest.text, problem=problem))
    return checked


def type_named(word: str) -> str:
    """The type that a word means: its own spelling, or what pages call it; empty if it is none."""
    plain = " ".join(word.replace("_", " ").split()).upper()
    known = _WORDS.get(word.strip().upper()) or _WORDS.get(plain)
    if known is not None:
        return known.value
    spelled = word.strip()
    return spelled if _TYPE.fullmatch(spelled) and "_" in spelled else ""


def _lines(text: str) -> Iterable[Pasted]:
    head: Sequence[str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        cells = _cells(line)
        if (columns := _head(cells)) is not None:
            head = columns
        elif head is not None and len(cells) > 1:
            named = dict(zip(head, cells, strict=False))
            yield _of_parts(
                number, line, named.get("id", ""), *(named.get(name, "") for name in _HEADS if name != "id")
            )
        elif len(cells) == 1 or all(_is_id(cell) for cell in cells):
            yield from (_of_parts(number, line, cell) for cell in cells)
        else:
            yield _of_cells(number, line, cells)


def _cells(line: str) -> list[str]:
    separator = next((mark for mark in ("\t", ";", ",", "|") if mark in line), None)
    if separator is None:
        return [_bare(line)]
    cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    return [_bare(cell) for cell in cells]


def _bare(text: str) -> str:
    return text.strip().strip("\"'`<>").strip().lstrip("•*").strip()


def _head(cells: Sequence[str]) -> list[str] | None:
    """The columns that a line of headings names; None if it is no such line."""
    names = [next((name for name, words in _HEADS.items() if cell.lower() in words), "") for cell in cells]
    return names if "id" in names else None


def _of_cells(number: int, line: str, cells: Sequence[str]) -> Pasted:
    """A row without headings: the cell that names a type, the one that looks like an id, and the rest is a title."""
    left = [cell for cell in cells if cell]
    type_cell = next((cell for cell in left if type_named(cell)), "")
    if type_cell:
        left.remove(type_cell)
    id_cell = next((cell for cell in left if _is_id(cell)), left[0] if left else "")
    if id_cell:
        left.remove(id_cell)
    return _of_parts(number, line, id_cell, type_cell, ", ".join(left))


def _is_id(cell: str) -> bool:
    return bool(_XDM.search(unquote(cell)) or _ALT_ID.fullmatch(cell) or _IDS.search(cell) or "://" in cell)


def _json(text: str) -> Iterable[Pasted]:
    try:
        read = json.loads(text)
    except ValueError as exc:
        where = f" at line {exc.lineno}" if isinstance(exc, json.JSONDecodeError) else ""
        yield Pasted(
            line=1, text=_short(text), problem=f"This begins like JSON, but cannot be read{where}. Correct it."
        )
        return
    except RecursionError:
        yield Pasted(line=1, text=_short(text), problem="This JSON is nested too deeply. Paste a plain list.")
        return
    for number, entry in enumerate(_entries(read), start=1):
        shown = _short(json.dumps(entry, ensure_ascii=False))
        if isinstance(entry, str):
            yield _of_parts(number, shown, _bare(entry))
        elif isinstance(entry, dict) and isinstance(entry.get("id", entry.get("$id")), str):
            texts = {name: value for name, value in entry.items() if isinstance(value, str)}
            named = texts.get("id") or texts.get("$id") or ""
            title = texts.get("title") or texts.get("name") or ""
            yield _of_parts(number, shown, named.strip(), texts.get("type", ""), title.strip(), _sandbox(entry))
        else:
            yield Pasted(line=number, text=shown, problem="This entry has no id. Give each object an id and a type.")


def _entries(read: Any) -> list[Any]:
    if isinstance(read, dict):
        inner = next((read[name] for name in _LISTS if isinstance(read.get(name), list)), None)
        return inner if inner is not None else [read]
    return read if isinstance(read, list) else [read]


def _sandbox(entry: Mapping[str, Any]) -> str:
    named = entry.get("sandbox") or entry.get("sourceSandbox")
    if isinstance(named, dict):
        named = named.get("name")
    return named.strip() if isinstance(named, str) else ""


def _short(text: str) -> str:
    return text if len(text) <= ID_LIMIT else f"{text[: ID_LIMIT - 1]}…"


def _of_parts(
    number: int, line: str, pasted_id: str, type_word: str = "", title: str = "", sandbox: str = ""
) -> Pasted:
    base = Pasted(line=number, text=_short(line.strip()), title=title[:TITLE_LIMIT])
    if not pasted_id:
        return replace(base, problem=NO_ID)
    remote_id, guess, is_certain, hint = _understood(pasted_id)
    found = replace(base, id=remote_id, sandbox=(sandbox or hint).lower())
    if not remote_id:
        return replace(found, problem=NO_ID)
    if type_word:
        named = type_named(type_word)
        problem = "" if named else f"“{_short(type_word)}” is no type of object that is known. Choose the type."
        return replace(found, type=named, problem=problem)
    return replace(found, type=guess, is_guessed=bool(guess) and not is_certain, problem="" if guess else UNKNOWN_FORM)


def _understood(text: str) -> tuple[str, str, bool, str]:
    """The id in a text, the type it suggests, whether that is certain, and the sandbox that an address names."""
    plain = unquote(unquote(text)) if "%" in text else text
    hint = found.group(1) if "://" in plain and (found := _SANDBOX.search(plain)) else ""
    if xdm := _XDM.search(plain):
        remote_id = (_OWN_XDM.match(xdm.group()) or xdm).group().rstrip("/.")
        return remote_id, _xdm_type(remote_id), True, hint
    if alt := _ALT_ID.search(plain):
        folder = alt["folder"]
        if folder in _XDM_FOLDERS:
            return f"https://ns.adobe.com/{alt['tenant']}/{folder}/{alt['name']}", _XDM_FOLDERS[folder], True, hint
    if "://" in plain:
        return *_of_address(plain), hint
    for form, suggested in _FORMS:
        if form.fullmatch(plain):
            return plain, suggested, False, ""
    is_symbol = bool(_SYMBOL.fullmatch(plain)) and not plain.isdigit()
    return plain, ArtifactType.ID_NAMESPACE if is_symbol else "", False, ""


def _xdm_type(remote_id: str) -> str:
    folders = [part.lower() for part in remote_id.split("/")[3:-1]]
    return next((_XDM_FOLDERS[folder].value for folder in folders if folder in _XDM_FOLDERS), "")


def _of_address(address: str) -> tuple[str, str, bool]:
    """The object that the address of a page or of the API shows: its last id, and what its path speaks of.

    Where the address says what it shows, the type is certain only if the id has a form of its own.
    """
    ids = _IDS.findall(address)
    if not ids:
        return "", "", False
    remote_id: str = ids[-1]
    path = address.lower()
    place = next((found for word, found in _PLACES if word in path), None)
    if place is not None:
        return remote_id, place, True
    return remote_id, next((found for form, found in _FORMS if form.fullmatch(remote_id)), ""), False


def _checked(pasted: Pasted) -> Pasted:
    if not pasted.id:
        return pasted
    if len(pasted.id) > ID_LIMIT:
        return replace(pasted, id="", type="", problem=f"An id has at most {ID_LIMIT} characters.")
    if any(character.isspace() or not character.isprintable() for character in pasted.id):
        return replace(pasted, problem="An id has no blanks in it. Paste the object's id or its address.")
    return pasted


def _marked(found: Sequence[Pasted]) -> list[Pasted]:
    """The same, with everything that was there before named so."""
    first: dict[tuple[str, str], int] = {}
    marked = []
    for pasted in found:
        earlier = first.get((pasted.type, pasted.id)) if pasted.id else None
        if earlier is not None:
            pasted = replace(pasted, problem=f"The same object is in line {earlier} already; it is taken once.")
        elif pasted.id:
            first[pasted.type, pasted.id] = pasted.line
        marked.append(pasted)
    return marked
