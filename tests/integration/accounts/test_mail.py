"""Mail through a real mail server: sent once, tried again, given up with a reason, never sent to the wrong person."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.mail.backends.smtp import EmailBackend
from django.db import connection
from django.utils import timezone

from accounts.choices import DeliveryState
from accounts.models import AuditEvent, Membership, Notice, NoticeDelivery
from accounts.services import audit, mail, notices
from accounts.tasks import deliver_notices
from tests.factories import MembershipFactory, NoticeDeliveryFactory, UserFactory
from tests.integration.accounts.mail_server import MailServer
from tests.processes import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    made = MailServer(free_port())
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", made.port
    settings.EMAIL_USE_TLS, settings.EMAIL_TIMEOUT = False, 5
    settings.DEFAULT_FROM_EMAIL = "Towpath <towpath@example.com>"
    settings.PUBLIC_URL = "https://towpath.example.com"
    made.start()
    yield made
    made.stop()


def tell(*people, **changes):
    arguments = {
        "kind": "approval_wanted",
        "text": "Tim Teammate asks you to approve “Loyalty schemas” into Acme · prod",
        "detail": "Needed for the launch on Friday.",
        "url": "/approvals/7/",
        "key": "approval:7",
    }
    notices.notify(people=people, **{**arguments, **changes})


def all_due():
    """Time passes: whatever waits is due, and leases have run out."""
    NoticeDelivery.objects.filter(state=DeliveryState.WAITING).update(due_at=timezone.now() - timedelta(seconds=1))


def states():
    return Counter(NoticeDelivery.objects.values_list("state", flat=True))


def test_the_mail_says_what_is_wanted_by_whom_and_where(server, organization, owner):
    tell(owner, organization=organization)

    deliver_notices()

    (message,) = server.postman.messages
    body = message.get_content()
    assert message["Subject"].strip() == "Tim Teammate asks you to approve “Loyalty schemas” into Acme · prod"
    assert (message["To"], message["From"]) == ("owner@example.com", "Towpath <towpath@example.com>")
    assert message["Auto-Submitted"] == "auto-generated"
    assert "Needed for the launch on Friday." in body
    assert "Organization: Acme" in body
    assert "https://towpath.example.com/approvals/7/" in body.splitlines()
    assert "https://towpath.example.com/settings/notices/" in body
    delivery = NoticeDelivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.error) == (DeliveryState.SENT, 1, "")
    assert delivery.sent_at is not None


def test_what_was_sent_is_not_sent_again(server, owner):
    tell(owner)
    deliver_notices()

    deliver_notices()

    assert len(server.postman.messages) == 1


def test_a_title_with_line_ends_adds_no_header_and_no_recipient(server, owner):
    tell(owner, text="Hello\r\nBcc: victim@example.com\r\n\r\nA body of its own")

    deliver_notices()

    (message,) = server.postman.messages
    assert message["Bcc"] is None
    assert message["Subject"] == "Hello Bcc: victim@example.com A body of its own"
    assert server.postman.recipients() == ["owner@example.com"]


def test_a_stored_title_with_line_ends_is_given_up_and_not_sent(server, owner):
    tell(owner)
    Notice.objects.update(text="Hello\nBcc: victim@example.com")

    deliver_notices()

    assert server.postman.messages == []
    delivery = NoticeDelivery.objects.get()
    assert delivery.state == DeliveryState.GIVEN_UP
    assert "cannot be written" in delivery.error


def test_a_server_that_comes_back_gets_every_mail_exactly_once(server, owner, teammate):
    tell(owner, teammate)
    server.stop()
    deliver_notices()
    waiting = list(NoticeDelivery.objects.order_by("-attempts").values_list("state", "attempts", "error"))
    is_put_off = not NoticeDelivery.objects.filter(due_at__lte=timezone.now() + timedelta(seconds=50)).exists()
    server.start()
    all_due()

    deliver_notices()
    deliver_notices()

    assert [row[:2] for row in waiting] == [(DeliveryState.WAITING, 1), (DeliveryState.WAITING, 0)]
    assert all("cannot be reached" in row[2] for row in waiting)
    assert is_put_off
    assert server.postman.recipients() == ["owner@example.com", "teammate@example.com"]
    assert states() == {DeliveryState.SENT: 2}


def test_one_refused_recipient_ends_at_once_and_keeps_no_other_waiting(server, owner, teammate):
    server.postman.refused["owner@example.com"] = "550 5.1.1 No such user here, password=hunter2222"
    tell(owner)
    tell(teammate, key="approval:8")

    deliver_notices()

    assert server.postman.recipients() == ["teammate@example.com"]
    refused = NoticeDelivery.objects.get(notice__person=owner)
    assert (refused.state, refused.attempts) == (DeliveryState.GIVEN_UP, 1)
    assert refused.error.startswith("The mail server refuses the recipient: 550 5.1.1 No such user here")
    assert "hunter2222" not in refused.error


def test_a_passing_refusal_is_tried_again_after_a_growing_pause(server, owner):
    server.postman.refused["owner@example.com"] = "450 4.2.1 Mailbox busy"
    tell(owner)
    pauses = []

    for _ in range(9):
        all_due()
        deliver_notices()
        pauses.append(round((NoticeDelivery.objects.get().due_at - timezone.now()).total_seconds() / 60))

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert states() == {DeliveryState.WAITING: 1}


def test_after_three_days_it_is_given_up_and_stays_visible(server, owner):
    server.postman.refused["owner@example.com"] = "450 4.2.1 Mailbox busy"
    tell(owner)
    NoticeDelivery.objects.update(give_up_at=timezone.now())

    deliver_notices()

    delivery = NoticeDelivery.objects.get()
    assert delivery.state == DeliveryState.GIVEN_UP
    assert "450" in delivery.error
    assert delivery.ended_at is not None


def test_mails_that_waited_three_days_for_the_server_are_given_up_together(server, owner, teammate):
    tell(owner, teammate)
    NoticeDelivery.objects.update(give_up_at=timezone.now(), attempts=5)
    server.stop()

    deliver_notices()

    assert states() == {DeliveryState.GIVEN_UP: 2}


@pytest.mark.parametrize(
    ("step", "answer", "state", "words"),
    [
        ("answer_to_sender", "550 5.7.1 Sender rejected", DeliveryState.WAITING, "refuses the sender: 550"),
        ("answer_to_message", "554 5.6.0 Looks like spam", DeliveryState.GIVEN_UP, "refuses the message: 554"),
        ("answer_to_message", "451 4.3.0 Try later", DeliveryState.WAITING, "refuses the message: 451"),
    ],
)
def test_a_refusal_at_any_step_is_kept_in_words(server, owner, step, answer, state, words):
    setattr(server.postman, step, answer)
    tell(owner)

    deliver_notices()

    delivery = NoticeDelivery.objects.get()
    assert delivery.state == state
    assert words in delivery.error
    assert server.postman.messages == []


def test_a_server_that_says_nothing_is_left_after_the_timeout(server, owner, settings):
    settings.EMAIL_TIMEOUT = 0.2
    tell(owner)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_PORT = silent.getsockname()[1]
        deliver_notices()

    delivery = NoticeDelivery.objects.get()
    assert delivery.state == DeliveryState.WAITING
    assert "cannot be reached" in delivery.error


def test_after_a_crash_before_it_was_marked_it_comes_again_under_the_same_name(server, owner, monkeypatch):
    class KilledError(BaseException):
        """What kill -9 is to the code that runs."""

    def killed(*args: object) -> None:
        raise KilledError

    tell(owner)
    with monkeypatch.context() as crash:
        crash.setattr(mail, "_end", killed)
        with pytest.raises(KilledError):
            deliver_notices()
    deliver_notices()
    sent_within_the_lease = len(server.postman.messages)
    all_due()

    deliver_notices()

    assert sent_within_the_lease == 1
    first, second = server.postman.messages
    assert first["Message-ID"] == second["Message-ID"]
    assert states() == {DeliveryState.SENT: 1}
    assert NoticeDelivery.objects.get().attempts == 2


def test_a_mail_that_kills_every_worker_ends_too(server, owner):
    tell(owner)
    NoticeDelivery.objects.update(lease_token="of a dead worker", attempts=70, give_up_at=timezone.now())

    deliver_notices()

    assert server.postman.messages == []
    delivery = NoticeDelivery.objects.get()
    assert delivery.state == DeliveryState.GIVEN_UP
    assert "in the middle of the last try" in delivery.error


def test_a_worker_that_lost_its_claim_changes_nothing(server, owner):
    tell(owner)
    delivery = mail._claim()
    assert delivery is not None
    NoticeDelivery.objects.update(lease_token="of another worker")

    mail._end(delivery, DeliveryState.SENT)

    assert states() == {DeliveryState.WAITING: 1}


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_send_one_mail_twice(server, monkeypatch):
    monkeypatch.setattr(mail, "IN_FLIGHT_LIMIT", 9)
    for number in range(12):
        NoticeDeliveryFactory(notice__person=UserFactory(email=f"p{number}@example.com"))
    errors: list[BaseException] = []

    def work() -> None:
        try:
            deliver_notices()
        except BaseException as exc:
            errors.append(exc)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert errors == []
    assert server.postman.recipients() == sorted(f"p{number}@example.com" for number in range(12))
    assert states() == {DeliveryState.SENT: 12}


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_server_is_called(server, monkeypatch):
    NoticeDeliveryFactory()
    seen: list[bool] = []
    send = EmailBackend.send_messages

    def watched(backend: Any, messages: Any) -> Any:
        seen.append(connection.in_atomic_block)
        return send(backend, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", watched)

    deliver_notices()

    assert seen == [False]
    assert len(server.postman.messages) == 1


def test_a_slow_server_takes_no_second_worker(server):
    NoticeDeliveryFactory.create_batch(2)
    mail._claim()

    deliver_notices()

    assert server.postman.messages == []
    assert NoticeDelivery.objects.filter(attempts=0).count() == 1


def test_what_was_settled_meanwhile_is_not_mailed(server, owner):
    tell(owner)
    notices.settle(key="approval:7")

    deliver_notices()

    assert server.postman.messages == []
    assert NoticeDelivery.objects.get().error == "It was settled before it was sent."
    assert states() == {DeliveryState.DROPPED: 1}


def test_deactivated_people_are_mailed_nothing(server, owner):
    tell(owner)
    owner.is_active = False
    owner.save()

    deliver_notices()

    assert server.postman.messages == []
    assert states() == {DeliveryState.DROPPED: 1}


def test_who_lost_the_organization_is_mailed_nothing_of_it(server, organization, owner):
    teammate = MembershipFactory(organization=organization).user
    tell(owner, teammate, organization=organization)
    Membership.objects.filter(user=owner).delete()

    deliver_notices()

    assert server.postman.recipients() == [teammate.email]
    assert NoticeDelivery.objects.get(notice__person=owner).state == DeliveryState.DROPPED


def test_many_mails_go_through_one_connection(server):
    for _ in range(5):
        NoticeDeliveryFactory()

    deliver_notices()

    assert len(server.postman.messages) == 5
    assert len(server.postman.sessions) == 1


def test_a_run_ends_in_time_and_the_next_one_goes_on(server, monkeypatch):
    for _ in range(3):
        NoticeDeliveryFactory()
    monkeypatch.setattr(mail, "RUN_S", 0)
    deliver_notices()
    after_none = states()
    monkeypatch.undo()

    deliver_notices()

    assert after_none == {DeliveryState.WAITING: 3}
    assert states() == {DeliveryState.SENT: 3}


def test_without_a_mail_server_everything_stays_as_it_is(server, settings):
    NoticeDeliveryFactory()
    settings.CAN_SEND_MAIL = False

    deliver_notices()

    assert server.postman.messages == []
    assert states() == {DeliveryState.WAITING: 1}


def test_an_administrator_has_given_up_mail_sent_again(server, administrator):
    refused = NoticeDeliveryFactory(given_up=True)

    number = mail.send_again(deliveries=NoticeDelivery.objects.all(), actor=administrator)
    deliver_notices()

    assert number == 1
    assert server.postman.recipients() == [refused.notice.person.email]
    refused.refresh_from_db()
    assert (refused.state, refused.error, refused.ended_at) == (DeliveryState.SENT, "", None)
    assert AuditEvent.objects.filter(verb=audit.Verb.MAIL_SENT_AGAIN, actor_id=administrator.pk).count() == 1


def test_nobody_else_has_mail_sent_again(server, owner):
    NoticeDeliveryFactory(given_up=True)

    with pytest.raises(PermissionDenied):
        mail.send_again(deliveries=NoticeDelivery.objects.all(), actor=owner)

    assert states() == {DeliveryState.GIVEN_UP: 1}


def test_a_mail_that_is_being_sent_is_not_sent_beside_it(server, administrator):
    NoticeDeliveryFactory()
    claimed = mail._claim()

    number = mail.send_again(deliveries=NoticeDelivery.objects.all(), actor=administrator)

    assert claimed is not None
    assert number == 0
    assert not AuditEvent.objects.filter(verb=audit.Verb.MAIL_SENT_AGAIN).exists()
