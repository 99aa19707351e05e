"""What arrives at the platform is what was uploaded or exported, and what somebody is told meanwhile and after."""

import hashlib
import io
import zipfile

import pytest
from django.conf import LazySettings

from promotions.api_choices import DuplicateRule
from promotions.choices import JobState, PlanState, ResultOutcome
from promotions.models import Archive, Job
from promotions.services import api_version_plans, archives, repeats, sealed_files
from promotions.systems.snaplogic.advice import remedies
from tests.integration.promotions.conftest import run_due
from tests.integration.promotions.snaplogic_world import IMPORT_CALL, World, texts, world

__all__ = ["world"]

pytestmark = pytest.mark.django_db
NEW = "acme-dev/apim/orders/2.0"
ORDERS = "acme-dev/apim/orders/1.2"


def odd(content: bytes) -> bytes:
    """The same entries as nobody would pack them: the other way round, stored or packed in turns, with a comment."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(packed, "w") as target:
        for number, entry in enumerate(reversed(source.infolist())):
            method = zipfile.ZIP_STORED if number % 2 else zipfile.ZIP_DEFLATED
            target.writestr(zipfile.ZipInfo(entry.filename, (1999, 12, 31, 23, 59, 58)), source.read(entry), method)
        target.comment = b"exported on a Friday"
    return packed.getvalue()


def sent(world: World) -> list[str]:
    """The digest of each zip that the platform has taken in."""
    return [one["document"] for one in world.platform.effects_of("snaplogic.import")]


def test_the_zip_arrives_as_it_was_uploaded(world: World) -> None:
    content = odd(world.exported(ORDERS))
    archive = archives.receive(organization=world.dev, chunks=[content], file_name="odd.zip", actor=world.operator)

    job = world.run(world.plan(archive))

    assert job.state == JobState.SUCCEEDED, (job.problem, texts(job))
    assert sent(world) == [hashlib.sha256(content).hexdigest()] == [archive.sha256]


def test_the_zip_arrives_as_it_was_exported(world: World) -> None:
    job = world.run(world.plan(world.version("orders", "1.2")))

    assert job.state == JobState.SUCCEEDED, (job.problem, texts(job))
    assert sent(world) == [hashlib.sha256(world.exported(ORDERS)).hexdigest()]


def test_a_path_is_reached_letter_for_letter(world: World) -> None:
    """Where names that differ in case only are different versions."""
    world.run(world.plan(api="orders", version="v 2.0%2F"))

    job = world.run(world.plan(api="Órders & Söhne #1", version="V 2.0%2F"))

    assert job.state == JobState.SUCCEEDED, (job.problem, texts(job))
    assert [one["version_path"].strip("/") for one in world.platform.effects_of("snaplogic.import")] == [
        "acme-dev/apim/orders/v 2.0%2F",
        "acme-dev/apim/Órders & Söhne #1/V 2.0%2F",
    ]


def test_another_zip_in_its_place_is_not_sent_however_alike(world: World) -> None:
    job = world.requested(world.plan())
    archive = Archive.objects.get()
    swapped = sealed_files.write([odd(world.exported(ORDERS))], at_most=1 << 20)
    Archive.objects.update(file=swapped.name)

    world.drive(job)

    assert job.state == JobState.CANCELLED, texts(job)
    assert f"{archive} is not what came here: its checksum differs." in job.problem
    assert sent(world) == []


def test_a_version_larger_than_the_platform_likes_to_export_is_exported_all_the_same(world: World) -> None:
    world.set("acme-dev", export_limit_bytes=100)

    plan = world.plan(world.version("orders", "1.2"))

    assert (plan.state, plan.blockers) == (PlanState.OPEN, [])
    assert Archive.objects.get().size > 100


def test_one_larger_than_is_kept_here_is_not(world: World, settings: LazySettings) -> None:
    settings.ARCHIVE_MAX_MB = 0
    promotion = world.planned(world.version("orders", "1.2"))

    job = world.drive(promotion.jobs.get())

    assert job.state == JobState.FAILED, texts(job)
    assert not Archive.objects.exists()


def test_a_platform_that_takes_its_time_is_waited_for(world: World, settings: LazySettings) -> None:
    settings.SUBMIT_DEADLINE_S = 1
    for operation in ("export", "import"):
        world.next(operation=operation, delay_s=1.5)

    job = world.run(world.plan(world.version("orders", "1.2")))

    assert job.state == JobState.SUCCEEDED, (job.problem, texts(job))
    assert world.imports(NEW) == 1


def test_an_export_is_given_up_at_the_deadline_of_whole_files(world: World, settings: LazySettings) -> None:
    settings.UPLOAD_DEADLINE_S = 1
    world.next(operation="export", delay_s=2.5)
    promotion = world.planned(world.version("orders", "1.2"))

    job = world.drive(promotion.jobs.get())

    assert job.state == JobState.SUCCEEDED, texts(job)
    assert "Trying again" in texts(job)


def test_while_the_platform_works_the_page_says_that_all_is_sent(world: World) -> None:
    job = world.requested(world.plan())
    world.platform.arm("POST", IMPORT_CALL, "reset", when="after", count=1)

    run_due()

    job.refresh_from_db()
    assert job.state == JobState.SUBMITTING, texts(job)
    assert job.progress_text == "All is sent. Waiting for SnapLogic, which may work on it for 15 minutes."


def test_a_conflict_where_another_version_was_wanted_leads_to_adding_what_is_missing(world: World) -> None:
    world.next(operation="import", status=409, message="The name is taken")
    job = world.run(world.plan(version="1.1", rule=DuplicateRule.CREATE_NEW))

    assert job.state == JobState.FAILED, texts(job)
    assert "to add what is missing" in job.problem
    assert [(one.key, one.rule) for one in remedies(job)] == [("add", DuplicateRule.SKIP)]
    assert "refused it, and made nothing" in repeats.reason_not_to_retry(job)

    promotion = api_version_plans.apply_remedy(job=job, key="add", actor=world.operator)
    world.run(world.gathered(promotion))

    assert ("Pipeline", "orders_cancel") in world.names_there("acme-dev/apim/orders/1.1")
    assert world.version_there("acme-dev/apim/orders/1.11") is None


def test_what_came_into_a_version_that_an_import_made_is_remembered_there(world: World) -> None:
    first = world.run(world.plan(version="1.1", rule=DuplicateRule.CREATE_NEW))
    world.set("acme-dev", may_list=False)

    into_it, beside_it = world.plan(version="1.11"), world.plan(version="1.1")

    assert into_it.display["holding"]["ours"] == 10
    assert f"Job {first.pk} brought one there." in into_it.items.get(title="orders_get").details["reason"]
    assert beside_it.display["holding"]["ours"] == 0


def test_what_a_run_left_as_it_was_is_not_said_to_have_come_with_it(world: World) -> None:
    first = world.run(world.plan(version="1.1", rule=DuplicateRule.OVERWRITE, types=["Pipeline"]))
    left = first.results.filter(outcome=ResultOutcome.UNCHANGED)
    assert left.exists()
    world.set("acme-dev", may_list=False)

    plan = world.plan(version="1.1")

    reasons = {item.title: item.details["reason"] for item in plan.items.all() if "effect" in item.details}
    assert f"Job {first.pk} brought one there." in reasons["orders_get"]
    assert not [row.title for row in left if "brought one there" in reasons[row.title]]


def test_what_came_into_a_version_that_nobody_named_is_counted_nowhere(world: World) -> None:
    first = world.run(world.plan(version="1.1", rule=DuplicateRule.CREATE_NEW))
    Job.objects.filter(pk=first.pk).update(result={**first.result, "version_path": ""})

    found = [world.plan(version=version).display["holding"]["ours"] for version in ("1.1", "1.11")]

    assert found == [0, 0]
