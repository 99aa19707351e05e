"""Whom a notice reaches, by which way, and when it is over."""

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.choices import DeliveryState, Role
from accounts.models import AuditEvent, Membership, Notice, NoticeDelivery, NoticePreference
from accounts.services import audit, notices
from accounts.services.notices import Choice, NoticeKind
from tests.factories import MembershipFactory, UserFactory

KIND = "approval_wanted"


def tell(*people, **changes):
    arguments = {"kind": KIND, "text": "Tim asks for your approval", "url": "/promotions/1/", "key": "approval:1"}
    notices.notify(people=people, **{**arguments, **changes})


def choose(person, *, in_app, mail):
    NoticePreference.objects.create(person=person, kind=KIND, in_app=in_app, mail=mail)


def test_everybody_gets_a_notice_and_a_mail_to_be_sent(owner, teammate):
    tell(owner, teammate, detail="Please look today.")

    assert {notice.person for notice in Notice.objects.all()} == {owner, teammate}
    assert NoticeDelivery.objects.filter(state=DeliveryState.WAITING, notice__detail="Please look today.").count() == 2
    assert notices.unread_count(owner) == 1


def test_the_worker_is_woken_once_and_only_after_the_commit(
    owner, teammate, monkeypatch, django_capture_on_commit_callbacks
):
    woken = []
    monkeypatch.setattr("accounts.tasks.deliver_notices.delay", lambda: woken.append(NoticeDelivery.objects.count()))

    with django_capture_on_commit_callbacks(execute=True):
        tell(owner, teammate)
        before = list(woken)

    assert (before, woken) == ([], [2])


@pytest.mark.django_db(transaction=True)
def test_nobody_is_told_outside_a_transaction():
    person = UserFactory()

    with pytest.raises(RuntimeError, match="in the transaction"):
        tell(person)

    assert not Notice.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_was_never_told():
    person = UserFactory()

    with transaction.atomic():
        tell(person)
        transaction.set_rollback(True)

    assert not Notice.objects.exists()
    assert not NoticeDelivery.objects.exists()


def test_the_same_thing_is_told_once_while_it_is_open(owner, teammate):
    tell(owner)
    notices.mark_read(notice=Notice.objects.get())

    tell(owner, teammate)

    assert sorted(Notice.objects.values_list("person", flat=True)) == sorted([owner.pk, teammate.pk])
    assert NoticeDelivery.objects.count() == 2


def test_a_settled_thing_is_told_again_and_counts_no_more_until_then(owner):
    tell(owner)
    notices.settle(key="approval:1")
    count = notices.unread_count(owner)

    tell(owner)

    assert count == 0
    assert notices.unread_count(owner) == 1
    assert Notice.objects.count() == 2


def test_only_notices_of_the_key_are_settled(owner):
    tell(owner)
    tell(owner, key="approval:2")
    tell(owner, key="")

    notices.settle(key="approval:1")

    assert list(Notice.objects.exclude(settled_at=None).values_list("key", flat=True)) == ["approval:1"]


def test_notices_without_a_key_cannot_be_settled(owner):
    tell(owner, key="")

    with pytest.raises(ValueError, match="with a key"):
        notices.settle(key="")

    assert notices.unread_count(owner) == 1


def test_without_a_key_it_is_told_every_time(owner):
    tell(owner, key="")

    tell(owner, key="")

    assert Notice.objects.count() == 2
    assert NoticeDelivery.objects.count() == 2


@pytest.mark.parametrize(
    ("in_app", "mail", "listed", "mailed"),
    [(True, True, 1, 1), (True, False, 1, 0), (False, True, 0, 1), (False, False, 0, 0)],
)
def test_a_person_is_told_in_the_ways_they_chose(owner, in_app, mail, listed, mailed):
    choose(owner, in_app=in_app, mail=mail)

    tell(owner)

    assert notices.unread_count(owner) == listed
    assert NoticeDelivery.objects.count() == mailed
    assert Notice.objects.count() == max(listed, mailed)


def test_the_default_of_the_kind_holds_until_somebody_chooses(owner, monkeypatch):
    monkeypatch.setitem(notices._kinds, "quiet", NoticeKind("quiet", "Quiet", "Rarely.", mail_by_default=False))

    tell(owner, kind="quiet")

    assert notices.unread_count(owner) == 1
    assert not NoticeDelivery.objects.exists()


def test_without_a_mail_server_no_mail_is_planned(owner, settings):
    settings.CAN_SEND_MAIL = False

    tell(owner)

    assert notices.unread_count(owner) == 1
    assert not NoticeDelivery.objects.exists()


def test_without_a_mail_server_who_wants_mail_only_gets_no_notice(owner, settings):
    settings.CAN_SEND_MAIL = False
    choose(owner, in_app=False, mail=True)

    tell(owner)

    assert not Notice.objects.exists()


def test_deactivated_people_are_told_nothing(owner):
    owner.is_active = False
    owner.save()

    tell(owner)

    assert not Notice.objects.exists()


def test_who_may_not_know_of_the_organization_is_told_nothing(organization, owner, stranger, administrator):
    tell(owner, stranger, administrator, organization=organization)

    assert {notice.person for notice in Notice.objects.all()} == {owner, administrator}


def test_nothing_is_told_about_a_deleted_organization(organization, owner):
    organization.deleted_at = timezone.now()
    organization.save()

    tell(owner, organization=organization)

    assert not Notice.objects.exists()


def test_who_lost_the_organization_no_longer_finds_its_notices(organization, owner):
    tell(owner, organization=organization)

    Membership.objects.filter(user=owner).delete()

    assert notices.unread_count(owner) == 0
    assert not Notice.objects.listed_for(owner).exists()


@pytest.mark.parametrize(
    "url", ["https://evil.example/", "//evil.example/", "/\\evil.example/", "promotions/1/", "", "javascript:alert(1)"]
)
def test_a_notice_leads_to_no_other_site(owner, url):
    with pytest.raises(ValueError, match="not a path"):
        tell(owner, url=url)

    assert not Notice.objects.exists()


def test_an_unknown_kind_is_refused(owner):
    with pytest.raises(ValueError, match="not a registered kind"):
        tell(owner, kind="gossip")

    assert not Notice.objects.exists()


def test_a_kind_is_registered_once():
    with pytest.raises(ValueError, match="registered already"):
        notices.register_kind(NoticeKind(KIND, "Again", "Twice."))

    assert notices.kind_label(KIND) == "An approval is wanted from me"
    assert notices.kind_label("gone") == "gone"


def test_line_ends_control_characters_and_secrets_stay_out_of_the_text(owner):
    tell(owner, text="Hello\r\nBcc: all@example.com\x00\u2028client_secret=abcdef123456", detail="one\ntwo\x1b[31m\n")

    notice = Notice.objects.get()
    assert notice.text == "Hello Bcc: all@example.com client_secret=[redacted]"
    assert notice.detail == "one\ntwo [31m"


def test_a_long_text_is_cut_to_what_fits(owner):
    tell(owner, text="x" * 600)

    assert len(Notice.objects.get().text) == 500


@pytest.mark.parametrize("key", ["", "approval:1"])
def test_the_number_of_queries_does_not_grow_with_the_people(organization, django_assert_max_num_queries, key):
    one = MembershipFactory(organization=organization).user
    many = [MembershipFactory(organization=organization).user for _ in range(200)]
    with django_assert_max_num_queries(12) as spent:
        tell(one, organization=organization, key=key)

    # SQLite takes about ninety such rows in one statement, PostgreSQL all of them.
    with django_assert_max_num_queries(len(spent.captured_queries) + 4):
        tell(*many, organization=organization, key=key)

    assert NoticeDelivery.objects.count() == 201


def test_reading_twice_keeps_the_first_time(owner):
    tell(owner)
    notice = Notice.objects.get()
    notices.mark_read(notice=notice)
    first = notice.read_at

    notices.mark_read(notice=notice)

    assert first is not None
    assert Notice.objects.get().read_at == first


def test_everything_is_marked_read_for_one_person_only(owner, teammate):
    tell(owner, teammate, key="")
    tell(owner, teammate, key="")

    number = notices.mark_all_read(person=owner)

    assert number == 2
    assert (notices.unread_count(owner), notices.unread_count(teammate)) == (0, 2)


def test_a_choice_is_kept_and_recorded(owner):
    kind = notices.preferences(owner)[0].kind

    notices.set_preferences(person=owner, choices=[Choice(kind, in_app=True, mail=False)], actor=owner)
    notices.set_preferences(person=owner, choices=[Choice(kind, in_app=False, mail=True)], actor=owner)

    assert notices.preferences(owner)[0] == Choice(kind, in_app=False, mail=True)
    assert NoticePreference.objects.count() == 1
    recorded = AuditEvent.objects.filter(verb=audit.Verb.PROFILE_CHANGED, actor_id=owner.pk).order_by("sequence")
    assert [event.details for event in recorded] == [
        {"notices": {kind.name: {"in_app": True, "mail": False}}},
        {"notices": {kind.name: {"in_app": False, "mail": True}}},
    ]


def test_a_choice_that_changes_nothing_leaves_no_row(owner):
    choices = notices.preferences(owner)

    notices.set_preferences(person=owner, choices=choices, actor=owner)

    assert not NoticePreference.objects.exists()
    assert not AuditEvent.objects.exists()


def test_roles_do_not_matter_where_no_organization_is_named(organization):
    viewer = MembershipFactory(organization=organization, role=Role.VIEWER).user

    tell(viewer)

    assert notices.unread_count(viewer) == 1
