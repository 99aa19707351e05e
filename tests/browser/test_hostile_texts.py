"""What a platform or a person brings in is shown as text: it runs no script, and widens no page of a phone."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.db import models, transaction
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Dialog, Page, ViewportSize, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.choices import Role
from accounts.models import AuditEvent, AuditHead, Notice, Organization, Sandbox, User
from accounts.services import audit
from promotions.choices import ApprovalState, Decision, ItemInput, ItemKind, PlanState
from promotions.models import Job, Journey, JourneyCopy, Package, Plan, PlanItem, Promotion, PromotionGroup, SavedView
from tests.addresses import addresses
from tests.factories import (
    ApiTokenFactory,
    CredentialFactory,
    InvitationFactory,
    MembershipFactory,
    NoticeDeliveryFactory,
    NoticeFactory,
    OrganizationFactory,
    SandboxFactory,
    StoredValueFactory,
    UserFactory,
)
from tests.factories_decisioning import MappingFactory, migrated, rollback_of
from tests.factories_journeys import JourneyCopyFactory, JourneyFactory, JourneyVersionFactory
from tests.factories_promotions import (
    ApprovalFactory,
    ArtifactFactory,
    JobEventFactory,
    JobFactory,
    PackageFactory,
    PlanFactory,
    PlanItemFactory,
    PromotionGroupFactory,
    SavedViewFactory,
    TaskResultFactory,
    offer,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HOSTILE = {
    "markup and letters": (
        "\"'><img src=x onerror=\"window.owned='img'\"><script>window.owned=1</script><svg/onload=owned=1>"
        "</script></style></textarea></title>--><script>window.owned=1</script>`${owned=1}`{{ 7 }}{% x %}"
        "\u202egnp.exe\u202c \u2066a\u2069 \u200b\ufeff e\u0301 \U0001f3f4" + "x" * 10_000
    ),
    "link": "javascript:window.owned='link'",
}
# Texts that only we write, and keys that must stay unique.
OURS = {
    "email",
    "password",
    "time_zone",
    "token_hash",
    "code_hash",
    "secrets",
    "sealed",
    "ciphertext",
    "value_digest",
    "ims_url",
    "platform_url",
    "verb",
    "digest",
    "lease_token",
    "marker",
    "content_hash",
    "system",
    "key",
    "prefix",
}
# They decide what a page offers, or where it leads.
KINDS_AND_WAYS = (
    (Package, "status"),
    (Package, "source_sandbox"),
    (Job, "kind"),
    (Notice, "kind"),
    (Notice, "url"),
    (SavedView, "query"),
)
PHONE: ViewportSize = {"width": 390, "height": 844}
WATCH = """
window.complaints = [];
document.addEventListener('securitypolicyviolation',
  e => window.complaints.push([e.violatedDirective, e.sourceFile, e.sample].join(' ')));
"""


def _world(text: str) -> None:
    organization = OrganizationFactory()
    SandboxFactory(organization=organization)
    target = SandboxFactory(organization=organization)
    CredentialFactory(organization=organization)
    InvitationFactory(organization=organization, role=Role.VIEWER)
    MembershipFactory(organization=organization)
    ApiTokenFactory(user=User.objects.get(is_superuser=True))
    package = PackageFactory(organization=organization)
    ArtifactFactory(package=package)
    PackageFactory(organization=organization, draft=True)
    plan = PlanFactory(promotion__package=package, promotion__target_sandbox=target)
    for number in range(3):
        PlanItemFactory(plan=plan, key=f"item-{number}", missing_right=number == 2)
    for options in ({"running": True}, {"succeeded": True}, {"unknown_outcome": True}, {}):
        job = JobFactory(organization=organization, sandbox=target, **options)
        JobEventFactory(job=job)
        for outcome in ("created", "failed", "hidden_error", "unknown"):
            TaskResultFactory(job=job, outcome=outcome)
    ran = JobFactory(
        organization=organization, succeeded=True, plan=plan, promotion=plan.promotion, package=package, is_foreign=True
    )
    JobEventFactory(job=ran)
    for state in (ApprovalState.PENDING, ApprovalState.VOID):
        approval = ApprovalFactory(plan__promotion__package=package, state=state, decided_by=UserFactory())
        PlanItemFactory(plan=approval.plan, decision=Decision.REUSE)
        PlanItemFactory(plan=approval.plan, free=True)
        PlanFactory(promotion=approval.plan.promotion, revision=2, state=PlanState.SUPERSEDED)
    _people_s_own(organization, package)
    _journeys(organization, target)
    _a_migration(organization)
    _fill_texts(text)
    _fill_documents(text)
    _fill_documents_of_journeys(text)
    _fill_documents_of_migrations(text)
    for row in (*Organization.objects.all(), *Sandbox.objects.all(), *Job.objects.all(), *Package.objects.all()):
        with transaction.atomic():
            audit.record(
                audit.Verb.ORGANIZATION_CHANGED, actor=None, subject=row, reason=text, details={text[:200]: [text]}
            )


def _people_s_own(organization: Organization, package: Package) -> None:
    """A group that was acted on, what the reader was told, a mail that failed, and a filter with a name."""
    reader = User.objects.get(is_superuser=True)
    group = PromotionGroupFactory(package=package)
    PlanItemFactory(plan=group.promotions.get().current_plan)
    NoticeFactory(person=reader, organization=organization)
    NoticeFactory(person=reader, read=True)
    NoticeDeliveryFactory(notice__person=reader, given_up=True)
    SavedViewFactory(person=reader)


def _journeys(organization: Organization, target: Sandbox) -> None:
    """A journey with a plan that is half filled in, a run of it and its copy, and a value that is stored."""
    journey = JourneyFactory(sandbox=SandboxFactory(organization=organization))
    JourneyVersionFactory(journey=journey)
    plan = PlanFactory(
        promotion__package__organization=organization,
        promotion__system="journeys",
        promotion__target_sandbox=target,
        promotion__pick={"journey": journey.pk, "uid": "j", "version_uid": "v", "version": "1.0", "sandbox": "dev"},
    )
    for number, (kind, decision) in enumerate(
        [(ItemInput.SECRET, Decision.UNDECIDED), (ItemInput.TEXT, Decision.FILL), (ItemInput.TEXT, Decision.KEEP)]
    ):
        PlanItemFactory(plan=plan, key=f"value-{number}", kind=ItemKind.VALUE, input=kind, decision=decision)
    run = JobFactory(organization=organization, sandbox=target, succeeded=True, promotion=plan.promotion)
    JourneyCopyFactory(job=run, promotion=plan.promotion, target_sandbox=target)
    StoredValueFactory(organization=organization)


def _a_migration(organization: Organization) -> None:
    """What is to be mapped, and a run with checks that is being undone."""
    MappingFactory(plan__promotion__organization=organization)
    rollback_of(migrated(organization))


def _fill_documents_of_migrations(text: str) -> None:
    Plan.objects.filter(promotion__system="decisioning").update(
        blockers=[], display={"made": [{"type": text, "title": text, "new_id": text[:90]}], "analysis": 1}
    )
    PlanItem.objects.filter(plan__promotion__system="decisioning").update(
        choices=[offer(Decision.REUSE, target_id="a", title=text), offer(Decision.KEEP), offer(Decision.LEAVE)],
        details={"current": text, "where": text},
        decision=Decision.UNDECIDED,
    )
    Job.objects.filter(promotion__system="decisioning").update(result={"warnings": [{"text": text, "object": text}]})


def _fill_texts(text: str) -> None:
    """Every free text of every row, as far as its column goes; the end tells rows apart that must differ."""
    own = [*apps.get_app_config("accounts").get_models(), *apps.get_app_config("promotions").get_models()]
    for model in own:
        if model in (AuditEvent, AuditHead):
            continue
        for field in model._meta.get_fields():
            if not isinstance(field, models.CharField | models.TextField) or field.choices or field.name in OURS:
                continue
            if (model, field.name) in KINDS_AND_WAYS:
                continue
            for pk in model._default_manager.values_list("pk", flat=True):
                room = (field.max_length or 20_000) - len(str(pk))
                model._default_manager.filter(pk=pk).update(**{field.name: f"{text[:room]}{pk}"})


def _fill_documents(text: str) -> None:
    """The JSON columns, in the shapes that pages read."""
    document = {text[:300]: [text, {"name": text}], "description": text}
    target = offer(Decision.REUSE, target_id=text[:400], title=text, rank=1)
    other = {**target, "reason": text, "consequence": text, "target": {"id": "other", "type": text, "title": text}}
    manager = apps.get_model
    manager("promotions", "Package").objects.update(
        raw=document,
        dependencies={
            "nodes": [
                {"key": f"a{text[:50]}", "type": text[:60], "id": text[:300], "title": text, "depth": 0},
                {"key": "b", "type": "REGISTRY_SCHEMA", "id": "b", "title": text, "depth": 1},
            ],
            "children": {f"a{text[:50]}": ["b"], "b": []},
            "is_cut": True,
        },
    )
    manager("promotions", "Approval").objects.update(void_changes=[text])
    manager("promotions", "Plan").objects.update(
        facts={"package": {"version": text, "status": text}, "target": {"state": text, "type": text}},
        blockers=[text],
        changes=[text],
        display={"matrix": [{"resource": text, "permissions": {text[:100]: {"needed": 1, "missing": 1}}}]},
    )
    manager("promotions", "PlanItem").objects.update(
        choices=[target, other, offer(Decision.CREATE)],
        needed_by=["item-0", text],
        target=target["target"],
        remembered={
            "decision": Decision.REUSE,
            "target": target["target"],
            "by": text,
            "at": "2026-03-01T09:00:00+00:00",
            "times": 2,
        },
    )
    manager("promotions", "PlanItem").objects.filter(missing_rights__gt=[]).update(
        missing_rights=[{"resource": text, "permissions": [text]}]
    )
    manager("promotions", "Job").objects.update(
        raw=document,
        result={"created_by": text, "description": text, "candidates": [text[:90], "r-2"], "message": text},
    )
    manager("promotions", "JobEvent").objects.update(data=document)
    manager("promotions", "TaskResult").objects.update(
        messages=[{"status": text, "text": text, "inner_title": text, "attempt": 1}, text]
    )
    for group in PromotionGroup.objects.all():
        outcome = {"promotion": group.promotions.get().pk, "target": text, "words": text, "tone": "warn", "job": None}
        group.last_act = {"words": text, "by": text, "at": "2026-01-01T00:00:00+00:00", "outcomes": [outcome]}
        group.save(update_fields=["last_act"])
    manager("accounts", "Credential").objects.update(scopes=[text[:100]], metascopes=[text[:100]])


def _fill_documents_of_journeys(text: str) -> None:
    made = {"type": text, "name": text, "uid": text[:90], "is_system": False}
    for plan in Plan.objects.filter(promotion__system="journeys"):
        Promotion.objects.filter(pk=plan.promotion_id).update(pick={**plan.promotion.pick, "version": text})
        Plan.objects.filter(pk=plan.pk).update(
            blockers=[],
            display={"objects": [made], "left_alone": [text], "size": 1, "earlier": [{"name": text, "job": 1}]},
        )
        plan.items.update(
            choices=[offer(Decision.REUSE, target_id="a", title=text), offer(Decision.KEEP)],
            details={"what": "schema", "pointers": [], "where": text, "current": text},
        )
    step = {"id": text[:90], "name": text, "kind": "action", "sub_kind": text, "facts": {text[:90]: text}}
    uses = [{"type": text, "uid": text, "name": text, "is_system": False, "facts": {text[:90]: text}}]
    Journey.objects.update(
        outline={"name": text, "nodes": [step], "edges": [], "used": uses, "start": text[:90], "facts": {}},
        uses=uses,
        findings=[{"severity": "error", "text": text}],
        raw={text[:300]: text},
    )
    JourneyCopy.objects.update(
        objects_made=[{"type": text, "name": text, "uid": "1", "new_uid": text[:90], "new_name": text}], problems=[text]
    )


def _is_shown(client: Client, address: str) -> bool:
    """Not downloads; and Chromium takes an error without a body for no answer at all."""
    answer = client.get(address)
    return bool(answer.getvalue()) and not answer.get("Content-Disposition", "").startswith("attachment")


@pytest.fixture
def page(chromium: dict[str, Any]) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium)
        context = browser.new_context(viewport=PHONE)
        context.add_init_script(WATCH)
        yield context.new_page()
        browser.close()


@pytest.mark.parametrize("name", HOSTILE)
def test_texts_of_others_never_run_on_any_page_and_never_widen_it(
    live_server: LiveServer, chromium: dict[str, Any], name: str, request: pytest.FixtureRequest
) -> None:
    text = HOSTILE[name]
    person = UserFactory(administrator=True, full_name="Ada")
    _world(text)
    client = Client()
    client.force_login(person)
    session = client.cookies["sessionid"].value
    query = quote(text[:500])
    visits = [
        *(address for address in addresses() if not address.startswith("/api/v1/")),
        *(
            f"/jobs/{pk}/?tab={tab}"
            for pk in Job.objects.values_list("pk", flat=True)
            for tab in ("objects", "timeline", "decisions", "raw")
        ),
        *(f"{path}={query}" for path in ("/packages/?q", "/packages/?sandbox", "/jobs/?kind", "/audit/?group")),
        *(f"{path}={query}" for path in ("/jobs/?state", "/jobs/?when", "/audit/?q", "/notices/?cursor")),
        reverse("api-docs"),
    ]
    visits = [address for address in visits if _is_shown(client, address)]
    page: Page = request.getfixturevalue("page")  # from here on the thread belongs to Playwright's loop
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    findings: list[tuple[str, Any]] = []

    def note_dialog(dialog: Dialog) -> None:
        findings.append((page.url, dialog.message))
        dialog.dismiss()

    page.on("dialog", note_dialog)
    page.on("pageerror", lambda error: findings.append((page.url, str(error))))

    for address in visits:
        answer = page.goto(f"{live_server.url}{address}", wait_until="load")
        owned, complaints, width = page.evaluate(
            "[window.owned, window.complaints, document.styleSheets.length && document.documentElement.scrollWidth]"
        )
        if owned is not None or complaints:
            findings.append((address, owned or complaints))
        if width > PHONE["width"]:  # of a page; a fragment has no style of its own
            findings.append((address, f"{width} px wide"))
        # Without a beat the installation is not ready, and says so.
        if answer is not None and answer.status >= 500 and address != reverse("readyz"):
            findings.append((address, answer.status))

    assert len(visits) > 120
    assert findings == []
