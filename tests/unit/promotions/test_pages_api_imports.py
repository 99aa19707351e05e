"""Planning imports of API versions on pages: uploads and their refusals, what is kept, rules, ways to go on."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.api_choices import DuplicateRule
from promotions.choices import Decision, JobState, PlanState, ResultOutcome
from promotions.models import Archive, Job, Plan, Promotion
from promotions.systems.snaplogic import kinds
from promotions.systems.snaplogic.picks import Pick
from tests.factories import MembershipFactory, SnapLogicOrganizationFactory, UserFactory
from tests.factories_apis import ApiImportPlanFactory, ApiVersionFactory, ArchiveFactory
from tests.factories_promotions import JobFactory, PlanItemFactory, TaskResultFactory
from tests.unit.promotions.zip_making import FILES, exported

SignIn = Callable[[User], Client]
URL = "/apis/import/"


@pytest.fixture
def environment(db: None) -> Organization:
    found: Organization = SnapLogicOrganizationFactory(name="Orders prod", remote_id="acme-prod")
    return found


@pytest.fixture
def operator(environment: Organization) -> User:
    user: User = UserFactory(full_name="Oscar Operator")
    MembershipFactory(user=user, organization=environment, role=Role.OPERATOR)
    return user


@pytest.fixture
def browser(signed_in: SignIn, operator: User) -> Client:
    return signed_in(operator)


def a_zip(content: bytes | None = None, name: str = "orders.zip") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, exported() if content is None else content, "application/zip")


def asked(environment: Organization, **fields: Any) -> dict[str, Any]:
    return {
        "origin": "upload",
        "target": environment.pk,
        "api": "orders",
        "version": "2.0",
        "rule": "skip",
        **fields,
    }


def said(answer: Any) -> str:
    return unescape(answer.content.decode())


# The form


def test_an_uploaded_zip_is_kept_and_planned(browser: Client, environment: Organization, operator: User) -> None:
    answer = browser.post(URL, asked(environment, file=a_zip(), rule="overwrite", types=["Pipeline", "File"]))

    promotion = Promotion.objects.get()
    assert answer.headers["Location"] == reverse("promotions:promotion-detail", args=[promotion.pk])
    archive = Archive.objects.get()
    assert (archive.name, archive.organization, archive.created_by) == ("orders.zip", environment, operator)
    pick = Pick.of(promotion)
    assert (pick.archive, pick.api, pick.version) == (archive.pk, "orders", "2.0")
    assert (pick.rule, pick.types) == (DuplicateRule.OVERWRITE, ("File", "Pipeline"))


def test_a_script_is_led_to_the_plan(browser: Client, environment: Organization) -> None:
    answer = browser.post(URL, asked(environment, file=a_zip()), headers={"HX-Request": "true"})

    assert (answer.status_code, answer.headers["HX-Redirect"]) == (
        200,
        reverse("promotions:promotion-detail", args=[Promotion.objects.get().pk]),
    )


def test_a_script_gets_the_refused_form_alone(browser: Client, environment: Organization) -> None:
    answer = browser.post(URL, asked(environment), headers={"HX-Request": "true"})

    assert answer.status_code == 422
    assert "<html" not in said(answer)
    assert "Choose the zip to upload." in said(answer)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"<html>Sign in</html>", "zip"),
        (exported({"notes.txt": b"hello"}), "holds nothing that an export of an API version has"),
        (exported({**FILES, "../evil.slp": b"{}"}), "evil.slp"),
    ],
)
def test_an_unfit_zip_is_refused_at_its_field_and_what_was_typed_stays(
    browser: Client, environment: Organization, content: bytes, sentence: str
) -> None:
    answer = browser.post(URL, asked(environment, file=a_zip(content), api="Kept name"))

    form = answer.context["form"]
    assert answer.status_code == 422
    assert sentence in " ".join(form.errors["file"])
    assert 'value="Kept name"' in said(answer)
    assert not Archive.objects.exists()
    assert not Promotion.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"file": a_zip(b"plain text"), "version": "a/b"}, "file"),
        ({"file": a_zip(), "version": "a/b"}, "version"),
        ({"file": a_zip(), "rule": "overwrite"}, "types"),
    ],
)
def test_a_refused_form_leads_to_what_is_amiss_first(
    browser: Client, environment: Organization, fields: dict[str, Any], field: str
) -> None:
    html = said(browser.post(URL, asked(environment, **fields)))

    focused = [tag for tag in re.findall(r"<[^>]*>", html) if "autofocus" in tag]
    assert focused
    assert all(f'name="{field}"' in tag for tag in focused)


def test_one_that_is_too_large_says_the_limit_and_nothing_stays(
    browser: Client, environment: Organization, settings: Any
) -> None:
    settings.ARCHIVE_MAX_MB = 3

    answer = browser.post(URL, asked(environment, file=a_zip(b"PK" * 2 * 1024 * 1024)))

    assert answer.status_code == 422
    assert "larger than 3 MiB" in " ".join(answer.context["form"].errors["file"])
    assert 'value="2.0"' in said(answer)
    assert not Archive.objects.exists()


def test_a_fit_zip_need_not_be_uploaded_again_when_something_else_is_amiss(
    browser: Client, environment: Organization
) -> None:
    refused = browser.post(URL, asked(environment, file=a_zip(), api="or/ders"))

    archive = Archive.objects.get()
    form = refused.context["form"]
    assert refused.status_code == 422
    assert "api" in form.errors
    assert (form["origin"].value(), form["archive"].value()) == ("kept", str(archive.pk))
    assert "need not be sent again" in said(refused)

    again = browser.post(URL, asked(environment, origin="kept", archive=archive.pk))

    assert again.status_code == 302
    assert Pick.of(Promotion.objects.get()).archive == archive.pk


def test_names_that_are_left_empty_are_those_of_the_source(browser: Client, environment: Organization) -> None:
    browser.post(URL, asked(environment, file=a_zip(), api="", version=""))

    pick = Pick.of(Promotion.objects.get())
    assert (pick.api, pick.version) == ("orders", "1.2")


def test_a_zip_that_does_not_tell_its_version_has_to_be_given_names(browser: Client, environment: Organization) -> None:
    archive = ArchiveFactory(organization=environment, version_path="")

    answer = browser.post(URL, asked(environment, origin="kept", archive=archive.pk, version=""))

    assert "does not tell the name" in " ".join(answer.context["form"].errors["version"])
    assert not Promotion.objects.exists()


def test_a_known_version_is_exported_first(browser: Client, environment: Organization) -> None:
    source = ApiVersionFactory(organization=environment, api="orders", version="1.0")

    browser.post(URL, asked(environment, origin="version", source=source.pk, version="3"))

    job = Job.objects.get()
    assert (job.kind, Pick.of(Promotion.objects.get()).source) == (kinds.EXPORT, ("orders", "1.0"))


def test_a_version_is_not_imported_into_itself(browser: Client, environment: Organization) -> None:
    source = ApiVersionFactory(organization=environment, api="orders", version="1.0")

    answer = browser.post(URL, asked(environment, origin="version", source=source.pk, api="", version=""))

    assert "into itself" in " ".join(answer.context["form"].errors["version"])


def test_a_rule_that_overwrites_needs_a_type_and_others_take_none(browser: Client, environment: Organization) -> None:
    archive = ArchiveFactory(organization=environment)
    kept = {"origin": "kept", "archive": archive.pk}

    refused = browser.post(URL, asked(environment, **kept, rule="overwrite"))
    browser.post(URL, asked(environment, **kept, rule="create_new", types=["File"]))

    assert "at least one type" in " ".join(refused.context["form"].errors["types"])
    pick = Pick.of(Promotion.objects.get())
    assert (pick.rule, pick.types) == (DuplicateRule.CREATE_NEW, ())


def test_the_address_says_what_to_begin_with(browser: Client, environment: Organization) -> None:
    archive = ArchiveFactory(organization=environment, version_path="acme-dev/apim/orders/1.2")
    source = ApiVersionFactory(organization=environment, api="payments", version="7")

    of_archive = browser.get(URL, {"archive": archive.pk}).context["form"]
    of_source = browser.get(URL, {"source": source.pk}).context["form"]

    assert (of_archive["origin"].value(), of_archive["api"].value(), of_archive["version"].value()) == (
        "kept",
        "orders",
        "1.2",
    )
    assert (of_source["origin"].value(), of_source["api"].value()) == ("version", "payments")
    assert of_source["target"].value() == environment.pk  # the only one there is
    assert browser.get(URL, {"archive": "x"}).status_code == 400


def test_what_others_keep_cannot_be_named(browser: Client, environment: Organization) -> None:
    theirs = ArchiveFactory()
    version = ApiVersionFactory()

    of_archive = browser.post(URL, asked(environment, origin="kept", archive=theirs.pk))
    of_version = browser.post(URL, asked(environment, origin="version", source=version.pk))
    elsewhere = browser.post(URL, asked(theirs.organization, file=a_zip()))

    assert "archive" in of_archive.context["form"].errors
    assert "source" in of_version.context["form"].errors
    assert "target" in elsewhere.context["form"].errors
    assert Archive.objects.count() == 1
    assert not Promotion.objects.exists()


# The plan


@pytest.fixture
def plan(environment: Organization) -> Plan:
    found: Plan = ApiImportPlanFactory(
        promotion__archive__organization=environment,
        display={
            "archive": {"pk": 1, "name": "orders.zip", "size": 4711},
            "numbers": {"Pipeline": 2, "Account": 1},
            "source": "acme-dev/apim/orders/1.2",
            "has_metadata": True,
            "has_template": False,
            "has_accounts": True,
            "accounts_problem": "",
            "own_expressions": [],
            "left_out": 0,
            "holding": {"presence": "unknown", "is_listed": False, "why": "May not.", "number": 0, "ours": 3},
        },
    )
    return found


def page_of(browser: Client, plan: Plan) -> str:
    return said(browser.get(reverse("promotions:promotion-detail", args=[plan.promotion_id])))


def test_the_plan_tells_zip_and_target_and_what_is_not_known(browser: Client, plan: Plan) -> None:
    html = page_of(browser, plan)

    assert "exported from acme-dev/apim/orders/1.2" in html
    assert "Pipeline (2), Account (1)" in html
    assert "acme-prod/apim/orders/v2" in html
    assert "May not." in html
    assert "3 assets of it came with earlier imports from here" in html
    assert "does not encrypt accounts" in html


def test_the_plan_says_what_it_may_not_show(browser: Client, plan: Plan) -> None:
    plan.display = {**plan.display, "has_metadata": False, "left_out": 1500}
    plan.save(update_fields=["display"])

    html = page_of(browser, plan)

    assert "The zip has no list of its assets that Towpath can read." in html
    assert "1,500 more are imported and not listed here" in html


def test_the_plan_says_who_names_another_version(browser: Client, plan: Plan) -> None:
    html = page_of(browser, plan)
    assert "decided by the platform" not in html
    promotion = plan.promotion
    promotion.pick["rule"] = "create_new"
    promotion.save(update_fields=["pick"])

    html = page_of(browser, plan)

    assert "<dt>Name of the new version</dt><dd>decided by the platform</dd>" in html


@pytest.mark.parametrize(
    ("effect", "words", "shape"),
    [("overwritten", "Overwritten", "tilde"), ("added_or_left", "Added, if it is not there", "question")],
)
def test_what_becomes_of_an_asset_is_told_in_words_and_shape(
    browser: Client, plan: Plan, effect: str, words: str, shape: str
) -> None:
    choice = {"decision": Decision.CREATE, "target": None, "reason": words, "consequence": "Because.", "rank": 0}
    details = {"effect": effect, "reason": "Because."}
    PlanItemFactory(plan=plan, type="Pipeline", title="get", must_decide=False, choices=[choice], details=details)

    html = page_of(browser, plan)

    assert f'<span class="badge-word">{words}</span>' in html
    assert f"#state-{shape}" in html
    assert "Because." in html


def test_another_rule_reads_the_facts_anew(browser: Client, plan: Plan) -> None:
    url = reverse("promotions:plan-import-rule", args=[plan.pk])

    refused = browser.post(url, {"rule": "overwrite"}, follow=True)
    browser.post(url, {"rule": "overwrite", "types": ["Account"]})

    assert "Choose at least one type to overwrite" in said(refused)
    plan.refresh_from_db()
    assert plan.state == PlanState.GATHERING
    assert Pick.of(Promotion.objects.get()).types == ("Account",)


def test_a_frozen_plan_keeps_its_rule(browser: Client, plan: Plan) -> None:
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.READY)

    answer = browser.post(reverse("promotions:plan-import-rule", args=[plan.pk]), {"rule": "create_new"}, follow=True)

    assert "frozen" in said(answer)
    assert Pick.of(Promotion.objects.get()).rule == DuplicateRule.SKIP


def expressions(*files: tuple[str, bytes]) -> dict[str, Any]:
    return {"act": "add", "expressions": [SimpleUploadedFile(name, content) for name, content in files]}


def test_expression_files_are_added_and_taken_out_again(browser: Client, plan: Plan) -> None:
    url = reverse("promotions:plan-expressions", args=[plan.pk])

    browser.post(url, expressions(("a.expr", b"{}"), ("b.txt", b"{}")))
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.OPEN)
    html = page_of(browser, plan)
    browser.post(url, {"act": "remove"})

    assert "Expression files that go along: 2" in html
    assert "b.txt" in html
    assert "does not end in .expr" in html
    assert Pick.of(Promotion.objects.get()).expressions is None


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([("all.zip", exported({"one/a.expr": b"{}", "two/a.expr": b"{}"}))], "have the same name"),
        ([("a.expr", b"{}"), ("a.expr", b"[]")], "have the same name"),
        ([("inner.zip", b"PK\x03\x04"), ("a.expr", b"{}")], "inner.zip"),
        ([], "Choose the files first."),
    ],
)
def test_expression_files_that_would_get_lost_are_refused(
    browser: Client, plan: Plan, files: list[tuple[str, bytes]], sentence: str
) -> None:
    answer = browser.post(reverse("promotions:plan-expressions", args=[plan.pk]), expressions(*files), follow=True)

    assert sentence in said(answer)
    assert Pick.of(Promotion.objects.get()).expressions is None
    assert not Archive.objects.filter(kind="expressions").exists()


# After the run


def ran(plan: Plan, **fields: Any) -> Job:
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.READY)
    values = {"kind": kinds.IMPORT, "plan": plan, "promotion": plan.promotion, "remote_id": "", **fields}
    target = plan.promotion.target_sandbox
    job: Job = JobFactory(organization=target.organization, sandbox=target, succeeded=True, **values)
    return job


def test_an_import_that_failed_in_part_offers_ways_to_go_on(browser: Client, plan: Plan) -> None:
    job = ran(plan, state=JobState.PARTLY_FAILED)
    TaskResultFactory(job=job, type="Pipeline", title="get", outcome=ResultOutcome.CREATED, new_id="snode-1")
    TaskResultFactory(job=job, type="File", title="a.expr", outcome=ResultOutcome.FAILED, claim="failed 409")
    url = reverse("promotions:job-detail", args=[job.pk])

    html = said(browser.get(url))
    answer = browser.post(reverse("promotions:api-import-again", args=[job.pk]), {"remedy": "overwrite"})

    assert "acme-prod/apim/orders/v2" in html
    assert "Plan again, overwriting File" in html
    assert "snode-1" in html
    newer = Promotion.objects.latest("pk")
    assert answer.headers["Location"] == reverse("promotions:promotion-detail", args=[newer.pk])
    assert (Pick.of(newer).rule, Pick.of(newer).types) == (DuplicateRule.OVERWRITE, ("File",))
    assert newer.origin_job == job


def test_a_way_that_is_not_offered_is_refused(browser: Client, plan: Plan) -> None:
    job = ran(plan)

    answer = browser.post(reverse("promotions:api-import-again", args=[job.pk]), {"remedy": "overwrite"}, follow=True)

    assert "not offered any more" in said(answer)
    assert Promotion.objects.count() == 1


def test_readers_see_the_ways_and_take_none(signed_in: SignIn, environment: Organization, plan: Plan) -> None:
    job = ran(plan, state=JobState.PARTLY_FAILED)
    TaskResultFactory(job=job, type="File", title="a.expr", outcome=ResultOutcome.FAILED, claim="failed 409")
    reader = MembershipFactory(organization=environment, role=Role.VIEWER).user

    html = said(signed_in(reader).get(reverse("promotions:job-detail", args=[job.pk])))

    assert "Plan again, overwriting File" in html
    assert "Planning needs the role operator" in html
    assert reverse("promotions:api-import-again", args=[job.pk]) not in html


def test_a_version_whose_name_nobody_told_is_said_to_be_unknown(browser: Client, plan: Plan) -> None:
    promotion = plan.promotion
    promotion.pick["rule"] = "create_new"
    promotion.save(update_fields=["pick"])

    job = ran(plan)
    TaskResultFactory(job=job, type="Pipeline", title="get", outcome=ResultOutcome.CREATED)

    html = said(browser.get(reverse("promotions:job-detail", args=[job.pk])))

    assert "did not tell its name" in html


@pytest.mark.parametrize("fields", [{"state": JobState.FAILED}, {"unknown_outcome": True, "finished_at": None}])
def test_what_is_not_known_to_have_arrived_is_not_said_to_have_gone_anywhere(
    browser: Client, plan: Plan, fields: dict[str, Any]
) -> None:
    job = ran(plan, **fields)

    html = said(browser.get(reverse("promotions:job-detail", args=[job.pk])))

    assert "Where it was sent" in html
    assert "Where it went" not in html


def test_a_person_who_saw_it_there_names_the_path(browser: Client, plan: Plan) -> None:
    job = ran(plan, unknown_outcome=True, finished_at=None)
    url = reverse("promotions:job-adopt", args=[job.pk])
    path = "acme-prod/apim/orders/v2"

    html = said(browser.get(reverse("promotions:job-detail", args=[job.pk])))
    refused = browser.post(url, {"adopt-remote_id": "acme-prod/apim/other/v2", "adopt-reason": "seen"})
    browser.post(url, {"adopt-remote_id": path, "adopt-reason": "seen there"})

    assert "Path of the version" in html
    assert "You looked at the platform" in html
    assert refused.status_code == 422
    assert "can have arrived nowhere else" in said(refused)
    job.refresh_from_db()
    assert job.state == JobState.RUNNING


@pytest.mark.parametrize(
    ("state", "acts"), [("unpublished", ["Publish"]), ("published", ["Unpublish", "Deprecate"]), ("retired", [])]
)
def test_what_was_imported_is_published_from_there(
    browser: Client, signed_in: SignIn, environment: Organization, plan: Plan, state: str, acts: list[str]
) -> None:
    job = ran(plan, result={"version_path": "acme-prod/apim/orders/v2"})
    TaskResultFactory(job=job, type="Pipeline", title="get", outcome=ResultOutcome.CREATED)
    row = ApiVersionFactory(organization=environment, api="orders", version="v2", state=state)
    url = reverse("promotions:job-detail", args=[job.pk])
    reader = MembershipFactory(organization=environment, role=Role.VIEWER).user

    html = said(browser.get(url))
    readers = said(signed_in(reader).get(url))

    life = reverse("promotions:api-lifecycle")
    links = [f'href="{life}?act={act.lower()}&version={row.pk}"' for act in acts]
    assert all(link in html for link in links)
    assert html.count(f'href="{life}?') == len(acts)
    assert life not in readers


def test_a_policy_is_never_offered_to_be_overwritten(browser: Client, plan: Plan) -> None:
    job = ran(plan, state=JobState.PARTLY_FAILED)
    for kind in ("Policy", "Pipeline"):
        TaskResultFactory(job=job, type=kind, title=kind, outcome=ResultOutcome.FAILED, claim="failed 409")

    html = said(browser.get(reverse("promotions:job-detail", args=[job.pk])))

    assert "Plan again, overwriting Pipeline<" in html
