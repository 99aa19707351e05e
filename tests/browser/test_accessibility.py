"""axe-core finds nothing on any page: wide and light, narrow and dark, signed in and not."""

import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import Resolver404, resolve, reverse
from playwright.sync_api import Page

from tests.browser.conftest import People, Stack
from tests.unit.access_rows import ROWS as ACCOUNTS_ROWS
from tests.unit.access_rows import Row
from tests.unit.access_rows_promotions import ROWS as PROMOTIONS_ROWS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

ADMINISTRATOR = "ada@example.com"
LOOKS = {"wide and light": (1280, "light"), "narrow and dark": (390, "dark")}
SIGNED_OUT = ("/accounts/login/", "/accounts/password/reset/", "/accounts/password/reset/done/", "/no-such-page/")
# Answers that are no page of their own.
FRAGMENTS = {
    "accounts:notice-badge",
    "promotions:job-row",
    "promotions:journey-synchronization",
    "promotions:package-dependencies",
    "promotions:package-synchronization",
    "promotions:plan-status",
    "healthz",
    "readyz",
    "api-schema",
    "api-docs",  # the page of Swagger UI, which is not ours
}
# Pages that no link of this scene leads to; what is on them is on others here, or tested beside them.
NOT_REACHED = {
    "account_inactive",
    "account_logout",
    "account_reauthenticate",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "accounts:invitation-accept",
}
SCENE = """
import json, time
from accounts.models import Invitation, Organization, User
from accounts.services import api_tokens, people, stored_values
from promotions.choices import JobState, PlanState
from promotions.api_choices import ApiVersionState, DuplicateRule, LifecycleAct
from promotions.models import (
    ApiVersion, Archive, Job, Journey, JourneyCopy, Package, Partnership, Plan, Promotion, RunCheck, TaskResult,
    Transfer)
from promotions.services import (
    api_accounts, api_expressions, api_lifecycles, api_version_plans, api_versions, approvals, archives,
    decisioning_plans, decisions, journey_plans, package_plans, plans, repeats, sealed_files, sharing)
from promotions.systems.snaplogic.acts import Act
from promotions.systems.decisioning.picks import Pick
from tests.unit.promotions.zip_making import DB_ACCOUNT, exported
oskar, priya = User.objects.get(email="oskar@example.com"), User.objects.get(email="priya@example.com")
acme = Organization.objects.get(name="Acme")
package = Package.objects.get(organization=acme, name="Loyalty schemas v3")
def planned(sandbox):
    return gathered(package_plans.plan_promotion(
        package=package, sandbox=acme.sandboxes.get(name=sandbox), job_name="Scene", actor=oskar))
def gathered(promotion):
    for _ in range(300):
        if promotion.current_plan.state == PlanState.OPEN:
            break
        time.sleep(0.1)
    return promotion
def jobs_of(promotion):
    return promotion.jobs.order_by("pk").first()
Package.objects.filter(pk=package.pk).update(
    capabilities=["VERSIONABLE"],
    package_version="4",
    versions=[{"id": str(n), "version": str(n), "at": "2026-03-01T12:00:00+00:00", "by": "4F1A"} for n in (4, 3, 2, 1)],
    comparison={"at": "2026-03-01T12:00:00+00:00", "target": "stage", "version": "4", "left_out": 0, "objects": [
        {"type": "REGISTRY_SCHEMA", "id": "a", "title": "Members", "target": {"id": "b", "title": "Us"}, "changes": [
            {"op": "add", "path": "/properties/tier", "old": None, "new": {"title": "Tier " * 40}},
            {"op": "remove", "path": "/description", "old": "Old words", "new": None}]}]})
package.refresh_from_db()
open_plan = planned("stage")
prod = planned("prod")
decisions.accept_exact(plan=prod.current_plan, actor=oskar)
rest = decisions.creations_of_undecided(prod.current_plan)
decisions.decide(plan=prod.current_plan, verdicts=rest, actor=oskar)
approval = approvals.request_approval(plan=prod.current_plan, actor=oskar, note="Release 7")
group = package_plans.promote_to(
    package=Package.objects.get(organization=acme, name="CRM identity foundation"),
    sandboxes=list(acme.sandboxes.filter(name__in=["stage", "prod"])),
    job_name="Scene", actor=oskar)
journey = Journey.objects.get(organization=acme, sandbox__name="dev", name="Order confirmation")
carried = gathered(journey_plans.plan_promotion(
    journey=journey, version_uid=journey.latest_version_uid, sandbox=acme.sandboxes.get(name="stage"), actor=oskar))
secret = carried.current_plan.items.filter(input="secret").first()
decisions.decide(
    plan=carried.current_plan, verdicts=[decisions.Verdict(secret.pk, "fill", value="sk-scene")], actor=oskar)
carried_by = Job.objects.create(
    kind="journeys.import", title=journey.name, organization=acme, sandbox=carried.target_sandbox, promotion=carried,
    state=JobState.SUCCEEDED, submit_count=1)
JourneyCopy.objects.create(
    job=carried_by, promotion=carried, source_organization=acme, source_sandbox_name="dev",
    source_uid=journey.uid, source_version_uid=journey.latest_version_uid, source_version="3.0",
    target_organization=acme, target_sandbox=carried.target_sandbox, name="Order confirmation_copy",
    objects_made=[{"type": "event", "name": "a", "uid": "1", "new_uid": "2", "new_name": "a_copy"}],
    problems=["The event a names no schema."])
administrator = User.objects.get(email="ada@example.com")
people.invite(email="newcomer@example.com", organization=acme, role="viewer", actor=administrator)
job = jobs_of(open_plan)
sharing.request_synchronization(organization=acme, actor=oskar)
failed = Transfer.objects.filter(organization=acme, direction="outgoing", status="FAILED", package__isnull=False)
for _ in range(300):
    if failed.exists() and Partnership.objects.filter(organization=acme, direction="incoming").exists():
        break
    time.sleep(0.1)
wish = sharing.request_share(
    package=package, partner_ids=["3F8C27D1B09E4A650A495D2B@AdobeOrg", "2B9E6F10D4C783A50A495D17@AdobeOrg"],
    note="Scene", actor=oskar)
migration = decisioning_plans.plan_migration(
    pick=Pick("dev", "sandbox"), target=acme.sandboxes.get(name="stage"), actor=oskar)
for _ in range(300):
    if migration.current_plan.state == PlanState.OPEN:
        break
    time.sleep(0.1)
ended = Promotion.objects.get(pk=migration.pk)
ended.pk, ended._state.adding = None, True
ended.save()
ran = Job.objects.create(
    kind="decisioning.migrate", title=ended.title, state=JobState.SUCCEEDED_WITH_WARNINGS, organization=acme,
    sandbox=ended.target_sandbox, promotion=ended, plan=Plan.objects.create(promotion=ended, state=PlanState.READY),
    submit_count=1, remote_id="scene", remote_status="Completed",
    result={"warnings": [{"text": "Not migrated", "object": "Member magazine"}]})
TaskResult.objects.create(job=ran, position=0, type="Offer", remote_id="a", title="ExD_a", outcome="created")
RunCheck.objects.create(job=ran, key="datastream", position=0, title="It answers", sample="curl " + "x" * 300)
dev_apis = Organization.objects.get(name="Acme integration dev")
def named(api, version):
    known = ApiVersion.objects.filter(organization=dev_apis, api=api, version=version).first()
    return known or api_versions.name(organization=dev_apis, api=api, version=version, actor=oskar)
orders = named("orders", "1.2")
api_versions.store_listing(orders, {"Pipeline": ["orders_get", "orders_list"], "Account": ["orders_db"]})
api_versions.note_state(api_version=orders, state=ApiVersionState.DEPRECATED, actor=oskar)
profile = named("Customer profile", "v2")
zipped = sealed_files.write([b"PK"], at_most=10)
archive = Archive.objects.create(
    organization=dev_apis, origin="uploaded", name="orders-1.2.zip", version_path=orders.path, size=zipped.size,
    sha256=zipped.sha256, file=zipped.name, created_by=oskar)
retiring = gathered(api_lifecycles.plan_change(
    organization=dev_apis, act=Act(LifecycleAct.RETIRE, (("orders", "1.2"),)), actor=oskar))
offering = gathered(api_lifecycles.plan_change(
    organization=dev_apis,
    act=Act(LifecycleAct.PUBLISH, (("Customer profile", "v2"),), contact_email="a@example.com", spec="{}"),
    actor=oskar))
retired = Promotion.objects.get(pk=retiring.pk)
retired.pk, retired._state.adding = None, True
retired.save()
retired_by = Job.objects.create(
    kind="snaplogic.lifecycle", title=retired.title, organization=dev_apis, sandbox=retired.target_sandbox,
    promotion=retired, state=JobState.FAILED, submit_count=1, problem="1 of 1 could not be retired.",
    plan=Plan.objects.create(promotion=retired, state=PlanState.READY))
TaskResult.objects.create(
    job=retired_by, position=0, type="API version", remote_id="orders/1.2", title="orders 1.2", outcome="failed",
    explanation="Version is not deprecated")
brought = archives.receive(organization=dev_apis, chunks=[exported()], file_name="orders.zip", actor=oskar)
importing = gathered(api_version_plans.plan_import(
    source=brought, target=dev_apis, api="orders", version="1.3", rule=DuplicateRule.OVERWRITE, types=["Pipeline"],
    actor=oskar))
api_expressions.add(plan=importing.current_plan, files=[("a.expr", [b"{}"]), ("b.txt", [b"{}"])], actor=oskar)
gathered(importing)
stored_values.add(
    organization=dev_apis, name="Orders database", value="sk-scene", description="", actor=administrator)
leaves = importing.current_plan.items.get(key=f"account:{DB_ACCOUNT}").details["leaves"]
api_accounts.edit(
    plan=importing.current_plan, uuid=DB_ACCOUNT, stored={}, actor=oskar,
    typed={leaf["pointer"]: "elsewhere" for leaf in leaves if leaf["label"].endswith("hostname")})
into = Promotion.objects.get(pk=importing.pk)
into.pk, into._state.adding = None, True
into.save()
imported_by = Job.objects.create(
    kind="snaplogic.import", title=into.title, organization=dev_apis, sandbox=into.target_sandbox, promotion=into,
    plan=Plan.objects.create(promotion=into, state=PlanState.READY), state=JobState.PARTLY_FAILED, submit_count=1,
    problem="1 of 2 assets failed.")
TaskResult.objects.create(
    job=imported_by, position=0, type="Pipeline", remote_id="a", title="orders_get", outcome="created", new_id="5f3")
TaskResult.objects.create(
    job=imported_by, position=1, type="File", remote_id="b", title="b.expr", outcome="failed", claim="failed 409")
unsure_into = Job.objects.create(
    kind="snaplogic.import", title=into.title, organization=dev_apis, sandbox=into.target_sandbox, promotion=into,
    plan=imported_by.plan, state=JobState.NEEDS_ATTENTION, problem_kind="outcome_unknown", submit_count=1,
    problem="The answer was lost.")
print("THINGS", json.dumps({
    "import_plan": importing.current_plan.pk,
    "import_account": DB_ACCOUNT,
    "import_job": imported_by.pk,
    "api_version": orders.pk,
    "archive": archive.pk,
    "journey_plan": carried.current_plan.pk,
    "mapping_plan": migration.current_plan.pk,
    "migration_job": ran.pk,
    "organization": acme.pk,
    "credential": acme.credentials.first().pk,
    "value": stored_values.add(
        organization=acme, name="SMS provider", value="sk-scene", description="Of the messaging team",
        actor=administrator).pk,
    "membership": acme.memberships.first().pk,
    "member": priya.pk,
    "invitation": Invitation.objects.first().pk,
    "token_of_admin": api_tokens.create_api_token(user=administrator, name="scene", actor=administrator)[0].pk,
    "package": package.pk,
    "versioned_package": package.pk,
    "draft_package": Package.objects.filter(organization=acme, status="DRAFT").first().pk,
    "promotion": open_plan.pk,
    "plan": open_plan.current_plan.pk,
    "job": job.pk,
    "journey": Journey.objects.filter(organization=acme, outline__isnull=False).exclude(findings=[]).first().pk,
    "failed_job": Job.objects.get(state="partly_failed", is_foreign=False, package__isnull=False).pk,
    "unsure_job": job.pk,
    "done_job": job.pk,
    "approval": approval.pk,
    "group": group.pk,
    "sharing_request": wish.pk,
    "partnership": Partnership.objects.filter(organization=acme, direction="incoming").first().pk,
    "transfer": failed.first().pk,
    "failed_transfer": failed.first().pk,
}))
flows = Organization.objects.get(remote_id="acme-prod")
by_key = flows.credentials.get(kind="snaplogic_bearer")
print("PAGES", json.dumps({
    "import of a kept zip": f"/apis/import/?archive={brought.pk}",
    "plan of an import": f"/promotions/{importing.pk}/",
    "run of an import": f"/jobs/{imported_by.pk}/",
    "import of which nothing is known": f"/jobs/{unsure_into.pk}/",
    "plan of retiring": f"/promotions/{retiring.pk}/",
    "plan of publishing": f"/promotions/{offering.pk}/",
    "run of retiring": f"/jobs/{retired_by.pk}/",
    "publishing": f"/apis/life-cycle/?act=publish&version={profile.pk}",
    "deprecating": f"/apis/life-cycle/?act=deprecate&version={profile.pk}",
    "retiring": f"/apis/life-cycle/?act=retire&version={orders.pk}",
    "publishing what is deprecated": f"/apis/life-cycle/?act=publish&version={orders.pk}",
    "new environment": "/settings/organizations/add/?kind=snaplogic",
    "environment": f"/settings/organizations/{flows.pk}/",
    "new user with a password": f"/settings/organizations/{flows.pk}/credentials/add/",
    "new user with a key": f"/settings/organizations/{flows.pk}/credentials/add/?kind=snaplogic_bearer",
    "user with a key": f"/settings/credentials/{by_key.pk}/",
    "plan of a migration": f"/promotions/{migration.pk}/",
    "run of a migration": f"/jobs/{ran.pk}/",
    "plan of a journey": f"/promotions/{carried.pk}/",
    "run of a journey": f"/jobs/{carried_by.pk}/",
}))
"""


def note_findings(page: Page, where: str, findings: dict[str, list[str]]) -> None:
    """Add what axe objects to, by the objection, so that one cause on many pages reads as one."""
    for rule in Axe().run(page).response["violations"]:
        for node in rule["nodes"]:
            what = f"{rule['id']} ({rule['impact']}): {rule['help']}: {node['html'][:300]}"
            findings.setdefault(what, []).append(where)


def in_words(findings: dict[str, list[str]]) -> str:
    return "\n".join(f"{what}\n    {len(places)} times, first {places[0]}" for what, places in findings.items())


def name_of(path: str) -> str:
    """The route of a path; empty for what is no route of ours."""
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""


def is_file(route: str) -> bool:
    return "export" in route or "download" in route


def links(page: Page) -> Iterator[tuple[str, str]]:
    """Route and address of every link of a page, without what a query adds."""
    # Those of a picture have no plain address.
    own = "all => all.map(one => new URL(one.getAttribute('href'), one.baseURI).href)"
    for address in page.eval_on_selector_all("a[href]", own):
        parts = urlsplit(address)
        if page.url.startswith(f"{parts.scheme}://{parts.netloc}/"):
            name = name_of(parts.path)
            if name and not name.startswith(("promotions_api:", "accounts_api:")):
                yield name, parts.path


def pages_of_the_table() -> list[Row]:
    """Every route that answers an administrator with a page."""
    return [
        row
        for row in [*ACCOUNTS_ROWS, *PROMOTIONS_ROWS]
        if row.methods.get("GET", ("",))[-1] == "200"
        and "_api:" not in row.route
        and row.route not in FRAGMENTS
        and not is_file(row.route)
    ]


def addresses_of_the_table(things: dict[str, int]) -> dict[str, str]:
    """Where those pages are, as far as the scene holds what they are about."""
    return {
        row.route: reverse(row.route, args=[things[name] for name in row.things])
        for row in pages_of_the_table()
        if all(name in things for name in row.things) and row.route not in NOT_REACHED
    }


def crawl(page: Page) -> dict[str, str]:
    """The first address of every route that can be reached by links from the home page."""
    found = {"promotions:home": "/"}
    queue = ["/"]
    while queue:
        page.goto(queue.pop(0))
        for name, path in links(page):
            if name not in found and name not in FRAGMENTS and not is_file(name):
                found[name] = path
                queue.append(path)
    return found


def test_axe_finds_nothing_on_any_page(stack: Stack, people: People) -> None:
    seeded = stack.manage("sync_packages")
    assert seeded.returncode == 0, seeded.stderr
    journeys = stack.manage("sync_journeys")
    assert journeys.returncode == 0, journeys.stdout
    partly_failed = stack.manage(
        "promote", "Store footfall sources", "stage", "--as", "oskar@example.com", "--accept-exact", "--create-rest"
    )
    assert partly_failed.returncode == 4, partly_failed.stdout
    scene = stack.manage("shell", "-c", SCENE)
    found = re.search(r"THINGS (.*)", scene.stdout)
    assert found, scene.stderr
    others = re.search(r"PAGES (.*)", scene.stdout)
    assert others, scene.stderr
    windows = {
        look: people.sign_in(ADMINISTRATOR, width=width, color_scheme=scheme) for look, (width, scheme) in LOOKS.items()
    }
    reached = addresses_of_the_table(json.loads(found[1])) | crawl(windows["wide and light"]) | json.loads(others[1])

    findings: dict[str, list[str]] = {}
    for look, page in windows.items():
        for name, path in reached.items():
            page.goto(path)
            note_findings(page, f"{name} {path}, {look}", findings)

    assert not findings, in_words(findings)
    assert {row.route for row in pages_of_the_table()} - set(reached) - NOT_REACHED == set()


def test_axe_finds_nothing_before_signing_in(stack: Stack, people: People) -> None:
    findings: dict[str, list[str]] = {}
    for look, (width, scheme) in LOOKS.items():
        page = people.window(width=width, color_scheme=scheme)
        for path in SIGNED_OUT:
            page.goto(path)
            note_findings(page, f"{path}, {look}", findings)

    assert not findings, in_words(findings)
