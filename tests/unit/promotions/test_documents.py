"""Documents of remote systems, and secrets that people type: kept encrypted, and gone when nothing needs them."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone

from accounts.models import Organization
from accounts.services import rotation
from promotions.choices import Decision, ItemInput, ItemKind, PlanState
from promotions.models import Plan, PlanItem, RemoteDocument, SealedValue
from promotions.services import documents, sealed_values
from tests.factories import OrganizationFactory, UserFactory
from tests.factories_promotions import PlanFactory

pytestmark = pytest.mark.django_db
CONTENT = b'{ "name" : "Order confirmation", "n": 1.50 }'


def keep(organization: Organization, content: bytes = CONTENT) -> RemoteDocument:
    return documents.keep(organization=organization, kind="export", remote_id="v1", content=content)


def test_a_document_comes_back_byte_for_byte_and_lies_encrypted() -> None:
    kept = keep(OrganizationFactory())

    found = RemoteDocument.objects.get(pk=kept.pk)
    assert documents.content_of(found) == CONTENT
    assert "Order" not in found.sealed
    assert found.size == len(CONTENT)


def test_the_same_content_is_kept_once_and_older_content_goes_unless_a_plan_rests_on_it() -> None:
    organization = OrganizationFactory()
    used, unused = keep(organization, b"1"), keep(organization, b"2")
    PlanFactory(document=used)
    RemoteDocument.objects.update(read_at=timezone.now() - timedelta(days=2))

    newest = keep(organization)
    again = keep(organization)

    assert newest == again
    assert set(RemoteDocument.objects.values_list("pk", flat=True)) == {used.pk, newest.pk}
    assert documents.latest(organization=organization, kind="export", remote_id="v1") == newest
    assert unused.pk not in (used.pk, newest.pk)


def test_content_whose_key_was_lost_can_be_read_after_it_was_kept_anew(settings: Any) -> None:
    organization = OrganizationFactory()
    kept = keep(organization)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]

    again = keep(organization)

    assert again == kept
    assert documents.content_of(RemoteDocument.objects.get()) == CONTENT


def test_new_keys_reach_documents_and_typed_secrets(settings: Any) -> None:
    document = keep(OrganizationFactory())
    plan = PlanFactory()
    target = sealed_values.seal(promotion=plan.promotion, value="open sesame", person=UserFactory())
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode(), *settings.CREDENTIAL_KEYS]

    rotation.rotate_keys(actor=None)
    settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS[:1]

    assert documents.content_of(RemoteDocument.objects.get(pk=document.pk)) == CONTENT
    assert sealed_values.value_of(plan.promotion, target["id"]) == "open sesame"


def typed(plan: Plan, value: str, position: int = 0) -> tuple[PlanItem, dict[str, str]]:
    """An item on which a secret was decided."""
    target = sealed_values.seal(promotion=plan.promotion, value=value, person=UserFactory())
    item = PlanItem.objects.create(
        plan=plan,
        key=f"item {position}",
        kind=ItemKind.VALUE,
        position=position,
        input=ItemInput.SECRET,
        must_decide=True,
        decision=Decision.FILL,
        target=target,
    )
    return item, target


def test_secrets_typed_long_ago_into_a_plan_that_nobody_ran_have_to_be_typed_again(settings: Any) -> None:
    plan = PlanFactory(state=PlanState.OPEN)
    item, target = typed(plan, "open sesame")
    settings.TYPED_SECRETS_DAYS = 3
    sealed_values.forget_old()
    assert SealedValue.objects.exists()
    SealedValue.objects.update(typed_at=timezone.now() - timedelta(days=4))

    sealed_values.forget_old()

    item.refresh_from_db()
    assert not SealedValue.objects.exists()
    assert (item.decision, item.target) == (Decision.UNDECIDED, None)
    assert sealed_values.value_of(plan.promotion, target["id"]) is None


def test_a_secret_typed_lately_outlives_an_older_one_of_the_same_plan(settings: Any) -> None:
    settings.TYPED_SECRETS_DAYS = 3
    plan = PlanFactory(state=PlanState.OPEN)
    older, _ = typed(plan, "open sesame")
    repeated, _ = typed(plan, "open barley", position=1)
    SealedValue.objects.update(typed_at=timezone.now() - timedelta(days=4))
    newer, target = typed(plan, "open wheat", position=2)
    sealed_values.seal(promotion=plan.promotion, value="open barley", person=UserFactory())

    sealed_values.forget_old()

    decided = {item.pk: item.decision for item in plan.items.all()}
    assert decided == {older.pk: Decision.UNDECIDED, repeated.pk: Decision.FILL, newer.pk: Decision.FILL}
    assert sealed_values.value_of(plan.promotion, target["id"]) == "open wheat"
