"""The forms that a list of journeys may have: it has no public sample."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug import Request, Response

from clients.errors import ApiContractError, ApiUnavailableError
from clients.journeys import JourneyList, JourneysClient, RetrieveJourneysClient
from tests.unit.clients.conftest import Platform
from tests.unit.clients.test_journeys import LIST, RETRIEVE, as_json, listed

ROW = {"uid": "j", "name": "n"}


def rows(start: int, end: int) -> list[dict[str, str]]:
    return [{"uid": f"j{number}"} for number in range(start, end)]


def pages_of(count: int, size: int) -> Callable[[Request], Response]:
    """A server that knows the paging headers."""

    def handle(request: Request) -> Response:
        page = int(request.headers.get("x-vyg-query-page", 0))
        asked = int(request.headers.get("x-vyg-query-pagesize", size))
        shown = rows(page * asked, min(count, (page + 1) * asked))
        return as_json({"results": shown, "pagination": {"pageSize": asked, "totalCount": count}})

    return handle


def read(platform: Platform, journeys: JourneysClient, handle: Callable[[Request], Response]) -> JourneyList:
    def noted(request: Request) -> Response:
        platform.seen.append(request)
        return handle(request)

    platform.decide(LIST, noted)
    return journeys.list_journeys()


@pytest.mark.parametrize(
    "body",
    [
        {"results": [ROW]},
        {"data": [ROW]},
        {"journeys": [ROW]},
        {"items": [ROW]},
        {"Results": [ROW]},
        {"result": {"results": [ROW]}},
        {"data": {"journeys": [ROW]}},
        [ROW],
        {"results": [ROW, ROW]},
    ],
)
def test_the_rows_are_found_in_any_envelope(body: Any, platform: Platform, journeys: JourneysClient) -> None:
    assert [(journey.uid, journey.name) for journey in listed(platform, journeys, body)] == [("j", "n")]


@pytest.mark.parametrize("body", [{"results": []}, {"results": None}, [], {"journeys": [], "pagination": None}])
def test_an_empty_list_is_whole(body: Any, platform: Platform, journeys: JourneysClient) -> None:
    platform.answer(LIST, as_json(body))

    found = journeys.list_journeys()

    assert (found.items, found.is_complete) == ((), True)


@pytest.mark.parametrize("body", [{}, {"message": "Hello"}, {"results": "none"}, {"results": {"a": 1}}, 7, "journeys"])
def test_an_answer_without_a_list_is_not_an_empty_one(body: Any, platform: Platform, journeys: JourneysClient) -> None:
    platform.answer(LIST, as_json(body))

    with pytest.raises(ApiContractError):
        journeys.list_journeys()


@pytest.mark.parametrize(
    "row",
    [
        {"uid": "j"},
        {"UID": " j "},
        {"id": "j"},
        {"_id": "j"},
        {"_id": "j_dev-1", "sandboxId": "dev-1"},
        {"journeyUid": "j"},
        {"journey_uid": None, "journeyId": "j"},
        {"journey": "j"},
        {"journey": {"uid": "j"}},
        {"uid": "j", "_id": "other", "id": "other"},
        {"uid": "", "id": "j"},
    ],
)
def test_the_uid_of_a_journey_is_found(row: Any, platform: Platform, journeys: JourneysClient) -> None:
    assert [journey.uid for journey in listed(platform, journeys, [row])] == ["j"]


def test_the_sandbox_is_cut_off_an_id_that_holds_both(platform: Platform, journeys: JourneysClient) -> None:
    uid, sandbox = "3f2b6c1e-9a47-4d55-8c0e-5a7d21f0b9e4", "5d5a0f20-6c9e-11ee-8b1d-0242ac120002"

    assert listed(platform, journeys, [{"_id": f"{uid}_{sandbox}"}])[0].uid == uid


@pytest.mark.parametrize(
    ("row", "uid", "number"),
    [
        ({"lastVersion": "v2"}, "v2", "2.0"),
        ({"latestVersionUid": "v2"}, "v2", "2.0"),
        ({"latestVersion": {"uid": "v2", "journeyVersion": "2.0"}}, "v2", "2.0"),
        ({"latestVersion": "2.0"}, "v2", "2.0"),
        ({"latestVersion": "2.0", "lastVersionUid": "v2"}, "v2", "2.0"),
        ({"lastVersion": "v9"}, "v9", ""),
        ({}, "v10", "10.0"),
    ],
)
def test_the_newest_version_of_a_row_is_told(
    row: Any, uid: str, number: str, platform: Platform, journeys: JourneysClient
) -> None:
    versions = [{"uid": f"v{n}", "journeyVersion": f"{n}.0", "state": f"s{n}"} for n in (1, 10, 2)]

    (journey,) = listed(platform, journeys, [{"uid": "j", "journeyVersions": versions, **row}])

    assert (journey.latest_version_uid, journey.latest_version) == (uid, number)
    assert journey.state == {"v2": "s2", "v10": "s10"}.get(uid, "")


def test_a_list_without_versions_leaves_the_newest_one_open(platform: Platform, journeys: JourneysClient) -> None:
    (journey,) = listed(platform, journeys, [{"uid": "j", "state": "live", "versions": None}])

    assert (journey.latest_version_uid, journey.latest_version, journey.versions) == ("", "", ())
    assert journey.state == "live"


def test_rows_that_are_versions_are_put_together_to_journeys(platform: Platform, journeys: JourneysClient) -> None:
    body = [
        {"uid": "a1", "journey": "a", "journeyVersion": "1.0", "name": "old", "state": "closed", "createdAt": 1e12},
        {"uid": "b1", "journey": {"uid": "b"}, "journeyVersion": 1.0, "name": "b"},
        {"uid": "a2", "journey": "a", "journeyVersion": "2.0", "name": "new", "state": "live"},
        {"uid": "b", "name": "B", "state": "draft"},
    ]

    found = {journey.uid: journey for journey in listed(platform, journeys, body)}

    assert (found["a"].name, found["a"].state, found["a"].latest_version_uid) == ("new", "live", "a2")
    assert {version.uid for version in found["a"].versions} == {"a1", "a2"}
    assert found["a"].created_at == datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)
    assert (found["b"].name, found["b"].state, found["b"].latest_version_uid) == ("B", "draft", "b1")


@pytest.mark.parametrize(
    "row",
    ["odd", 7, None, [], {}, {"name": "no uid"}, {"uid": True}, {"uid": "x", "versions": [{"name": "no uid"}]}],
)
def test_a_row_that_cannot_be_read_hides_no_other_but_is_told(
    row: Any, platform: Platform, journeys: JourneysClient
) -> None:
    platform.answer(LIST, as_json({"results": [row, ROW]}))

    found = journeys.list_journeys()

    assert "j" in [journey.uid for journey in found.items]
    assert not found.is_complete


@pytest.mark.parametrize(
    ("value", "microsecond"),
    [
        ("2024-03-04T09:12:30Z", 0),
        ("2024-03-04T09:12:30.118Z", 118000),
        ("2024-03-04T09:12:30.118204Z", 118204),
        ("2024-03-04T10:12:30+01:00", 0),
        (1709543550118, 118000),
        ("1709543550118", 118000),
    ],
)
@pytest.mark.parametrize("is_metadata", [True, False])
def test_times_are_read_in_every_form(
    value: Any, microsecond: int, is_metadata: bool, platform: Platform, journeys: JourneysClient
) -> None:
    times = {"createdAt": value, "lastModifiedAt": "soon"}

    (journey,) = listed(platform, journeys, [{"uid": "j", **({"metadata": times} if is_metadata else times)}])

    assert journey.created_at == datetime(2024, 3, 4, 9, 12, 30, microsecond, UTC)
    assert journey.modified_at is None


def test_people_are_named_however_they_are_given(platform: Platform, journeys: JourneysClient) -> None:
    metadata = {"createdBy": {"name": "Ada", "id": "7"}, "lastModifiedById": "id-8"}

    (journey,) = listed(platform, journeys, [{"uid": "j", "metadata": metadata}])

    assert (journey.created_by, journey.modified_by) == ("Ada", "id-8")


def test_what_is_kept_of_a_row_holds_no_secret(platform: Platform, journeys: JourneysClient) -> None:
    row = {"uid": "j", "auth": {"password": "hush"}, "journeyVersions": [{"uid": "v", "token": "hush"}]}

    (journey,) = listed(platform, journeys, [row])

    assert "hush" not in repr((journey.raw, journey.versions[0].raw))


@pytest.mark.parametrize(("count", "size"), [(7, 3), (6, 3), (4, 3), (3, 3)])
def test_pages_are_followed_where_the_service_knows_them(
    count: int, size: int, platform: Platform, journeys: JourneysClient
) -> None:
    found = read(platform, journeys, pages_of(count, size))

    assert [journey.uid for journey in found.items] == [f"j{number}" for number in range(count)]
    assert (found.is_complete, found.total) == (True, count)
    assert len(platform.seen) == -(-count // size)


def test_a_list_that_cannot_be_paged_is_not_whole(platform: Platform, journeys: JourneysClient) -> None:
    found = read(platform, journeys, lambda request: as_json({"results": rows(0, 3), "pagination": {"totalCount": 7}}))

    assert (len(found.items), found.is_complete, found.total) == (3, False, 7)
    assert len(platform.seen) == 2


def test_a_full_page_without_a_total_may_have_another_behind_it(platform: Platform, journeys: JourneysClient) -> None:
    def handle(request: Request) -> Response:
        page = int(request.headers.get("x-vyg-query-page", 0))
        return as_json({"results": rows(page * 3, min(5, page * 3 + 3)), "pagination": {"pageSize": 3}})

    found = read(platform, journeys, handle)

    assert (len(found.items), found.is_complete, len(platform.seen)) == (5, True, 2)


def test_a_refused_page_ends_the_list_early(platform: Platform, journeys: JourneysClient) -> None:
    def handle(request: Request) -> Response:
        if "x-vyg-query-page" in request.headers:
            return as_json({"error": {"code": 1451, "message": "no"}}, status=500)
        return as_json({"results": rows(0, 3), "pagination": {"totalCount": 7}})

    found = read(platform, journeys, handle)

    assert (len(found.items), found.is_complete) == (3, False)


def test_a_page_that_is_missing_for_now_fails_the_list(platform: Platform, journeys: JourneysClient) -> None:
    def handle(request: Request) -> Response:
        if "x-vyg-query-page" in request.headers:
            return Response(status=503)
        return as_json({"results": rows(0, 3), "pagination": {"totalCount": 7}})

    with pytest.raises(ApiUnavailableError):
        read(platform, journeys, handle)


@pytest.mark.parametrize("is_told", [True, False])
def test_the_newer_api_is_read_to_its_last_page(
    is_told: bool, platform: Platform, retrieving: RetrieveJourneysClient
) -> None:
    def handle(request: Request) -> Response:
        platform.seen.append(request)
        page = int(request.args["page"])
        shown = [{"id": f"v{number}"} for number in range(page * 100, min(250, page * 100 + 100))]
        paging = {"page": page, "limit": 100, "pages": 3} if is_told else {}
        return as_json({"results": shown, **paging})

    platform.decide(RETRIEVE, handle)

    found = retrieving.list_journeys()

    assert (len(found.items), found.is_complete, len(platform.seen)) == (250, True, 3)


def test_a_newer_api_that_repeats_itself_is_not_read_for_ever(
    platform: Platform, retrieving: RetrieveJourneysClient
) -> None:
    platform.answer(RETRIEVE, as_json({"results": [{"id": "v"}], "page": 0, "limit": 1, "pages": 900}))

    found = retrieving.list_journeys()

    assert (len(found.items), found.is_complete, len(platform.seen)) == (1, False, 2)


def test_a_row_of_the_newer_api_without_an_id_is_told(platform: Platform, retrieving: RetrieveJourneysClient) -> None:
    platform.answer(RETRIEVE, as_json({"results": [{"name": "n"}, {"id": 7}, "odd"], "pages": 1}))

    found = retrieving.list_journeys()

    assert [journey.uid for journey in found.items] == ["7"]
    assert not found.is_complete
