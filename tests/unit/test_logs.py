"""What no log line may hold."""

import json
import logging
import re
import sys
from typing import Any

import pytest

from config import logs
from config.logs import ContextFilter, JsonFormatter, RedactFilter
from tests.factories import InvitationFactory, UserFactory

SECRET = "p8e-canary-client-secret-0001"
LINK = "3tRrCtS5k3-xzKk8jMQq_0123456789abcdefghijklmno"


def written(message: str, *args: object, exc_info: Any = None) -> str:
    record = logging.LogRecord("towpath", logging.ERROR, __file__, 1, message, args, exc_info)
    RedactFilter().filter(record)
    return logging.Formatter().format(record)


def raise_chained() -> None:
    try:
        raise ValueError(f"client_secret={SECRET} was refused")
    except ValueError as exc:
        raise RuntimeError(f"GET https://ada:{SECRET}@example.com failed") from exc


def test_a_secret_in_the_arguments_of_a_message_is_not_written() -> None:
    line = written("refused: %s", {"client_secret": SECRET})

    assert SECRET not in line
    assert line.startswith("refused: ")


def test_a_secret_in_a_traceback_or_its_cause_is_not_written() -> None:
    try:
        raise_chained()
    except RuntimeError:
        lines = written("it broke", exc_info=sys.exc_info())

    assert SECRET not in lines
    assert "RuntimeError" in lines
    assert "direct cause" in lines


@pytest.mark.parametrize(
    "path",
    [f"/invitations/{LINK}/", f"/invitations/{LINK}/nowhere/", f"/accounts/password/reset/key/3-{LINK}/"],
)
def test_an_address_that_lets_in_is_not_written(path: str) -> None:
    line = written("Not Found: %s", path)

    assert LINK not in line
    assert line.startswith("Not Found: /")


@pytest.mark.django_db
def test_a_mistake_on_the_page_of_an_open_invitation_does_not_log_its_link(
    client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    InvitationFactory(token=LINK, created_by=UserFactory(administrator=True))

    answer = client.post(f"/invitations/{LINK}/", {"password": "short"})

    lines = [written(record.getMessage()) for record in caplog.records]
    assert answer.status_code == 422
    assert any(line.startswith("Unprocessable Entity: /invitations/") for line in lines)
    assert not any(LINK in line for line in lines)


def json_line(record: logging.LogRecord) -> dict[str, Any]:
    """The record as the JSON handler writes it."""
    ContextFilter().filter(record)
    RedactFilter().filter(record)
    said: dict[str, Any] = json.loads(JsonFormatter().format(record))
    return said


def record_of(message: str, *args: object, exc_info: Any = None, **extra: Any) -> logging.LogRecord:
    record = logging.LogRecord("towpath.test", logging.ERROR, __file__, 1, message, args, exc_info)
    record.__dict__.update(extra)
    return record


def test_a_json_line_says_when_how_bad_who_and_what() -> None:
    line = json_line(record_of("job %s: it broke\nin two lines", 7))

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {"level": "ERROR", "logger": "towpath.test", "message": "job 7: it broke\nin two lines"}


def test_a_line_of_a_workers_job_names_the_job_its_request_and_the_task() -> None:
    token = logs.task.set(("promotions.tasks.submit", "task-1"))
    try:
        with logs.working_on(7, asked_by="request-1"):
            line = json_line(record_of("sending"))
        after = json_line(record_of("idle"))
    finally:
        logs.task.reset(token)

    assert (line["job_id"], line["request_id"]) == (7, "request-1")
    assert (line["task"], line["task_id"]) == ("promotions.tasks.submit", "task-1")
    assert not {"job_id", "request_id"} & after.keys()


def test_a_secret_is_written_in_no_field_of_a_json_line() -> None:
    try:
        raise_chained()
    except RuntimeError:
        remote = {"path": f"/invitations/{LINK}/", "client_secret": SECRET, "status": 200}
        line = json_line(record_of("client_secret=%s", SECRET, exc_info=sys.exc_info(), remote=remote))

    assert SECRET not in json.dumps(line)
    assert LINK not in json.dumps(line)
    assert line["remote"]["status"] == 200
    assert "RuntimeError" in line["exception"]


def test_a_line_of_another_program_becomes_json_that_names_it() -> None:
    plain = json.loads(logs.as_json("valkey", f"client_secret={SECRET}"))
    ours = json.loads(logs.as_json("web", json.dumps({"level": "INFO", "message": "hello"})))

    assert (plain["process"], plain["logger"], plain["level"]) == ("valkey", "valkey", "INFO")
    assert SECRET not in plain["message"]
    assert ours == {"level": "INFO", "message": "hello", "process": "web"}


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "status"), [("/nowhere/", 404), ("/accounts/login/", 405)])
def test_the_line_of_a_refused_request_carries_its_id(
    path: str, status: int, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    UserFactory(administrator=True)

    answer = client.delete(path, headers={"X-Request-ID": "request-of-test"})

    (record,) = [record for record in caplog.records if record.name == "django.request"]
    ContextFilter().filter(record)
    assert (answer.status_code, answer["X-Request-ID"]) == (status, "request-of-test")
    assert record.__dict__["request_id"] == "request-of-test"
