"""Sending the mails of notices: each is claimed, sent outside any transaction, and marked.

A mail is sent at least once: after a crash between sending and marking it goes out again, with the same Message-ID.
While its claim lasts nobody else sends it, and the claim outlasts the longest time that a task may run.
"""

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPDataError, SMTPException, SMTPNotSupportedError, SMTPRecipientsRefused, SMTPResponseException
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts import access, tasks
from accounts.choices import DeliveryState
from accounts.models import Notice, NoticeDelivery, User
from accounts.services import audit
from clients.redaction import redact_text
from config.broker import wake

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=settings.TASK_TIME_LIMIT_S + 20)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=3)
# A run ends after this, so that a slow server holds up nothing else that the worker does; the next one goes on.
RUN_S = 20
# A slow server must not take every worker that is there for what people ask for.
IN_FLIGHT_LIMIT = 1


@dataclass(frozen=True)
class Failure:
    """Why a mail did not go out. The server being away concerns every mail; a refusal for good concerns one."""

    text: str
    is_for_all: bool = False
    is_final: bool = False


def plan(notices: list[int]) -> None:
    """Have these notices mailed after the commit, each once."""
    if not notices:
        return
    now = timezone.now()
    NoticeDelivery.objects.bulk_create(
        (NoticeDelivery(notice_id=notice, due_at=now, give_up_at=now + GIVE_UP_AFTER) for notice in notices),
        ignore_conflicts=True,
    )
    wake(tasks.deliver_notices)


# Sending


def deliver_due() -> None:
    """Send what is due, as far as the time of one run goes. Safe to run in several workers at once."""
    if not settings.CAN_SEND_MAIL or _in_flight() >= IN_FLIGHT_LIMIT:
        return
    until = time.monotonic() + RUN_S
    with _server() as server:
        while time.monotonic() < until and (delivery := _claim()) is not None:
            reason = _reason_to_drop(delivery.notice)
            if reason:
                _end(delivery, DeliveryState.DROPPED, reason)
                continue
            failure = _send(server, delivery)
            if failure is None:
                _end(delivery, DeliveryState.SENT)
            else:
                _failed(delivery, failure)
                if failure.is_for_all:
                    return


def _in_flight() -> int:
    """How many mails other workers are sending; one whose worker died counts until its claim has run out."""
    now = timezone.now()
    waiting = NoticeDelivery.objects.filter(state=DeliveryState.WAITING, due_at__range=(now, now + LEASE))
    return waiting.exclude(lease_token="").count()


def _claim() -> NoticeDelivery | None:
    """Take the mail that is due longest. No two callers get the same (skip locked, or SQLite's one writer)."""
    now = timezone.now()
    token = uuid.uuid4().hex
    with transaction.atomic():
        due = NoticeDelivery.objects.filter(state=DeliveryState.WAITING, due_at__lte=now)
        row = due.order_by("due_at", "pk").select_for_update(skip_locked=True).first()
        if row is None:
            return None
        # A mail that the worker dies of comes back more and more seldom, like one that fails.
        due_at = now + max(LEASE, _pause(row.attempts + 1))
        is_hopeless = bool(row.lease_token) and row.give_up_at <= now
        if not due.filter(pk=row.pk).update(due_at=due_at, lease_token=token, attempts=F("attempts") + 1):
            return None
    delivery = NoticeDelivery.objects.select_related("notice__person", "notice__organization").get(pk=row.pk)
    if is_hopeless:
        _end(delivery, DeliveryState.GIVEN_UP, "The worker ended in the middle of the last try. Look into its log.")
        return _claim()
    return delivery


def _pause(attempts: int) -> timedelta:
    doubled: int = 2 ** min(attempts - 1, 10)
    return min(LONGEST_PAUSE, FIRST_PAUSE * doubled)


def _reason_to_drop(notice: Notice) -> str:
    """Why the person is not to be told any more; nobody is mailed what they may not read here."""
    if notice.settled_at is not None:
        return "It was settled before it was sent."
    if not notice.person.is_active:
        return "The account was deactivated."
    organization = notice.organization
    if (
        organization is not None
        and not access.organizations_for_read(notice.person).filter(pk=organization.pk).exists()
    ):
        return "The person may no longer know of the organization."
    return ""


@contextmanager
def _server() -> Iterator[BaseEmailBackend]:
    """One connection for a run, opened when the first mail needs it."""
    server = get_connection()
    try:
        yield server
    finally:
        with suppress(OSError, SMTPException):
            server.close()


def _send(server: BaseEmailBackend, delivery: NoticeDelivery) -> Failure | None:
    failure = None
    try:
        server.open()
    except (OSError, SMTPException, ValueError) as exc:
        failure = _failure_to_connect(exc)
    else:
        try:
            server.send_messages([_message(delivery)])
        except (OSError, SMTPException, ValueError) as exc:
            failure = _failure_to_send(exc)
    if failure is not None:
        log.warning("mail %s: %s", delivery.pk, failure.text)
        with suppress(OSError, SMTPException):
            server.close()  # its state is unknown; the next mail opens another
    return failure


def _failure_to_connect(exc: Exception) -> Failure:
    if isinstance(exc, SMTPResponseException):
        return Failure(
            _words("The mail server does not let Towpath in", exc.smtp_code, exc.smtp_error), is_for_all=True
        )
    return Failure(_cut(f"The mail server cannot be reached: {exc or type(exc).__name__}"), is_for_all=True)


def _failure_to_send(exc: Exception) -> Failure:
    if isinstance(exc, SMTPRecipientsRefused):
        code, words = next(iter(exc.recipients.values()))
        return Failure(_words("The mail server refuses the recipient", code, words), is_final=code >= 500)
    if isinstance(exc, SMTPDataError):
        text = _words("The mail server refuses the message", exc.smtp_code, exc.smtp_error)
        return Failure(text, is_final=exc.smtp_code >= 500)
    if isinstance(exc, SMTPResponseException):
        return Failure(_words("The mail server refuses the sender", exc.smtp_code, exc.smtp_error), is_for_all=True)
    if isinstance(exc, ValueError | SMTPNotSupportedError):
        return Failure(_cut(f"The mail cannot be written to this address: {exc}"), is_final=True)
    return Failure(_cut(f"The connection to the mail server broke: {exc or type(exc).__name__}"), is_for_all=True)


def _words(what: str, code: int, words: bytes | str) -> str:
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return _cut(f"{what}: {code} {said}")


def _cut(text: str) -> str:
    plain = redact_text(" ".join(text.replace("\0", " ").split()), secrets=[settings.EMAIL_HOST_PASSWORD])
    return plain if len(plain) <= 500 else f"{plain[:499]}…"


def _message(delivery: NoticeDelivery) -> EmailMessage:
    notice = delivery.notice
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return EmailMessage(
        subject=notice.text,
        body=_body(notice),
        to=[notice.person.email],
        headers={
            "Message-ID": f"<notice.{delivery.reference.hex}@{host}>",
            "Auto-Submitted": "auto-generated",  # RFC 3834: no absence notes in return
        },
    )


def _body(notice: Notice) -> str:
    organization = f"Organization: {notice.organization}" if notice.organization else ""
    address = f"{settings.PUBLIC_URL}{notice.url}"
    choose = f"{settings.PUBLIC_URL}{reverse('accounts:profile-notices')}"
    parts = [notice.text, notice.detail, organization, address]
    footer = f"-- \nTowpath sends this to {notice.person.email}. Choose what it tells you, and how:\n{choose}\n"
    return "\n\n".join([*(part for part in parts if part), footer])


# What came of it


def _failed(delivery: NoticeDelivery, failure: Failure) -> None:
    now = timezone.now()
    if failure.is_final or delivery.give_up_at <= now:
        _end(delivery, DeliveryState.GIVEN_UP, failure.text)
    else:
        _held(delivery).update(due_at=now + _pause(delivery.attempts), lease_token="", error=failure.text)
    if failure.is_for_all:
        _put_off_all(failure, now)


def _put_off_all(failure: Failure, now: datetime) -> None:
    """While the server is away one mail a minute finds out; the others need not be tried to know."""
    waiting = NoticeDelivery.objects.filter(state=DeliveryState.WAITING, due_at__lte=now)
    waiting.filter(give_up_at__lte=now, attempts__gt=0).update(
        state=DeliveryState.GIVEN_UP, ended_at=now, lease_token="", error=failure.text
    )
    waiting.update(due_at=now + FIRST_PAUSE, error=failure.text)


def _end(delivery: NoticeDelivery, state: DeliveryState, error: str = "") -> None:
    now = timezone.now()
    is_sent = state == DeliveryState.SENT
    ended = _held(delivery).update(
        state=state,
        error=error,
        lease_token="",
        sent_at=now if is_sent else None,
        ended_at=None if is_sent else now,
    )
    if not ended:
        log.warning("mail %s: another worker has taken over; this one's answer (%s) is not kept", delivery.pk, state)


def _held(delivery: NoticeDelivery) -> QuerySet[NoticeDelivery]:
    return NoticeDelivery.objects.filter(pk=delivery.pk, state=DeliveryState.WAITING, lease_token=delivery.lease_token)


# What administrators may do about it


@transaction.atomic
def send_again(*, deliveries: QuerySet[NoticeDelivery], actor: User) -> int:
    """Try mails again that were given up, and those that wait, at once; how many there were."""
    access.require_administrator(actor)
    now = timezone.now()
    open_ones = deliveries.filter(state__in=[DeliveryState.GIVEN_UP, DeliveryState.WAITING], lease_token="")
    number = open_ones.update(
        state=DeliveryState.WAITING, due_at=now, attempts=0, give_up_at=now + GIVE_UP_AFTER, ended_at=None
    )
    if number:
        wake(tasks.deliver_notices)
        subject = audit.SubjectText("mail", "", f"{number} {'mail' if number == 1 else 'mails'}")
        audit.record(audit.Verb.MAIL_SENT_AGAIN, actor=actor, subject=subject)
    return number
