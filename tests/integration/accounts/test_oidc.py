"""Signing in through a real OpenID provider: who comes in, who does not, and what a bad provider can do."""

import logging
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.test import Client

from accounts import crypto
from accounts.choices import Role
from accounts.errors import RefusedError
from accounts.models import AuditEvent, Invitation, Membership, User
from accounts.services import people
from config.sign_in import Oidc
from tests.factories import PASSWORD, InvitationFactory, OrganizationFactory, UserFactory
from tests.oidc_provider import RunningProvider, running_provider

pytestmark = pytest.mark.django_db

START, BACK = "/accounts/oidc/login/", "/accounts/oidc/callback/"


@pytest.fixture(scope="module")
def process() -> Iterator[RunningProvider]:
    with running_provider(f"http://testserver{BACK}") as found:
        yield found


@pytest.fixture
def provider(process: RunningProvider, settings: Any) -> RunningProvider:
    process.answers()
    settings.ACCOUNT_RATE_LIMITS = False
    settings.OIDC = Oidc(
        issuer=process.url,
        client_id=process.client_id,
        client_secret=process.client_secret,
        name="Acme",
        scopes=("openid", "profile", "email"),
        is_only=False,
        is_loopback_allowed=True,
    )
    UserFactory(administrator=True)
    return process


def go_there(client: Client, url: str = START) -> str:
    answer = client.get(url)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def come_back(client: Client, provider: RunningProvider, sub: str, url: str = START) -> Any:
    return client.get(provider.approve(go_there(client, url), sub))


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def text_of(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


# Who comes in


def test_somebody_with_a_verified_address_comes_in_whatever_its_case_and_is_linked(provider: RunningProvider) -> None:
    user = UserFactory(email="ada@example.com")
    provider.knows("ada-1", email="Ada@Example.COM", email_verified=True, name="Ada")
    client = Client()

    answer = come_back(client, provider, "ada-1", f"{START}?next=/jobs/")

    assert (answer.status_code, answer["Location"]) == (302, "/jobs/")
    assert client.session["_auth_user_id"] == str(user.pk)
    identity = SocialAccount.objects.get()
    assert (identity.user, identity.provider, identity.uid) == (user, provider.url, "ada-1")
    assert identity.extra_data == {}
    assert not SocialToken.objects.exists()
    linked, signed_in = AuditEvent.objects.order_by("sequence")
    assert (linked.verb, linked.actor_id, linked.details["subject"]) == ("people.identity_linked", user.pk, "ada-1")
    assert (signed_in.verb, signed_in.details["by"]) == ("people.signed_in", ["OpenID Connect"])
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_linked_person_comes_in_by_the_subject_alone(provider: RunningProvider) -> None:
    user = UserFactory(email="bea@example.com")
    SocialAccount.objects.create(user=user, provider=provider.url, uid="bea-1")
    provider.knows("bea-1", email="bea@elsewhere.example", email_verified=False)
    client = Client()

    come_back(client, provider, "bea-1")

    assert client.session["_auth_user_id"] == str(user.pk)
    assert SocialAccount.objects.count() == 1


def test_an_open_invitation_is_accepted_by_the_usual_rules(provider: RunningProvider) -> None:
    organization = OrganizationFactory()
    InvitationFactory(email="carla@example.com", organization=organization, role=Role.OPERATOR)
    provider.knows("carla-1", email="carla@example.com", email_verified=True, name="Carla of the provider")
    client = Client()

    come_back(client, provider, "carla-1")

    user = User.objects.get(email="carla@example.com")
    assert client.session["_auth_user_id"] == str(user.pk)
    assert (user.full_name, user.has_usable_password(), user.is_superuser) == ("Carla of the provider", False, False)
    assert Membership.objects.get(user=user).role == Role.OPERATOR
    assert Invitation.objects.get().accepted_by == user
    verbs = list(AuditEvent.objects.order_by("sequence").values_list("verb", flat=True))
    assert verbs == ["people.invitation_accepted", "people.identity_linked", "people.signed_in"]


def test_claims_that_the_id_token_leaves_out_are_asked_for(provider: RunningProvider, monkeypatch: Any) -> None:
    user = UserFactory(email="dora@example.com")
    provider.knows("dora-1", email="dora@example.com", email_verified=True)
    decode = jwt.decode

    def thin(*arguments: Any, **named: Any) -> Any:
        found = decode(*arguments, **named)
        return {name: value for name, value in found.items() if name not in ("email", "email_verified")}

    monkeypatch.setattr(jwt, "decode", thin)
    client = Client()

    come_back(client, provider, "dora-1")

    assert client.session["_auth_user_id"] == str(user.pk)


def test_a_second_factor_is_asked_for_after_the_provider_too(provider: RunningProvider) -> None:
    user = UserFactory(email="eve@example.com")
    data = {"secret": crypto.encrypt("JBSWY3DPEHPK3PXP")}
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data=data)
    provider.knows("eve-1", email="eve@example.com", email_verified=True)
    client = Client()

    answer = come_back(client, provider, "eve-1")

    assert (answer.status_code, answer["Location"]) == (302, "/accounts/2fa/authenticate/")
    assert not is_in(client)


# Who does not


@pytest.mark.parametrize("verified", [False, None, "no", 1])
def test_an_address_that_is_not_verified_opens_nothing(provider: RunningProvider, verified: Any) -> None:
    UserFactory(email="fay@example.com")
    claims = {} if verified is None else {"email_verified": verified}
    provider.knows("fay-1", email="fay@example.com", **claims)
    client = Client()

    answer = come_back(client, provider, "fay-1")

    assert answer.status_code == 403
    assert "does not vouch for an e-mail address of yours" in text_of(answer)
    assert not is_in(client)
    assert not SocialAccount.objects.exists()


def test_an_unknown_person_is_never_created(provider: RunningProvider) -> None:
    before = User.objects.count()
    provider.knows("gus-1", email="gus@example.com", email_verified=True)
    client = Client()

    answer = come_back(client, provider, "gus-1")

    assert answer.status_code == 403
    assert "There is no account for gus@example.com here" in text_of(answer)
    assert "Ask an administrator to invite you" in text_of(answer)
    assert User.objects.count() == before


def test_an_invitation_whose_sender_may_invite_no_more_lets_nobody_in(provider: RunningProvider) -> None:
    InvitationFactory(email="hal@example.com", created_by=UserFactory(is_active=False), is_administrator=True)
    provider.knows("hal-1", email="hal@example.com", email_verified=True)
    client = Client()

    answer = come_back(client, provider, "hal-1")

    assert answer.status_code == 403
    assert "may no longer invite" in text_of(answer)
    assert not User.objects.filter(email="hal@example.com").exists()
    assert Invitation.objects.get().accepted_at is None


@pytest.mark.parametrize("is_linked", [True, False])
def test_a_deactivated_person_is_refused(provider: RunningProvider, is_linked: bool) -> None:
    user = UserFactory(email="ida@example.com", is_active=False)
    if is_linked:
        SocialAccount.objects.create(user=user, provider=provider.url, uid="ida-1")
    provider.knows("ida-1", email="ida@example.com", email_verified=True)
    client = Client()

    answer = come_back(client, provider, "ida-1")

    assert answer.status_code == 403
    assert "Your account here was deactivated" in text_of(answer)
    assert not is_in(client)


def test_another_subject_with_the_same_address_is_refused_until_unlinked(provider: RunningProvider) -> None:
    user, administrator = UserFactory(email="joe@example.com"), UserFactory(administrator=True)
    provider.knows("joe-1", email="joe@example.com", email_verified=True)
    provider.knows("joe-2", email="joe@example.com", email_verified=True)
    come_back(Client(), provider, "joe-1")
    other, helper = Client(), Client()
    helper.force_login(administrator)

    refused = come_back(other, provider, "joe-2")
    was_in = is_in(other)
    unlinked = helper.post(f"/settings/people/{user.pk}/identity/", {"reason": "The directory was rebuilt."})
    come_back(other, provider, "joe-2")

    assert refused.status_code == 403
    assert "belongs to another identity" in text_of(refused)
    assert "ask an administrator to unlink the old one under Settings, People" in text_of(refused)
    assert (was_in, unlinked.status_code, is_in(other)) == (False, 302, True)
    assert SocialAccount.objects.get().uid == "joe-2"
    line = AuditEvent.objects.get(verb="people.identity_unlinked")
    assert (line.reason, line.actor_id) == ("The directory was rebuilt.", administrator.pk)
    assert line.details == {"links": [{"issuer": provider.url, "subject": "joe-1"}]}


# What goes wrong on the way


def test_a_state_of_another_browser_is_refused(provider: RunningProvider) -> None:
    UserFactory(email="kay@example.com")
    provider.knows("kay-1", email="kay@example.com", email_verified=True)
    attacker, victim = Client(), Client()
    link = provider.approve(go_there(attacker), "kay-1")
    go_there(victim)

    answer = victim.get(link)

    assert answer.status_code == 400
    assert "did not fit this browser" in text_of(answer)
    assert not is_in(victim)


def test_the_way_back_works_once(provider: RunningProvider) -> None:
    UserFactory(email="lea@example.com")
    provider.knows("lea-1", email="lea@example.com", email_verified=True)
    client = Client()
    link = provider.approve(go_there(client), "lea-1")
    first = client.get(link)
    client.post("/accounts/logout/")

    second = client.get(link)

    assert (first.status_code, second.status_code) == (302, 400)
    assert not is_in(client)


def test_a_token_made_for_another_sign_in_is_refused(provider: RunningProvider, caplog: Any) -> None:
    UserFactory(email="mia@example.com")
    provider.knows("mia-1", email="mia@example.com", email_verified=True)
    client = Client()
    location = go_there(client)
    nonce = re.search(r"nonce=([\w-]+)", location)
    assert nonce

    answer = client.get(provider.approve(location.replace(nonce[1], "of-another-sign-in"), "mia-1"))

    assert answer.status_code == 502
    assert "another nonce" in caplog.text
    assert not is_in(client)


def test_stopping_at_the_provider_is_no_fault(provider: RunningProvider) -> None:
    client = Client()
    state = re.search(r"state=(\w+)", go_there(client))
    assert state

    answer = client.get(BACK, {"error": "access_denied", "state": state[1]})

    assert "You stopped at your provider. Nothing has happened." in text_of(answer)


def test_a_page_of_another_site_starts_nothing(provider: RunningProvider) -> None:
    answer = Client().get(START, headers={"Sec-Fetch-Site": "cross-site"})

    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/")


def test_ways_to_the_provider_are_throttled(provider: RunningProvider, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"oidc": "3/m/ip"}
    client = Client()

    answers = [client.get(path).status_code for path in (START, BACK, START, START)]

    assert answers == [302, 400, 302, 429]


@pytest.mark.parametrize("parameter", ["process=connect", "auth_params=prompt%3Dnone", "scope=admin", "action=reauth"])
def test_the_visitor_cannot_change_what_is_asked_of_the_provider(provider: RunningProvider, parameter: str) -> None:
    name, _, value = parameter.partition("=")
    client = Client()

    location = go_there(client, f"{START}?{name}={value}")

    assert "prompt=" not in location
    assert "admin" not in location
    [(state, *_)] = client.session["socialaccount_states"].values()
    assert state["process"] == "login"


DISCOVERY = "/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({DISCOVERY: ("503 Service Unavailable", {})}, "503"),
        ({DISCOVERY: ("200 OK", ["odd"])}, "did not answer with a JSON object"),
        ({DISCOVERY: ("200 OK", {"issuer": "https://evil.example"})}, "calls itself 'https://evil.example'"),
    ],
)
def test_a_provider_that_cannot_be_trusted_is_not_gone_to(
    provider: RunningProvider, answers: dict[str, Any], said: str, caplog: Any
) -> None:
    provider.answers(**answers)

    answer = Client().get(START)

    assert answer.status_code == 502
    assert "Signing in with Acme did not work" in text_of(answer)
    assert "Try again in a minute" in text_of(answer)
    assert said in caplog.text


def test_endpoints_without_tls_are_not_talked_to(provider: RunningProvider, caplog: Any) -> None:
    found = {
        "issuer": provider.url,
        "authorization_endpoint": f"{provider.url}/oauth2/authorize",
        "token_endpoint": "http://provider.example/token",
        "jwks_uri": f"{provider.url}/jwks",
    }
    provider.answers(**{DISCOVERY: ("200 OK", found)})

    answer = Client().get(START)

    assert answer.status_code == 502
    assert "token_endpoint of the provider is 'http://provider.example/token', which is no https://" in caplog.text


def test_a_provider_that_is_down_is_said_so(provider: RunningProvider, settings: Any, caplog: Any) -> None:
    with running_provider(f"http://testserver{BACK}") as gone:
        pass
    settings.OIDC = Oidc(**{**vars(settings.OIDC), "issuer": gone.url})
    client = Client()

    answer = client.get(START)

    assert answer.status_code == 502
    assert "the provider could not be reached" in text_of(answer)
    assert "ConnectionError" in caplog.text
    assert client.get("/accounts/login/").status_code == 200


@pytest.mark.parametrize(
    "answers",
    [
        {"/oauth2/token": ("500 Internal Server Error", {"error": "server_error"})},
        {"/oauth2/token": ("200 OK", {"access_token": "a", "token_type": "Bearer"})},
        {"/oauth2/token": ("200 OK", {"access_token": "a", "expires_in": "soon", "id_token": "x.y.z"})},
        {"/oauth2/token": ("200 OK", {"access_token": "a", "id_token": "x.y.z"})},
        {"/oauth2/token": ("200 OK", ["odd"])},
        {"/jwks": ("200 OK", {"keys": []})},
        {"/jwks": ("200 OK", {"odd": 1})},
        {"/jwks": ("500 Internal Server Error", {})},
    ],
    ids=["refused", "no ID token", "odd life", "no token at all", "odd answer", "no keys", "odd keys", "keys down"],
)
def test_an_answer_that_is_none_lets_nobody_in(provider: RunningProvider, answers: dict[str, Any]) -> None:
    UserFactory(email="noa@example.com")
    provider.knows("noa-1", email="noa@example.com", email_verified=True)
    client = Client()
    link = provider.approve(go_there(client), "noa-1")
    provider.answers(**answers)

    answer = client.get(link)

    assert answer.status_code == 502
    assert "Signing in with Acme did not work" in text_of(answer)
    assert not is_in(client)


def test_a_token_that_others_signed_is_refused(provider: RunningProvider) -> None:
    UserFactory(email="oda@example.com")
    provider.knows("oda-1", email="oda@example.com", email_verified=True)
    claims = {
        "iss": provider.url,
        "aud": provider.client_id,
        "sub": "oda-1",
        "iat": 1_000_000_000,
        "exp": 9_999_999_999,
    }
    forged = jwt.encode({**claims, "email": "oda@example.com", "email_verified": True}, "k" * 64, algorithm="HS256")
    client = Client()
    link = provider.approve(go_there(client), "oda-1")
    provider.answers(**{"/oauth2/token": ("200 OK", {"access_token": "a", "id_token": forged})})

    answer = client.get(link)

    assert answer.status_code == 502
    assert not is_in(client)


def test_the_client_secret_is_neither_shown_nor_logged(provider: RunningProvider, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    UserFactory(email="pam@example.com")
    provider.knows("pam-1", email="pam@example.com", email_verified=True)
    client = Client()
    location = go_there(client)
    provider.answers(
        **{"/oauth2/token": ("400 Bad Request", {"error": "invalid_grant", "sent": provider.client_secret})}
    )

    answer = client.get(provider.approve(location, "pam-1"))

    assert answer.status_code == 502
    assert "The provider gave no token: invalid_grant." in caplog.text
    seen = location + caplog.text + answer.content.decode() + client.get("/accounts/login/").content.decode()
    assert provider.client_secret not in seen
    assert provider.client_secret not in str(dict(client.session))


# Passwords closed


@pytest.fixture
def closed(provider: RunningProvider, settings: Any) -> RunningProvider:
    settings.OIDC = Oidc(**{**vars(settings.OIDC), "is_only": True})
    return provider


def test_where_passwords_are_closed_a_right_one_is_answered_like_a_wrong_one(closed: RunningProvider) -> None:
    user, administrator = UserFactory(), UserFactory(administrator=True)
    answers = {}
    for name, email, password in [
        ("right", user.email, PASSWORD),
        ("wrong", user.email, "wrong"),
        ("administrator", administrator.email, PASSWORD),
    ]:
        client = Client()
        answer = client.post("/accounts/login/", {"login": email, "password": password})
        answers[name] = (answer.status_code, is_in(client))

    assert answers == {"right": (200, False), "wrong": (200, False), "administrator": (302, True)}


def test_where_passwords_are_closed_invitations_lead_to_the_provider(closed: RunningProvider) -> None:
    InvitationFactory(token="to-a-person")
    InvitationFactory(token="to-an-administrator", is_administrator=True)
    wish = {"full_name": "Quinn", "password": "another rope of 1828", "time_zone": "UTC"}

    person = Client().post("/invitations/to-a-person/", wish)
    administrator = Client().post("/invitations/to-an-administrator/", wish)

    assert "Sign in with Acme" in person.content.decode()
    assert administrator.status_code == 302
    assert User.objects.filter(full_name="Quinn", is_superuser=True).count() == 1
    with pytest.raises(RefusedError, match="Passwords are closed here"):
        people.accept_invitation(token="to-a-person", **wish)


def test_where_passwords_are_closed_nobody_gets_a_link_to_one(closed: RunningProvider, mailoutbox: Any) -> None:
    user, administrator = UserFactory(), UserFactory(administrator=True)
    for email in (user.email, administrator.email):
        Client().post("/accounts/password/reset/", {"email": email})

    links = {mail.to[0] for mail in mailoutbox if "/password/reset/key/" in mail.body}

    assert links == {administrator.email}
    with pytest.raises(RefusedError, match="Passwords are closed here"):
        people.make_password_link(user=user, actor=administrator)


def test_while_nobody_exists_the_provider_leads_to_the_set_up(provider: RunningProvider) -> None:
    User.objects.all().delete()

    answers = [Client().get(path)["Location"] for path in (START, BACK)]

    assert answers == ["/setup/", "/setup/"]


# Who came first at this browser


def test_a_session_that_was_there_before_opens_nothing_afterwards(provider: RunningProvider) -> None:
    UserFactory(email="grace@example.com")
    provider.knows("grace", email="grace@example.com", email_verified=True)
    client = Client()
    there = go_there(client)
    planted = client.cookies["sessionid"].value
    thief = Client()
    thief.cookies["sessionid"] = planted

    client.get(provider.approve(there, "grace"))

    assert is_in(client)
    assert client.cookies["sessionid"].value != planted
    assert thief.get("/settings/profile/").status_code == 302


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:1"])
def test_the_way_back_leads_nowhere_else(provider: RunningProvider, where: str) -> None:
    UserFactory(email="grace@example.com")
    provider.knows("grace", email="grace@example.com", email_verified=True)
    client = Client()

    answer = come_back(client, provider, "grace", f"{START}?{urlencode({'next': where})}")

    assert is_in(client)
    assert answer["Location"] == "/"
