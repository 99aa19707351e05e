"""What of SnapLogic a seed holds, and what is printed of it."""

import base64

import jwt
import pytest

from emulator.app import create_app
from emulator.clock import Clock
from emulator.control_snaplogic import snaplogic_of
from emulator.credentials import describe
from emulator.seeds import build
from tests.integration.emulator.snaplogic import BASE, SnapLogic


def printed(seed):
    found = [one for one in describe(seed, "http://127.0.0.1:9400")["organizations"] if "kind" in one]
    return {one["remote_id"]: one for one in found}


def test_demo_has_two_organizations_six_apis_and_fifteen_versions():
    known = SnapLogic(seed="demo").known()

    versions = known["versions"]
    assert [(one["org"], one["name"]) for one in known["organizations"]] == [
        ("acme-dev", "Acme integration dev"),
        ("acme-prod", "Acme integration prod"),
    ]
    assert len({(one["org"], one["api"]) for one in versions}) == 6
    assert len(versions) == 15
    assert {one["state"] for one in versions} == {"unpublished", "published", "deprecated", "retired"}
    assert {"Customer profile", "Lieferübersicht"} <= {one["api"] for one in versions}


def test_small_seed_has_one_api_with_two_versions_in_each_organization():
    assert SnapLogic().paths() == [
        "acme-dev/apim/orders/1.1",
        "acme-dev/apim/orders/1.2",
        "acme-prod/apim/orders/1.0",
        "acme-prod/apim/orders/1.1",
    ]


@pytest.mark.parametrize("seed", ["empty", "load:1"])
def test_other_seeds_have_the_organizations_alone(seed):
    snaplogic = SnapLogic(seed=seed)

    assert snaplogic.paths() == []
    assert snaplogic.call("GET", "/apim/list/acme-dev").status_code == 200


def test_seed_is_the_same_at_every_start():
    def moment():
        return 1_800_000_000.0

    first, second, other = (snaplogic_of(build(seed, Clock(speed=0, now=moment))) for seed in ("demo", "demo", "small"))

    assert first == second
    assert first["organizations"][0]["snode_id"] != other["organizations"][0]["snode_id"]


def test_ids_are_not_given_twice():
    versions = SnapLogic(seed="demo").known()["versions"]

    ids = [asset[name] for version in versions for asset in version["assets"] for name in ("snode_id", "asset_id")]
    assert len(set(ids)) == len(ids)


def test_every_kind_of_asset_is_somewhere():
    versions = SnapLogic(seed="demo").known()["versions"]

    assert {asset["type"] for version in versions for asset in version["assets"]} == {
        "Account",
        "File",
        "Flows",
        "Job",
        "Pipeline",
        "Policy",
    }


def test_each_version_can_be_exported_and_imported_elsewhere():
    dev = SnapLogic(seed="demo")
    prod = dev.also()

    for number, path in enumerate(dev.paths()):
        package = (dev if path.startswith("acme-dev") else prod).exported(path)
        body = prod.brought(f"acme-prod/apim/copies/{number}", package)
        assert body["failed"] == []
        assert len(body["successful"]) == len(prod.assets(f"acme-prod/apim/copies/{number}"))


def test_credentials_are_printed_with_the_versions():
    found = printed("demo")

    dev = found["acme-dev"]
    assert (dev["kind"], dev["name"]) == ("snaplogic", "Acme integration dev")
    assert {"api": "Lieferübersicht", "version": "1.1"} in dev["api_versions"]
    assert sum(len(one["api_versions"]) for one in found.values()) == 15
    assert [one["kind"] for one in dev["credentials"]] == ["snaplogic_basic", "snaplogic_basic", "snaplogic_bearer"]
    assert [one.get("read_only", False) for one in dev["credentials"]] == [False, True, False]


@pytest.mark.parametrize("org", ["acme-dev", "acme-prod"])
def test_printed_credentials_open_an_emulator_that_knows_nothing_of_them(org):
    found = printed("small")[org]
    http = SnapLogic(app=create_app("small", speed=0)).http
    full, reader, bearer = found["credentials"]
    now_s = SnapLogic().app.world.now_ms() // 1000
    claims = {
        "iat": now_s,
        "exp": now_s + 60,
        "sub": bearer["username"],
        "aud": f"http://127.0.0.1:9400{BASE}",
        "iss": bearer["issuer"],
        "org": found["remote_id"],
    }
    token = jwt.encode(claims, bearer["private_key"], "RS256", headers={"kid": bearer["key_id"]})

    def word(one):
        return base64.b64encode(f"{one['username']}:{one['password']}".encode()).decode()

    for authorization in (f"Basic {word(full)}", f"Basic {word(reader)}", f"Bearer {token}"):
        answer = http.get(f"{BASE}/apim/list/{org}", headers={"Authorization": authorization})
        assert answer.status_code == 200
        assert {"api": "orders", "version": "1.1"} in [
            {name: one[name] for name in ("api", "version")} for one in answer.json["response_map"]["versions"]
        ]
