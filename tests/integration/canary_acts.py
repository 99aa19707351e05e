"""A whole story in which secrets are planted: every act that takes one, and every way to be refused."""

import re
from functools import partial
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.test import Client

from accounts import crypto
from accounts.models import (
    Credential,
    Membership,
    NoticeDelivery,
    Organization,
    StoredValue,
)
from accounts.services import first_run, stored_values, tokens
from emulator.credentials import describe
from promotions.choices import GOOD_ENDS, JobState, SharingState
from promotions.models import (
    Approval,
    Job,
    Journey,
    Package,
    Partnership,
    Plan,
    PlanItem,
    PromotionGroup,
    SharingRequest,
)
from promotions.systems.packages import kinds
from tests.integration.canary_apis import tell_of_apis
from tests.integration.canary_story import (
    CHANGED_PASSWORD,
    FIRST_VALUE,
    MAIL_PASSWORD,
    METRICS_TOKEN,
    MISTYPED_PASSWORD,
    MISTYPED_SECRET,
    MISTYPED_VALUE,
    PASSWORD,
    SECOND_PASSWORD,
    STORED_VALUE,
    TYPED_SECRETS,
    UNUSED_SECRET,
    WRONG_SECRET,
    Story,
)

STORY = "Loyalty schemas v3"


def tell(story: Story) -> None:
    described = {found["name"]: found for found in describe("demo", story.url)["organizations"]}
    _come_in(story)
    acme = _acme_by_forms(story, described["Acme"])
    _globex_by_api(story, described["Globex"])
    _values(story, acme)
    _second_person(story, acme)
    _second_factor(story)
    package = _promote(story, acme)
    _approve(story, package)
    _share(story, package)
    _repeat(story, package)
    _mail(story)
    _journeys(story, acme)
    _decisioning(story, acme)
    tell_of_apis(story, described["Acme integration dev"])
    _passwords(story)
    _errors(story)


def _come_in(story: Story) -> None:
    code = first_run.issue_code()
    assert code is not None
    story.plant("set-up code", code)
    wish = {"full_name": "Ada", "email": "ada@example.com", "time_zone": "UTC", "password": PASSWORD}
    story.post("/setup/", {**wish, "code": "AAAA-BBBB-CCCC-DDDD"}, expect=(422,))
    story.post("/setup/", {**wish, "code": code}, expect=(302,))
    story.plant("session", story.browser.cookies["sessionid"].value)
    answer = story.browser.post("/settings/api-tokens/add/", {"name": "Export"})
    found = re.search(r"tow_[\w-]{40,}", answer.content.decode())
    assert found
    story.plant("API token", found[0])


def _acme_by_forms(story: Story, described: dict[str, Any]) -> Organization:
    story.post(
        "/settings/organizations/add/",
        {
            "name": "Acme",
            "remote_id": described["ims_org_id"],
            "platform_url": story.url,
            "ims_url": story.url,
            "service_urls.journeys": f"{story.url}/authoring",
            "service_urls.decisioning": f"{story.url}/decisioning",
        },
        expect=(302,),
    )
    acme = Organization.objects.get()
    robot, _, legacy, *_ = described["credentials"]
    story.plant("client secret", robot["client_secret"])
    story.plant("client secret of the JWT", legacy["client_secret"])
    lines = legacy["private_key"].strip().splitlines()
    story.plant("private key", lines[len(lines) // 2])
    add = f"/settings/organizations/{acme.pk}/credentials/add/"
    wish = {"name": "Robot", "kind": "oauth_server_to_server", "client_id": robot["client_id"]}
    scopes = ",".join(robot["scopes"])
    story.post(add, {**wish, "client_secret": WRONG_SECRET, "name": ""}, expect=(422,))
    story.post(add, {**wish, "client_secret": WRONG_SECRET, "scopes": scopes}, expect=(302,))
    credential = Credential.objects.get()
    test = f"/settings/credentials/{credential.pk}/test/"
    story.post(test, {}, expect=(302,))
    story.work()
    for form in ("json", "nested", "html", "plain", "unreadable"):
        story.broken(form, lambda: story.post(test, {}, expect=(302,)), only="/ims/", rounds=1)
        story.work()
    story.post(
        f"/settings/credentials/{credential.pk}/secret/", {"client_secret": robot["client_secret"]}, expect=(302,)
    )
    story.post(test, {}, expect=(302,))
    story.work()
    credential.refresh_from_db()
    assert credential.is_last_test_ok, credential.last_test_message
    jwt = {
        "name": "Legacy",
        "kind": "jwt",
        "client_id": legacy["client_id"],
        "client_secret": legacy["client_secret"],
        "technical_account_id": legacy["technical_account_id"],
        "metascopes": ",".join(legacy["metascopes"]),
    }
    story.post(add, {**jwt, "private_key": "\n".join(lines[:-2])}, expect=(422,))
    story.post(add, {**jwt, "private_key": legacy["private_key"]}, expect=(302,))
    second = Credential.objects.get(name="Legacy")
    for form in ("json", "nested", "html", "plain"):
        story.broken(form, lambda: story.post(f"/settings/credentials/{second.pk}/test/", {}, expect=(302,)), rounds=1)
        story.work()
    story.post(f"/settings/credentials/{second.pk}/test/", {}, expect=(302,))
    story.work()
    second.refresh_from_db()
    assert second.is_last_test_ok, second.last_test_message
    return acme


def _globex_by_api(story: Story, described: dict[str, Any]) -> None:
    body = {
        "name": "Globex",
        "remote_id": described["ims_org_id"],
        "platform_url": story.url,
        "ims_url": story.url,
    }
    globex = story.api("POST", "organizations/", body, expect=201)["id"]
    robot, _, legacy, *_ = described["credentials"]
    story.plant("client secret of Globex", robot["client_secret"])
    lines = legacy["private_key"].strip().splitlines()
    story.plant("private key of Globex", lines[len(lines) // 2])
    wish = {"name": "API", "kind": "oauth_server_to_server", "client_id": robot["client_id"], "scopes": robot["scopes"]}
    story.api(
        "POST", f"organizations/{globex}/credentials/", {**wish, "client_secret": WRONG_SECRET, "no": 1}, expect=400
    )
    story.api("POST", f"organizations/{globex}/credentials/", {**wish, "client_secret": [WRONG_SECRET]}, expect=400)
    pk = story.api("POST", f"organizations/{globex}/credentials/", {**wish, "client_secret": WRONG_SECRET}, expect=201)[
        "id"
    ]
    story.api("POST", f"credentials/{pk}/test/", {}, expect=202)
    story.work()
    story.api("PUT", f"credentials/{pk}/secret/", {"client_secret": robot["client_secret"]}, expect=200)
    story.api(
        "POST",
        f"organizations/{globex}/credentials/",
        {
            "name": "JWT",
            "kind": "jwt",
            "client_id": legacy["client_id"],
            "client_secret": WRONG_SECRET,
            "technical_account_id": legacy["technical_account_id"],
            "metascopes": legacy["metascopes"],
            "private_key": legacy["private_key"],
        },
        expect=201,
    )
    second = Credential.objects.get(name="JWT")
    story.api("POST", f"credentials/{second.pk}/test/", {}, expect=202)
    story.work()


def _values(story: Story, acme: Organization) -> None:
    """Kept and replaced by forms and over the API, refused in between."""
    add = f"/settings/organizations/{acme.pk}/values/add/"
    wish = {"name": "SMS key", "description": "Of the messaging team"}
    story.post(add, {**wish, "name": "", "value": MISTYPED_VALUE}, expect=(422,))
    story.post(add, {**wish, "value": FIRST_VALUE}, expect=(302,))
    stored = StoredValue.objects.get()
    story.post(f"/settings/values/{stored.pk}/replace/", {"value": STORED_VALUE}, expect=(302,))
    path = f"organizations/{acme.pk}/values/"
    story.api("POST", path, {"name": "Over the API", "value": [MISTYPED_VALUE]}, expect=400)
    body = {"name": "Over the API", "value": FIRST_VALUE}
    pk = story.api("POST", path, body, expect=201, key="value of the messaging team")["id"]
    story.api("POST", path, {"name": "Over the API", "value": MISTYPED_VALUE}, expect=422)
    story.api("PUT", f"values/{pk}/value/", {"value": MISTYPED_VALUE, "no": 1}, expect=400)
    story.api("PUT", f"values/{pk}/value/", {"value": STORED_VALUE}, expect=200)
    assert stored_values.read_value(StoredValue.objects.get(pk=pk)) == STORED_VALUE


def _second_person(story: Story, acme: Organization) -> None:
    answer = story.browser.post(
        "/settings/people/invite/", {"email": "eve@example.com", "organization": acme.pk, "role": "operator"}
    )
    found = re.search(r"/invitations/([\w-]+)/", answer.content.decode())
    assert found
    link = f"/invitations/{story.plant('invitation', found[1])}/"
    guest = Client()
    wish = {"full_name": "Eve", "time_zone": "UTC"}
    assert guest.get(link).status_code == 200
    # The page of the open invitation carries its own address; it is the guest's, and not searched.
    assert guest.post(link, {**wish, "password": "short"}).status_code == 422
    assert guest.get(f"{link}nowhere/").status_code == 404
    assert guest.post(link, {**wish, "password": SECOND_PASSWORD}).status_code == 302
    story.plant("session of the invited", guest.cookies["sessionid"].value)
    assert Client().get(link).status_code == 404
    eve = Membership.objects.get(user__email="eve@example.com")
    story.post(f"/settings/members/{eve.pk}/", {"role": "approver"}, expect=(302,))
    story.colleague = guest


def _second_factor(story: Story) -> None:
    path = "/settings/profile/second-factor/"
    story.browser.post(f"/accounts/reauthenticate/?next={path}", {"password": PASSWORD})
    found = re.search(r'data-copy="([A-Z2-7 ]{32,})"', story.browser.get(path).content.decode())
    assert found
    secret = story.plant("secret of the second factor", found[1].replace(" ", ""))
    story.plant("secret in groups", found[1])
    counter = list(totp.yield_hotp_counters_from_time())[1]
    code = totp.format_hotp_value(totp.hotp_value(secret, counter))
    # The answer shows the recovery codes, once; it is the person's own, and not searched.
    assert story.browser.post(path, {"code": code}).status_code == 201
    row = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES)
    story.plant("seed of the recovery codes", crypto.decrypt(row.data["seed"]))


def _promote(story: Story, acme: Organization) -> Package:
    story.post(f"/settings/organizations/{acme.pk}/sandboxes/", {}, expect=(302,))
    story.work()
    synchronize = f"/packages/synchronize/{acme.pk}/"
    story.post(synchronize, {}, expect=(302,))
    story.work()
    for form in ("json", "nested", "html", "plain", "unreadable"):
        tokens.forget()
        story.broken(form, lambda: story.post(synchronize, {}, expect=(302,)), only="/exim/")
        story.work()
    package = Package.objects.get(organization=acme, name=STORY)
    story.post(f"/packages/{package.pk}/dependencies/", {}, expect=(302,))
    story.work()
    plan = _plan(story, package)
    for form in ("json", "html", "unreadable"):
        story.broken(form, lambda: story.post(f"/plans/{plan.pk}/refresh/", {}, expect=(302,)))
        story.work()
        story.post(f"/plans/{plan.pk}/refresh/", {}, expect=(302,))
        story.work()
    _decide(story, plan)
    run = f"/plans/{plan.pk}/run/"
    story.broken("json", lambda: story.post(run, {}, expect=(302,)), only="/packages/import", rounds=1)
    story.work()
    assert _imports() == [JobState.FAILED]
    second = _plan(story, package)
    _decide(story, second)
    story.post(f"/plans/{second.pk}/run/", {}, expect=(302,))
    story.work()
    assert _imports() == [JobState.FAILED, JobState.SUCCEEDED]
    return package


def _approve(story: Story, package: Package) -> None:
    """Into production: rejected, asked for again under a key, approved by somebody else, run under a key."""
    plan = _plan(story, package, "prod")
    _decide(story, plan)
    story.post(f"/plans/{plan.pk}/request-approval/", {"note": "For the launch."}, expect=(302,))
    story.work()
    _say(story, Approval.objects.latest("pk"), "reject", "Not on a Friday.", expect=302)
    plan = plan.promotion.current_plan
    for _ in range(2):
        story.api("POST", f"plans/{plan.pk}/approval/", {"note": "On a Monday."}, expect=201, key="release-7")
    approval = Approval.objects.latest("pk")
    _say(story, approval, "approve", "Then yes.", expect=302)
    _say(story, approval, "approve", "Yes again.", expect=409)
    job = story.api("POST", f"plans/{plan.pk}/run/", {}, expect=202, key="run of release-7")["id"]
    story.work()
    story.api("POST", f"plans/{plan.pk}/run/", {}, expect=202, key="run of release-7")
    assert Job.objects.get(pk=job).state == JobState.SUCCEEDED


def _share(story: Story, package: Package) -> None:
    """Refused and then sent to a partner; what another asks for is decided; all of it read over careless gateways."""
    globex = Organization.objects.get(name="Globex")
    for form in ("json", "html", "unreadable"):
        act = partial(story.api, "POST", f"organizations/{package.organization_id}/synchronize-sharing/", expect=202)
        story.broken(form, act, only="/handshake")
        story.work()
    for organization in (package.organization, globex):
        story.api("POST", f"organizations/{organization.pk}/synchronize-sharing/", expect=202)
    story.work()
    wish = {"package": package.pk, "partner_ids": [globex.remote_id], "note": "As agreed."}
    states = []
    for form in ("json", ""):
        asked = story.api("POST", "sharing-requests/share/", wish, expect=201, key=f"sharing {form}")["id"]
        approval = Approval.objects.latest("pk")
        story.broken(form, partial(_say, story, approval, "approve", "They need it.", expect=302), only="/transfer")
        story.work()
        states.append(SharingRequest.objects.get(pk=asked).state)
    assert states == [SharingState.FAILED, SharingState.DONE]
    waiting = Partnership.objects.get(organization=package.organization, direction="incoming", partner_name="Northwind")
    said = {"decision": "reject", "reason": "Not before the audit."}
    story.api("POST", f"partnerships/{waiting.pk}/decide/", said, expect=202)
    story.work()
    assert Partnership.objects.get(pk=waiting.pk).is_rejected


def _journeys(story: Story, acme: Organization) -> None:
    """Filled in by forms and over the API, refused and lost on the way, imported in the end; one plan is never run."""
    story.post(f"/journeys/synchronize/{acme.pk}/", {}, expect=(302,))
    story.work()
    journey = Journey.objects.get(organization=acme, sandbox__name="dev", name="Order confirmation")
    Journey.objects.exclude(pk=journey.pk).delete()  # one is enough to look at
    plan = _journey_plan(story, journey, "stage")
    secrets = list(plan.items.filter(input="secret").order_by("position"))
    chosen = StoredValue.objects.get(name="SMS key")
    for value in (f"INSERT_SECRET_HERE {MISTYPED_SECRET}", MISTYPED_SECRET, TYPED_SECRETS[0]):
        _fill(story, secrets[0], value)
    for number in (1, 2):
        said = {"item": secrets[number].pk, "decision": "fill", "value": TYPED_SECRETS[number]}
        for key in (f"fill {number}", f"fill {number}", ""):
            story.api("POST", f"plans/{plan.pk}/decide/", {"decisions": [said]}, expect=200, key=key)
    said = {"item": secrets[2].pk, "decision": "fill", "value": [MISTYPED_SECRET], "val": MISTYPED_SECRET}
    story.api("POST", f"plans/{plan.pk}/decide/", {"decisions": [said]}, expect=400)
    offered = next(one for one in secrets[3].choices if one["target"]["title"] == chosen.name)["target"]["id"]
    wish = {f"item-{secrets[3].pk}-decision": f"reuse:{offered}", f"item-{secrets[3].pk}-batch": 0}
    story.post(f"/plan-items/{secrets[3].pk}/decide/", wish, expect=(302,))
    _unable_to_seal(story, secrets[0])
    for item in plan.items.exclude(input="secret"):
        first = item.choices[0]
        said = {"item": item.pk, "decision": first["decision"], "target": (first["target"] or {"id": ""})["id"]}
        story.api("POST", f"plans/{plan.pk}/decide/", {"decisions": [said]}, expect=200)
    for form in ("json", "html"):
        plan = plan.promotion.current_plan
        run = f"/plans/{plan.pk}/run/"
        story.broken(form, partial(story.post, run, {}, expect=(302,)), only="/journeyVersions/import", rounds=1)
        story.work()
    runs = Job.objects.filter(promotion=plan.promotion, plan__state="ready").order_by("pk")
    assert [run.state in GOOD_ENDS for run in runs] == [True], [(run.state, run.problem) for run in runs]
    assert {run.state for run in plan.promotion.jobs.filter(kind="journeys.import")} >= {JobState.FAILED}
    assert not plan.promotion.sealed_values.exists()
    unused = _journey_plan(story, journey, "stage")
    _fill(story, unused.items.filter(input="secret")[0], UNUSED_SECRET)
    assert unused.promotion.sealed_values.count() == 1


def _decisioning(story: Story, acme: Organization) -> None:
    """Two analyses whose starts are answered by what they sent: one is refused, of the other nobody knows."""
    ids = {sandbox.name: sandbox.pk for sandbox in acme.sandboxes.all()}
    wish = {"source": ids["dev"], "target": ids["stage"], "level": "sandbox", "hours": 1}
    for form in ("json", "html"):
        begin = partial(story.post, "/decisioning/new/", wish, expect=(302,))
        story.broken(form, begin, only="/generate-dependencies")
    states = Job.objects.filter(kind="decisioning.analyse").order_by("pk").values_list("state", flat=True)
    assert list(states) == [JobState.FAILED, JobState.NEEDS_ATTENTION]


def _journey_plan(story: Story, journey: Journey, target: str) -> Plan:
    sandbox = journey.organization.sandboxes.get(name=target)
    wish = {"version": journey.latest_version_uid, "sandbox": sandbox.pk}
    story.post(f"/journeys/{journey.pk}/promote/", wish, expect=(302,))
    story.work()
    return Plan.objects.latest("pk")


def _fill(story: Story, item: PlanItem, value: str, *, expect: int = 302) -> None:
    item.refresh_from_db()
    said = {f"item-{item.pk}-{name}": text for name, text in (("decision", "fill"), ("batch", item.batch))}
    story.post(f"/plan-items/{item.pk}/decide/", {**said, f"item-{item.pk}-value": value}, expect=(expect,))


def _unable_to_seal(story: Story, item: PlanItem) -> None:
    """A fault of our own while a secret is being kept."""
    kept, settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS, ["no key at all"]
    story.browser.raise_request_exception = False
    _fill(story, item, MISTYPED_SECRET, expect=500)
    said = {"item": item.pk, "decision": "fill", "value": MISTYPED_SECRET}
    story.api("POST", f"plans/{item.plan_id}/decide/", {"decisions": [said]}, expect=500)
    story.browser.raise_request_exception = True
    settings.CREDENTIAL_KEYS = kept


def _say(story: Story, approval: Approval, verdict: str, reason: str, *, expect: int) -> None:
    said = {"verdict": verdict, "reason": reason, "seen_hash": approval.content_hash}
    story.post(f"/approvals/{approval.pk}/", said, expect=(expect,), client=story.colleague)


def _repeat(story: Story, package: Package) -> None:
    """Again with what is remembered, then into two targets at once; the filter of what came of it is kept."""
    again = Plan.objects.latest("pk").promotion
    story.post(f"/promotions/{again.pk}/run-again/", {}, expect=(302,))
    story.work()
    plan = Plan.objects.latest("pk")
    # All that was decided before has been made by then; the refusal is searched like any answer.
    story.api("POST", f"plans/{plan.pk}/take-remembered/", expect=422)
    sandboxes = package.organization.sandboxes.filter(name__in=("stage", "prod"))
    wish = {"sandbox": [sandbox.pk for sandbox in sandboxes], "job_name": STORY, "job_description": ""}
    story.post(f"/packages/{package.pk}/plan/", wish, expect=(302,))
    story.work()
    group = PromotionGroup.objects.get()
    story.post(f"/promotion-groups/{group.pk}/decide/", {"act": "create-undecided"}, expect=(302,))
    story.broken(
        "nested",
        lambda: story.post(f"/promotion-groups/{group.pk}/run/", {"note": "Both."}, expect=(302,)),
        only="/packages/import",
    )
    story.work()
    story.post("/jobs/views/", {"view-name": "Broken", "query": "state=failed"}, expect=(302,))


def _mail(story: Story) -> None:
    """What lay there before the mail server was careless has gone out; one mail it answers with our password."""
    assert story.mail.postman.messages
    story.mail.postman.answer_to_sender = f"451 4.3.0 nothing is relayed for {MAIL_PASSWORD}"
    plan = Plan.objects.filter(approvals=None, promotion__target_sandbox__name="prod").latest("pk")
    story.post(f"/plans/{plan.pk}/accept-exact/", {}, expect=(302,))
    story.post(f"/plans/{plan.pk}/decide/", {"act": "create-undecided"}, expect=(302,))
    story.post(f"/plans/{plan.pk}/request-approval/", {"note": "Look."}, expect=(302,))
    story.work()
    assert "relayed for" in NoticeDelivery.objects.exclude(error="").latest("pk").error
    story.mail.postman.answer_to_sender = ""
    story.post("/settings/mail/send-again/", {}, expect=(302,))
    story.work()


def _plan(story: Story, package: Package, target: str = "stage") -> Plan:
    sandbox = package.organization.sandboxes.get(name=target)
    wish = {"sandbox": sandbox.pk, "job_name": STORY, "job_description": ""}
    story.post(f"/packages/{package.pk}/plan/", wish, expect=(302,))
    story.work()
    return Plan.objects.latest("pk")


def _decide(story: Story, plan: Plan) -> None:
    story.post(f"/plans/{plan.pk}/accept-exact/", {}, expect=(302,))
    story.post(f"/plans/{plan.pk}/decide/", {"act": "create-undecided"}, expect=(302,))


def _imports() -> list[str]:
    return list(Job.objects.filter(kind=kinds.IMPORT, is_foreign=False).order_by("pk").values_list("state", flat=True))


def _passwords(story: Story) -> None:
    guest = Client()
    story.post(
        "/accounts/login/", {"login": "ada@example.com", "password": MISTYPED_PASSWORD}, expect=(200,), client=guest
    )
    change = {"oldpassword": PASSWORD, "password1": CHANGED_PASSWORD, "password2": CHANGED_PASSWORD}
    story.post("/accounts/password/change/", {**change, "oldpassword": MISTYPED_PASSWORD}, expect=(200,))
    story.post("/accounts/password/change/", change, expect=(302,))
    story.plant("session after the change", story.browser.cookies["sessionid"].value)
    story.post("/accounts/password/reset/", {"email": "eve@example.com"}, expect=(302,), client=guest)
    found = re.search(r"/accounts/password/reset/key/([\w-]+)/", story.mail.postman.messages[-1].get_content())
    assert found
    story.plant("reset key", found[1].partition("-")[2])
    guest.get(f"/accounts/password/reset/key/{found[1]}/", follow=True)


def _errors(story: Story) -> None:
    """Every kind of refusal, of callers who sent secrets along."""
    guest = Client(enforce_csrf_checks=True)
    mistyped = {"login": "ada@example.com", "password": MISTYPED_PASSWORD}
    secret = {"client_secret": WRONG_SECRET}
    credential = Credential.objects.filter(name="API").get()
    story.visit("/jobs/export/?format=none", expect=400)
    story.visit("/", expect=400, client=Client(headers={"host": "elsewhere.example.com"}))
    story.post("/accounts/login/", mistyped, expect=(403,), client=guest)
    story.post("/settings/people/invite/", {"password": MISTYPED_PASSWORD}, expect=(403,), client=story.colleague)
    story.visit(f"/invitations/{story.canaries['invitation']}/nowhere/", expect=404, client=Client())
    story.visit("/metrics", expect=401, client=Client(), authorization=f"Bearer {METRICS_TOKEN}-almost")
    story.visit("/metrics", expect=200, client=Client(), authorization=f"Bearer {METRICS_TOKEN}")
    story.visit("/accounts/oidc/login/", expect=502, client=Client())
    story.api("PUT", f"credentials/{credential.pk}/secret/", {"client_secret": {"is": WRONG_SECRET}}, expect=400)
    story.api("PUT", f"credentials/{credential.pk}/nowhere/", secret, expect=404)
    story.api("PUT", "organizations/", secret, expect=405)
    _fail(story, credential, secret)
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    for expected in (200, 429):
        story.post("/accounts/login/", mistyped, expect=(expected,), client=Client())
    settings.ACCOUNT_RATE_LIMITS = False


def _fail(story: Story, credential: Credential, secret: dict[str, str]) -> None:
    """A fault of our own, with secrets in its hands: the key that would encrypt them is none."""
    kept, settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS, ["no key at all"]
    story.browser.raise_request_exception = False
    story.post(f"/settings/credentials/{credential.pk}/secret/", secret, expect=(500,))
    story.api("PUT", f"credentials/{credential.pk}/secret/", secret, expect=500)
    stored = StoredValue.objects.latest("pk")
    story.post(f"/settings/values/{stored.pk}/replace/", {"value": MISTYPED_VALUE}, expect=(500,))
    story.api("PUT", f"values/{stored.pk}/value/", {"value": MISTYPED_VALUE}, expect=500)
    story.browser.raise_request_exception = True
    settings.CREDENTIAL_KEYS = kept
