"""The part of the story about API versions: credentials of SnapLogic, accounts with typed and stored secrets."""

import base64
import io
import re
import zipfile
from functools import partial
from typing import Any

import httpx
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Credential, Organization, StoredValue
from promotions.choices import GOOD_ENDS, JobState
from promotions.models import ApiVersion, Job, Plan, PlanItem, SealedValue
from tests.integration.canary_story import (
    API_SECRETS,
    API_STORED_VALUE,
    MISTYPED_SECRET,
    UNUSED_API_SECRET,
    WRONG_SECRET,
    Story,
)

ENVIRONMENT = "acme-dev"
IMPORT = "/import_version/"


def tell_of_apis(story: Story, described: dict[str, Any]) -> None:
    environment = _environment(story, described)
    archive = _upload(story, environment, described)
    plan = _plan(story, environment, archive, "2.0", forms=("json", "html"))
    _edit(story, plan)
    _lose(story, plan)
    _fail_in_part(story, environment, archive)
    unused = _plan(story, environment, archive, "4.0")
    typed = dict.fromkeys(_secrets(_account(unused, "orders_db_account")), UNUSED_API_SECRET)
    _put(story, unused, "orders_db_account", {"values": typed})
    _export(story, environment)
    _deprecate(story, environment)


def _environment(story: Story, described: dict[str, Any]) -> Organization:
    wish = {"name": "Integrations", "remote_id": ENVIRONMENT, "platform_url": story.url}
    story.post("/settings/organizations/add/?kind=snaplogic", wish, expect=(302,))
    environment = Organization.objects.get(remote_id=ENVIRONMENT)
    basic, _, bearer = described["credentials"]
    story.plant("SnapLogic password", basic["password"])
    for password in (basic["password"], WRONG_SECRET):
        pair = base64.b64encode(f"{basic['username']}:{password}".encode()).decode()
        story.plant(f"Basic header {password[-4:]}", pair)
    lines = bearer["private_key"].strip().splitlines()
    story.plant("private key of SnapLogic", lines[len(lines) // 2])
    add = f"/settings/organizations/{environment.pk}/credentials/add/"
    wish = {"name": "Release robot", "client_id": basic["username"], "client_secret": WRONG_SECRET}
    story.post(add, {**wish, "client_id": ""}, expect=(422,))
    story.post(add, wish, expect=(302,))
    credential = Credential.objects.get(organization=environment)
    _tested(story, credential)
    story.post(f"/settings/credentials/{credential.pk}/secret/", {"client_secret": basic["password"]}, expect=(302,))
    _tested(story, credential, forms=("json", "nested", "html"))
    assert credential.is_last_test_ok, credential.last_test_message
    wish = {"name": "By key", "client_id": bearer["username"], "issuer": bearer["issuer"], "key_id": bearer["key_id"]}
    story.post(f"{add}?kind=snaplogic_bearer", {**wish, "private_key": "\n".join(lines[:-2])}, expect=(422,))
    story.post(f"{add}?kind=snaplogic_bearer", {**wish, "private_key": bearer["private_key"]}, expect=(302,))
    second = Credential.objects.get(organization=environment, name="By key")
    _tested(story, second, forms=("plain",))
    assert second.is_last_test_ok, second.last_test_message
    value = {"name": "Mail secret", "value": API_STORED_VALUE}
    story.post(f"/settings/organizations/{environment.pk}/values/add/", value, expect=(302,))
    return environment


def _tested(story: Story, credential: Credential, forms: tuple[str, ...] = ()) -> None:
    """Over careless gateways first, and then as it should be."""
    test = partial(story.post, f"/settings/credentials/{credential.pk}/test/", {}, expect=(302,))
    for form in forms:
        story.broken(form, test, only="/rest/public/", rounds=1)
        story.work()
    test()
    story.work()
    credential.refresh_from_db()


def _upload(story: Story, environment: Organization, described: dict[str, Any]) -> int:
    """By the form; what is no export is refused before."""
    basic = described["credentials"][0]
    answer = httpx.get(
        f"{story.url}/api/1/rest/public/apim/export_version/{ENVIRONMENT}/apim/orders/1.2",
        auth=(basic["username"], basic["password"]),
    )
    zipped = answer.raise_for_status().content
    with zipfile.ZipFile(io.BytesIO(zipped)) as opened:
        template = opened.read("accounts_template.json").decode()
    for number, sealed in enumerate(re.findall(r"ENC\([^)]+\)", template)):
        story.plant(f"secret {number} as the platform encrypts it", sealed)
    wish = {"origin": "upload", "target": environment.pk, "api": "orders", "version": "2.0", "rule": "skip"}
    broken = SimpleUploadedFile("orders.zip", zipped[:-40], "application/zip")
    story.post("/apis/import/", {**wish, "file": broken}, expect=(422,))
    story.post("/apis/import/", {**wish, "file": SimpleUploadedFile("orders.zip", zipped)}, expect=(302,))
    story.work()
    return int(Plan.objects.latest("pk").promotion.pick["archive"])


def _plan(story: Story, environment: Organization, archive: int, version: str, forms: tuple[str, ...] = ()) -> Plan:
    wish = {"organization": environment.pk, "archive": archive, "api": "orders", "version": version, "rule": "skip"}
    pk = story.api("POST", "api-imports/", wish, expect=201, key=f"import into {version}")["id"]
    for form in forms:
        story.broken(form, lambda: None, only="/list_assets")
    story.work()
    plan = Plan.objects.filter(promotion=pk).latest("pk")
    story.post(f"/plans/{plan.pk}/refresh/", {}, expect=(302,))
    story.work()
    return Plan.objects.filter(promotion=pk, state="open").latest("pk")


def _account(plan: Plan, name: str) -> PlanItem:
    found: PlanItem = plan.items.get(type="Account in the zip", title=name)
    return found


def _secrets(account: PlanItem) -> list[str]:
    return [leaf["pointer"] for leaf in account.details["leaves"] if leaf["is_secret"]]


def _put(story: Story, plan: Plan, name: str, body: Any, *, expect: int = 200) -> None:
    uuid = _account(plan, name).details["uuid"]
    story.api("PUT", f"plans/{plan.pk}/accounts/{uuid}/", body, expect=expect)


def _edit(story: Story, plan: Plan) -> None:
    """One account by the form, one over the API with a value that is kept; mistyped on the way."""
    account = _account(plan, "orders_db_account")
    page = f"/plans/{plan.pk}/accounts/{account.details['uuid']}/"
    leaves = account.details["leaves"]
    number = next(at for at, leaf in enumerate(leaves) if leaf["is_secret"])
    stored = StoredValue.objects.get(name="Mail secret")
    as_it_is = {f"value-{at}": leaf["current"] for at, leaf in enumerate(leaves) if not leaf["is_secret"]}
    wrong = {**as_it_is, f"value-{number}": MISTYPED_SECRET, f"stored-{number}": f"stored-{stored.pk}"}
    story.post(page, wrong, expect=(422,))
    story.post(page, {**as_it_is, f"value-{number}": f"ENC({MISTYPED_SECRET})"}, expect=(422,))
    story.post(page, {**as_it_is, f"value-{number}": MISTYPED_SECRET, "seen": "of another time"}, expect=(409,))
    for secret in (MISTYPED_SECRET, API_SECRETS[0]):
        shown = story.browser.get(page).context["form"]["seen"].value()
        story.post(page, {**as_it_is, f"value-{number}": secret, "seen": shown}, expect=(302,))
    story.visit(page, expect=200)
    pointers = _secrets(_account(plan, "mail_oauth"))
    offered = story.api("GET", f"plans/{plan.pk}/accounts/", expect=200)
    assert offered
    _put(story, plan, "mail_oauth", {"values": [API_SECRETS[1]]}, expect=400)
    _put(story, plan, "mail_oauth", {"values": {pointers[0]: [API_SECRETS[1]]}}, expect=400)
    _put(story, plan, "mail_oauth", {"values": {"/nowhere": API_SECRETS[1]}}, expect=422)
    _put(story, plan, "mail_oauth", {"values": dict.fromkeys(pointers, API_SECRETS[1])})
    value = plan.items.filter(type="Account value", input="secret", depth=1).last()
    assert value is not None
    kept = next(one["target"]["id"] for one in value.choices if one["target"] is not None)
    _put(story, plan, "mail_oauth", {"stored": {pointers[-1]: kept}})
    story.visit(f"/plans/{plan.pk}/file-account/", expect=200)
    story.api("GET", f"plans/{plan.pk}/file-account/", expect=200)


def _decide(story: Story, plan: Plan) -> None:
    for item in plan.items.filter(must_decide=True, decision="undecided").exclude(type="Account value"):
        said = {"item": item.pk, "decision": item.choices[0]["decision"]}
        story.api("POST", f"plans/{plan.pk}/decide/", {"decisions": [said]}, expect=200)


def _lose(story: Story, plan: Plan) -> None:
    """Refused with what was sent, then answered by what nobody can read, looked for, named, and closed."""
    promotion = plan.promotion
    _decide(story, plan)
    run = f"/plans/{promotion.current_plan.pk}/run/"
    story.broken("json", partial(story.post, run, {}, expect=(302,)), only=IMPORT, rounds=1)
    story.work()
    job = promotion.jobs.latest("pk")
    assert job.state == JobState.FAILED, job.problem
    assert SealedValue.objects.filter(promotion=promotion).exists()
    run = f"/plans/{promotion.current_plan.pk}/run/"
    story.broken("nested", partial(story.post, run, {}, expect=(302,)), only=IMPORT, rounds=1)
    story.work()
    job = promotion.jobs.latest("pk")
    assert job.state == JobState.NEEDS_ATTENTION, job.problem
    story.visit(f"/jobs/{job.pk}/", expect=200)
    wish = {"remote_id": f"{ENVIRONMENT}/apim/orders/2.0", "reason": "It is there"}
    adopted = {f"adopt-{name}": value for name, value in wish.items()} | wish
    story.post(f"/jobs/{job.pk}/adopt/", adopted, expect=(302,))
    story.work()
    job.refresh_from_db()
    assert job.state == JobState.FAILED, job.problem
    assert not SealedValue.objects.filter(promotion=promotion).exists()


def _fail_in_part(story: Story, environment: Organization, archive: int) -> None:
    """The platform says of an asset what it was sent for another one."""
    plan = _plan(story, environment, archive, "3.0")
    secret = API_SECRETS[2]
    pointers = _secrets(_account(plan, "orders_db_account"))
    _put(story, plan, "orders_db_account", {"values": dict.fromkeys(pointers, secret)})
    _decide(story, plan)
    said = {"name": "orders_list", "status_code": 500, "reason": f"cannot connect with {secret}"}
    warned = {"name": "orders_get", "message": f"the password {secret} is weak"}
    planned = {"operation": "import", "fail": [said], "warn": [warned]}
    httpx.post(f"{story.url}/__emulator/snaplogic/next", json=planned).raise_for_status()
    story.post(f"/plans/{plan.promotion.current_plan.pk}/run/", {}, expect=(302,))
    story.work()
    job = plan.promotion.jobs.latest("pk")
    assert job.state == JobState.PARTLY_FAILED, job.problem
    assert job.results.filter(explanation__contains="cannot connect with").exists()
    story.post(f"/jobs/{job.pk}/import-again/", {"key": "add"}, expect=(302,))
    story.work()


def _export(story: Story, environment: Organization) -> None:
    """A version is exported first, over careless gateways."""
    row = ApiVersion.objects.filter(organization=environment).first()
    if row is None:
        story.api(
            "POST", "api-versions/", {"organization": environment.pk, "api": "orders", "version": "1.2"}, expect=201
        )
    row = ApiVersion.objects.filter(organization=environment).latest("pk")
    wish = {"origin": "version", "source": row.pk, "target": environment.pk, "api": "orders", "version": "5.0"}
    for form in ("json", "unreadable"):
        act = partial(story.post, "/apis/import/", {**wish, "rule": "skip"}, expect=(302,))
        story.broken(form, act, only="/export_version/")
        story.work()
    assert Job.objects.filter(kind="snaplogic.export").exists()


def _deprecate(story: Story, environment: Organization) -> None:
    """A change of life that is answered by what was sent."""
    row = ApiVersion.objects.filter(organization=environment).latest("pk")
    ApiVersion.objects.filter(pk=row.pk).update(state="published")
    wish = {"act": "deprecate", "version": row.pk}
    story.post("/apis/life-cycle/", wish, expect=(302,))
    story.work()
    plan = Plan.objects.latest("pk")
    _decide(story, plan)
    run = f"/plans/{plan.promotion.current_plan.pk}/run/"
    story.broken("html", partial(story.post, run, {}, expect=(302,)), only="/deprecate_versions", rounds=1)
    story.work()
    job = plan.promotion.jobs.latest("pk")
    assert job.state == JobState.NEEDS_ATTENTION
    assert job.state not in GOOD_ENDS
    story.post(f"/jobs/{job.pk}/close/", {"reason": "It is not", "close-reason": "It is not"}, expect=(302,))
