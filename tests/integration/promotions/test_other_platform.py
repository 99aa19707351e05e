"""The whole flow against a second platform that takes every choice which the documents leave open."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Organization, User
from accounts.services import connections, sandboxes
from promotions.choices import ACTIVE, Decision, JobState, PackageStatus, ProblemKind
from promotions.engine import inline
from promotions.models import Job, Package
from promotions.services import decisions, jobs, package_plans, packages, plans, runs
from promotions.services.decisions import Verdict
from promotions.systems.packages import kinds
from promotions.systems.packages.connection import platform as platform_connection
from promotions.systems.packages.connection import tooling
from tests.factories import CredentialFactory, MembershipFactory, OrganizationFactory, UserFactory
from tests.integration.promotions.other_platform import OtherPlatform
from tests.integration.promotions.other_platform_forms import OLD_JOBS, ORG, PACKAGES
from tests.integration.promotions.other_platform_server import RunningPlatform

pytestmark = [pytest.mark.django_db(transaction=False), pytest.mark.only_on("sqlite")]

SETTLE = timedelta(seconds=settings.SUBMIT_SETTLE_S + 1)
GOOD = JobState.SUCCEEDED
KINDS = {"IMPORT": kinds.IMPORT, "EXPORT": kinds.PUBLISH}
WARNED = JobState.SUCCEEDED_WITH_WARNINGS


@dataclass(frozen=True)
class Case:
    """Switches that are on together, and how the import must end with them."""

    switches: str
    ends: JobState = GOOD
    says: str = ""
    imports: int = 1

    @property
    def on(self) -> set[str]:
        return {name.strip() for name in self.switches.split("+") if name.strip()}


CASES = [
    Case(""),
    # The way in
    Case("expiry as text"),
    Case("expiry in ms"),
    Case("no token type + token answers 201"),
    Case("tokens last 7 calls"),
    Case("another 401 first"),
    Case("another 401 for an import", JobState.FAILED, "Unauthorized (HTTP 401). Test the organization's", imports=0),
    Case("busy first"),
    Case("a web page first"),
    Case("slash or 404"),
    Case("slash or redirect"),
    Case("404 as HTML"),
    Case("envelopes everywhere"),
    # Sandboxes
    Case("no sandbox administrator"),
    Case("sandbox words in capitals"),
    Case("sandbox words unknown"),
    Case("sandboxes bare"),
    Case("no prod sandbox"),
    # Lists
    Case("no hasNextPage"),
    Case("hasNextPage always"),
    Case("hasNextPage never"),
    Case("no page facts"),
    Case("pages capped"),
    Case("pages capped + no hasNextPage"),
    Case("pages capped + no page facts"),
    Case("pages capped + hasNextPage never"),
    Case("pages capped + rows repeated"),
    Case("pages capped + last page for ever"),
    Case("pages capped + totals move"),
    Case("orderby ignored"),
    Case("orderby refused"),
    # Packages
    Case("artifacts, untitled"),
    Case("type for packageType"),
    Case("package words in lower case"),
    Case("no versions"),
    Case("times ISO"),
    Case("times in seconds"),
    Case("times as text"),
    Case("times zero"),
    Case("times null"),
    # Plans
    Case("children answer 200"),
    Case("children bare"),
    Case("preflight under export only"),
    Case("no creationAllowed"),
    Case("preflight empty"),
    Case("preflight null"),
    Case("unknown resources"),
    Case("rights untyped"),
    Case("all like something + suggestions without type"),
    Case("all like something + suggestions without title"),
    Case("conflicts titled"),
    Case("conflicts bare"),
    Case("conflicts without type"),
    Case("empty suggestions"),
    # Submission
    Case("import by PUT"),
    Case("import refused", JobState.FAILED, "Package status is not PUBLISHED", imports=0),
    Case("import refused + bad requests are 403", JobState.FAILED, "Package status is not PUBLISHED", imports=0),
    Case("no jobId"),
    Case("no jobId + no correlationId"),
    Case("no jobId + orderby ignored + pages capped"),
    Case("no jobId + orderby ignored + pages capped + no page facts + old jobs of one moment"),
    Case("no jobId + requestType ignored"),
    Case("no jobId + times null"),
    Case("no jobId + description cut"),
    Case("no jobId + description in detail only + no snapshotId"),
    Case("no jobId + description left out"),
    Case("no jobId + description left out + no snapshotId", JobState.NEEDS_ATTENTION, "whether it is ours"),
    Case("answer of import lost"),
    Case("answer of import lost + description in detail only"),
    Case("answer of import lost + orderby ignored + requestType ignored + pages capped"),
    Case("answer of import lost + pages capped + no page facts"),
    # Jobs
    Case("requestType ignored"),
    Case("sandboxes as objects"),
    Case("rows name the package + requestType ignored"),
    Case("no envelope"),
    Case("no job detail", WARNED, "not known"),
    Case("no job detail + 404 as HTML + no jobId", WARNED, "not known"),
    Case("envelope of errors"),
    Case("job words in lower case"),
    Case("tasks without messages"),
    Case("tasks say nothing", WARNED, "not known"),
    Case("target never shows it", JobState.SUCCEEDED_WITH_WARNINGS, "second look at the target shows nothing like"),
    Case("failed tasks", JobState.PARTLY_FAILED, "The catalog is closed"),
    Case("cancelled at the end", JobState.PARTLY_FAILED, "Cancelled at the platform"),
    Case("unknown status", JobState.NEEDS_ATTENTION, "still says ARCHIVED"),
    Case("hidden error twice nested", WARNED, "HTTP 400, Dataset validation"),
    Case("hidden error within a message", WARNED, "HTTP 400, Dataset validation"),
    Case("hidden error without status", WARNED, "Dataset validation"),
    Case("hidden error as envelope", WARNED, "HTTP 400, Dataset validation"),
    Case("hidden error by gateway code", WARNED, "Dataset validation"),
    Case("hidden error in a list", WARNED, "HTTP 400, Dataset validation"),
    Case("hidden error as a map", WARNED, "HTTP 404, Dataset validation"),
]


@dataclass
class Flow:
    """The product, connected to a platform, as a person uses it."""

    platform: OtherPlatform
    organization: Organization
    operator: User

    def drive(self, job: Job) -> Job:
        """Let time pass until the job is over or needs a person."""
        for look in range(60):
            job.refresh_from_db()
            if job.state not in ACTIVE:
                return job
            past = timezone.now() - SETTLE
            Job.objects.filter(pk=job.pk).update(due_at=timezone.now())
            Job.objects.filter(pk=job.pk, submit_at__isnull=False).update(submit_at=past)
            if look == 40 and job.deadline_at is not None:
                Job.objects.filter(pk=job.pk).update(deadline_at=past)
            inline.run_due()
        pytest.fail(f"job {job.pk} never ended: {job.state}, {list(job.events.values_list('text', flat=True))}")

    def synchronize(self) -> Job:
        return self.drive(packages.request_synchronization(organization=self.organization, actor=self.operator))

    def import_package(self) -> Job:
        promotion = package_plans.plan_promotion(
            package=Package.objects.get(organization=self.organization, name="Loyalty"),
            sandbox=self.organization.sandboxes.get(name="stage"),
            job_name="Loyalty to stage",
            job_description="Long. " * 50 if "description cut" in self.platform.on else "For the launch",
            actor=self.operator,
        )
        gathering = plans.gathering_job(promotion.current_plan)
        assert gathering is not None
        assert self.drive(gathering).state == GOOD, gathering.problem
        plan = promotion.current_plan
        assert not plan.blockers, plan.blockers
        assert {item.remote_id for item in plan.items.all()} == {"s1", "m1", "d1"}
        schema = plan.items.get(remote_id="s1")
        reused = next(choice for choice in schema.choices if choice["target"])
        decisions.decide(
            plan=plan,
            verdicts=[Verdict(schema.pk, Decision.REUSE, reused["target"]["id"])]
            + [Verdict(item.pk, Decision.CREATE) for item in plan.items.filter(must_decide=True).exclude(pk=schema.pk)],
            actor=self.operator,
        )
        return self.drive(runs.request_run(plan=plan, actor=self.operator))

    def publish(self) -> Job:
        draft = Package.objects.get(organization=self.organization, name="Draft")
        return self.drive(packages.request_publish(package=draft, expiry_days=None, actor=self.operator))

    def discover(self) -> Job:
        return self.drive(
            jobs.queue_once(kind=kinds.DISCOVER_JOBS, title="Jobs", organization=self.organization, actor=None)
        )


@pytest.fixture
def connect(db: None) -> Iterator[Callable[[set[str]], Flow]]:
    servers = []

    def start(on: set[str]) -> Flow:
        platform = OtherPlatform(on)
        server = RunningPlatform(platform)
        servers.append(server)
        organization = OrganizationFactory(remote_id=ORG, ims_url=server.url, platform_url=server.url)
        CredentialFactory(organization=organization, client_id="otherkey")
        operator = UserFactory()
        MembershipFactory(user=operator, organization=organization, role=Role.OPERATOR)
        with platform_connection(organization) as connection:
            sandboxes.apply_sandboxes(organization, connections.list_sandboxes(connection))
        return Flow(platform, organization, operator)

    yield start
    for server in servers:
        server.stop()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.switches or "as in the samples")
def test_the_flow_ends_truthfully_whatever_the_documents_leave_open(
    connect: Callable[[set[str]], Flow], case: Case
) -> None:
    flow = connect(case.on)

    read = flow.synchronize()
    imported = flow.import_package()
    published = flow.publish()
    discovered = flow.discover()

    told = list(imported.events.values_list("text", flat=True))
    assert (read.state, read.result.get("read")) == (GOOD, PACKAGES), read.problem
    assert imported.state == case.ends, (imported.problem, told)
    assert case.says in imported.problem
    assert flow.platform.sent(r"/packages/import$", done_only=True) == case.imports
    assert published.state == GOOD, (published.problem, list(published.events.values_list("text", flat=True)))
    assert flow.platform.sent(r"(?<!preflight)/[0-9a-f]{32}/export$", done_only=True) >= 1
    assert Package.objects.get(name="Draft").status == PackageStatus.PUBLISHED
    assert discovered.state == GOOD, discovered.problem
    elsewhere = dict(Job.objects.filter(is_foreign=True).values_list("remote_id", "kind"))
    for unadopted in imported.result.get("candidates", []):
        elsewhere.pop(unadopted, None)
    assert elsewhere == {job["id"]: KINDS[job["type"]] for job in flow.platform.jobs[:OLD_JOBS]}
    for kind in KINDS.values():
        assert flow.drive(Job.objects.filter(is_foreign=True, kind=kind)[0]).is_finished
    assert not Job.objects.filter(problem_kind=ProblemKind.INTERNAL).exists()
    assert "Towpath itself failed" not in " ".join(told)


@pytest.mark.parametrize("switches", ["", "404 as HTML"])
def test_a_package_that_is_gone_counts_as_gone_however_the_platform_says_so(
    connect: Callable[[set[str]], Flow], switches: str
) -> None:
    flow = connect({switches})
    flow.synchronize()
    del flow.platform.packages[f"{3:032x}"]

    read = flow.synchronize()

    assert (read.state, read.result["vanished"]) == (GOOD, 1), read.problem
    assert Package.objects.get(remote_id=f"{3:032x}").vanished_at is not None


def test_a_door_that_leads_nowhere_makes_no_package_vanish(connect: Callable[[set[str]], Flow]) -> None:
    flow = connect({"404 as HTML"})
    flow.synchronize()
    del flow.platform.packages[f"{3:032x}"]
    flow.platform.on.add("no look at packages")

    read = flow.synchronize()

    assert read.state == JobState.FAILED
    assert not Package.objects.exclude(vanished_at=None).exists()


def test_a_package_is_made_public_where_only_the_other_path_is_known(connect: Callable[[set[str]], Flow]) -> None:
    flow = connect({"make public under update only"})

    with tooling(flow.organization) as client:
        public = client.make_public(f"{1:032x}")

    assert public.visibility == "PUBLIC"
