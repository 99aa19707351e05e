"""Exported journeys come back byte for byte, however large and deep they are."""

import tracemalloc

import pytest
from werkzeug import Response

from clients.errors import ApiContractError, ApiRejectedError
from clients.journeys import JourneysClient
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import AUTHORING, fixture_bytes

EXPORT = f"{AUTHORING}/journeyVersions/v/export"
MIB = 1024 * 1024


def exported(platform: Platform, journeys: JourneysClient, content: bytes) -> bytes:
    platform.answer(EXPORT, Response(content, content_type="application/json"))
    return journeys.export("v").content


def test_an_export_is_a_read_of_the_version(platform: Platform, journeys: JourneysClient) -> None:
    document = fixture_bytes("journeys/journey-version-export.response-200")
    platform.answer(EXPORT, Response(document, content_type="application/json", headers={"x-request-id": "r-1"}))

    found = journeys.export("v")

    assert (found.content, found.request_id) == (document, "r-1")
    (request,) = platform.seen
    assert (request.method, request.headers["x-sandbox-name"]) == ("GET", "dev")


@pytest.mark.parametrize(
    "document",
    [
        b"{}",
        b' {"b": 1.10, "a": 1e400, "b": 2 }\r\n',
        b'{"n": 12345678901234567890.123456789, "t": "\\u00e9\xc3\xa9\\ud83d"}',
        b'{"result": {"a": 1}, "more": 1}',
        b'{"more": 1, "result": {"a": 1}}',
        b'{"result": {"a": 1}, "result": {"a": 2}}',
        b'{"result": [1]}',
        b'{"result": "{}"}',
        b'{"error": {"code": 7}, "journey": {}}',
        b'{"type": "ERROR", "journey": {}}',
        b'{"a": ' + b'{"a": ' * 3000 + b"1" + b"}" * 3001,
    ],
)
def test_a_document_comes_back_as_it_was_written(document: bytes, platform: Platform, journeys: JourneysClient) -> None:
    assert exported(platform, journeys, document) == document


@pytest.mark.parametrize(
    ("content", "document"),
    [
        (b'{"result": {"a":  1.10}}', b'{"a":  1.10}'),
        (b'\n{ "result" :\t{"a": {"b": {}}} }\n', b'{"a": {"b": {}}}'),
        (b'{"result": {"a": "}\\"}\\\\", "b": "{"}}', b'{"a": "}\\"}\\\\", "b": "{"}'),
        (b'{"result": {"a": "' + b"\\\\" * 100_000 + b'}"}}', b'{"a": "' + b"\\\\" * 100_000 + b'}"}'),
        (b'{"result": {}}', b"{}"),
        (b'\xef\xbb\xbf{"a": 1}', b'{"a": 1}'),
    ],
)
def test_an_envelope_is_taken_off_without_touching_the_document(
    content: bytes, document: bytes, platform: Platform, journeys: JourneysClient
) -> None:
    assert exported(platform, journeys, content) == document


@pytest.mark.parametrize("content", [b"", b"  ", b"[]", b'"text"', b"<html></html>", b'{"a": 1', b"a{}", b"[" * MIB])
def test_what_is_no_object_is_no_document(content: bytes, platform: Platform, journeys: JourneysClient) -> None:
    platform.answer(EXPORT, Response(content, content_type="application/json"))

    with pytest.raises(ApiContractError):
        journeys.export("v")


@pytest.mark.parametrize(
    "error", ['{"code": 1324, "message": "no"}', '"{\\"code\\": 1324, \\"message\\": \\"no\\"}"', '"1324 no"']
)
def test_an_error_that_came_as_a_success_is_no_document(
    error: str, platform: Platform, journeys: JourneysClient
) -> None:
    platform.answer(EXPORT, Response(f'{{"status": 500, "error": {error}, "requestId": "r"}}'))

    with pytest.raises(ApiRejectedError, match="no") as caught:
        journeys.export("v")

    assert caught.value.error_code == "1324"


def test_a_large_export_is_never_taken_apart(platform: Platform, journeys: JourneysClient) -> None:
    row = b'{"uid": "6e9a1d37", "numbers": [1, 2, 3], "text": "a } b"}'
    document = b'{"steps": [' + b", ".join([row] * (4 * MIB // len(row))) + b"]}"
    platform.answer(EXPORT, Response(b'{"result": ' + document + b"}", content_type="application/json"))

    tracemalloc.start()
    found = journeys.export("v")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found.content == document
    assert peak < 4 * len(document)
