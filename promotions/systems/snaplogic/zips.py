"""What an exported zip of an API version holds.

Its layout is not documented but for accounts_template.json and the suffixes .slp, .sla and .expr, and for a metadata
file (SnapLogic, public API, "Import an API version" and "Export an API version"), so what is not known is said to be so
and kept; the zip goes on unchanged.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from django.conf import settings

from promotions.systems.snaplogic import accounts_template, export_metadata
from promotions.systems.snaplogic.accounts_template import AccountsTemplate, UnknownLayoutError
from promotions.systems.snaplogic.export_metadata import OTHER, Listed, Metadata
from promotions.systems.snaplogic.json_reading import LIMIT_BYTES, UnfitJsonError, load
from promotions.systems.snaplogic.zip_reading import Entry, Limits, SafeZip, UnfitZipError, said
from promotions.systems.snaplogic.zip_rules import MIB

__all__ = ["Asset", "Inventory", "UnfitZipError", "inventory", "limits", "opened"]

TEMPLATE = accounts_template.NAME
EXPRESSION_SUFFIX = ".expr"
# By suffix, where the metadata does not tell.
TYPES = {
    ".slp": "Pipeline",
    ".sla": "Account",
    EXPRESSION_SUFFIX: "File",
    ".slt": "Job",
    ".task": "Job",
    ".slpol": "Policy",
    ".policy": "Policy",
    ".slflow": "Flows",
}
_METADATA_NAMES = ("export.json", "metadata.json", "manifest.json", "project.json", "version.json")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MAX_CANDIDATES = 20
_MAX_NAMESAKES = 20


@dataclass(frozen=True)
class Asset:
    """One thing that the import would bring. `entry` is empty, and `size` 0, if it has no entry of its own."""

    type: str
    name: str
    entry: str
    size: int
    is_listed_by_metadata: bool


@dataclass(frozen=True)
class Inventory:
    assets: tuple[Asset, ...]
    accounts: AccountsTemplate | None
    """None without accounts_template.json, and where its layout is not known (`accounts_problem`)."""
    expressions: tuple[str, ...]
    """Entries that are expression files."""
    metadata: Mapping[str, str]
    """For display only, without secrets."""
    has_metadata: bool
    source: str
    """org/apim/api/version, if the metadata tells."""
    entries: int
    unpacked: int
    """In bytes."""
    accounts_problem: str = ""
    unlisted: tuple[str, ...] = field(default=())
    """Entries that the metadata does not list."""

    @property
    def numbers(self) -> dict[str, int]:
        """How many assets there are of each type."""
        return dict(sorted(Counter(asset.type for asset in self.assets).items()))

    def as_json(self) -> dict[str, Any]:
        """For the row of the archive: names and numbers, no value of an account."""
        return {
            "assets": [
                {
                    "type": asset.type,
                    "name": asset.name,
                    "entry": asset.entry,
                    "size": asset.size,
                    "is_listed": asset.is_listed_by_metadata,
                }
                for asset in self.assets
            ],
            "accounts": [
                {"uuid": node.uuid, "name": node.name, "class_id": node.class_id}
                for node in (self.accounts.nodes if self.accounts else ())
            ],
            "has_accounts": self.accounts is not None,
            "accounts_problem": self.accounts_problem,
            "expressions": list(self.expressions),
            "metadata": dict(self.metadata),
            "has_metadata": self.has_metadata,
            "source": self.source,
            "entries": self.entries,
            "unpacked": self.unpacked,
        }


def limits() -> Limits:
    return Limits(settings.ARCHIVE_MAX_MB * MIB, settings.ARCHIVE_MAX_UNPACKED_MB * MIB)


def opened(file: BinaryIO) -> SafeZip:
    """Read it through within the limits of this installation; raises UnfitZipError."""
    return SafeZip(file, limits())


def inventory(file: BinaryIO) -> Inventory:
    """What the zip holds; raises UnfitZipError if it is not safe, not whole, or not an export of an API version."""
    archive = opened(file)
    root = _root(archive.entries)
    top = [entry for entry in archive.entries if entry.name == f"{root}{entry.base_name}"]
    template = next((entry for entry in top if entry.base_name == TEMPLATE), None)
    document, metadata = _metadata(archive, top)
    if metadata is not None and metadata.project:
        raise UnfitZipError(
            f"The zip was exported from a project ({metadata.project}) and not from a version of an API. Export the "
            "version, or create one from the project in SnapLogic first."
        )
    others = [entry for entry in archive.entries if entry not in (template, document)]
    if metadata is None and template is None and not any(_suffix(entry) in TYPES for entry in others):
        raise UnfitZipError(
            "The zip holds nothing that an export of an API version has: no list of assets, no accounts, no "
            "pipelines. Upload the zip as SnapLogic exported it."
        )
    if metadata is not None and (turned := next((one for one in metadata.assets if _TURNING.search(one.name)), None)):
        raise UnfitZipError(
            f"The zip lists an asset {said(turned.name)} whose name turns the direction of reading, so that it looks "
            "like another one. Rename it in SnapLogic, and export the version again."
        )
    accounts, problem = _accounts(archive, template)
    assets, unlisted = _assets(others, metadata, root)
    return Inventory(
        assets=assets,
        accounts=accounts,
        expressions=tuple(entry.name for entry in others if _suffix(entry) == EXPRESSION_SUFFIX),
        metadata=metadata.shown if metadata is not None else {},
        has_metadata=metadata is not None,
        source=metadata.source if metadata is not None else "",
        entries=len(archive.entries),
        unpacked=archive.unpacked,
        accounts_problem=problem,
        unlisted=unlisted,
    )


def _root(entries: Sequence[Entry]) -> str:
    """The folder that holds everything, with its slash; empty for a zip without one."""
    tops = {entry.name.partition("/")[0] for entry in entries}
    return f"{tops.pop()}/" if len(tops) == 1 and all("/" in entry.name for entry in entries) else ""


def _suffix(entry: Entry) -> str:
    return PurePosixPath(entry.base_name).suffix.lower()


def _metadata(archive: SafeZip, top: Sequence[Entry]) -> tuple[Entry | None, Metadata | None]:
    candidates = [
        entry
        for entry in top
        if _suffix(entry) == ".json" and entry.base_name != TEMPLATE and 0 < entry.size <= LIMIT_BYTES
    ]
    candidates.sort(key=lambda entry: (entry.base_name.lower() not in _METADATA_NAMES, entry.name))
    for entry in candidates[:_MAX_CANDIDATES]:
        is_named_so = entry.base_name.lower() in _METADATA_NAMES
        try:
            document = load(archive.content(entry), name=said(entry.name))
        except UnfitJsonError as exc:
            if is_named_so:
                raise UnfitZipError(f"{exc.message} Export the version again.") from exc
            continue  # a file of the version, whatever it is
        found = export_metadata.read(document, is_named_so=is_named_so)
        if found is not None:
            return entry, found
    return None, None


def _accounts(archive: SafeZip, template: Entry | None) -> tuple[AccountsTemplate | None, str]:
    if template is None:
        return None, ""
    if template.size > LIMIT_BYTES:
        raise UnfitZipError(f"{TEMPLATE} has {template.size / MIB:,.1f} MiB; the limit is {LIMIT_BYTES // MIB} MiB.")
    try:
        return accounts_template.parse(archive.content(template)), ""
    except UnknownLayoutError as exc:
        return None, exc.message
    except UnfitJsonError as exc:
        raise UnfitZipError(f"{exc.message} Export the version again.") from exc


def _assets(
    entries: Sequence[Entry], metadata: Metadata | None, root: str
) -> tuple[tuple[Asset, ...], tuple[str, ...]]:
    """What the metadata lists with the entries of these names, then what only lies there."""
    left = {entry.name: entry for entry in entries}
    by_name: dict[str, list[Entry]] = {}
    for entry in entries:
        for name in {entry.base_name, PurePosixPath(entry.base_name).stem}:
            by_name.setdefault(name, []).append(entry)
    found: list[Asset] = []
    for listed in metadata.assets if metadata is not None else ():
        mine = left.get(listed.path) or left.get(f"{root}{listed.path}")
        if mine is None:
            namesakes = by_name.get(listed.name, ())[:_MAX_NAMESAKES]
            mine = _entry_of(listed, [entry for entry in namesakes if entry.name in left])
        if mine is not None:
            del left[mine.name]
        found.append(
            Asset(
                listed.type,
                listed.name,
                mine.name if mine else "",
                mine.size if mine else 0,
                is_listed_by_metadata=True,
            )
        )
    for entry in left.values():
        kind = TYPES.get(_suffix(entry), OTHER)
        is_plain_file = kind in ("File", OTHER)
        name = entry.base_name if is_plain_file else PurePosixPath(entry.base_name).stem
        found.append(Asset(kind, name, entry.name, entry.size, is_listed_by_metadata=False))
    return tuple(found), tuple(left) if metadata is not None else ()


def _entry_of(listed: Listed, entries: Sequence[Entry]) -> Entry | None:
    """The suffix decides between several of one name; a lone one whose suffix speaks of another type is not it."""
    fitting = [entry for entry in entries if TYPES.get(_suffix(entry), listed.type) == listed.type]
    fitting.sort(key=lambda entry: (TYPES.get(_suffix(entry)) != listed.type, entry.name))
    return fitting[0] if fitting else None
