"""The JSON in an exported zip that says what it is and lists its assets.

Neither its name nor its layout is documented (SnapLogic, public API, "Export an API version"), so it is known by what
it holds: objects with a type and a name, in a list or sorted by type.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from promotions.systems.snaplogic.asset_types import OVERWRITABLE, same_type
from promotions.systems.snaplogic.json_reading import Number, unstorable
from promotions.systems.snaplogic.secret_words import HIDDEN, is_secret_key, shown, shown_name

OTHER = "Other"
_TYPE_MEMBERS = ("asset_type", "assetType", "type")
_NAME_MEMBERS = ("name", "asset_name", "assetName")
_LIST_MEMBERS = ("assets", "asset_list", "assetList", "asset_entries")
_PATH_MEMBERS = ("path", "version_path", "project_path", "source_path", "src_path", "source", "export_path", "parent")
_KIND_MEMBERS = ("export_type", "kind", "type", "scope", "asset_type")
_VERSION_PATH = re.compile(r"/?([^/]+)/apim/([^/]+)/([^/]+)(?:/.*)?", re.DOTALL)
_PROJECT_PATH = re.compile(r"/?[^/]+/[^/]+/[^/]+(?:/.*)?", re.DOTALL)
_LEVELS = 6
MAX_SHOWN = 30


@dataclass(frozen=True)
class Listed:
    """An asset as the metadata names it."""

    type: str
    name: str
    path: str
    """In the environment or in the zip."""


@dataclass(frozen=True)
class Metadata:
    assets: tuple[Listed, ...]
    source: str
    """org/apim/api/version, or empty."""
    project: str
    """The path of a project, if it was one that was exported; "a project" if its path is not told."""
    shown: Mapping[str, str]


def read(document: Any, *, is_named_so: bool) -> Metadata | None:
    """None if this is something else.

    A file of the version may be JSON as well: only one whose name says what it is (`is_named_so`) may list types that
    nobody knows, or nothing.
    """
    if not isinstance(document, dict | list):
        return None
    assets = tuple(_assets(document))
    is_known = any(any(same_type(asset.type, kind) for kind in OVERWRITABLE) for asset in assets)
    is_list = isinstance(document, dict) and any(isinstance(document.get(name), dict | list) for name in _LIST_MEMBERS)
    if not is_known and not (is_named_so and (assets or is_list)):
        return None
    source, project = _origin(document, assets)
    return Metadata(assets, source, project, _displayed(document))


def type_word(kind: str) -> str:
    """The platform's word for a type, whichever way it is written; an unknown one as it stands."""
    return next((known for known in OVERWRITABLE if same_type(known, kind)), shown(kind.strip())[:64] or OTHER)


def _text(value: Any) -> str:
    return value if isinstance(value, str) and not isinstance(value, Number) else ""


def _name(text: str) -> str:
    """As the platform has it, but for what no database stores: it is compared with names there."""
    return unstorable.sub("\N{REPLACEMENT CHARACTER}", text)


def _first(found: Mapping[str, Any], members: tuple[str, ...]) -> str:
    return next((text for member in members if (text := _text(found.get(member)).strip())), "")


def _assets(document: Any) -> Iterator[Listed]:
    """Level by level: the list nearest to the top is the one."""
    level: list[Any] = [document]
    for _ in range(_LEVELS):
        found = [asset for one in level for asset in _listed_in(one)]
        if found:
            yield from found
            return
        level = [
            below
            for one in level
            for below in (one.values() if isinstance(one, dict) else one)
            if isinstance(below, dict | list)
        ]


def _listed_in(value: dict[str, Any] | list[Any]) -> Iterator[Listed]:
    if isinstance(value, list):
        for one in value:
            if isinstance(one, dict) and (kind := _first(one, _TYPE_MEMBERS)) and (name := _first(one, _NAME_MEMBERS)):
                yield Listed(type_word(kind), _name(name)[:500], _name(_first(one, _PATH_MEMBERS))[:600])
        return
    for kind, rows in value.items():
        if not isinstance(rows, list) or not any(same_type(kind, known) for known in OVERWRITABLE):
            continue
        for one in rows:
            name = _first(one, _NAME_MEMBERS) if isinstance(one, dict) else _text(one).strip()
            path = _first(one, _PATH_MEMBERS) if isinstance(one, dict) else ""
            if name:
                yield Listed(type_word(kind), _name(name)[:500], _name(path)[:600])


def _origin(document: Any, assets: tuple[Listed, ...]) -> tuple[str, str]:
    """The path of the version, or of the project, as far as either is told."""
    top = document if isinstance(document, dict) else {}
    inner = [one for one in top.values() if isinstance(one, dict)]
    paths = [path for one in (top, *inner) for member in _PATH_MEMBERS if (path := _text(one.get(member)).strip())]
    # Without a slash at the beginning it tells of the zip, and not of the environment.
    paths += [asset.path for asset in assets if asset.path.startswith("/")]
    for path in paths:
        if found := _VERSION_PATH.fullmatch(path):
            org, api, version = found.groups()
            return _name(f"{org}/apim/{api}/{version}")[:600], ""
    for one in (top, *inner):
        org, api, version = (_first(one, (name, f"{name}_name")) for name in ("org", "api", "version"))
        if org and api and version:
            return _name(f"{org}/apim/{api}/{version}")[:600], ""
    for path in paths:
        if _PROJECT_PATH.fullmatch(path):
            return "", shown_name("/".join(path.strip("/").split("/")[:3]))[:300]
    for one in (top, *inner):
        if any("project" in _text(one.get(member)).lower() for member in _KIND_MEMBERS):
            return "", "a project"
        if _text(one.get("project")) or _text(one.get("project_name")):
            return "", shown_name(_first(one, ("project", "project_name")))[:300]
    return "", ""


def _displayed(document: Any) -> dict[str, str]:
    """Plain members of the top, without secrets; numbers of members in place of what lies deeper."""
    if not isinstance(document, dict):
        return {}
    found: dict[str, str] = {}
    for name, value in islice(document.items(), MAX_SHOWN):
        if isinstance(value, dict | list):
            text = f"{len(value):,} members" if isinstance(value, dict) else f"{len(value):,} elements"
        elif isinstance(value, bool) or value is None:
            text = {True: "yes", False: "no", None: "none"}[value]
        else:
            text = HIDDEN if is_secret_key([name]) else shown(value)
        found[shown_name(name)[:100]] = text if len(text) <= 300 else f"{text[:299]}…"
    return found
