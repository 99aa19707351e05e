"""Editing accounts of an exported version, and adding expression files, against the emulator."""

import hashlib
import json

import pytest
from django.conf import LazySettings

from promotions.api_choices import DuplicateRule
from promotions.choices import Decision, ItemInput, JobState, PlanState, ResultOutcome
from promotions.models import Job, Plan, SealedValue
from promotions.services import api_accounts, api_expressions, api_version_plans, decisions, runs, sealed_values
from promotions.services.decisions import Verdict
from promotions.services.errors import ConflictError, NotReadyError, RefusedError
from promotions.systems.snaplogic.filling import shown_accounts
from promotions.systems.snaplogic.picks import archive_of
from promotions.systems.stored import stored_id
from tests.factories import StoredValueFactory
from tests.integration.promotions.snaplogic_world import World, texts, world

__all__ = ["world"]

pytestmark = pytest.mark.django_db
NEW = "acme-dev/apim/orders/2.0"
SECRET = "correct horse battery staple"
HOST = "/property_map/settings/connectionProperties/value/hostname/value"
PASSWORD = "/property_map/settings/connectionProperties/value/password/value"


def uuid_of(plan: Plan, name: str) -> str:
    found: str = plan.items.get(type="Account in the zip", title=name).details["uuid"]
    return found


def fresh(plan: Plan) -> Plan:
    return Plan.objects.get(pk=plan.pk)


def values_there(world: World, account: str) -> dict[str, dict[str, object]]:
    found = world.version_there(NEW)
    assert found is not None
    asset = next(one for one in found["assets"] if one["name"] == account)
    return {one["path"]: one for one in asset["values"]}


def edited(world: World, **stored: str) -> Plan:
    plan = world.plan()
    uuid = uuid_of(plan, "orders_db_account")
    typed = {HOST: "db.prod.example.test"} | ({} if stored else {PASSWORD: SECRET})
    api_accounts.edit(plan=plan, uuid=uuid, typed=typed, stored=stored, actor=world.operator)
    return fresh(plan)


def test_an_edited_account_arrives_with_what_was_typed_and_nothing_of_it_stays_here(world: World) -> None:
    plan = edited(world)
    items = plan.items.filter(type="Account value")
    assert items.get(remote_id=PASSWORD).input == ItemInput.SECRET
    # Its values stand behind their account.
    first = plan.items.get(title="orders_db_account", type="Account in the zip").position
    assert [item.position for item in items] == list(range(first + 1, first + 1 + items.count()))

    job = world.run(plan)

    assert job.state == JobState.SUCCEEDED, (job.problem, texts(job))
    there = values_there(world, "orders_db_account")
    host = next(one for path, one in there.items() if "hostname" in path)
    assert host["value"] == "db.prod.example.test"
    secret = next(one for path, one in there.items() if "password" in path)
    assert secret["sha256"] == hashlib.sha256(SECRET.encode()).hexdigest()
    assert secret["reencrypted"] is True
    assert not SealedValue.objects.exists()


def test_a_secret_comes_from_a_stored_value_of_the_target(world: World) -> None:
    stored = StoredValueFactory(organization=world.dev, name="Orders database", value=SECRET)

    job = world.run(edited(world, **{PASSWORD: stored_id(stored)}))

    assert job.state == JobState.SUCCEEDED, (job.problem, texts(job))
    secret = next(one for path, one in values_there(world, "orders_db_account").items() if "password" in path)
    assert secret["sha256"] == hashlib.sha256(SECRET.encode()).hexdigest()


def test_a_secret_has_to_be_typed_even_if_it_stays_the_same(world: World) -> None:
    plan = world.plan()
    uuid = uuid_of(plan, "orders_db_account")
    api_accounts.edit(plan=plan, uuid=uuid, typed={HOST: "db.prod.example.test"}, stored={}, actor=world.operator)
    others = plan.items.filter(must_decide=True, decision=Decision.UNDECIDED).exclude(type="Account value")
    verdicts = [Verdict(item.pk, Decision(item.choices[0]["decision"])) for item in others]
    decisions.decide(plan=fresh(plan), verdicts=verdicts, actor=world.operator)

    with pytest.raises(NotReadyError, match="1 row is not decided yet"):
        runs.request_run(plan=fresh(plan), actor=world.operator)
    with pytest.raises(RefusedError, match="encrypted form"):
        api_accounts.edit(plan=plan, uuid=uuid, typed={PASSWORD: "ENC(abcd)"}, stored={}, actor=world.operator)


def test_what_is_sent_is_shown_without_its_secrets(world: World) -> None:
    shown = shown_accounts(edited(world))

    assert SECRET not in shown
    assert "ENC(" not in shown
    [node] = json.loads(shown).values()
    assert node["name"] == "orders_db_account"
    assert "db.prod.example.test" in shown


def test_a_secret_that_the_platform_repeats_is_kept_nowhere(world: World) -> None:
    reason = f"Could not sign in with {SECRET}"
    world.next(
        operation="import",
        fail=[{"name": "orders_list", "status_code": 500, "reason": reason}],
        warn=[{"name": "orders_db_account", "message": reason}],
    )

    job = world.run(edited(world))

    assert job.state == JobState.PARTLY_FAILED, texts(job)
    told = [str(values) for values in (*job.results.values(), *job.events.values(), *Job.objects.values())]
    assert "Could not sign in with" in str(told)
    assert SECRET not in str(told)


@pytest.mark.parametrize(
    ("rule", "may_list", "words"),
    [
        (DuplicateRule.SKIP, True, "The target has this account, and the rule leaves it as it is"),
        (DuplicateRule.SKIP, False, "If the target has this account already"),
        (DuplicateRule.OVERWRITE, True, ""),
        (DuplicateRule.CREATE_NEW, True, ""),
    ],
)
def test_an_edit_that_would_not_arrive_says_so(world: World, rule: DuplicateRule, may_list: bool, words: str) -> None:
    world.set("acme-dev", may_list=may_list)

    plan = world.plan(version="1.1", rule=rule, types=["Account"] if rule == DuplicateRule.OVERWRITE else ())

    told = plan.items.get(type="Account in the zip", title="orders_db_account").explanation
    assert told.startswith(words)
    assert bool(told) == bool(words)


def test_an_account_that_is_left_after_all_goes_as_exported(world: World) -> None:
    plan = edited(world)
    uuid = uuid_of(plan, "orders_db_account")

    api_accounts.leave(plan=plan, uuid=uuid, actor=world.operator)

    plan = fresh(plan)
    assert not plan.items.filter(type="Account value").exists()
    assert not SealedValue.objects.exists()
    assert plan.items.get(type="Account in the zip", title="orders_db_account").decision == Decision.KEEP
    assert shown_accounts(plan) == ""
    with pytest.raises(ConflictError):
        api_accounts.leave(plan=plan, uuid=uuid, actor=world.operator)
    job = world.run(plan)
    assert job.state == JobState.SUCCEEDED, (job.problem, texts(job))


def test_the_bulk_act_leaves_no_edited_account_as_exported(world: World) -> None:
    plan = edited(world)

    decisions.decide(plan=plan, verdicts=decisions.kept(plan), actor=world.operator)

    account = plan.items.get(type="Account in the zip", title="orders_db_account")
    assert account.decision == Decision.FILL
    with pytest.raises(RefusedError, match="not offered"):
        decisions.decide(plan=fresh(plan), verdicts=[Verdict(account.pk, Decision.KEEP)], actor=world.operator)


def test_decisions_on_accounts_outlive_fresh_facts(world: World) -> None:
    plan = edited(world)

    api_version_plans.change_rule(plan=plan, rule=DuplicateRule.OVERWRITE, types=["Account"], actor=world.operator)
    plan = world.gathered(plan.promotion)

    assert plan.items.get(remote_id=HOST).target["title"] == "db.prod.example.test"  # type: ignore[index]
    assert plan.items.get(remote_id=PASSWORD).decision == Decision.FILL


def test_a_retry_asks_for_the_secrets_again_and_keeps_the_rest(world: World) -> None:
    world.next(operation="import", fail=[{"name": "orders_list", "status_code": 500, "reason": "Out of luck"}])
    job = world.run(edited(world))
    assert job.state == JobState.PARTLY_FAILED

    promotion = api_version_plans.apply_remedy(job=job, key="add", actor=world.operator)
    plan = world.gathered(promotion)

    assert plan.items.get(remote_id=HOST).target["title"] == "db.prod.example.test"  # type: ignore[index]
    assert plan.items.get(remote_id=PASSWORD).decision == Decision.UNDECIDED


def test_a_secret_that_was_erased_meanwhile_keeps_the_import_from_being_sent(world: World) -> None:
    plan = edited(world)
    job = world.requested(plan)
    sealed_values.erase(plan.promotion)

    world.drive(job)

    assert job.state == JobState.CANCELLED, texts(job)
    assert "was erased since. Type it again." in job.problem
    assert world.imports() == 0


@pytest.mark.parametrize(
    ("pointer", "value", "words"),
    [
        ("/property_map/settings/connectionProperties/value/portNumber/value", "abc", "is a number"),
        ("/property_map/nothing/value", "x", "has no value at"),
        (PASSWORD, "", "Type "),
    ],
)
def test_a_value_that_cannot_be_is_refused_and_changes_nothing(
    world: World, pointer: str, value: str, words: str
) -> None:
    plan = world.plan()
    uuid = uuid_of(plan, "orders_db_account")

    with pytest.raises(RefusedError, match=words):
        api_accounts.edit(plan=plan, uuid=uuid, typed={pointer: value}, stored={}, actor=world.operator)

    assert not plan.items.filter(type="Account value").exists()


def test_an_account_that_the_export_does_not_have_is_refused(world: World) -> None:
    with pytest.raises(RefusedError, match="no such account"):
        api_accounts.edit(plan=world.plan(), uuid="nobody", typed={}, stored={}, actor=world.operator)


# Expression files


def test_expression_files_go_along_flattened(world: World) -> None:
    plan = world.plan()

    api_expressions.add(plan=plan, files=[("a/b/rates.expr", [b"{ rate: 2 }"])], actor=world.operator)
    plan = world.gathered(plan.promotion)

    assert plan.items.get(type="Expression file").title == "rates.expr"
    job = world.run(plan)
    assert job.state == JobState.SUCCEEDED, (job.problem, texts(job))
    assert ("File", "rates.expr") in world.names_there(NEW)
    assert job.results.get(title="rates.expr").outcome == ResultOutcome.CREATED


@pytest.mark.parametrize(
    ("rule", "presence", "effect"),
    [
        (DuplicateRule.SKIP, "there", "overwritten"),
        (DuplicateRule.SKIP, "unknown", "added_or_overwritten"),
        (DuplicateRule.CREATE_NEW, "there", "added"),
    ],
)
def test_an_added_file_replaces_one_of_its_name_whatever_the_rule(
    world: World, rule: DuplicateRule, presence: str, effect: str
) -> None:
    world.set("acme-dev", may_list=presence == "there")
    plan = world.plan(version="1.1", rule=rule)
    assert plan.display["holding"]["presence"] == presence

    api_expressions.add(plan=plan, files=[("helpers.expr", [b"{ rate: 2 }"])], actor=world.operator)
    plan = world.gathered(plan.promotion)

    assert plan.items.get(type="Expression file").details["effect"] == effect


def test_expression_files_of_one_name_are_refused_before_they_are_sent(world: World) -> None:
    plan = world.plan()
    files = [("a/rates.expr", [b"1"]), ("b/rates.expr", [b"2"])]

    with pytest.raises(RefusedError, match=r"a/rates\.expr.*b/rates\.expr"):
        api_expressions.add(plan=plan, files=files, actor=world.operator)

    assert fresh(plan).state == PlanState.OPEN


def test_expression_files_can_be_taken_out_again(world: World) -> None:
    plan = world.plan()
    api_expressions.add(plan=plan, files=[("rates.expr", [b"1"])], actor=world.operator)
    plan = world.gathered(plan.promotion)

    api_expressions.remove(plan=plan, actor=world.operator)
    plan = world.gathered(plan.promotion)

    assert not plan.items.filter(type="Expression file").exists()
    with pytest.raises(ConflictError, match="No expression files"):
        api_expressions.remove(plan=plan, actor=world.operator)


def test_a_zip_that_was_damaged_here_is_not_sent(world: World, settings: LazySettings) -> None:
    plan = world.plan()
    job = world.requested(plan)
    file = settings.DATA_DIR / "files"
    [path] = [one for one in file.rglob("*") if one.is_file() and plan_file(plan) in str(one)]
    path.write_bytes(path.read_bytes()[:-50])

    world.drive(job)

    assert job.state == JobState.CANCELLED, texts(job)
    assert world.imports() == 0


def plan_file(plan: Plan) -> str:
    archive = archive_of(plan.promotion)
    assert archive is not None
    return archive.file.partition("/")[2]
