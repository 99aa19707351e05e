"""Exported zips from strangers: what they hold, and each reason to refuse one in its own words."""

import gzip
import io
import json
import os
import struct
import tracemalloc
import zipfile
from typing import Any

import pytest

from promotions.systems.snaplogic.zips import Asset, UnfitZipError, inventory, opened
from tests.unit.promotions.zip_making import (
    ACME,
    DB_ACCOUNT,
    FILES,
    MAIL_ACCOUNT,
    METADATA,
    Part,
    Whole,
    deflated,
    exported,
    handmade,
    streamed,
    zip_of,
)

MIB = 1 << 20


def look(content: bytes) -> Any:
    return inventory(io.BytesIO(content))


def refusal(content: bytes) -> str:
    with pytest.raises(UnfitZipError) as refused:
        look(content)
    return refused.value.message


def changed(**files: bytes | None) -> bytes:
    """The export with these files added, exchanged or left out; two underscores stand for a dot."""
    named = {name.replace("__", "."): content for name, content in files.items()}
    return exported({name: content for name, content in {**FILES, **named}.items() if content is not None})


@pytest.mark.parametrize("write", [exported, streamed], ids=["written in place", "streamed"])
def test_an_export_tells_what_it_holds(write: Any) -> None:
    found = look(write())

    assert found.assets == (
        Asset("Pipeline", "orders_get", "orders_get.slp", 40 * 38, is_listed_by_metadata=True),
        Asset("Account", "orders_db_account", "orders_db_account.sla", 2, is_listed_by_metadata=True),
        Asset("Policy", "rate_limit", "", 0, is_listed_by_metadata=True),
        Asset("File", "helpers.expr", "helpers.expr", 34, is_listed_by_metadata=False),
    )
    assert found.accounts is not None
    assert [node.uuid for node in found.accounts.nodes] == [DB_ACCOUNT, MAIL_ACCOUNT]
    assert found.expressions == ("helpers.expr",)
    assert found.source == "acme/apim/orders/1.2"
    assert (found.entries, found.unpacked) == (5, sum(len(content) for content in FILES.values()))
    assert found.numbers == {"Account": 1, "File": 1, "Pipeline": 1, "Policy": 1}
    assert found.unlisted == ("helpers.expr",)


def test_what_is_kept_of_it_holds_no_secret() -> None:
    text = json.dumps(look(exported()).as_json())

    assert "ENC(" not in text
    assert "hunter2" not in text
    assert "svc-ci@example.test" in text


def test_an_export_of_stored_entries_in_one_folder_is_read_as_well() -> None:
    found = look(
        exported({f"orders 1.2/{name}": content for name, content in FILES.items()}, method=zipfile.ZIP_STORED)
    )

    assert found.source == "acme/apim/orders/1.2"
    assert found.assets[0].entry == "orders 1.2/orders_get.slp"
    assert found.accounts is not None


def test_without_metadata_the_suffix_tells_the_type_and_what_is_unknown_stays_so() -> None:
    found = look(changed(export__json=None, nightly__slt=b"{}", logo__png=b"\x89PNG"))

    assert {(asset.type, asset.name) for asset in found.assets} == {
        ("Pipeline", "orders_get"),
        ("Account", "orders_db_account"),
        ("File", "helpers.expr"),
        ("Job", "nightly"),
        ("Other", "logo.png"),
    }
    assert not found.has_metadata
    assert found.source == ""


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("whatever.json", {"content": {"assets": METADATA["assets"]}, "version_path": ACME}),
        (
            "export.json",
            {"assets": {"Pipeline": ["orders_get"], "Account": [{"name": "orders_db_account"}]}, "path": ACME},
        ),
        ("manifest.json", [{"type": "pipeline", "name": "orders_get", "path": f"{ACME}/orders_get"}]),
        ("export.json", {"assets": [], "org": "acme", "api": "orders", "version": "1.2"}),
    ],
)
def test_metadata_is_known_by_its_list_of_assets_however_it_is_laid_out(name: str, document: Any) -> None:
    files = {**FILES, name: json.dumps(document).encode()}
    if name != "export.json":
        del files["export.json"]

    found = look(exported(files))

    assert found.has_metadata
    assert found.source == "acme/apim/orders/1.2"
    assert next(asset for asset in found.assets if asset.name == "orders_get").type == "Pipeline"


def test_a_file_of_the_version_that_is_json_is_not_taken_for_metadata() -> None:
    found = look(changed(export__json=None, rows__json=b'[{"type": "order", "name": "first"}]', odd__json=b"{not json"))

    assert not found.has_metadata
    assert {asset.name for asset in found.assets if asset.type == "Other"} == {"rows.json", "odd.json"}


def test_the_suffix_decides_between_assets_of_one_name() -> None:
    listed = [{"asset_type": "Account", "name": "orders"}, {"asset_type": "Pipeline", "name": "orders"}]

    found = look(
        exported({"export.json": json.dumps({"assets": listed}).encode(), "orders.slp": b"{}", "orders.sla": b"{}"})
    )

    assert [(asset.type, asset.entry) for asset in found.assets] == [
        ("Account", "orders.sla"),
        ("Pipeline", "orders.slp"),
    ]


def test_metadata_may_name_the_entry_of_an_asset() -> None:
    listed = [
        {"type": "Pipeline", "name": "orders", "path": "flows/2_orders.slp"},
        {"type": "Policy", "name": "limit", "path": "flows/limit.json"},
    ]
    files = {
        "flows/2_orders.slp": b"{}",
        "flows/limit.json": b"{}",
        "export.json": json.dumps({"assets": listed}).encode(),
    }

    found = look(exported(files))

    assert [asset.entry for asset in found.assets] == ["flows/2_orders.slp", "flows/limit.json"]
    assert found.unlisted == ()


def test_a_template_of_an_unknown_layout_leaves_accounts_as_exported() -> None:
    found = look(changed(accounts_template__json=b'{"version": 2, "groups": [1, 2]}'))

    assert found.accounts is None
    assert found.accounts_problem == "accounts_template.json is not laid out in a way that Towpath knows."


@pytest.mark.parametrize(
    "document", [{**METADATA, "path": "/acme/projects/orders", "assets": []}, {"kind": "Project export", "assets": []}]
)
def test_the_export_of_a_project_is_refused(document: Any) -> None:
    assert "was exported from a project (" in refusal(changed(export__json=json.dumps(document).encode()))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty"),
        (b"PK\x05\x06" + bytes(18), "The zip holds nothing"),
        (b"<!DOCTYPE html><title>Sign in</title>", "is a web page and no zip"),
        (b'\xef\xbb\xbf {"response_map": {}}', "is JSON and no zip"),
        (b"<?xml version='1.0'?>", "is XML and no zip"),
        (gzip.compress(b"{}", mtime=0), "is packed with gzip"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(40), "is an archive of another kind"),
        (b"MZ" + bytes(100), "begins with a program"),
        (b"orders,1.2", "The file is no zip"),
        (b"PK\x07\x08" + exported(), "one part of a zip that was split"),
        (exported()[:-30], "its end is missing"),
        (exported()[:500], "its end is missing"),
        (exported() + b"x", "its end is missing"),
        (exported({"readme.txt": b"hello"}), "nothing that an export of an API version has"),
    ],
)
def test_what_is_no_export_is_named(content: bytes, words: str) -> None:
    assert words in refusal(content)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (b"/etc/passwd.slp", "names an absolute path"),
        (b"C:/orders.slp", "names an absolute path"),
        (b"a\\b.slp", "holds a backslash"),
        (b"../orders.slp", "leads out of the zip"),
        (b"a/../../orders.slp", "leads out of the zip"),
        (b"a//b.slp", "leads nowhere"),
        (b"./b.slp", "leads nowhere"),
        (b"a\x00.slp", "characters that cannot be printed"),
        (b"a\nb.slp", "characters that cannot be printed"),
        ("a\u202egpj.slp".encode(), "characters that cannot be printed"),
        (b"", "has no name"),
        (b"a" * 501, "longer than 500 characters"),
        (b"inner.zip", "is an archive itself"),
        (b"lib/driver.JAR", "is an archive itself"),
        (b"dump.tar", "is an archive itself"),
    ],
)
def test_a_name_that_leads_elsewhere_or_hides_something_is_refused(name: bytes, words: str) -> None:
    assert words in refusal(zip_of(Part(b"orders.slp"), Part(name)))


@pytest.mark.parametrize(
    "content",
    [
        exported(),
        gzip.compress(b"{}", mtime=0),
        bytes(257) + b"ustar" + bytes(300),
        b"BZh91AY&SY" + bytes(9),
        b"7z\xbc\xaf\x27\x1c",
    ],
)
def test_an_archive_in_disguise_is_refused(content: bytes) -> None:
    assert "“holiday.txt” is an archive itself" in refusal(changed(holiday__txt=content))


def mode(kind: int) -> int:
    return (kind | 0o644) << 16


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Part(b"a.slp", attributes=mode(0o120000)), "is a symbolic link"),
        (Part(b"a.slp", attributes=mode(0o010000)), "is a special file"),
        (Part(b"a.slp", attributes=mode(0o060000)), "is a special file"),
        (Part(b"a.slp", attributes=mode(0o040000)), "is a special file"),
        (Part(b"a.slp", flags=1), "is encrypted"),
        (Part(b"a.slp", flags=1 << 6 | 1), "is encrypted"),
        (Part(b"a.slp", method=99), "is encrypted"),
        (Part(b"a.slp", method=12, packed=b"{}"), "packed in an unusual way (method 12)"),
        (Part(b"a.slp", flags=1 << 5), "packed in an unusual way"),
        (Part(b"folder/", b"bytes"), "a folder that holds bytes"),
        (Part(b"a.slp", bytes(3 * MIB)), "the entry “a.slp” grows to more than 200 times its size"),
        (Part(b"a.slp", size=2**31), "grows to more than 200 times its size"),
        (Part(b"a.slp", bytes(20_000), size=10_000), "holds more than it says"),
        (Part(b"a.slp", b"x" * 10_000, size=20_000), "is damaged"),
        (Part(b"a.slp", crc=1), "is damaged"),
        (Part(b"a.slp", packed=b"\xff\xff\xff\xff", packed_size=4), "is damaged"),
        (Part(b"a.slp", packed=deflated(b"{}") + b"hidden"), "is damaged"),
        (Part(b"a.slp", method=0, size=3), "is damaged"),
        (Part(b"a.slp", packed_size=4000), "overlaps the directory"),
        (Part(b"a.slp", local_name=b"b.slp"), "has another name in the directory"),
        (Part(b"a.slp", local_size=1), "is described differently in the directory"),
        (Part(b"a.slp", local_method=0), "is described differently in the directory"),
        (Part(b"a.slp", after=b"PK\x03\x04hidden"), "bytes lie in it that belong to no entry"),
        (Part(b"a.slp", flags=8, after=b"PK\x07\x08" + bytes(12)), "is described differently after it"),
        (Part(b"a.slp", size=0xFFFFFFFF), "the size of “a.slp” is missing"),
        (Part(b"a.slp", extra=struct.pack("<2H", 0x7075, 10) + b"\1" + bytes(4) + b"b.slp"), "has a second name"),
        (Part(b"a.slp", extra=struct.pack("<2HQ", 1, 8, 9) * 2), "says its size or name twice"),
        (Part(b"\xff\xfe.slp", flags=1 << 11), "is not the UTF-8 text"),
        (Part(b"a.slp", disk=3), "one part of a zip that was split"),
        (Part(b"a.slp", offset=12), "belong to no entry"),
    ],
)  # fmt: skip
def test_an_entry_that_is_not_plain_and_whole_is_refused(part: Part, words: str) -> None:
    assert words in refusal(zip_of(part))


@pytest.mark.parametrize(
    ("whole", "words"),
    [
        (Whole(before=b"#!/bin/sh\nexit\n"), "begins with a program"),
        (Whole(before=b"PK\x03\x04 and more"), "belong to no entry"),
        (Whole(count=3), "directory"),
        (Whole(count=1), "another number of entries"),
        (Whole(count=20_000), "20,000 entries; the limit is 10,000"),
        (Whole(length=1), "belong to no entry"),
        (Whole(start=3), "belong to no entry"),
        (Whole(start=2**32 - 1), "directory does not lie where it should"),
        (Whole(disk=1), "one part of a zip that was split"),
        (Whole(before_end=b"12345678"), "belong to no entry"),
        (Whole(comment=b"PK\x05\x06 and more"), "its comment holds the end of another zip"),
        (Whole(before_end=struct.pack("<4sLQL", b"PK\x06\x07", 0, 10**15, 1)), "its end does not lie where it should"),
        (Whole(before_end=struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)), "its end does not lie where it should"),
    ],
)  # fmt: skip
def test_a_zip_that_tells_two_things_is_refused(whole: Whole, words: str) -> None:
    whole.parts = (Part(b"a.slp"), Part(b"b.slp"))

    assert words in refusal(handmade(whole))


def test_a_comment_does_no_harm() -> None:
    assert look(handmade(Whole(parts=[Part(b"a.slp")], comment=b"exported by SnapLogic"))).entries == 1


def test_many_small_entries_that_grow_are_a_bomb_as_well() -> None:
    parts = [Part(b"%d.slp" % number, bytes(MIB // 2)) for number in range(4)]

    assert "the zip grows to more than 200 times its size (2 MiB)" in refusal(zip_of(*parts))


def test_two_entries_of_one_name_are_refused() -> None:
    assert "holds the entry “a.slp” twice" in refusal(zip_of(Part(b"a.slp"), Part(b"a.slp")))
    assert "both as a file and as a folder" in refusal(zip_of(Part(b"a.slp"), Part(b"a.slp!"), Part(b"a.slp/b.slp")))


def test_entries_that_share_bytes_are_refused() -> None:
    assert "overlaps another one" in refusal(zip_of(Part(b"a.slp"), Part(b"b.slp", offset=0), Part(b"c.slp", offset=9)))


def test_large_numbers_in_their_own_fields_are_read() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target, target.open("a.slp", "w", force_zip64=True) as entry:
        entry.write(b"{}")

    assert look(packed.getvalue()).assets[0].size == 2


def test_the_limits_of_the_installation_are_named(settings: Any) -> None:
    content = exported({"a.slp": os.urandom(2 * MIB), "b.slp": os.urandom(MIB)})
    settings.ARCHIVE_MAX_MB, settings.ARCHIVE_MAX_UNPACKED_MB = 2, 4096
    assert "The zip has 3.0 MiB; the limit is 2 MiB (ARCHIVE_MAX_MB)" in refusal(content)
    settings.ARCHIVE_MAX_MB, settings.ARCHIVE_MAX_UNPACKED_MB = 512, 2

    assert "unpacks to 3 MiB; the limit is 2 MiB (ARCHIVE_MAX_UNPACKED_MB)" in refusal(content)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (b"{", "accounts_template.json is not JSON"),
        (b'{"a": NaN}', "NaN and Infinity"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"[" * 100_000, "nested more than 100 levels deep"),
        (b"[" * 101 + b"]" * 101, "nested more than 100 levels deep"),
        (b'{"a": 1, "a": 2}', "names a member twice"),
        (b'{"\\ud800": 1}', "whose name holds signs that are no text"),
        (b"[" + b"1," * 300_001 + b"1]", "more than 300,000 values"),
        (b'"' + os.urandom(6 * MIB).hex().encode() * 2 + b'"', "the limit is 16 MiB"),
    ],
)
def test_a_template_that_is_no_json_is_refused(template: bytes, words: str) -> None:
    assert words in refusal(changed(accounts_template__json=template))


def test_broken_metadata_is_refused_by_name() -> None:
    assert refusal(changed(export__json=b"{")).startswith("“export.json” is not JSON")


def test_reading_a_bomb_takes_no_memory() -> None:
    """A zip of a quarter of a MiB that says it holds 1 MiB, and holds 256."""
    packed = deflated(bytes(256 * MIB))
    bomb = zip_of(Part(b"a.slp", packed=packed, size=MIB, packed_size=len(packed)))
    tracemalloc.start()

    try:
        words = refusal(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert "holds more than it says" in words
    assert peak < 8 * MIB


def test_entries_can_be_read_after_the_look() -> None:
    safe = opened(io.BytesIO(streamed()))

    assert {entry.name: safe.content(entry) for entry in safe.entries} == FILES
