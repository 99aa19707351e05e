"""The sandboxes of an organization."""

import pytest

from tests.integration.emulator.platform import SANDBOXES, Platform, fixture, shape


def ask(platform: Platform, path: str, method: str = "GET", **options):
    return platform.http.open(f"{SANDBOXES}{path}", method=method, headers=platform.headers, **options)


def test_list_has_the_documented_shape(platform):
    answer = ask(platform, "/sandboxes")

    expected = fixture("sandbox_tooling/sandboxes.list.response")
    assert answer.status_code == 200
    assert shape(answer.json["sandboxes"]) == shape(expected["sandboxes"])
    assert answer.json["_page"] == {"limit": 50, "count": 3}
    assert {row["name"]: row["type"] for row in answer.json["sandboxes"]} == {
        "prod": "production",
        "stage": "development",
        "dev": "development",
    }


def test_caller_without_administration_falls_back_to_the_available_ones(platform):
    limited = platform.also(robot=1)

    all_of_them, available = ask(limited, "/sandboxes"), ask(limited, "/")

    assert all_of_them.status_code == 403
    assert shape(all_of_them.json) == shape(fixture("sandbox_tooling/error.sandbox-reset-blocked"))
    assert len(available.json["sandboxes"]) == 3


@pytest.mark.parametrize("query", ["limit=2", "offset=1", "limit=no&offset=0", "property=colour==red"])
def test_half_a_page_or_nonsense_is_refused(platform, query):
    assert ask(platform, f"/sandboxes?{query}").status_code == 400


def test_page_links_lead_to_its_neighbours(platform):
    answer = ask(platform, "/sandboxes?limit=1&offset=1").json

    assert answer["_page"] == {"limit": 1, "count": 1}
    assert set(answer["_links"]) == {"next", "prev", "page"}


def test_one_sandbox_is_looked_up_by_name(platform):
    assert shape(ask(platform, "/sandboxes/stage").json) == shape(fixture("sandbox_tooling/sandboxes.get.response"))
    assert ask(platform, "/sandboxes/nowhere").status_code == 404


def test_new_sandbox_is_being_created_for_a_while_and_no_target_until_then(platform):
    body = {"name": "train-1", "title": "Training", "type": "development"}

    created = ask(platform, "/sandboxes", "POST", json=body)
    too_early = platform.submit("Forms", "train-1")
    platform.advance(31)
    in_time = platform.submit("Forms", "train-1")

    assert (created.status_code, created.json["state"]) == (202, "creating")
    assert (too_early.status_code, in_time.status_code) == (400, 202)
    assert ask(platform, "/sandboxes", "POST", json=body).status_code == 409


@pytest.mark.parametrize(
    "body",
    [{"name": "Upper", "title": "T", "type": "development"}, {"name": "ok", "title": "T", "type": "stage"}, {}],
)
def test_bad_sandbox_is_refused(platform, body):
    assert ask(platform, "/sandboxes", "POST", json=body).status_code == 400


def test_reset_empties_a_sandbox_and_delete_spares_the_default(platform):
    platform.run_import("Forms")

    reset = ask(platform, "/sandboxes/stage", "PUT", json={"action": "reset"})
    platform.advance(31)
    spared = ask(platform, "/sandboxes/prod", "DELETE")
    deleted = ask(platform, "/sandboxes/stage", "DELETE")
    platform.advance(31)

    assert (reset.status_code, reset.json["state"]) == (202, "resetting")
    assert spared.status_code == 400
    assert deleted.status_code == 202
    assert ask(platform, "/sandboxes/stage").status_code == 404


def test_title_is_all_that_can_be_changed(platform):
    renamed = ask(platform, "/sandboxes/stage", "PATCH", json={"title": "Rehearsal"})

    assert (renamed.status_code, renamed.json["title"], renamed.json["eTag"]) == (200, "Rehearsal", 2)
    assert ask(platform, "/sandboxes/stage", "PATCH", json={}).status_code == 400
