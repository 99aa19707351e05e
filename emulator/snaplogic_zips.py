"""The zip of an API version: written by an export, read by an import.

Which entries there are is SnapLogic's, "Export an API version" and "Import an API version"; the member names of the
metadata are a guess. One version gives the same bytes each time.
"""

import json
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from typing import IO, Any

from emulator.blobs import IN_MEMORY, Blob
from emulator.snaplogic_accounts import leaves, template_of
from emulator.snaplogic_things import ASSET_TYPES, SnapAsset, SnapOrg, SnapVersion

METADATA, TEMPLATE = "export.json", "accounts_template.json"
KIND = "apim_version"
_SUFFIXES = {"Account": ".sla", "Flows": ".json", "Job": ".json", "Pipeline": ".slp", "Policy": ".json"}
_NOT_READABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    RecursionError,
    RuntimeError,  # encrypted
    TypeError,
    ValueError,
)


class ZipError(Exception):
    """What the service says of a zip that it does not take."""


# Writing


def write(org: SnapOrg, version: SnapVersion, asset_types: Iterable[str]) -> Blob:
    """Accounts only where the organization has account encryption, and then their template too."""
    assets = version.chosen(asset_types)
    if not org.has_account_encryption:
        assets = [asset for asset in assets if asset.type != "Account"]
    entries = {asset.snode_id: name for asset, name in zip(assets, _names(assets), strict=True)}
    metadata = {
        "kind": KIND,
        "class_version": 1,
        "org": version.org,
        "api": version.api,
        "version": version.version,
        "snode_id": version.snode_id,
        "assets": [
            {
                "type": asset.type,
                "name": asset.name,
                "path": entries[asset.snode_id],
                "snode_id": asset.snode_id,
                "asset_id": asset.asset_id,
            }
            for asset in assets
        ],
    }
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        with zipfile.ZipFile(file, "w") as archive:
            _put(archive, METADATA, _json(metadata))
            if org.has_account_encryption:
                accounts = {one.asset_id: template_of(one) for one in assets if one.type == "Account"}
                _put(archive, TEMPLATE, _json(accounts))
            for asset in assets:
                _put(archive, entries[asset.snode_id], asset.content or _json(asset.document))
        file.seek(0)
        return Blob(file)


def _names(assets: Iterable[SnapAsset]) -> list[str]:
    taken = {METADATA, TEMPLATE}
    names = []
    for asset in assets:
        plain = name = f"{asset.name}{_SUFFIXES.get(asset.type, '')}"
        number = 1
        while name in taken:
            number += 1
            name = f"{number}_{plain}"
        taken.add(name)
        names.append(name)
    return names


def _json(value: Any) -> Blob:
    return Blob(json.dumps(value, indent=2, ensure_ascii=False).encode(errors="backslashreplace"))


def _put(archive: zipfile.ZipFile, name: str, content: Blob) -> None:
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    entry.file_size = content.size
    # Large contents are stored as they are: packing them would hold up every other call.
    entry.compress_type = zipfile.ZIP_STORED if content.size > IN_MEMORY else zipfile.ZIP_DEFLATED
    with archive.open(entry, "w") as written:
        for chunk in content.chunks():
            written.write(chunk)


# Reading


def read(stream: IO[bytes]) -> list[SnapAsset]:
    """The assets of a version, with the ids they had where it comes from.

    Raises ZipError for what is no zip, or no export of an API version.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            metadata = json.loads(archive.read(METADATA))
            if metadata["kind"] != KIND:
                raise ZipError(f"The zip file is not the export of an API version: {metadata['kind']}")
            return [_asset(archive, listed) for listed in metadata["assets"]]
    except _NOT_READABLE:
        raise ZipError("Invalid zip file") from None


def _asset(archive: zipfile.ZipFile, listed: Any) -> SnapAsset:
    if listed["type"] not in ASSET_TYPES:
        raise ZipError("Invalid zip file")
    texts = {name: listed[name] for name in ("type", "name", "snode_id", "asset_id")}
    if not all(isinstance(text, str) and text for text in texts.values()):
        raise ZipError("Invalid zip file")
    asset = SnapAsset(**texts, owner="", updated_by="", created_ms=0, updated_ms=0)
    with archive.open(listed["path"]) as entry:
        if asset.type != "Account":
            asset.content = Blob(entry)
            return asset
        document = json.loads(entry.read())
    list(leaves(document["property_map"]))  # refused here if it is nested too deep to be edited later
    asset.document = document
    return asset


def read_flat(stream: IO[bytes]) -> list[tuple[str, Blob]]:
    """The files of a zip under their base names, in its order."""
    try:
        with zipfile.ZipFile(stream) as archive:
            found = []
            for entry in archive.infolist():
                name = entry.filename.rpartition("/")[2]
                if name:
                    with archive.open(entry) as content:
                        found.append((name, Blob(content)))
            return found
    except _NOT_READABLE:
        raise ZipError("Invalid zip file") from None
