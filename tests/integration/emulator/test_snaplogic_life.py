"""The life of API versions, and versions that are made without an upload."""

import pytest

from tests.integration.emulator.platform import fixture, shape
from tests.integration.emulator.snaplogic import SnapLogic, messages, names

STATES = ("unpublished", "published", "deprecated", "retired")
ALLOWED = {
    ("publish", "unpublished"): "published",
    ("unpublish", "published"): "unpublished",
    ("deprecate", "published"): "deprecated",
    ("retire", "deprecated"): "retired",
}
REASONS = {
    "publish": "Version is {}",
    "unpublish": "Version is not published",
    "deprecate": "Version is not published",
    "retire": "Version is not deprecated",
}


@pytest.fixture
def dev():
    return SnapLogic()


@pytest.fixture
def prod(dev):
    return dev.also()


# States


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("operation", REASONS)
def test_each_step_starts_from_its_one_state(dev, operation, state):
    dev.told("snaplogic/versions", org="acme-dev", api="orders", version="1.2", state=state)

    body = dev.change(operation, "orders/1.2").json

    path = "/acme-dev/apim/orders/1.2"
    led_to = ALLOWED.get((operation, state))
    assert body["http_status_code"] == 200
    assert body["response_map"]["successful_versions"] == ([path] if led_to else [])
    expected = [] if led_to else [{"path": path, "reason": REASONS[operation].format(state)}]
    assert body["response_map"]["unsuccessful_versions"] == expected
    assert dev.version("acme-dev/apim/orders/1.2")["state"] == (led_to or state)


def test_some_may_succeed_and_others_not(dev):
    answer = dev.change("unpublish", "orders/1.1", "orders/1.2", "orders/9.9", "Orders/1.1")

    documented = fixture("snaplogic/retire-versions.response-200")
    assert (answer.status_code, shape(answer.json)) == (200, shape(documented))
    assert answer.json["response_map"] == {
        "successful_versions": ["/acme-dev/apim/orders/1.1"],
        "unsuccessful_versions": [
            {"path": "/acme-dev/apim/orders/1.2", "reason": "Version is not published"},
            {
                "path": "/acme-dev/apim/orders/9.9",
                "reason": "The asset does not exist: acme-dev/apim/orders/9.9",
            },
            {
                "path": "/acme-dev/apim/Orders/1.1",
                "reason": "The asset does not exist: acme-dev/apim/Orders/1.1",
            },
        ],
    }


def test_slash_in_front_comes_back_doubled(dev):
    body = dev.change("publish", "/orders/1.2").json["response_map"]

    assert body["successful_versions"] == ["/acme-dev/apim//orders/1.2"]


@pytest.mark.parametrize("operation", ["publish", "deprecate"])
@pytest.mark.parametrize("spelling", ["versions_info", "version_infos"])
def test_either_spelling_is_taken(dev, operation, spelling):
    version = "orders/1.2" if operation == "publish" else "orders/1.1"
    body = {"org_name": "acme-dev", spelling: [{"path": version, "message": "Use 1.3"}]}

    answer = dev.call("POST", f"/apim/{operation}_versions", json=body)

    assert answer.json["response_map"]["successful_versions"] == [f"/acme-dev/apim/{version}"]


@pytest.mark.parametrize("operation", ["publish", "unpublish", "deprecate", "retire"])
def test_documented_bodies_are_taken(dev, operation):
    body = fixture(f"snaplogic/{operation}-versions.request") | {"org_name": "acme-dev"}

    assert dev.call("POST", f"/apim/{operation}_versions", json=body).status_code == 200


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("publish", {"versions_info": [{"path": "orders/1.2"}]}),
        ("publish", {"org_name": "acme-dev"}),
        ("publish", {"org_name": "acme-dev", "versions_info": []}),
        ("publish", {"org_name": "acme-dev", "versions_info": ["orders/1.2"]}),
        ("deprecate", {"org_name": "acme-dev", "version_infos": [{"message": "no path"}]}),
        ("retire", {"org_name": "acme-dev", "version_paths": "orders/1.2"}),
        ("unpublish", {"org_name": "acme-dev", "version_paths": [1]}),
    ],
)
def test_incomplete_bodies_are_refused(dev, operation, body):
    answer = dev.call("POST", f"/apim/{operation}_versions", json=body)

    assert answer.status_code == 400
    assert messages(answer)[0].startswith("Missing required parameter")


def test_import_keeps_the_state_and_steps_are_noted(dev, prod):
    package = dev.exported("acme-dev/apim/orders/1.2")

    prod.brought("acme-prod/apim/orders/1.1", package)
    prod.change("deprecate", "orders/1.1", message="Use 1.2")
    prod.brought("acme-prod/apim/orders/1.1", package)

    assert prod.version("acme-prod/apim/orders/1.1")["state"] == "deprecated"
    (effect,) = prod.effects("snaplogic.deprecate")
    assert (effect["path"], effect["client"]) == ("acme-prod/apim/orders/1.1", prod.user.username)


# From a project


def creation(**changes):
    body = fixture("snaplogic/create-from-project.request") | {
        "project_path": "/acme-dev/shared/orders-project",
        "plex_path": "/acme-dev/shared/main-plex",
        "version": "3.0",
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def test_version_is_made_from_a_project(dev):
    answer = dev.call("POST", "/apim/create_from_project", json=creation())

    assert (answer.status_code, answer.json) == (200, fixture("snaplogic/create-from-project.response-200"))
    made = dev.version("acme-dev/apim/orders/3.0")
    assert made["state"] == "unpublished"
    assert len(made["assets"]) == 8
    assert dev.effects("snaplogic.create")[0]["path"] == "acme-dev/apim/orders/3.0"


def test_types_are_chosen_from_a_project(dev):
    dev.call("POST", "/apim/create_from_project", json=creation(asset_types=["Pipeline"]))

    assert {kind for kind, _ in dev.assets("acme-dev/apim/orders/3.0")} == {"Pipeline"}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"project_path": None}, 400),
        ({"plex_path": None}, 400),
        ({"api": None}, 400),
        ({"version": None}, 400),
        ({"project_path": "/acme-dev/shared/nothing"}, 404),
        ({"plex_path": "/acme-dev/projects/own-plex"}, 404),
        ({"project_path": "/acme-prod/shared/orders-project"}, 403),
        ({"version": "1.2"}, 409),
        ({"asset_types": ["Snaplex"]}, 400),
    ],
)
def test_version_is_not_made_from_what_does_not_fit(dev, changes, status):
    before = dev.paths()

    answer = dev.call("POST", "/apim/create_from_project", json=creation(**changes))

    assert answer.status_code == status
    assert dev.paths() == before


# From another version


def migration(**changes):
    body = fixture("snaplogic/migrate-version.request") | {
        "dest_version_path": "/acme-dev/apim/orders/2.0",
        "dest_plex_path": "/acme-dev/shared/main-plex",
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def migrate(snaplogic, source="acme-dev/apim/orders/1.2", **changes):
    return snaplogic.call("POST", f"/apim/migrate_version/{source}", json=migration(**changes))


def test_version_is_copied_within_an_organization(dev):
    answer = migrate(dev)

    assert answer.json["response_map"]["version_path"] == "acme-dev/apim/orders/2.0"
    assert answer.json["response_map"]["failed"] == answer.json["response_map"]["warnings"] == []
    assert set(dev.assets("acme-dev/apim/orders/2.0")) == set(dev.assets("acme-dev/apim/orders/1.2"))


def test_version_goes_to_an_organization_that_trusts_its_own(dev):
    to_prod = {"dest_version_path": "/acme-prod/apim/orders/1.1", "dest_plex_path": "/acme-prod/shared/main-plex"}

    skipped = migrate(dev, **to_prod).json["response_map"]
    renamed = migrate(dev, **to_prod, duplicate_check=False).json["response_map"]

    assert "orders_get" in names(skipped["failed"])
    assert renamed["version_path"] == "acme-prod/apim/orders/1.11"
    assert "orders_db_account" in names(renamed["warnings"])


def test_migration_fails_in_part_as_it_is_told(dev):
    dev.told(
        "snaplogic/next", operation="migrate", fail=[{"name": "orders_get", "reason": "Locked", "status_code": 423}]
    )

    body = migrate(dev).json["response_map"]

    assert [(one["name"], one["status_code"], one["reason"]) for one in body["failed"]] == [
        ("orders_get", 423, "Locked")
    ]


def test_organization_that_does_not_trust_takes_nothing(prod):
    answer = migrate(prod, "acme-prod/apim/orders/1.1")

    assert (answer.status_code, messages(answer)) == (403, ["Org acme-prod is not trusted by org: acme-dev"])
    prod.told("snaplogic/settings", org="acme-dev", trusted_orgs=["acme-prod"])
    assert migrate(prod, "acme-prod/apim/orders/1.1").status_code == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"dest_version_path": "/acme-dev/orders/2.0"}, 400),
        ({"dest_version_path": None}, 400),
        ({"dest_plex_path": "/acme-dev/shared/other"}, 404),
        ({"duplicate_check": "skip"}, 400),
        ({"async_mode": "yes"}, 400),
        ({"source": "acme-dev/apim/orders/9"}, 404),
        ({"source": "acme-prod/apim/orders/1.1"}, 403),
    ],
)
def test_migration_that_does_not_fit_is_refused(dev, changes, status):
    assert migrate(dev, **changes).status_code == status


def test_retired_target_refuses_a_migration(dev):
    dev.told("snaplogic/versions", org="acme-dev", api="orders", version="2.0", state="retired")

    assert migrate(dev).status_code == 409


def status_of(snaplogic, answer):
    path = answer.json["response_map"]["status_url"].partition("/public")[2]
    return snaplogic.call("GET", path).json


def test_migration_in_the_background_ends_after_a_while(dev):
    answer = migrate(dev, async_mode=True)

    assert shape(answer.json) == shape(fixture("snaplogic/migrate-project-async.response-200"))
    first = status_of(dev, answer)
    dev.told("clock", advance_s=21)
    second = status_of(dev, answer)
    documented = fixture("snaplogic/migrate-project-status.response-200")
    assert shape(first) == shape(documented)
    assert (first["response_map"]["status"], second["response_map"]["status"]) == ("Started", "Completed")
    assert second["response_map"]["import_result"]["version_path"] == "acme-dev/apim/orders/2.0"


@pytest.mark.parametrize(("fault", "status"), [("stuck_job", "Started"), ("job_failure", "Failed")])
def test_migration_in_the_background_can_go_wrong(dev, fault, status):
    dev.told("faults", path="*/migrate_version/*", fault=fault)
    answer = migrate(dev, async_mode=True)

    dev.told("clock", advance_s=3600)

    assert status_of(dev, answer)["response_map"]["status"] == status
    assert "acme-dev/apim/orders/2.0" not in dev.paths()


def test_migration_in_the_background_fails_where_it_would_be_refused(dev):
    answer = migrate(dev, async_mode=True)
    dev.told("snaplogic/versions", org="acme-dev", api="orders", version="2.0", state="retired")

    dev.told("clock", advance_s=21)

    assert status_of(dev, answer)["response_map"]["status"] == "Failed"


def test_migration_is_shown_to_its_organization_alone(dev, prod):
    answer = migrate(dev, async_mode=True)
    token = answer.json["response_map"]["status_token"]

    assert prod.call("GET", f"/project/migrate/{token}").status_code == 403
    assert dev.call("GET", "/project/migrate/unknown").status_code == 404
