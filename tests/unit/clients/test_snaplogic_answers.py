"""Answers of SnapLogic that are not as documented, and failures: nothing unknown is ever taken for a success."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug import Response

from clients.errors import (
    ApiBusyError,
    ApiContractError,
    ApiError,
    ApiNotFoundError,
    ApiRejectedError,
    ApiUnavailableError,
    OutcomeUnknownError,
)
from clients.snaplogic import ImportResult, SnapLogicClient, VersionPath
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import raw_server, reset, send
from tests.unit.clients.test_snaplogic import (
    API,
    ARCHIVE,
    EXPORT,
    IMPORT,
    LIST,
    PATH,
    as_json,
    example,
    imported,
    zipped,
)

DONE = {"snode_id": "s1", "name": "orders_get", "type": "Pipeline"}
FAILED = {"status_code": 409, "reason": "Exists", "snode_id": "s2", "name": "db", "type": "Account"}
PAGE = "<html><title>Sign in</title></html>"
Importing = Callable[[Any], ImportResult]


@pytest.fixture
def answered(platform: Platform, snaplogic: SnapLogicClient) -> Importing:
    """What an import makes of an answer."""

    def send_import(body: Any) -> ImportResult:
        platform.answer(IMPORT, body if isinstance(body, Response) else as_json(body))
        return imported(snaplogic)

    return send_import


def envelope(code: int | None = 200, **lists: Any) -> dict[str, Any]:
    return {"response_map": lists} | ({"http_status_code": code} if code else {})


def errors(*messages: str, code: int | None = None) -> dict[str, Any]:
    return envelope(code, error_list=[{"message": message} for message in messages])


@pytest.mark.parametrize(
    "body",
    [
        envelope(successful=[DONE], failed=[FAILED], warnings=[]),
        {"successful": [DONE], "failed": [FAILED], "warnings": [], "http_status_code": 200},
        [{"successful": [DONE]}, {"failed": [FAILED]}, {"warnings": []}, {"http_status_code": 200}],
        {"response_map": [{"successful": [DONE]}, {"failed": [FAILED]}, {"warnings": []}], "http_status_code": "200"},
        {"response_map": json.dumps({"successful": [DONE], "failed": [FAILED], "warnings": []})},
        envelope(successful=DONE, failed=FAILED, warnings=[], more={"a": 1}),
        envelope(Successful=[DONE | {"extra": [1]}], FAILED=[FAILED], warnings=[], failed=None),
    ],
    ids=["documented", "without map", "in a list", "map in a list", "map in a text", "without brackets", "other case"],
)
def test_the_lists_are_found_wherever_they_stand(body: Any, answered: Importing) -> None:
    result = answered(body)

    assert [(one.snode_id, one.name, one.type) for one in result.successful] == [("s1", "orders_get", "Pipeline")]
    assert [(one.status_code, one.reason, one.name, one.type) for one in result.failed] == [
        (409, "Exists", "db", "Account")
    ]
    assert result.is_complete
    assert result.status_mismatch == ""


@pytest.mark.parametrize(
    "lists",
    [
        {"successful": [DONE]},
        {"successful": [DONE], "failed": None, "warnings": []},
        {"successful": [DONE], "failed": [], "warnings": [7]},
        {"successful": [DONE, {}], "failed": [], "warnings": []},
        {"successful": [DONE], "failed": [None], "warnings": []},
        {"successful": [DONE], "failed": [[FAILED]], "warnings": []},
        {"successful": [DONE], "failed": [], "warnings": [], "error_list": [{"message": "One more"}]},
    ],
    ids=["absent", "null", "number", "empty entry", "null entry", "list entry", "errors beside"],
)
def test_an_answer_that_leaves_something_open_is_not_complete(lists: dict[str, Any], answered: Importing) -> None:
    result = answered(envelope(**lists))

    assert result.successful[0].name == "orders_get"
    assert not result.is_complete


def test_a_success_that_lists_nothing_is_not_complete(answered: Importing) -> None:
    result = answered(envelope())

    assert (result.successful, result.failed, result.is_complete) == ((), (), False)


def test_entries_that_are_texts_are_names_and_messages(answered: Importing) -> None:
    result = answered(envelope(successful=["a", {"name": "b"}, {"snode_id": 7}], failed=["c"], warnings=["Mind d"]))

    assert [(one.name, one.snode_id) for one in result.successful] == [("a", ""), ("b", ""), ("", "7")]
    assert [(one.name, one.status_code, one.reason) for one in result.failed] == [("c", None, "")]
    assert result.warnings[0].message == "Mind d"
    assert result.is_complete


def test_a_failure_without_a_name_is_kept_with_its_reason(answered: Importing) -> None:
    result = answered(envelope(successful=[], failed=[{"status_code": "500", "reason": "Broken"}], warnings=[]))

    assert [(one.name, one.status_code, one.reason) for one in result.failed] == [("", 500, "Broken")]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"version_path": "/acme/apim/orders/1.21"}, "acme/apim/orders/1.21"),
        ({"VersionPath": "acme/apim/Order API/1.2"}, "acme/apim/Order API/1.2"),
        ({"path": "/acme/apim/orders/1.2"}, "acme/apim/orders/1.2"),
        ({"path": "/acme/shared/orders"}, ""),
        ({"version_path": 7}, ""),
        ({"successful": [DONE | {"path": "/acme/apim/orders/1.21/orders_get"}]}, "acme/apim/orders/1.21"),
        ({"successful": [DONE | {"path": "/acme/apim/a/1/x"}, DONE | {"path": "/acme/apim/a/2/x"}]}, ""),
        ({}, ""),
    ],
)
def test_the_version_that_was_made_is_read_and_never_guessed(
    more: dict[str, Any], path: str, answered: Importing
) -> None:
    assert answered(envelope(**{"successful": [DONE], "failed": [], "warnings": [], **more})).version_path == path


def test_a_version_path_beside_the_map_is_read_as_well(answered: Importing) -> None:
    body = envelope(successful=[], failed=[], warnings=[]) | {"version_path": "/acme/apim/orders/1.21"}

    assert answered(body).version_path == "acme/apim/orders/1.21"


def test_lists_count_although_the_status_inside_is_another(answered: Importing) -> None:
    result = answered(envelope(409, successful=[DONE], failed=[FAILED], warnings=[]))

    assert (len(result.successful), len(result.failed), result.http_status_code) == (1, 1, 409)
    assert result.status_mismatch == "The answer came with HTTP 200, but says 409 inside."


def test_lists_count_although_the_status_is_that_of_a_conflict(answered: Importing) -> None:
    result = answered(as_json(envelope(409, successful=[DONE], failed=[FAILED], warnings=[]), status=409))

    assert (len(result.successful), len(result.failed)) == (1, 1)
    assert result.status_mismatch == "The answer came with HTTP 409, yet it lists what was done."


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"response_map": {"successful": [{"snode_id": "s1", "na',
        PAGE,
        b"OK",
        b"7",
        b"null",
        b"[]",
        b"{}",
        b'{"status": "ok"}',
        json.dumps(errors("Something broke")),
        json.dumps(errors("Something broke", code=200)),
    ],
)
def test_a_success_that_cannot_be_read_has_an_unknown_outcome(
    body: Any, platform: Platform, answered: Importing
) -> None:
    with pytest.raises(OutcomeUnknownError) as caught:
        answered(Response(body))

    assert caught.value.sent
    assert len(platform.seen) == 1


def test_half_a_body_has_an_unknown_outcome(snaplogic_at: Callable[..., SnapLogicClient]) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n" + b'{"response_map": {'
    for script in (send(half), reset):
        with raw_server(script) as server, pytest.raises(OutcomeUnknownError) as caught:
            imported(snaplogic_at(server.url))
        assert caught.value.sent
        assert len(server.requests) == 1


REFUSALS: list[tuple[int, type[ApiError]]] = [
    (400, ApiRejectedError),
    (404, ApiNotFoundError),
    (409, ApiRejectedError),
    (413, ApiRejectedError),
    (429, ApiBusyError),
    (408, OutcomeUnknownError),
    (500, OutcomeUnknownError),
    (503, OutcomeUnknownError),
    (504, OutcomeUnknownError),
]


@pytest.mark.parametrize("status_inside", [True, False], ids=["inside 200", "as HTTP"])
@pytest.mark.parametrize(("status", "kind"), REFUSALS)
def test_a_failed_import_is_told_in_the_words_of_the_platform(
    status: int, kind: type[ApiError], status_inside: bool, platform: Platform, answered: Importing
) -> None:
    body = errors("First reason", "Second reason", code=status)

    with pytest.raises(ApiError, match="First reason; Second reason") as caught:
        answered(as_json(body, status=200 if status_inside else status))

    assert (type(caught.value), caught.value.status) == (kind, status)
    assert len(platform.seen) == 1


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("import-version.response-400", 400, "Invalid zip file"),
        ("import-version.response-409", 409, "API version already exists: acme/apim/orders/1.2"),
    ],
)
def test_the_documented_refusals_are_rejections(name: str, status: int, words: str, answered: Importing) -> None:
    with pytest.raises(ApiRejectedError) as caught:
        answered(example(name, status=status))

    assert (caught.value.message, caught.value.status) == (words, status)


def test_empty_lists_do_not_hide_a_refusal(answered: Importing) -> None:
    with pytest.raises(ApiRejectedError, match="Bad zip"):
        answered(envelope(400, successful=[], failed=[], warnings=[], error_list=[{"message": "Bad zip"}]))


def test_a_refusal_that_speaks_of_a_server_fault_inside_is_unknown(answered: Importing) -> None:
    with pytest.raises(OutcomeUnknownError):
        answered(as_json(errors("Gateway", code=502), status=400))


@pytest.mark.parametrize("status", [500, 502])
def test_a_fault_with_lists_has_an_unknown_outcome(status: int, answered: Importing) -> None:
    with pytest.raises(OutcomeUnknownError):
        answered(as_json(envelope(status, successful=[DONE], failed=[], warnings=[]), status=status))


@pytest.mark.parametrize("body", [PAGE, "404 page not found", ""])
def test_a_route_that_is_not_known_names_the_control_plane(body: str, platform: Platform, answered: Importing) -> None:
    with pytest.raises(ApiRejectedError, match="does not know this call") as caught:
        answered(Response(body, status=404))

    assert type(caught.value) is ApiRejectedError
    assert f"{platform.url}{API}" in caught.value.message
    assert len(platform.seen) == 1


def test_an_upload_too_large_without_words_says_so(answered: Importing) -> None:
    with pytest.raises(ApiRejectedError, match="larger than SnapLogic takes"):
        answered(Response(status=413))


def test_no_secret_of_the_accounts_is_shown(platform: Platform, snaplogic: SnapLogicClient) -> None:
    secret = 'pa"ss\\wörd 7'
    said = f"Account db has password {secret}"
    answers = [
        as_json(envelope(successful=[], failed=[FAILED | {"reason": said}], warnings=[{"message": said, "name": "a"}])),
        as_json(errors(said, code=400), status=400),
        as_json(errors(said)),
    ]
    platform.answer(IMPORT, *answers)
    accounts = json.dumps({"u": {"password": {"value": secret}}}).encode()

    result = imported(snaplogic, accounts=accounts, secrets=[secret])
    shown = [f"{result}{result.raw}"]
    for _ in range(2):
        with pytest.raises(ApiError) as caught:
            imported(snaplogic, accounts=accounts, secrets=[secret])
        shown.append(f"{caught.value}{vars(caught.value)}")

    for text in shown:
        assert "[redacted]" in text
        assert secret not in text
        assert json.dumps(secret)[1:-1] not in text
        assert "wörd" not in text


def test_no_secret_comes_back_as_a_name(platform: Platform, snaplogic: SnapLogicClient) -> None:
    secret = "Wanderer-4711"
    rows: dict[str, Any] = {
        "successful": [{"name": f"db {secret}", "snode_id": secret, "type": "Account"}, secret],
        "failed": [{"name": secret, "status_code": 409, "reason": ""}],
        "warnings": [{"name": "a", "type": secret, "message": ""}],
        "version_path": f"/acme/apim/orders/{secret}",
    }
    platform.answer(IMPORT, as_json(envelope(**rows)))

    result = imported(snaplogic, accounts=b"{}", secrets=[secret])

    assert secret not in f"{result}{result.raw}"
    assert result.successful[0].name == "db [redacted]"


def test_ids_that_the_server_chooses_hold_no_secret_and_end(
    platform: Platform, snaplogic: SnapLogicClient, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "Wanderer-4711"
    body = {"requestId": f"{secret}\nforged line", "code": f"E-{secret}" + 5000 * "x", "message": "Refused"}
    platform.answer(IMPORT, as_json(body, status=400))

    with caplog.at_level("DEBUG"), pytest.raises(ApiError) as caught:
        imported(snaplogic, accounts=b"{}", secrets=[secret])

    shown = f"{vars(caught.value)}{caplog.text}"
    assert secret not in shown
    assert "\nforged" not in caplog.text
    assert caught.value.error_code is not None
    assert len(caught.value.error_code) <= 200


def test_a_name_that_only_looks_like_a_secret_stays_a_name(answered: Importing) -> None:
    name = "token=Order2Invoice, Basic Order2Invoice"

    result = answered(as_json(envelope(successful=[{"name": name}], failed=[], warnings=[])))

    assert result.successful[0].name == name


def test_nothing_of_an_upload_is_logged(
    platform: Platform, snaplogic: SnapLogicClient, caplog: pytest.LogCaptureFixture
) -> None:
    platform.answer(IMPORT, example("import-version.response-200"))

    with caplog.at_level("DEBUG"):
        imported(snaplogic, accounts=b'{"value": "very-plain-secret"}', secrets=["very-plain-secret"])

    assert "snaplogic.import_version" in caplog.text
    assert "very-plain-secret" not in caplog.text


def exported(client: SnapLogicClient, to: io.BytesIO, **options: Any) -> object:
    return client.export_version(PATH, to=to, **{"at_most_bytes": 10**6, **options})


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (example("export-version.response-404", status=404), ApiNotFoundError, "The asset does not exist: acme/apim"),
        (example("export-version.response-404"), ApiNotFoundError, "The asset does not exist: acme/apim"),
        (as_json(errors("No such thing")), ApiContractError, "No such thing"),
        (Response(PAGE, content_type="application/zip"), ApiContractError, "A web page came"),
        (Response(b"", content_type="application/zip"), ApiContractError, "without a body"),
        (
            as_json(errors("Size limit exceeded", code=400)),
            ApiRejectedError,
            "Size limit exceeded. Export it with force",
        ),
        (Response(status=413), ApiRejectedError, "too large .* Export it with force"),
        (as_json(errors("Bad asset type", code=400)), ApiRejectedError, r"^Bad asset type \("),
        (as_json(errors("Rate limit exceeded", code=400)), ApiRejectedError, r"^Rate limit exceeded \("),
    ],
)
def test_an_export_that_is_no_archive_is_an_error_and_hands_nothing_on(
    answer: Response, kind: type[ApiError], words: str, platform: Platform, snaplogic: SnapLogicClient
) -> None:
    platform.answer(EXPORT, answer)
    to = io.BytesIO()

    with pytest.raises(ApiError, match=words) as caught:
        exported(snaplogic, to)

    assert type(caught.value) is kind
    assert to.getvalue() == b""
    assert len(platform.seen) == 1


def test_a_forced_export_is_not_told_to_force(platform: Platform, snaplogic: SnapLogicClient) -> None:
    platform.answer(EXPORT, as_json(errors("Size limit exceeded", code=400), status=400))

    with pytest.raises(ApiRejectedError) as caught:
        exported(snaplogic, io.BytesIO(), force=True)

    assert "force" not in caught.value.message


def test_an_export_is_tried_again_after_a_passing_failure(platform: Platform, snaplogic: SnapLogicClient) -> None:
    platform.answer(EXPORT, Response(status=503), Response(ARCHIVE))
    to = io.BytesIO()

    exported(snaplogic, to)

    assert to.getvalue() == ARCHIVE


def test_an_export_larger_than_is_taken_is_refused(platform: Platform, snaplogic: SnapLogicClient) -> None:
    platform.answer(EXPORT, Response(ARCHIVE))

    with pytest.raises(ApiContractError, match="larger than 20 bytes"):
        exported(snaplogic, io.BytesIO(), at_most_bytes=20)


def test_an_archive_without_a_length_must_have_its_end(snaplogic_at: Callable[..., SnapLogicClient]) -> None:
    start = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    inner = zipped(zipped("x").decode("latin-1"))
    at = inner.index(b"PK\x05\x06") + 30  # the end of the archive inside, and a little more
    for data, is_whole in ((ARCHIVE, True), (ARCHIVE[:-3], False), (inner, True), (inner[:at], False)):
        with raw_server(send(start + data)) as server:
            client = snaplogic_at(server.url)
            if is_whole:
                exported(client, io.BytesIO())
                continue
            with pytest.raises(ApiUnavailableError, match="part of it is missing"):
                exported(client, io.BytesIO())


@pytest.mark.parametrize(
    ("assets", "expected", "is_complete"),
    [
        ({"File": [{"name": "a.expr"}, "b.expr"], "Job": None}, {"File": ("a.expr", "b.expr"), "Job": ()}, True),
        ({"File": ["a", 7, {}]}, {"File": ("a",)}, False),
        (
            [{"asset_type": "File", "name": "a"}, {"asset_type": "Job", "name": "j"}],
            {"File": ("a",), "Job": ("j",)},
            True,
        ),
        ({}, {}, True),
    ],
)
def test_assets_are_read_as_names_or_objects(
    assets: Any, expected: dict[str, Any], is_complete: bool, platform: Platform, snaplogic: SnapLogicClient
) -> None:
    platform.answer(LIST, as_json(envelope(assets=assets)))

    found = snaplogic.list_assets(PATH)

    assert (found.assets, found.is_complete) == (expected, is_complete)


@pytest.mark.parametrize("body", [{}, envelope(), envelope(assets="many"), errors("Hm"), []])
def test_a_list_without_assets_breaks_the_contract(body: Any, platform: Platform, snaplogic: SnapLogicClient) -> None:
    platform.answer(LIST, as_json(body))

    with pytest.raises(ApiContractError):
        snaplogic.list_assets(PATH)


@pytest.mark.parametrize("status", [200, 404])
def test_the_assets_of_what_is_not_there_are_not_found(
    status: int, platform: Platform, snaplogic: SnapLogicClient
) -> None:
    platform.answer(LIST, example("export-version.response-404", status=status))

    with pytest.raises(ApiNotFoundError, match="does not exist"):
        snaplogic.list_assets(VersionPath("acme", "orders", "9.9"))


@pytest.mark.parametrize(
    ("told", "path"),
    [
        ("/acme/apim/orders/1.0", "orders/1.0"),
        ("acme/apim/orders/1.0", "orders/1.0"),
        ("/apim//orders/1.0", "orders/1.0"),
        ("orders/1.0/", "orders/1.0"),
        ("/acme/apim/apim/1.0", "apim/1.0"),
        ("/other/apim/orders/1.0", "/other/apim/orders/1.0"),
        ("1.0", "1.0"),
        ({"path": "/acme/apim/orders/1.0"}, "orders/1.0"),
    ],
)
def test_versions_are_named_alike_however_the_answer_writes_them(
    told: Any, path: str, platform: Platform, snaplogic: SnapLogicClient
) -> None:
    failed = told if isinstance(told, dict) else {"path": told}
    lists: dict[str, Any] = {"successful_versions": [told], "unsuccessful_versions": [failed | {"reason": "r"}]}
    platform.answer(f"{API}/apim/retire_versions", as_json(envelope(**lists)))

    result = snaplogic.retire_versions("acme", ["orders/1.0"])

    assert (result.successful[0], result.unsuccessful[0].path) == (path, path)


def test_versions_of_which_nothing_is_told_are_named(platform: Platform, snaplogic: SnapLogicClient) -> None:
    lists: dict[str, Any] = {
        "successful_versions": ["/acme/apim/orders/1.0", 7],
        "unsuccessful_versions": ["orders/0.9", {}],
    }
    platform.answer(f"{API}/apim/retire_versions", as_json(envelope(**lists)))

    result = snaplogic.retire_versions("acme", ["orders/1.0", "orders/0.9", "orders/0.8"])

    assert (result.untold, result.unreadable, result.is_complete) == (("orders/0.8",), 2, False)


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (errors("Not an administrator", code=400), 400, ApiRejectedError),
        (errors("Not an administrator", code=400), 200, ApiRejectedError),
        (errors("Who knows"), 200, OutcomeUnknownError),
        ({}, 200, OutcomeUnknownError),
        ([], 200, OutcomeUnknownError),
        (envelope(), 500, OutcomeUnknownError),
    ],
)
def test_a_step_of_the_life_cycle_that_fails_is_never_a_success(
    body: Any, status: int, kind: type[ApiError], platform: Platform, snaplogic: SnapLogicClient
) -> None:
    platform.answer(f"{API}/apim/retire_versions", as_json(body, status=status))

    with pytest.raises(kind):
        snaplogic.retire_versions("acme", ["orders/1.0"])

    assert len(platform.seen) == 1


@pytest.mark.parametrize("body", [PAGE, json.dumps(errors("Hm")), "7"])
def test_a_version_of_a_project_is_unknown_if_the_answer_cannot_be_read(
    body: str, platform: Platform, snaplogic: SnapLogicClient
) -> None:
    platform.answer(f"{API}/apim/create_from_project", Response(body))

    with pytest.raises(OutcomeUnknownError):
        snaplogic.create_from_project(project_path="/acme/s/p", plex_path="/acme/s/x", api="a", version="1")
