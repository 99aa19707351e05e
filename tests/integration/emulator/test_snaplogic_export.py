"""Exporting API versions, and listing what is in them."""

import io
import json
import zipfile

import pytest

from tests.integration.emulator.platform import fixture, shape
from tests.integration.emulator.snaplogic import SnapLogic, messages, template, unzipped

VERSION = "acme-dev/apim/orders/1.2"
OTHERS = "acme-dev/apim/Lieferübersicht/1.1"


@pytest.fixture
def dev():
    return SnapLogic()


@pytest.fixture
def demo():
    return SnapLogic(seed="demo")


def listed(package):
    return {(one["type"], one["name"]): one for one in json.loads(unzipped(package)["export.json"])["assets"]}


# The zip


def test_export_is_a_zip_with_metadata_accounts_and_every_asset(dev):
    answer = dev.export(VERSION)

    entries = unzipped(answer.data)
    metadata = json.loads(entries["export.json"])
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert {name: metadata[name] for name in ("kind", "org", "api", "version")} == {
        "kind": "apim_version",
        "org": "acme-dev",
        "api": "orders",
        "version": "1.2",
    }
    assert set(listed(answer.data)) == set(dev.assets(VERSION))
    assert {one["path"] for one in metadata["assets"]} | {"export.json", "accounts_template.json"} == set(entries)
    assert set(fixture("snaplogic/export-zip-manifest")["entries"]) <= set(entries)


def test_assets_have_their_suffixes_and_ids(dev):
    package = dev.exported(VERSION)

    found = listed(package)
    suffixes = {kind: one["path"].rpartition(name)[2] for (kind, name), one in found.items()}
    assert suffixes == {
        "Account": ".sla",
        "File": "",
        "Job": ".json",
        "Pipeline": ".slp",
        "Policy": ".json",
    }
    assert {key: one["snode_id"] for key, one in found.items()} == {
        key: one["snode_id"] for key, one in dev.assets(VERSION).items()
    }
    entries = unzipped(package)
    for (kind, _), one in found.items():
        if kind != "File":
            assert isinstance(json.loads(entries[one["path"]]), dict)


def test_accounts_have_the_documented_shapes(dev):
    found = {node["class_id"].rpartition("-")[2]: shape(node) for node in template(dev.exported(VERSION)).values()}

    documented = {
        node["class_id"].rpartition("-")[2]: shape(node) for node in fixture("snaplogic/accounts_template").values()
    }
    assert found == documented


def test_secrets_are_encrypted_in_account_and_template(dev):
    package = dev.exported(VERSION)

    entries, found = unzipped(package), listed(package)
    for node in template(package).values():
        account = json.loads(entries[found["Account", node["name"]]["path"]])
        assert account["property_map"] == node["property_map"]
        assert json.dumps(node).count("ENC(") == 1


def test_same_version_gives_the_same_bytes(dev):
    first = dev.exported(VERSION)
    dev.told("clock", advance_s=3600)

    assert dev.exported(VERSION) == first
    assert SnapLogic().exported(VERSION) == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.testzip() is None


def test_names_with_spaces_and_other_letters_are_exported(demo):
    package = demo.exported(OTHERS)

    assert {"Übersicht je Tag.slp", "Größen.expr"} <= set(unzipped(package))
    assert demo.export("acme-dev/apim/Customer profile/v2").status_code == 200


@pytest.mark.parametrize(
    ("written", "kinds"),
    [
        ("Pipeline", {"Pipeline"}),
        ("[pipeline,task]", {"Pipeline", "Job"}),
        ("Account,Policy", {"Account", "Policy"}),
        ("", {"Account", "File", "Job", "Pipeline", "Policy"}),
    ],
)
def test_types_can_be_chosen(dev, written, kinds):
    package = dev.export(VERSION, asset_types=written).data

    assert {kind for kind, _ in listed(package)} == kinds
    assert bool(template(package)) == ("Account" in kinds)


def test_flows_are_exported_too(demo):
    package = demo.exported("acme-dev/apim/Customer profile/v2")

    assert listed(package)["Flows", "customer profile check"]["path"] == "customer profile check.json"


def test_organization_without_account_encryption_exports_no_accounts(dev):
    package = dev.also().exported("acme-prod/apim/orders/1.1")

    assert "accounts_template.json" not in unzipped(package)
    assert "Account" not in {kind for kind, _ in listed(package)}
    dev.told("snaplogic/settings", org="acme-prod", account_encryption=True)
    assert "accounts_template.json" in unzipped(dev.also().exported("acme-prod/apim/orders/1.1"))


def test_file_called_like_the_metadata_stands_aside(dev):
    dev.told("snaplogic/assets", path=VERSION, type="File", name="export.json", text="mine")

    package = dev.exported(VERSION)

    assert unzipped(package)[listed(package)["File", "export.json"]["path"]] == b"mine"
    dev.brought("acme-dev/apim/orders/9", package)
    assert ("File", "export.json") in dev.assets("acme-dev/apim/orders/9")


@pytest.mark.parametrize("path", ["acme-dev/apim/orders/9.9", "acme-dev/apim/Orders/1.2", "acme-dev/apim/orders/1.2 "])
def test_what_is_not_there_is_404_in_the_documented_words(dev, path):
    answer = dev.export(path)

    documented = fixture("snaplogic/export-version.response-404")
    assert (answer.status_code, shape(answer.json)) == (404, shape(documented))
    assert messages(answer) == [f"The asset does not exist: {path}"]


def test_unknown_types_and_words_are_refused(dev):
    assert messages(dev.export(VERSION, asset_types="Snaplex")) == ["Invalid asset_types: Snaplex"]
    assert messages(dev.export(VERSION, force="perhaps")) == ["Invalid force: perhaps"]


def test_size_limit_holds_unless_forced(dev):
    dev.told("snaplogic/settings", org="acme-dev", export_limit_bytes=100)

    answer = dev.export(VERSION)

    assert (answer.status_code, answer.mimetype) == (400, "application/json")
    assert messages(answer) == [f"The size of the export exceeds the limit of 100 bytes: {VERSION}"]
    assert dev.export(VERSION, force="TRUE").mimetype == "application/zip"


# Lists


def test_assets_of_a_version_are_listed_by_type(dev):
    answer = dev.call("POST", "/project/list_assets", json={"dest_path": f"/{VERSION}"})

    body = answer.json["response_map"]
    assert body["project_path"] == f"/{VERSION}"
    assert {(kind, name) for kind, names in body["assets"].items() for name in names} == set(dev.assets(VERSION))


def test_listing_of_a_project_has_the_documented_shape(dev):
    project = "/acme-dev/shared/orders-project"
    body = {"dest_path": project, "asset_path_list": [f"{project}/orders_get", f"{project}/helpers.expr"]}

    answer = dev.call("POST", "/project/list_assets", json=body)

    assert set(answer.json["response_map"]["assets"]) == set(
        fixture("snaplogic/list-assets.response-200")["response_map"]["assets"]
    )
    assert answer.json["response_map"]["assets"] == {
        "Account": [],
        "Job": [],
        "File": ["helpers.expr"],
        "Pipeline": ["orders_get"],
    }


def test_listing_refuses_what_is_not_there_or_not_said(dev):
    def listing(**body):
        return dev.call("POST", "/project/list_assets", json=body)

    assert messages(listing(dest_path="/acme-dev/apim/orders/9")) == [
        "The asset does not exist: acme-dev/apim/orders/9"
    ]
    assert listing().status_code == 400
    assert listing(dest_path=f"/{VERSION}", asset_path_list="orders_get").status_code == 400
    assert dev.call("POST", "/project/list_assets", data=b"{").status_code == 400
    assert dev.call("POST", "/project/list_assets", data=b"{", content_type="application/json").status_code == 400
    assert dev.call("POST", "/project/list_assets", json=[]).status_code == 400


def test_listing_can_be_forbidden(dev):
    dev.told("snaplogic/settings", org="acme-dev", may_list=False)

    answers = [
        dev.call("POST", "/project/list_assets", json={"dest_path": f"/{VERSION}"}),
        dev.call("GET", "/apim/list/acme-dev"),
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert messages(answers[0]) == [f"May not have Read permission for {VERSION}"]
    assert dev.export(VERSION).status_code == 200


def test_list_of_versions_says_that_the_platform_has_none(dev):
    body = dev.call("GET", "/apim/list/acme-dev").json["response_map"]

    assert body["emulator_only"] is True
    assert body["versions"] == [
        {"api": "orders", "version": "1.1", "path": "acme-dev/apim/orders/1.1", "state": "published"},
        {"api": "orders", "version": "1.2", "path": VERSION, "state": "unpublished"},
    ]
