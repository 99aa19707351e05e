"""Importing API versions: duplicate rules, accounts, expression files, refusals."""

import hashlib
import io
import json
import zipfile

import pytest

from tests.integration.emulator.platform import fixture, shape
from tests.integration.emulator.snaplogic import (
    LABEL,
    PLAIN,
    SnapLogic,
    at,
    in_plain_text,
    messages,
    names,
    template,
    unzipped,
    zipped,
)

SOURCE = "acme-dev/apim/orders/1.2"
TARGET = "acme-prod/apim/orders/1.1"
NEW = "acme-prod/apim/orders/1.2"
ADDED = ["mail_oauth", "orders_cancel"]
THERE = [
    "orders_get",
    "orders_list",
    "orders_db_account",
    "partner_basic",
    "helpers.expr",
    "orders_triggered",
    "addresses.expr",
]
ACCOUNTS = ["orders_db_account", "partner_basic", "mail_oauth"]


@pytest.fixture
def dev():
    return SnapLogic()


@pytest.fixture
def prod(dev):
    return dev.also()


@pytest.fixture
def package(dev):
    return dev.exported(SOURCE)


def digests(snaplogic, path):
    return {asset: about["sha256"] for asset, about in snaplogic.assets(path).items() if asset[0] != "Account"}


def values(snaplogic, path, account):
    return {one["path"]: one for one in snaplogic.assets(path)["Account", account]["values"]}


def changed(package, **entries):
    """The zip with other contents for some entries, by their names with underscores for full stops."""
    return zipped(unzipped(package) | {name.replace("__", "."): text for name, text in entries.items()})


# A version that is not there


@pytest.mark.parametrize("rule", ["", "skip", "true", "create_new", "FALSE", "Overwrite"])
def test_absent_version_is_made_unpublished_with_every_asset(dev, prod, package, rule):
    answer = prod.bring(NEW, package, rule)

    body = answer.json["response_map"]
    assert (answer.status_code, answer.json["http_status_code"]) == (200, 200)
    assert body["version_path"] == NEW
    assert body["failed"] == []
    assert names(body["successful"]) == [name for _, name in dev.assets(SOURCE)]
    assert prod.version(NEW)["state"] == "unpublished"
    assert digests(prod, NEW) == digests(dev, SOURCE)


def test_answer_has_the_documented_shape(prod, package):
    complete, partial = prod.bring(NEW, package).json, prod.bring(TARGET, package).json

    documented = fixture("snaplogic/import-version.response-200-partial")
    assert shape(complete["response_map"]["successful"]) == shape(documented["response_map"]["successful"])
    for found in (complete, partial):
        del found["response_map"]["version_path"]
    assert shape(partial) == shape(documented)


def test_absent_api_is_made_along(prod, package):
    prod.brought("acme-prod/apim/Über uns/v 1.0", package)

    assert "acme-prod/apim/Über uns/v 1.0" in prod.paths()


def test_names_are_told_apart_by_case(prod, package):
    prod.brought("acme-prod/apim/Orders/1.1", package)

    assert {TARGET, "acme-prod/apim/Orders/1.1"} <= set(prod.paths())


# Skip


@pytest.mark.parametrize("rule", ["", "skip", "TRUE"])
def test_skip_adds_what_is_missing_and_reports_the_rest(prod, package, rule):
    before, state = digests(prod, TARGET), prod.version(TARGET)["state"]

    body = prod.brought(TARGET, package, rule)

    assert names(body["successful"]) == ["Throttle", *sorted(ADDED)]
    assert names(body["failed"]) == THERE
    assert {(entry["status_code"], entry["reason"]) for entry in body["failed"]} == {
        (409, "Asset with the same name already exists")
    }
    after = digests(prod, TARGET)
    assert {asset for asset in before if after[asset] != before[asset]} == {("Policy", "Throttle")}
    assert prod.version(TARGET)["state"] == state == "published"


def test_failed_entries_name_what_is_there(prod, package):
    there = prod.assets(TARGET)["Pipeline", "orders_get"]["snode_id"]

    body = prod.brought(TARGET, package, "skip")

    assert next(entry["snode_id"] for entry in body["failed"] if entry["name"] == "orders_get") == there


def test_same_name_of_another_type_is_no_duplicate(dev, prod):
    dev.told("snaplogic/assets", path=SOURCE, type="Pipeline", name="orders_triggered", text="{}")

    body = prod.brought(TARGET, dev.exported(SOURCE), "skip")

    assert "orders_triggered" in names(body["successful"])
    assert {("Pipeline", "orders_triggered"), ("Job", "orders_triggered")} <= set(prod.assets(TARGET))


# A numbered name


@pytest.mark.parametrize("rule", ["create_new", "false"])
def test_create_new_takes_the_next_free_number(prod, package, rule):
    before = digests(prod, TARGET)

    went_to = [prod.brought(TARGET, package, rule)["version_path"] for _ in range(3)]

    assert went_to == [f"{TARGET}{number}" for number in (1, 2, 3)]
    assert digests(prod, TARGET) == before
    assert [prod.version(path)["state"] for path in went_to] == ["unpublished"] * 3


def test_create_new_passes_over_a_number_that_is_taken(prod, package):
    prod.told("snaplogic/versions", org="acme-prod", api="orders", version="1.11")

    assert prod.brought(TARGET, package, "create_new")["version_path"] == "acme-prod/apim/orders/1.12"


# Overwrite


def test_overwrite_touches_only_the_types_that_are_listed(prod, package):
    before = digests(prod, TARGET)

    body = prod.brought(TARGET, package, "overwrite", overwrite_types="Pipeline")

    assert names(body["successful"]) == ["orders_get", "orders_list", "Throttle", *sorted(ADDED)]
    assert body["failed"] == []
    warned = [entry["name"] for entry in body["warnings"] if "overwrite_types" in entry["message"]]
    assert warned == [name for name in THERE if name not in ("orders_get", "orders_list")]
    after = digests(prod, TARGET)
    assert {asset for asset in before if after[asset] != before[asset]} == {
        ("Pipeline", "orders_get"),
        ("Pipeline", "orders_list"),
        ("Policy", "Throttle"),
    }


def test_overwritten_asset_keeps_its_id(prod, package):
    before = prod.assets(TARGET)["Pipeline", "orders_get"]["snode_id"]

    prod.brought(TARGET, package, "overwrite", overwrite_types="Pipeline")

    assert prod.assets(TARGET)["Pipeline", "orders_get"]["snode_id"] == before


@pytest.mark.parametrize(
    "written",
    [
        "Pipeline,Job",
        "[pipeline, TASK]",
        '["Pipeline","Job (task)"]',
        ["Pipeline", "task"],
        ["[Pipeline]", "[job]"],
        "pipeline,,job,",
    ],
)
def test_types_may_be_written_in_many_ways(prod, package, written):
    body = prod.brought(TARGET, package, "overwrite", overwrite_types=written)

    assert [name for name in names(body["successful"]) if name in THERE] == [
        "orders_get",
        "orders_list",
        "orders_triggered",
    ]


def test_overwrite_without_types_overwrites_policies_alone(prod, package):
    body = prod.brought(TARGET, package, "overwrite")

    assert names(body["successful"]) == ["Throttle", *sorted(ADDED)]


# Retired


@pytest.mark.parametrize("rule", ["skip", "overwrite"])
def test_retired_version_is_read_only(prod, package, rule):
    prod.told("snaplogic/versions", org="acme-prod", api="orders", version="1.1", state="retired")

    answer = prod.bring(TARGET, package, rule)

    assert (answer.status_code, answer.json["http_status_code"]) == (409, 409)
    assert messages(answer) == [f"API version is retired and cannot be changed: {TARGET}"]
    assert prod.effects() == []


def test_retired_version_does_not_hinder_a_new_one(prod, package):
    prod.told("snaplogic/versions", org="acme-prod", api="orders", version="1.1", state="retired")

    assert prod.brought(TARGET, package, "create_new")["version_path"] == f"{TARGET}1"


# Accounts


def test_accounts_of_another_organization_are_not_decrypted(prod, package):
    body = prod.brought(NEW, package)

    assert names(body["warnings"]) == ACCOUNTS
    assert {entry["message"] for entry in body["warnings"]} == {"Account value was not decrypted; set it after import"}
    password = values(prod, NEW, LABEL)["settings.connectionProperties.value.password"]
    assert (password["is_readable"], password["reencrypted"]) == (False, False)


def test_accounts_of_the_same_organization_stay_as_they_were(dev, package):
    where = "settings.connectionProperties.value.password"
    path = "acme-dev/apim/orders/2.0"

    body = dev.brought(path, package)

    assert body["warnings"] == []
    found, original = values(dev, path, LABEL)[where], values(dev, SOURCE, LABEL)[where]
    assert found == original
    assert found["is_readable"]


def test_edited_account_is_encrypted_again(prod, package):
    nodes = in_plain_text(package, LABEL)
    (node,) = nodes.values()
    node["property_map"]["settings"]["connectionProperties"]["value"]["hostname"]["value"] = "db.prod.example.test"

    body = prod.brought(NEW, package, accounts=nodes)

    assert names(body["warnings"]) == ["partner_basic", "mail_oauth"]
    found = values(prod, NEW, LABEL)
    password = found["settings.connectionProperties.value.password"]
    assert (password["is_readable"], password["reencrypted"]) == (True, True)
    assert password["sha256"] == hashlib.sha256(PLAIN.encode()).hexdigest()
    assert found["settings.connectionProperties.value.hostname"]["value"] == "db.prod.example.test"
    assert PLAIN not in json.dumps(prod.known())


def test_export_after_an_edit_shows_no_plain_text(prod, dev, package):
    path = "acme-dev/apim/orders/2.0"
    dev.brought(path, package, accounts=in_plain_text(package, *ACCOUNTS))

    again = dev.exported(path)

    assert all(PLAIN.encode() not in content for content in unzipped(again).values())
    assert dev.brought("acme-dev/apim/orders/2.1", again)["warnings"] == []


@pytest.mark.parametrize("label", ACCOUNTS)
def test_encrypted_value_left_in_place_is_refused(prod, package, label):
    nodes = {uuid: node for uuid, node in template(package).items() if node["name"] == label}

    answer = prod.bring(NEW, package, accounts=nodes)

    assert answer.status_code == 400
    assert "is still encrypted" in messages(answer)[0]
    assert NEW not in prod.paths()


def test_changed_structure_is_refused(prod, package):
    nodes = in_plain_text(package, LABEL)
    (node,) = nodes.values()
    del node["property_map"]["settings"]["advancedProperties"]

    answer = prod.bring(NEW, package, accounts=nodes)

    assert answer.status_code == 400
    assert messages(answer)[0].startswith("The structure of property_map was changed")


def test_unknown_account_is_warned_of(prod, package):
    nodes = {"00000000-0000-4000-8000-000000000000": {"name": "gone", "property_map": {}}}

    body = prod.brought(NEW, package, accounts=nodes)

    assert [entry for entry in body["warnings"] if entry["name"] == "gone"] == [
        {
            "message": "There is no account with this UUID in the zip file; the node was ignored",
            "snode_id": "00000000-0000-4000-8000-000000000000",
            "name": "gone",
        }
    ]


def test_accounts_that_are_left_alone_are_not_edited(prod, package):
    before = values(prod, TARGET, LABEL)

    body = prod.brought(TARGET, package, "skip", accounts=in_plain_text(package, LABEL))

    assert LABEL in names(body["failed"])
    assert values(prod, TARGET, LABEL) == before


def test_edited_account_overwrites_where_its_type_is_listed(prod, package):
    prod.brought(TARGET, package, "overwrite", overwrite_types="Account", accounts=in_plain_text(package, LABEL))

    password = values(prod, TARGET, LABEL)["settings.connectionProperties.value.password"]
    assert password["sha256"] == hashlib.sha256(PLAIN.encode()).hexdigest()


def test_account_file_may_come_as_a_plain_field(prod, package):
    data = {
        "file": (io.BytesIO(package), "version.zip"),
        "file_account": json.dumps(in_plain_text(package, *ACCOUNTS)),
    }

    answer = prod.call("POST", f"/apim/import_version/{NEW}", data=data)

    assert answer.json["response_map"]["warnings"] == []


def deep(levels):
    return b'{"u": {"property_map": ' + b'{"a": ' * levels + b"1" + b"}" * levels + b"}}"


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"u": 1}', b"\xff", b"[" * 100_000, deep(20_000)])
def test_account_file_that_is_no_document_is_refused(prod, package, text):
    answer = prod.bring(NEW, package, accounts=text)

    assert answer.status_code == 400
    assert messages(answer)[0].startswith("file_account")


def test_account_that_is_nested_too_deep_is_refused(prod, package):
    uuid = next(iter(template(package)))

    answer = prod.bring(NEW, package, accounts=deep(200).replace(b'"u"', json.dumps(uuid).encode()))

    assert answer.status_code == 400


# Expression files


def test_expression_files_are_flattened_into_the_root(prod, package):
    expressions = zipped({"lib/": b"", "lib/deep/tax.expr": b"{ t: 1 }", "root.expr": b"{ r: 1 }"})

    body = prod.brought(NEW, package, expressions=expressions)

    assert names(body["successful"])[-2:] == ["tax.expr", "root.expr"]
    assert prod.assets(NEW)["File", "tax.expr"]["sha256"] == hashlib.sha256(b"{ t: 1 }").hexdigest()


@pytest.mark.parametrize("rule", ["skip", "overwrite", "create_new"])
def test_expression_file_of_the_same_name_is_overwritten(prod, package, rule):
    expressions = zipped({"helpers.expr": b"{ mine: 1 }"})

    body = prod.brought(TARGET, package, rule, expressions=expressions)

    path = body["version_path"]
    assert names(body["successful"]).count("helpers.expr") == 1
    assert prod.assets(path)["File", "helpers.expr"]["sha256"] == hashlib.sha256(b"{ mine: 1 }").hexdigest()


def test_last_of_several_expression_files_is_kept_with_a_warning(prod, package):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for folder, text in (("a/", "1"), ("b/", "2"), ("", "3")):
            archive.writestr(f"{folder}same.expr", text)

    body = prod.brought(NEW, package, expressions=file.getvalue())

    assert names(body["successful"]).count("same.expr") == 1
    assert [entry["message"] for entry in body["warnings"] if entry["name"] == "same.expr"] == [
        "Several expression files have this name; the last one was copied"
    ]
    assert prod.assets(NEW)["File", "same.expr"]["sha256"] == hashlib.sha256(b"3").hexdigest()


def test_expression_files_need_a_zip(prod, package):
    answer = prod.bring(NEW, package, expressions=b"{ t: 1 }")

    assert (answer.status_code, answer.json) == (400, fixture("snaplogic/import-version.response-400"))
    assert NEW not in prod.paths()


# Refusals


def bad_zips():
    metadata = {"kind": "apim_version", "org": "acme-dev", "api": "orders", "version": "1.2"}
    asset = {"type": "Pipeline", "name": "p", "path": "p.slp", "snode_id": "1", "asset_id": "2"}

    def listing(*assets, **changes):
        return json.dumps(metadata | {"assets": list(assets)} | changes)

    return {
        "nothing": b"",
        "text": b"no zip at all",
        "empty zip": zipped({}),
        "no metadata": zipped({"orders_get.slp": "{}"}),
        "metadata is no JSON": zipped({"export.json": "{"}),
        "metadata is a list": zipped({"export.json": "[]"}),
        "entry is missing": zipped({"export.json": listing(asset)}),
        "type is unknown": zipped({"export.json": listing(asset | {"type": "Snaplex"}), "p.slp": "{}"}),
        "name is empty": zipped({"export.json": listing(asset | {"name": ""}), "p.slp": "{}"}),
        "assets is a number": zipped({"export.json": listing(assets=1)}),
        "account is no document": zipped({"export.json": listing(asset | {"type": "Account"}), "p.slp": "[]"}),
        "cut": zipped({"export.json": listing(asset), "p.slp": "{}" * 1000})[:-200],
    }


@pytest.mark.parametrize("name", bad_zips())
def test_what_is_no_exported_zip_is_refused(prod, name):
    answer = prod.bring(NEW, bad_zips()[name])

    assert (answer.status_code, answer.json) == (400, fixture("snaplogic/import-version.response-400"))
    assert NEW not in prod.paths()


def test_zip_of_a_project_is_refused(prod, package):
    metadata = json.loads(unzipped(package)["export.json"]) | {"kind": "project"}

    answer = prod.bring(NEW, changed(package, export__json=json.dumps(metadata)))

    assert answer.status_code == 400
    assert messages(answer) == ["The zip file is not the export of an API version: project"]


def test_only_forms_with_a_file_are_taken(prod, package):
    path = f"/apim/import_version/{at(NEW)}"
    answers = [
        prod.call("POST", path, data=package, content_type="application/zip"),
        prod.call("POST", path, json={"file": "..."}),
        prod.call("POST", path, data=b"no boundary", content_type="multipart/form-data"),
        prod.call("POST", path, data={"file_expr": (io.BytesIO(package), "a.zip")}),
        prod.call("POST", path, data={"file": "text"}),
    ]

    assert [answer.status_code for answer in answers] == [400] * 5
    assert messages(answers[0]) == messages(answers[1]) == ["The request body must be multipart/form-data"]
    assert messages(answers[2]) == messages(answers[3]) == ["Missing required parameter: file"]


def test_unknown_words_in_the_query_are_refused(prod, package):
    rule = prod.bring(NEW, package, "replace")
    types = prod.bring(NEW, package, "overwrite", overwrite_types="Pipeline,Snaplex")

    assert (rule.status_code, messages(rule)) == (400, ["Invalid duplicate_check: replace"])
    assert (types.status_code, messages(types)) == (400, ["Invalid overwrite_types: Snaplex"])


def test_size_of_an_upload_can_be_limited(prod, package):
    prod.told("snaplogic/settings", org="acme-prod", import_limit_bytes=len(package) - 1)

    answer = prod.bring(NEW, package)

    assert (answer.status_code, messages(answer)) == (413, [f"The file is larger than {len(package) - 1} bytes"])
    prod.told("snaplogic/settings", org="acme-prod", import_limit_bytes=len(package))
    assert prod.bring(NEW, package).status_code == 200
