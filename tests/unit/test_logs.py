"""What no log line may hold."""

import logging
import sys
from typing import Any

import pytest

from config.logs import RedactFilter
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
