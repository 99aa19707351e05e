"""Exported zips as tests need them, whole and with the parts of their headers at hand."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

ACME = "/acme/apim/orders/1.2"
DB_ACCOUNT, MAIL_ACCOUNT = "3c9e7d1a-5b20-4f86-9a4d-e1f0b2c3d4a5", "d05b8e37-91f4-4c2a-b7d6-6a3e1c0f9d82"
TEMPLATE = {
    DB_ACCOUNT: {
        "name": "orders_db_account",
        "class_id": "com-snaplogic-snap-api-sql-accounts-postgresdatabaseaccount",
        "property_map": {
            "view_serial": 100,
            "info": {"label": {"value": "orders_db_account"}, "notes": {"value": ""}},
            "settings": {
                "connectionProperties": {
                    "value": {
                        "hostname": {"value": "db.dev.example.test", "expression": False},
                        "portNumber": {"value": 5432},
                        "password": {"value": "ENC(1x8QmV0ZXN0LWVuY3J5cHRlZA==)", "expression": False},
                        "passphrase": {"value": ""},
                        "ssl": {"value": False},
                        "timeout": {"value": None},
                    }
                },
            },
        },
    },
    MAIL_ACCOUNT: {
        "name": "mail_oauth",
        "class_fqid": "com-snaplogic-snaps-rest-oauth2account_1-main31019",
        "property_map": {
            "settings": {
                "client_id": {"value": "mail-client"},
                "client_secret": {"value": "ENC(bWFpbC1zZWNyZXQtZW5j)"},
                "access_token_endpoint": {"value": "https://login.example.test/oauth/token"},
            },
        },
    },
}
METADATA = {
    "path": ACME,
    "exported_by": "svc-ci@example.test",
    "api_token": "hunter2hunter2",
    "assets": [
        {"asset_type": "Pipeline", "name": "orders_get", "path": f"{ACME}/orders_get"},
        {"asset_type": "Account", "name": "orders_db_account", "path": f"{ACME}/orders_db_account"},
        {"asset_type": "Policy", "name": "rate_limit", "path": f"{ACME}/rate_limit"},
    ],
}
FILES: Mapping[str, bytes] = {
    "export.json": json.dumps(METADATA).encode(),
    "accounts_template.json": json.dumps(TEMPLATE, indent=2).encode(),
    "orders_get.slp": b'{"class_id": "com-snaplogic-pipeline"}' * 40,
    "orders_db_account.sla": b"{}",
    "helpers.expr": b"{ prefixer: x => this.prefix + x }",
}


def exported(files: Mapping[str, bytes] = FILES, *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip as any program writes it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as target:
        for name, content in files.items():
            target.writestr(_entry(name, method), content)
    return packed.getvalue()


def _entry(name: str, method: int) -> zipfile.ZipInfo:
    """Always of the same time, so that the same files make the same bytes."""
    entry = zipfile.ZipInfo(name, (2026, 3, 4, 9, 12, 30))
    entry.compress_type, entry.external_attr = method, 0o600 << 16
    return entry


def streamed(files: Mapping[str, bytes] = FILES) -> bytes:
    """A zip as a program writes it that cannot go back: the numbers of an entry follow it."""

    class Line(io.RawIOBase):
        def __init__(self) -> None:
            self.content = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, piece: object) -> int:
            self.content += bytes(piece)  # type: ignore[call-overload]
            return len(bytes(piece))  # type: ignore[call-overload]

    line = Line()
    with zipfile.ZipFile(line, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(_entry(name, zipfile.ZIP_DEFLATED), content)
    return bytes(line.content)


@dataclass
class Part:
    """An entry of which everything can be told wrongly."""

    name: bytes
    content: bytes = b"{}"
    method: int = 8
    flags: int = 0
    attributes: int = 0
    size: int | None = None
    packed_size: int | None = None
    crc: int | None = None
    local_name: bytes | None = None
    local_size: int | None = None
    local_method: int | None = None
    extra: bytes = b""
    local_extra: bytes = b""
    offset: int | None = None
    packed: bytes | None = None
    after: bytes = b""
    """What lies behind it, before the next one."""
    disk: int = 0


@dataclass
class Whole:
    """The directory and the end of a zip, of which everything can be told wrongly."""

    before: bytes = b""
    count: int | None = None
    length: int | None = None
    start: int | None = None
    comment: bytes = b""
    disk: int = 0
    before_end: bytes = b""
    parts: Sequence[Part] = field(default_factory=tuple)


def deflated(content: bytes) -> bytes:
    packing = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packing.compress(content) + packing.flush()


def handmade(whole: Whole) -> bytes:
    """A zip with exactly these claims."""
    made, directory = bytearray(whole.before), bytearray()
    for part in whole.parts:
        packed = part.packed
        if packed is None:
            packed = deflated(part.content) if part.method == 8 else part.content
        crc = zlib.crc32(part.content) if part.crc is None else part.crc
        size = len(part.content) if part.size is None else part.size
        packed_size = len(packed) if part.packed_size is None else part.packed_size
        local_name = part.name if part.local_name is None else part.local_name
        local_size = size if part.local_size is None else part.local_size
        local_method = part.method if part.local_method is None else part.local_method
        offset = len(made) if part.offset is None else part.offset
        made += struct.pack(
            "<4s5H3L2H",
            *(b"PK\x03\x04", 20, part.flags, local_method, 0, 33),
            *(crc, packed_size, local_size, len(local_name), len(part.local_extra)),
        )
        made += local_name + part.local_extra + packed + part.after
        directory += struct.pack(
            "<4s6H3L5H2L",
            *(b"PK\x01\x02", 0x0314, 20, part.flags, part.method, 0, 33),
            *(crc, packed_size, size, len(part.name), len(part.extra), 0, part.disk, 0, part.attributes, offset),
        )
        directory += part.name + part.extra
    start = len(made) if whole.start is None else whole.start
    count = len(whole.parts) if whole.count is None else whole.count
    length = len(directory) if whole.length is None else whole.length
    end = struct.pack(
        "<4s4H2LH", b"PK\x05\x06", whole.disk, whole.disk, count, count, length, start, len(whole.comment)
    )
    return bytes(made + directory + whole.before_end + end + whole.comment)


def zip_of(*parts: Part) -> bytes:
    return handmade(Whole(parts=parts))
