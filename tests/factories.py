"""Objects of accounts for tests: each factory makes one object and what it cannot live without."""

import json
from datetime import timedelta
from functools import cache
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts import crypto
from accounts.choices import CredentialKind, DeliveryState, OrganizationKind, Role, SandboxType
from accounts.models import (
    ApiToken,
    Credential,
    Invitation,
    Membership,
    Notice,
    NoticeDelivery,
    Organization,
    Sandbox,
    StoredValue,
    User,
)
from accounts.services import sandboxes
from accounts.vendors import DEFAULT_CONTROL_PLANE_URL

PASSWORD = "a long towing rope of 1827"
CLIENT_SECRET = "p8e-canary-client-secret-0001"
STORED_VALUE = "sk-canary-stored-value-0001"


@cache
def _hashed(password: str) -> str:
    """Hashing is slow on purpose; once is enough for people of tests."""
    return make_password(password)


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    class Params:
        administrator = factory.Trait(is_superuser=True)

    email = factory.Sequence(lambda n: f"person{n}@example.com")
    full_name = factory.Sequence(lambda n: f"Person {n}")
    password = factory.LazyFunction(lambda: _hashed(PASSWORD))


class OrganizationFactory(DjangoModelFactory[Organization]):
    class Meta:
        model = Organization

    name = factory.Sequence(lambda n: f"Organization {n}")
    remote_id = factory.Sequence(lambda n: f"{n:024X}@AdobeOrg")


class SnapLogicOrganizationFactory(OrganizationFactory):
    """With the row of its environment."""

    class Meta:
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Integrations {n}")
    remote_id = factory.Sequence(lambda n: f"acme-{n}")
    kind = OrganizationKind.SNAPLOGIC
    platform_url = DEFAULT_CONTROL_PLANE_URL
    ims_url = ""

    @factory.post_generation
    def environment_row(self, create: bool, extracted: Any, **_options: Any) -> None:
        if create:
            sandboxes.keep_environment(self)


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    organization = factory.SubFactory(OrganizationFactory)
    role = Role.VIEWER


class CredentialFactory(DjangoModelFactory[Credential]):
    class Meta:
        model = Credential

    class Params:
        secret = CLIENT_SECRET
        snaplogic = factory.Trait(
            organization=factory.SubFactory(SnapLogicOrganizationFactory),
            kind=CredentialKind.SNAPLOGIC_BASIC,
            client_id="towpath@acme.example",
            scopes=[],
        )

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Credential {n}")
    kind = CredentialKind.OAUTH_SERVER_TO_SERVER
    client_id = factory.Sequence(lambda n: f"client{n:04}")
    scopes = factory.LazyFunction(lambda: ["openid", "AdobeID"])
    secrets = factory.LazyAttribute(lambda made: crypto.encrypt(json.dumps({"client_secret": made.secret})))
    secret_set_at = factory.LazyFunction(timezone.now)
    is_primary = True


class StoredValueFactory(DjangoModelFactory[StoredValue]):
    class Meta:
        model = StoredValue

    class Params:
        value = STORED_VALUE

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Value {n}")
    sealed = factory.LazyAttribute(lambda made: crypto.encrypt(made.value))
    digest = factory.LazyAttribute(lambda made: crypto.keyed_digest(made.value))
    set_at = factory.LazyFunction(timezone.now)


class SandboxFactory(DjangoModelFactory[Sandbox]):
    class Meta:
        model = Sandbox

    class Params:
        production = factory.Trait(type=SandboxType.PRODUCTION)

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"dev-{n}")
    title = factory.LazyAttribute(lambda made: made.name.title())
    type = SandboxType.DEVELOPMENT
    state = "active"
    region = "VA7"


class InvitationFactory(DjangoModelFactory[Invitation]):
    class Meta:
        model = Invitation

    class Params:
        token = factory.Sequence(lambda n: f"invitation-token-{n}")

    token_hash = factory.LazyAttribute(lambda made: crypto.token_hash(made.token))
    email = factory.Sequence(lambda n: f"invited{n}@example.com")
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=7))


class ApiTokenFactory(DjangoModelFactory[ApiToken]):
    class Meta:
        model = ApiToken

    class Params:
        text = factory.Sequence(lambda n: f"tow_api-token-{n}")

    user = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"Token {n}")
    prefix = factory.LazyAttribute(lambda made: made.text[:12])
    token_hash = factory.LazyAttribute(lambda made: crypto.token_hash(made.text))


class NoticeFactory(DjangoModelFactory[Notice]):
    """Unread and about no organization."""

    class Meta:
        model = Notice

    class Params:
        read = factory.Trait(read_at=factory.LazyFunction(timezone.now))
        settled = factory.Trait(settled_at=factory.LazyFunction(timezone.now))

    person = factory.SubFactory(UserFactory)
    kind = "job_ended"
    text = factory.Sequence(lambda n: f"Import {n} into stage: succeeded")
    url = "/"


class NoticeDeliveryFactory(DjangoModelFactory[NoticeDelivery]):
    """Waiting for its first try."""

    class Meta:
        model = NoticeDelivery

    class Params:
        given_up = factory.Trait(
            state=DeliveryState.GIVEN_UP,
            attempts=1,
            error="The mail server refuses the recipient: 550 no such user",
            ended_at=factory.LazyFunction(timezone.now),
        )

    notice = factory.SubFactory(NoticeFactory)
    give_up_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=3))


def api_headers(user: User) -> dict[str, Any]:
    """Headers of a request to the REST API in the name of this person."""
    text = f"tow_{user.pk}_{timezone.now().timestamp()}"
    ApiTokenFactory(user=user, text=text)
    return {"HTTP_AUTHORIZATION": f"Bearer {text}"}
