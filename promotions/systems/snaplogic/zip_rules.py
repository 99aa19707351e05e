"""What may be in a zip, and each refusal in a sentence of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from promotions.services.errors import RefusedError

MIB = 1 << 20
MAX_ENTRIES = 10_000
MAX_RATIO = 200
# What is smaller may be nothing but repetition.
RATIO_FROM = MIB
MAX_NAME = 500
STORED, DEFLATED = 0, 8
ENCRYPTED, DESCRIPTOR, PATCH, STRONG, UTF8, MASKED = 1 << 0, 1 << 3, 1 << 5, 1 << 6, 1 << 11, 1 << 13
LOCAL, END, DESCRIPTOR_SIGNATURE = b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"

_TYPE_BITS, _LINK, _FOLDER, _FILE = 0o170000, 0o120000, 0o040000, 0o100000
# Also what turns the direction of reading or joins characters: such a name looks like another one.
_unprintable = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_drive = re.compile("[A-Za-z]:")
_PACKED_SUFFIXES = (
    *(".zip", ".jar", ".war", ".ear", ".7z", ".rar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".tar"),
    *(".cab", ".iso", ".lz", ".lz4", ".lzma", ".z", ".apk", ".whl"),
)
_PACKED_SIGNATURES = (
    *(LOCAL, END, b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"),
    *(b"MSCF\x00\x00\x00\x00", b"!<arch>\n", b"\x04\x22\x4d\x18"),
)
_bzip2 = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")


class UnfitZipError(RefusedError):
    """The file is not a zip that can be taken; the sentence says why and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, field="file")


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes."""

    file: int
    unpacked: int
    entries: int = MAX_ENTRIES


@dataclass(frozen=True)
class Header:
    """What the directory of a zip says of an entry. Sizes in bytes."""

    raw_name: bytes
    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    attributes: int

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/")


def said(name: str) -> str:
    """A name as it may stand in a sentence, whatever it is made of."""
    clean = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in name[:200])
    return f"“{clean if len(clean) <= 120 else clean[:119] + '…'}”"


def require_zip(head: bytes, size: int, limits: Limits) -> None:
    if not size:
        raise UnfitZipError("The file is empty. Export the version again.")
    if size > limits.file:
        raise UnfitZipError(
            f"The zip has {size / MIB:,.1f} MiB; the limit is {limits.file // MIB} MiB (ARCHIVE_MAX_MB). Export fewer "
            "assets at a time, or ask whoever runs Towpath to raise it."
        )
    if head.startswith(LOCAL):
        return
    if head.startswith(END):
        raise UnfitZipError("The zip holds nothing. Export the version again.")
    if head.startswith((DESCRIPTOR_SIGNATURE, b"PK00PK\x03\x04")):
        raise UnfitZipError("The file is one part of a zip that was split. Upload the zip in one piece.")
    raise UnfitZipError(f"The file {_kind(head)}. Upload the zip as SnapLogic exported it.")


def _kind(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "is a web page and no zip: perhaps the page of a sign-in was saved"
    if text.startswith(b"<"):
        return "is XML and no zip"
    if text.startswith((b"{", b"[")):
        return "is JSON and no zip: perhaps it is an error that the platform answered with"
    if head.startswith(b"\x1f\x8b"):
        return "is packed with gzip, which is not a zip"
    if _is_packed(head):
        return "is an archive of another kind than a zip"
    if head.startswith((b"MZ", b"\x7fELF", b"#!")):
        return "begins with a program and not with the first entry of a zip"
    return "is no zip"


def _is_packed(head: bytes) -> bool:
    return head.startswith(_PACKED_SIGNATURES) or bool(_bzip2.match(head)) or head[257:262] == b"ustar"


def require_plain_names(headers: Sequence[Header]) -> None:
    seen: set[str] = set()
    for header in headers:
        name = header.name.removesuffix("/")
        require_plain_path(name)
        if name in seen:
            raise UnfitZipError(f"The zip holds the entry {said(name)} twice, and only one of them would be taken.")
        seen.add(name)
    files = {header.name for header in headers if not header.is_folder}
    # With the slash as the least sign of all, what lies in a folder follows its name at once.
    ordered = sorted(name.replace("/", "\0") for name in seen)
    for first, second in pairwise(ordered):
        if second.startswith(f"{first}\0") and (name := first.replace("\0", "/")) in files:
            raise UnfitZipError(f"The zip holds {said(name)} both as a file and as a folder.")


def require_plain_path(name: str) -> None:
    """A name that leads nowhere but below the folder it is unpacked into, on any system."""
    if not name:
        raise UnfitZipError("An entry of the zip has no name.")
    if _unprintable.search(name):
        raise UnfitZipError(f"The name of the entry {said(name)} holds characters that cannot be printed.")
    if len(name) > MAX_NAME:
        raise UnfitZipError(f"The name of the entry {said(name)} is longer than {MAX_NAME} characters.")
    if "\\" in name:
        raise UnfitZipError(f"The name of the entry {said(name)} holds a backslash, which may lead elsewhere.")
    if name.startswith("/") or _drive.match(name):
        raise UnfitZipError(f"The entry {said(name)} names an absolute path, so it could lead anywhere.")
    steps = name.split("/")
    if ".." in steps:
        raise UnfitZipError(f"The entry {said(name)} leads out of the zip.")
    if "" in steps or "." in steps:
        raise UnfitZipError(f"The entry {said(name)} has a step in its path that leads nowhere.")


def require_plain(header: Header) -> None:
    name = said(header.name)
    if header.flags & (ENCRYPTED | STRONG | MASKED):
        raise encrypted(header.name)
    kind = header.attributes >> 16 & _TYPE_BITS
    if kind == _LINK:
        raise UnfitZipError(f"The entry {name} is a symbolic link, which could lead anywhere.")
    if kind not in (0, _FOLDER, _FILE) or (kind == _FOLDER) > header.is_folder:
        raise UnfitZipError(f"The entry {name} is a special file, neither a file nor a folder.")
    if header.method not in (STORED, DEFLATED) or header.flags & PATCH:
        raise UnfitZipError(
            f"The entry {name} is packed in an unusual way (method {header.method}); only stored and deflated ones "
            "can be read."
        )
    if header.is_folder and header.size:
        raise UnfitZipError(f"The entry {name} is a folder that holds bytes of its own.")
    if not header.is_folder:
        require_no_archive(header.name, b"")


def require_bounded(headers: Sequence[Header], size: int, limits: Limits) -> None:
    unpacked = 0
    for header in headers:
        unpacked += header.size
        if header.size > RATIO_FROM and header.size > MAX_RATIO * header.packed:
            raise _bomb(f"the entry {said(header.name)}", header.size)
    if unpacked > limits.unpacked:
        raise UnfitZipError(
            f"The zip unpacks to {unpacked / MIB:,.0f} MiB; the limit is {limits.unpacked // MIB:,} MiB "
            "(ARCHIVE_MAX_UNPACKED_MB)."
        )
    if unpacked > RATIO_FROM and unpacked > MAX_RATIO * size:
        raise _bomb("the zip", unpacked)


def require_no_archive(name: str, head: bytes) -> None:
    """By name, and by the first bytes."""
    if name.lower().endswith(_PACKED_SUFFIXES) or _is_packed(head):
        raise UnfitZipError(f"{said(name)} is an archive itself; archives within archives are not taken.")


def _bomb(what: str, size: int) -> UnfitZipError:
    return UnfitZipError(
        f"Unpacked, {what} grows to more than {MAX_RATIO} times its size ({size / MIB:,.0f} MiB), as no export does."
    )


def encrypted(name: str) -> UnfitZipError:
    return UnfitZipError(f"The entry {said(name)} is encrypted, so nobody can tell what it holds.")


def tampered(why: str) -> UnfitZipError:
    return UnfitZipError(f"The zip is damaged or was tampered with: {why}. Export the version again.")
