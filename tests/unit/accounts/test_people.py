"""How people come in, what they may do, and how they leave."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.choices import Role
from accounts.errors import LastAdministratorError, RefusedError
from accounts.models import AuditEvent, Invitation, Membership, User
from accounts.services import api_tokens, audit, people
from tests.factories import (
    PASSWORD,
    ApiTokenFactory,
    InvitationFactory,
    OrganizationFactory,
    UserFactory,
)
from tests.unit.accounts.races import at_once

pytestmark = pytest.mark.django_db


def accept(token):
    return people.accept_invitation(token=token, full_name="New Person", password=PASSWORD, time_zone="UTC")


def test_an_invited_person_gets_the_role_they_were_invited_to(owner, organization):
    invitation, token = people.invite(
        email=" New@Example.com ", organization=organization, role=Role.APPROVER, actor=owner
    )

    user = accept(token)

    assert user.email == "new@example.com"
    assert not user.is_superuser
    assert Membership.objects.get(user=user).role == Role.APPROVER
    invitation.refresh_from_db()
    assert invitation.accepted_by == user
    assert [event.verb for event in AuditEvent.objects.order_by("sequence")] == [
        audit.Verb.PERSON_INVITED,
        audit.Verb.INVITATION_ACCEPTED,
    ]


def test_an_invited_administrator_becomes_one(administrator):
    _, token = people.invite(email="new@example.com", is_administrator=True, actor=administrator)

    assert accept(token).is_superuser


def test_only_a_hash_of_the_link_is_kept_and_the_record_does_not_hold_it(administrator):
    invitation, token = people.invite(email="new@example.com", actor=administrator)

    assert token not in invitation.token_hash
    assert token not in str(AuditEvent.objects.get().content())


def test_a_link_lets_in_once(administrator):
    _, token = people.invite(email="new@example.com", actor=administrator)
    accept(token)

    with pytest.raises(RefusedError, match="used, revoked or has expired"):
        accept(token)

    assert User.objects.filter(email="new@example.com").count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"revoked_at": timezone.now()},
    ],
    ids=["expired", "revoked"],
)
def test_a_link_that_ended_lets_nobody_in(change):
    InvitationFactory(token="the-link", **change)

    with pytest.raises(RefusedError, match="Ask for a new one"):
        accept("the-link")

    assert people.open_invitation("the-link") is None
    assert not User.objects.exists()


def test_a_link_is_good_for_seven_days(administrator):
    invitation, _ = people.invite(email="new@example.com", actor=administrator)

    assert invitation.expires_at - invitation.created_at == pytest.approx(timedelta(days=7), abs=timedelta(seconds=5))


@pytest.mark.parametrize("loss", ["removed from the organization", "no admin any more", "deactivated"])
def test_a_link_is_worthless_once_its_maker_may_no_longer_invite(administrator, owner, organization, loss):
    _, token = people.invite(email="friend@example.com", organization=organization, role=Role.ADMIN, actor=owner)
    membership = Membership.objects.get(user=owner)
    if loss == "deactivated":
        people.deactivate(user=owner, actor=administrator)
    elif loss == "no admin any more":
        people.set_membership(user=owner, organization=organization, role=Role.OPERATOR, actor=administrator)
    else:
        people.remove_membership(membership=membership, actor=administrator)

    with pytest.raises(RefusedError, match="Ask for a new one"):
        accept(token)

    assert people.open_invitation(token) is None
    assert not User.objects.filter(email="friend@example.com").exists()


@pytest.mark.parametrize("is_administrator", [True, False])
def test_a_link_of_somebody_who_was_administrator_lets_nobody_in(administrator, is_administrator):
    former = UserFactory(administrator=True)
    _, token = people.invite(email="friend@example.com", is_administrator=is_administrator, actor=former)
    people.set_administrator(user=former, is_administrator=False, actor=administrator)

    with pytest.raises(RefusedError, match="may no longer invite"):
        accept(token)

    assert people.open_invitation(token) is None


def test_a_link_of_an_administrator_who_is_now_admin_of_the_organization_still_gives_a_role(
    administrator, owner, organization
):
    people.set_administrator(user=owner, is_administrator=True, actor=administrator)
    _, token = people.invite(email="new@example.com", organization=organization, role=Role.VIEWER, actor=owner)
    people.set_administrator(user=owner, is_administrator=False, actor=administrator)

    user = accept(token)

    assert Membership.objects.get(user=user).role == Role.VIEWER


def test_a_second_invitation_of_the_same_address_replaces_the_first(administrator):
    _, first = people.invite(email="new@example.com", actor=administrator)
    _, second = people.invite(email="new@example.com", actor=administrator)

    assert people.open_invitation(first) is None
    assert people.open_invitation(second) is not None


def test_somebody_who_has_an_account_is_not_invited(administrator, teammate):
    with pytest.raises(RefusedError, match="has an account already"):
        people.invite(email="Teammate@Example.com", actor=administrator)

    assert not Invitation.objects.exists()


def test_accepting_for_an_address_that_got_an_account_meanwhile_is_refused(administrator):
    _, token = people.invite(email="new@example.com", is_administrator=True, actor=administrator)
    UserFactory(email="new@example.com")

    with pytest.raises(RefusedError, match="has an account already"):
        accept(token)

    assert not User.objects.get(email="new@example.com").is_superuser


def test_an_admin_of_one_organization_invites_into_no_other(owner):
    with pytest.raises(PermissionDenied):
        people.invite(email="new@example.com", organization=OrganizationFactory(), role=Role.VIEWER, actor=owner)

    assert not Invitation.objects.exists()


@pytest.mark.parametrize("wish", [{"is_administrator": True}, {}], ids=["administrator", "nowhere"])
def test_an_admin_of_one_organization_invites_nobody_beyond_it(owner, wish):
    with pytest.raises(PermissionDenied):
        people.invite(email="new@example.com", actor=owner, **wish)

    assert not Invitation.objects.exists()


def test_an_operator_invites_nobody(teammate, organization):
    with pytest.raises(PermissionDenied):
        people.invite(email="new@example.com", organization=organization, role=Role.VIEWER, actor=teammate)


def test_an_invitation_to_an_organization_that_was_deleted_gives_no_role(administrator, organization):
    _, token = people.invite(email="new@example.com", organization=organization, role=Role.ADMIN, actor=administrator)
    organization.deleted_at = timezone.now()
    organization.save()

    user = accept(token)

    assert not Membership.objects.filter(user=user).exists()


def test_a_revoked_invitation_cannot_be_revoked_again(administrator):
    invitation = InvitationFactory()
    people.revoke_invitation(invitation=invitation, actor=administrator)

    with pytest.raises(RefusedError, match="accepted or revoked already"):
        people.revoke_invitation(invitation=invitation, actor=administrator)

    assert AuditEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_open_one_link_at_once_one_gets_in():
    InvitationFactory(token="the-link", email="new@example.com")

    results = at_once(lambda: accept("the-link"), lambda: accept("the-link"))

    assert len([result for result in results if isinstance(result, User)]) == 1
    assert len([result for result in results if isinstance(result, RefusedError)]) == 1


def test_a_changed_role_is_recorded_with_the_one_before(owner, teammate, organization):
    people.set_membership(user=teammate, organization=organization, role=Role.APPROVER, actor=owner)

    event = AuditEvent.objects.get()
    assert event.details == {"from": "operator", "to": "approver"}
    assert event.organization_id == organization.pk
    assert Membership.objects.get(user=teammate).role == Role.APPROVER


def test_the_same_role_again_records_nothing(owner, teammate, organization):
    people.set_membership(user=teammate, organization=organization, role=Role.OPERATOR, actor=owner)

    assert not AuditEvent.objects.exists()


def test_an_operator_gives_no_roles(teammate, organization):
    with pytest.raises(PermissionDenied):
        people.set_membership(user=teammate, organization=organization, role=Role.ADMIN, actor=teammate)

    assert Membership.objects.get(user=teammate).role == Role.OPERATOR


def test_an_admin_of_another_organization_removes_nobody(stranger, teammate):
    with pytest.raises(PermissionDenied):
        people.remove_membership(membership=teammate.memberships.get(), actor=stranger)

    assert teammate.memberships.exists()


def test_a_removed_member_is_recorded_once(owner, teammate):
    membership = teammate.memberships.get()

    people.remove_membership(membership=membership, actor=owner)
    people.remove_membership(membership=membership, actor=owner)

    assert AuditEvent.objects.get().verb == audit.Verb.MEMBERSHIP_REMOVED


@pytest.mark.parametrize(
    "act",
    [
        lambda user: people.deactivate(user=user, actor=user),
        lambda user: people.set_administrator(user=user, is_administrator=False, actor=user),
    ],
    ids=["deactivate", "give up the right"],
)
def test_the_last_administrator_is_kept(administrator, act):
    UserFactory(administrator=True, is_active=False)

    with pytest.raises(LastAdministratorError, match="last administrator"):
        act(administrator)

    administrator.refresh_from_db()
    assert administrator.is_active
    assert administrator.is_superuser
    assert not AuditEvent.objects.exists()


def test_one_of_two_administrators_may_leave(administrator):
    other = UserFactory(administrator=True)

    people.deactivate(user=administrator, reason="new job", actor=administrator)

    administrator.refresh_from_db()
    assert not administrator.is_active
    assert AuditEvent.objects.get().reason == "new job"
    with pytest.raises(LastAdministratorError):
        people.deactivate(user=other, actor=None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["deactivate", "demote"])
def test_two_administrators_who_remove_each_other_at_once_leave_one(how):
    first, second = UserFactory(administrator=True), UserFactory(administrator=True)

    def remove(user, actor):
        if how == "deactivate":
            people.deactivate(user=user, actor=actor)
        else:
            people.set_administrator(user=user, is_administrator=False, actor=actor)

    results = at_once(lambda: remove(first, second), lambda: remove(second, first))

    assert [type(result) for result in results if result is not None] == [LastAdministratorError]
    assert User.objects.filter(is_superuser=True, is_active=True).count() == 1
    assert audit.verify().is_intact


def test_only_an_administrator_deactivates(owner, teammate):
    with pytest.raises(PermissionDenied):
        people.deactivate(user=teammate, actor=owner)

    teammate.refresh_from_db()
    assert teammate.is_active


def test_deactivation_ends_sessions_tokens_and_invitations(administrator, owner, signed_in, client):
    browser = signed_in(owner)
    ApiTokenFactory(user=owner, text="tow_the-token")
    invitation = InvitationFactory(created_by=owner, token="the-link")

    people.deactivate(user=owner, actor=administrator)

    assert browser.get("/settings/").status_code == 302
    assert api_tokens.find_usable("tow_the-token") is None
    assert people.open_invitation("the-link") is None
    assert Invitation.objects.get(pk=invitation.pk).revoked_at is not None


def test_a_reactivated_person_must_sign_in_again(administrator, owner, signed_in):
    browser = signed_in(owner)
    ApiTokenFactory(user=owner, text="tow_the-token")
    people.deactivate(user=owner, actor=administrator)

    people.reactivate(user=owner, actor=administrator)

    assert browser.get("/settings/").status_code == 302
    assert api_tokens.find_usable("tow_the-token") is None
    assert signed_in(User.objects.get(pk=owner.pk)).get("/settings/").status_code == 200


def test_a_person_who_changes_nothing_leaves_no_line(owner):
    people.update_profile(user=owner, full_name=owner.full_name, time_zone=owner.time_zone, actor=owner)

    assert not AuditEvent.objects.exists()


def test_an_address_cannot_be_used_twice_whatever_its_case(administrator):
    UserFactory(email="new@example.com")

    with pytest.raises(RefusedError, match="has an account already"):
        people.create_person(email="NEW@example.com", full_name="New", password=PASSWORD, actor=administrator)
