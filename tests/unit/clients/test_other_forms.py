"""Forms that the documents leave open: slashes, verbs, parameters, and errors inside messages."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug import Request, Response

from clients.effects import Effect, effect_of_request
from clients.errors import ApiContractError, ApiRejectedError, OutcomeUnknownError
from clients.inner_documents import Inner, read_inner
from clients.sandbox_management import SandboxManagementClient
from clients.sandbox_tooling import SandboxToolingClient
from clients.transport import Connection
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import EXIM, fixture_bytes

LIST = Response(fixture_bytes("sandbox_tooling/packages.list.response"))
RECEIPT = Response(fixture_bytes("sandbox_tooling/packages.import-submit.response"), status=202)
HTML_404 = Response("<html><title>404 Not Found</title></html>", status=404, content_type="text/html")


def redirect(to: str, status: int = 308) -> Response:
    return Response(status=status, headers={"Location": to})


def submit(tooling: SandboxToolingClient) -> Any:
    return tooling.import_package("p", target_sandbox="dev", name="n", description="d", alternatives={})


@pytest.mark.parametrize("first", [HTML_404, Response('{"detail": "Not Found"}', status=404), redirect("packages/")])
def test_a_read_goes_to_the_path_with_a_slash_where_only_that_is_known(
    first: Response, platform: Platform, tooling: SandboxToolingClient
) -> None:
    platform.answer(f"{EXIM}/packages", first)
    platform.answer(f"{EXIM}/packages/", LIST)

    page = tooling.list_packages(filters=["status==DRAFT"])

    assert page.received == 2
    assert platform.seen[1].args["property"] == "status==DRAFT"


@pytest.mark.parametrize("first", [HTML_404, redirect("/data/foundation/exim/packages/import/", 307)])
def test_a_write_goes_to_the_path_with_a_slash_where_only_that_is_known(
    first: Response, platform: Platform, tooling: SandboxToolingClient
) -> None:
    platform.answer(f"{EXIM}/packages/import", first)
    platform.answer(f"{EXIM}/packages/import/", RECEIPT)

    receipt = submit(tooling)

    assert receipt.job_id == "18abab44e25f40c284a4bd6e8f52fd29"
    assert [request.get_json()["id"] for request in platform.seen] == ["p", "p"]


@pytest.mark.parametrize(
    "to", ["https://elsewhere.example/data/foundation/exim/packages/", "/data/foundation/exim/packages/other/", "/"]
)
def test_no_other_redirect_is_followed(to: str, platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages", redirect(to))

    with pytest.raises(ApiContractError, match="never followed"):
        tooling.list_packages()

    assert len(platform.seen) == 1


def test_a_write_does_not_follow_a_redirect_that_may_come_after_the_deed(
    platform: Platform, tooling: SandboxToolingClient
) -> None:
    platform.answer(f"{EXIM}/packages/import", redirect("/data/foundation/exim/packages/import/", 302))

    with pytest.raises(OutcomeUnknownError):
        submit(tooling)

    assert len(platform.seen) == 1


def test_a_thing_that_the_service_does_not_know_is_asked_for_once(
    platform: Platform, tooling: SandboxToolingClient
) -> None:
    body = '{"status": "NOT_FOUND", "type": "ERROR", "message": "Package p not found", "object": null}'
    platform.answer(f"{EXIM}/packages/p", Response(body, status=404))

    with pytest.raises(ApiRejectedError, match="Package p not found"):
        tooling.get_package("p")

    assert len(platform.seen) == 1


def by_method(platform: Platform, **answers: Response) -> None:
    def handle(request: Request) -> Response:
        platform.seen.append(request)
        return answers[request.method]

    platform.decide(f"{EXIM}/packages/import", handle)


def test_an_import_goes_by_put_where_post_is_no_method(platform: Platform, tooling: SandboxToolingClient) -> None:
    by_method(platform, POST=Response(status=405), PUT=RECEIPT)

    receipt = submit(tooling)

    assert receipt.job_id
    assert platform.seen[0].get_json() == platform.seen[1].get_json()
    assert effect_of_request("PUT", f"{EXIM}/packages/import") is Effect.WRITE


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500])
def test_an_import_that_is_refused_or_lost_is_not_sent_in_another_way(
    status: int, platform: Platform, tooling: SandboxToolingClient
) -> None:
    by_method(platform, POST=Response('{"message": "No such package"}', status=status), PUT=RECEIPT)

    with pytest.raises((ApiRejectedError, OutcomeUnknownError)):
        submit(tooling)

    assert [request.method for request in platform.seen] == ["POST"]


def test_a_list_that_knows_no_such_order_is_read_without_one(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages", Response('{"message": "Unknown orderby"}', status=400), LIST)

    page = tooling.list_packages()

    assert page.received == 2
    assert ["orderby" in request.args for request in platform.seen] == [True, False]


def test_an_envelope_of_errors_around_a_job_is_read_for_the_job(
    platform: Platform, tooling: SandboxToolingClient
) -> None:
    body = {"status": "ERROR", "type": "ERROR", "message": "It failed", "object": {"id": "j", "jobStatus": "FAILED"}}
    platform.answer(f"{EXIM}/tools/job/j", Response(json.dumps(body)))

    assert tooling.get_job("j").status == "FAILED"


def test_packages_and_sandboxes_speak_in_documented_words_however_they_are_spelled(
    platform: Platform, tooling: SandboxToolingClient, connect: Callable[..., Connection]
) -> None:
    package = {"id": "p", "status": "published", "packageType": "Full"}
    sandbox = {"name": "dev", "state": "ACTIVE", "type": "Sandcastle"}
    platform.answer(f"{EXIM}/packages/p", Response(json.dumps(package)))
    platform.answer("/data/foundation/sandbox-management/sandboxes", Response(json.dumps({"sandboxes": [sandbox]})))

    read, listed = tooling.get_package("p"), SandboxManagementClient(connect(platform.url)).list_sandboxes()[0]

    assert (read.status, read.package_type) == ("PUBLISHED", "FULL")
    assert (listed.state, listed.type) == ("active", "Sandcastle")


PROBLEM = {"status": 400, "title": "Validation"}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (PROBLEM, Inner(400, "Validation", True)),
        (json.dumps(json.dumps(PROBLEM)), Inner(400, "Validation", True)),
        ({"message": json.dumps(PROBLEM)}, Inner(400, "Validation", True)),
        ({"status": 200, "message": json.dumps(PROBLEM)}, Inner(400, "Validation", True)),
        ([PROBLEM], Inner(400, "Validation", True)),
        ({"errors": {"404": [{"code": 404, "message": "Gone"}]}}, Inner(404, "Gone", True)),
        ({"error": {"code": 409, "message": "Taken"}}, Inner(409, "Taken", True)),
        ({"error": "INVALID", "description": "Bad name"}, Inner(None, "Bad name", True)),
        ({"error_code": "403025", "message": "Profile is not valid"}, Inner(403, "Profile is not valid", True)),
        ({"status": "BAD_REQUEST", "type": "ERROR", "message": "No"}, Inner(400, "No", True)),
        ({"status": 200, "errors": [], "message": "Fine"}, Inner(200, "Fine", False)),
        ({"message": "Fine", "error": None}, Inner(None, "Fine", False)),
        ("X created. Source id=1; Target id=2", Inner()),
        ("200", Inner()),
        ("[" * 3000, Inner()),
    ],
)
def test_a_document_inside_a_message_is_understood_in_every_form(message: Any, expected: Inner) -> None:
    assert read_inner(message) == expected
