"""Planning, importing and verifying API versions against the emulator."""

import pytest
from django.core.exceptions import PermissionDenied

from accounts.choices import Role
from accounts.models import AuditEvent
from clients.effects import Effect, effect_of_request
from promotions.api_choices import ApiVersionState, DuplicateRule
from promotions.choices import Decision, ItemKind, JobState, PlanState, ResultOutcome, Verification
from promotions.models import ApiVersion, Plan
from promotions.services import api_version_plans, approvals, decisions, freezing, plans, repeats, runs
from promotions.services.decisions import Verdict
from promotions.services.errors import NotReadyError, RefusedError
from promotions.systems.snaplogic.advice import remedies
from tests.factories import MembershipFactory, UserFactory
from tests.integration.promotions.snaplogic_world import IMPORT_CALL, World, texts, world

__all__ = ["world"]

pytestmark = pytest.mark.django_db
NEW = "acme-dev/apim/orders/2.0"
THERE = "acme-dev/apim/orders/1.1"


def effects_in(plan: Plan) -> dict[str, str]:
    """What is foreseen, by name."""
    return {item.title: item.details["effect"] for item in plan.items.all() if "effect" in item.details}


def test_an_uploaded_version_is_planned_imported_and_seen(world: World) -> None:
    world.platform.forget_requests()
    plan = world.plan()
    assert plan.blockers == []
    assert {effect_of_request(row["method"], row["path"]) for row in world.platform.requests()} == {Effect.READ}
    assert set(effects_in(plan).values()) == {"added"}
    assert plan.display["numbers"] == {"Account": 3, "File": 2, "Job": 1, "Pipeline": 3, "Policy": 1}

    job = world.run(plan)

    assert job.state == JobState.SUCCEEDED, (job.problem, texts(job))
    assert world.imports(NEW) == 1
    assert world.names_there(NEW) == set(job.results.values_list("type", "title"))
    assert set(job.results.values_list("outcome", "verification")) == {(ResultOutcome.CREATED, Verification.CONFIRMED)}
    assert all(job.results.values_list("new_id", flat=True))
    known = ApiVersion.objects.get(organization=world.dev, api="orders", version="2.0")
    assert (known.state, known.state_job) == (ApiVersionState.UNPUBLISHED, job)
    verbs = [verb for verb in AuditEvent.objects.values_list("verb", flat=True) if verb.startswith("job.")]
    assert verbs == ["job.import_ended", "job.import_accepted", "job.import_requested"]
    assert f"10 of 10 assets were seen there afterwards. It went to {NEW}." in world.words(job)


def test_a_version_of_another_environment_is_exported_first(world: World) -> None:
    promotion = world.planned(world.version("Lieferübersicht", "1.1"), "Lieferübersicht", "1.1", target=world.prod)

    plan = world.gathered(promotion)

    promotion.refresh_from_db()
    assert (plan.state, plan.blockers) == (PlanState.OPEN, [])
    assert plan.display["source"] == "acme-dev/apim/Lieferübersicht/1.1"
    # It leaves the organization, so somebody else has to agree.
    world.decide(plan)
    with pytest.raises(NotReadyError, match="approv"):
        world.requested(promotion.current_plan)
    assert world.imports() == 0


def test_what_somebody_else_agreed_to_runs_into_production(world: World) -> None:
    approver = UserFactory(full_name="Ada Approver")
    for organization in (world.dev, world.prod):
        MembershipFactory(user=approver, organization=organization, role=Role.APPROVER)
    plan = world.decide(world.plan(world.version("orders", "1.3"), "orders", "1.3", target=world.prod))
    approval = approvals.request_approval(plan=plan, actor=world.operator)

    approvals.approve(approval=approval, actor=approver, reason="Fine")
    job = world.drive(runs.request_run(plan=approval.frozen_plan, actor=world.operator))

    # What was encrypted in one environment cannot be decrypted in another.
    assert job.state == JobState.SUCCEEDED_WITH_WARNINGS, (job.problem, texts(job))
    assert "was not decrypted" in job.problem
    assert world.imports("acme-prod/apim/orders/1.3") == 1
    assert ("Pipeline", "returns_create") in world.names_there("acme-prod/apim/orders/1.3")


def test_who_has_changed_what_is_sent_cannot_agree_to_it(world: World) -> None:
    changer = UserFactory(full_name="Ada Approver")
    for organization in (world.dev, world.prod):
        MembershipFactory(user=changer, organization=organization, role=Role.APPROVER)
    plan = world.plan(world.version("orders", "1.3"), "orders", "1.3", target=world.prod)
    api_version_plans.change_rule(plan=plan, rule=DuplicateRule.OVERWRITE, types=["File"], actor=changer)
    plan = world.decide(world.gathered(plan.promotion))

    change = plan.items.get(key="change")
    assert (change.decided_by, change.details["foreseen"]) == (changer, "Overwrite chosen types (File)")
    approval = approvals.request_approval(plan=plan, actor=world.operator)
    with pytest.raises(PermissionDenied, match="You made decisions in this plan"):
        approvals.approve(approval=approval, actor=changer, reason="Mine")


def test_an_export_that_is_refused_keeps_the_plan_closed_and_says_why(world: World) -> None:
    promotion = world.planned(world.version("orders", "9.9"), target=world.dev)
    job = promotion.jobs.get()

    world.drive(job)

    assert job.state == JobState.FAILED
    assert "The platform does not export acme-dev/apim/orders/9.9" in job.problem
    assert promotion.current_plan.state == PlanState.GATHERING


def test_an_export_that_breaks_off_is_read_again_and_never_kept_half(world: World) -> None:
    world.platform.arm("GET", "*/apim/export_version/*", "truncated", count=1)

    plan = world.plan(world.version("orders", "1.2"))

    assert (plan.state, plan.blockers) == (PlanState.OPEN, [])


@pytest.mark.parametrize(
    ("rule", "types", "foreseen"),
    [
        (DuplicateRule.SKIP, (), {"orders_get": "left", "orders_cancel": "added", "Throttle": "overwritten"}),
        (
            DuplicateRule.OVERWRITE,
            ("Pipeline",),
            {"orders_get": "overwritten", "helpers.expr": "left", "Throttle": "overwritten", "mail_oauth": "added"},
        ),
        (DuplicateRule.CREATE_NEW, (), {"orders_get": "added", "Throttle": "added"}),
    ],
)
def test_a_plan_foresees_what_the_rule_does(
    world: World, rule: DuplicateRule, types: tuple[str, ...], foreseen: dict[str, str]
) -> None:
    plan = world.plan(version="1.1", rule=rule, types=types)

    found = effects_in(plan)
    assert {name: found[name] for name in foreseen} == foreseen
    assert plan.display["holding"]["is_listed"] is True
    confirmations = {item.title: item.explanation for item in plan.items.all() if item.kind == ItemKind.CONFIRMATION}
    is_another = rule == DuplicateRule.CREATE_NEW
    assert list(confirmations) == ["Another version is made" if is_another else "Policies are overwritten"]


def test_a_part_that_failed_behind_http_200_is_told_and_repaired(world: World) -> None:
    job = world.run(world.plan(version="1.1"))

    assert job.state == JobState.PARTLY_FAILED, texts(job)
    failed = {row.title: row.explanation for row in job.results.filter(outcome=ResultOutcome.FAILED)}
    assert "orders_get" in failed
    assert all(why.startswith("One of this name is there already") for why in failed.values())
    assert job.results.get(title="orders_cancel").outcome == ResultOutcome.CREATED
    assert job.results.get(title="Throttle").outcome == ResultOutcome.UPDATED
    [remedy] = remedies(job)
    assert (remedy.key, remedy.types) == ("overwrite", ("Account", "File", "Job", "Pipeline"))
    # The same once more would fail the same.
    assert "would fail again" in repeats.reason_not_to_retry(job)

    promotion = api_version_plans.apply_remedy(job=job, key="overwrite", actor=world.operator)
    repaired = world.run(world.gathered(promotion))

    assert repaired.state == JobState.SUCCEEDED, (repaired.problem, texts(repaired))
    assert set(repaired.results.values_list("outcome", flat=True)) == {ResultOutcome.UPDATED}
    assert world.imports(THERE) == 2
    assert promotion.origin_job == job
    with pytest.raises(RefusedError, match="not offered any more"):
        api_version_plans.apply_remedy(job=repaired, key="overwrite", actor=world.operator)
    with pytest.raises(RefusedError, match=f"Promotion {promotion.pk} goes on with it already"):
        api_version_plans.apply_remedy(job=job, key="overwrite", actor=world.operator)


def test_what_failed_for_another_reason_is_added_by_a_further_run(world: World) -> None:
    world.next(operation="import", fail=[{"name": "orders_list", "status_code": 500, "reason": "Out of luck"}])
    job = world.run(world.plan())
    assert job.state == JobState.PARTLY_FAILED
    assert "1 of 10 assets failed: Pipeline orders_list" in job.problem
    assert job.results.get(title="orders_list").explanation == "Out of luck"

    promotion = api_version_plans.apply_remedy(job=job, key="add", actor=world.operator)
    plan = world.gathered(promotion)

    assert {name for name, effect in effects_in(plan).items() if effect == "added"} == {"orders_list"}
    assert not plan.items.filter(details__has_key="effect", must_decide=True).exists()
    assert plan.items.get(title="orders_list").earlier["text"] == f"Failed in job {job.pk}."  # type: ignore[index]
    world.run(plan)
    assert ("Pipeline", "orders_list") in world.names_there(NEW)


def test_another_version_is_made_once_and_completed_and_not_made_again(world: World) -> None:
    world.next(operation="import", fail=[{"name": "orders_get", "status_code": 500, "reason": "Out of luck"}])
    job = world.run(world.plan(version="1.1", rule=DuplicateRule.CREATE_NEW))

    assert job.state == JobState.PARTLY_FAILED
    assert job.result["version_path"] == "acme-dev/apim/orders/1.11"
    [remedy] = remedies(job)
    assert (remedy.key, remedy.version, remedy.rule) == ("complete", ("orders", "1.11"), DuplicateRule.SKIP)
    known = ApiVersion.objects.get(organization=world.dev, api="orders", version="1.11")
    assert known.state == ApiVersionState.UNPUBLISHED

    promotion = api_version_plans.apply_remedy(job=job, key="complete", actor=world.operator)
    world.run(world.gathered(promotion))

    assert ("Pipeline", "orders_get") in world.names_there("acme-dev/apim/orders/1.11")
    assert world.version_there("acme-dev/apim/orders/1.12") is None


@pytest.mark.parametrize(("status", "advice"), [(409, "to add what is missing"), (400, "the unmodified zip")])
def test_a_refusal_is_explained_and_leaves_the_plan_open(world: World, status: int, advice: str) -> None:
    world.next(operation="import", status=status, message="So it is")
    plan = world.plan()

    job = world.run(plan)

    assert job.state == JobState.FAILED
    assert "So it is" in job.problem
    assert advice in job.problem
    assert world.imports() == 0
    assert plan.promotion.current_plan.state == PlanState.OPEN
    assert {one.key for one in remedies(job)} == ({"add", "another"} if status == 409 else set())


def test_a_status_inside_the_answer_that_says_otherwise_is_told(world: World) -> None:
    world.next(operation="import", inner_status=409, takes_effect=True)

    job = world.run(world.plan())

    assert job.state == JobState.SUCCEEDED_WITH_WARNINGS, texts(job)
    assert "409" in job.problem
    assert world.imports(NEW) == 1


def test_a_target_that_lists_nothing_is_planned_with_what_is_not_known(world: World) -> None:
    world.set("acme-dev", may_list=False)

    plan = world.plan(version="1.1")

    assert set(effects_in(plan).values()) == {"added_or_left", "added_or_overwritten"}
    assert plan.display["holding"]["presence"] == "unknown"
    assert "may not list" in plan.display["holding"]["why"]
    job = world.run(plan)
    assert job.state == JobState.PARTLY_FAILED
    assert set(job.results.values_list("verification", flat=True)) == {Verification.NOT_CONFIRMED}
    done = job.results.get(title="orders_cancel")
    assert done.explanation == "Added or overwritten: the answer does not tell which."


def test_what_our_own_runs_have_brought_is_remembered_where_nothing_is_listed(world: World) -> None:
    first = world.run(world.plan())
    world.set("acme-dev", may_list=False)

    plan = world.plan()

    assert plan.display["holding"]["ours"] == 10
    item = plan.items.get(title="orders_get")
    assert f"Job {first.pk} brought one there." in item.details["reason"]


def test_what_changes_in_the_target_before_the_run_stops_it(world: World) -> None:
    plan = world.plan()
    job = world.requested(plan)
    world.platform.control("snaplogic/versions", org="acme-dev", api="orders", version="2.0")

    world.drive(job)

    assert job.state == JobState.CANCELLED, texts(job)
    assert world.imports() == 0
    newer = plan.promotion.current_plan
    assert newer.revision == 2
    assert "The version in the target is now there." in newer.changes


def test_what_was_read_stands_as_long_as_it_says_the_same(world: World) -> None:
    newer = world.uploaded("acme-dev/apim/orders/1.3")
    plan = world.decide(world.plan(newer, version="1.2"))

    def decision() -> str:
        plans.refresh(plan=plan, actor=world.operator)
        return world.gathered(plan.promotion).items.get(remote_id="policies").decision

    standing = decision()
    world.platform.control("snaplogic/assets", path="acme-dev/apim/orders/1.2", type="Policy", name="Client allow list")
    fallen = decision()

    assert (standing, fallen) == (Decision.CONFIRM, Decision.UNDECIDED)


def test_another_rule_is_worked_out_anew_and_keeps_decisions_on_accounts(world: World) -> None:
    plan = world.decide(world.plan(version="1.1"))
    before = freezing.content_hash(plan)

    api_version_plans.change_rule(
        plan=plan, rule=DuplicateRule.OVERWRITE, types=["Pipeline", "File"], actor=world.operator
    )
    plan = world.gathered(plan.promotion)

    assert effects_in(plan)["orders_get"] == "overwritten"
    accounts = plan.items.filter(type="Account in the zip")
    assert set(accounts.values_list("decision", flat=True)) == {Decision.KEEP}
    assert freezing.content_hash(plan) != before
    assert "The duplicate rule is now “Overwrite chosen types” (File, Pipeline)." in plan.changes


@pytest.mark.parametrize(
    ("rule", "types", "words"),
    [
        (DuplicateRule.OVERWRITE, [], "at least one type"),
        (DuplicateRule.OVERWRITE, ["Snaplex"], "cannot be overwritten"),
        (DuplicateRule.SKIP, ["File"], "with the rule that overwrites only"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(world: World, rule: DuplicateRule, types: list[str], words: str) -> None:
    plan = world.plan()

    with pytest.raises(RefusedError, match=words):
        api_version_plans.change_rule(plan=plan, rule=rule, types=types, actor=world.operator)


def test_no_edit_reaches_accounts_that_nobody_may_edit_by_deciding(world: World) -> None:
    plan = world.plan()
    asset = plan.items.get(title="orders_get")

    with pytest.raises(RefusedError):
        decisions.decide(plan=plan, verdicts=[Verdict(asset.pk, Decision.LEAVE)], actor=world.operator)


def test_a_retired_version_takes_nothing(world: World) -> None:
    row = world.version("orders", "1.0")
    ApiVersion.objects.filter(pk=row.pk).update(state=ApiVersionState.RETIRED)

    plan, beside = world.plan(version="1.0"), world.plan(version="1.0", rule=DuplicateRule.CREATE_NEW)

    assert "orders 1.0 is retired" in plan.blockers[0]
    assert beside.blockers == []


def test_a_second_import_into_the_same_version_waits_for_the_first(world: World) -> None:
    first, second = world.plan(), world.plan()
    world.requested(first)

    with pytest.raises(RefusedError, match=r"(under way|already)"):
        world.requested(second)


def test_an_import_that_is_turned_away_waits_and_is_sent_once(world: World) -> None:
    world.platform.arm("POST", IMPORT_CALL, "rate_limit", count=2)

    job = world.run(world.plan())

    assert job.state == JobState.SUCCEEDED, texts(job)
    assert world.imports(NEW) == 1
