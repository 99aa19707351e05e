"""The kinds of writes that are hit, each with its way to begin it and its count at the platform.

What people do goes through the services themselves. Every write is about something of its own: a marker, a name, a
partner or a package that no other one has. So what the platform did of it can be counted.
"""

import time
import uuid
from abc import abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from django.db import transaction
from django.utils import timezone

from tests.crash.api_writes import ENVIRONMENT, ApiImportWrite, ApiLifeWrite, exported_zip
from tests.crash.decisioning_write import DecisioningWrite
from tests.crash.installation import Target, wait_for
from tests.crash.write import ACTIVE, ATTENTION, Write, is_open

ASKED_AGAIN_S = 3.0
PARTNER_ANSWERS_AFTER_S = 2.0


class ImportWrite(Write):
    """An import of a package into a sandbox, known by our marker."""

    kind = "import"
    call = ("POST", "*/packages/import")
    submit_s = 3.0

    def __init__(self, target: Target, package: Any, sandbox: Any) -> None:
        from promotions.services import package_plans

        super().__init__(target)
        self.line = package, sandbox
        self._promotion = package_plans.plan_promotion(
            package=package, sandbox=sandbox, job_name="", actor=target.operator
        )

    def is_ready(self) -> bool:
        return is_open(self._promotion, self.target.operator)

    def queue(self) -> Any:
        """Decide and ask for the import; no worker sees it before `begin`."""
        from promotions.choices import Decision
        from promotions.models import Job
        from promotions.services import decisions, runs

        plan = self._promotion.current_plan
        undecided = plan.items.filter(must_decide=True, decision=Decision.UNDECIDED)
        verdicts = [decisions.Verdict(item.pk, Decision.CREATE) for item in undecided]
        decisions.decide(plan=plan, verdicts=verdicts, actor=self.target.operator)
        with transaction.atomic():
            job = runs.request_run(plan=plan, actor=self.target.operator)
            Job.objects.filter(pk=job.pk).update(due_at=timezone.now() + timedelta(hours=1))
        self.jobs.append(job)
        return job

    def begin(self) -> None:
        from promotions.models import Job

        job = self.jobs[-1] if self.jobs else self.queue()
        Job.objects.filter(pk=job.pk, state="queued").update(due_at=timezone.now())

    def effects(self) -> dict[str, int]:
        mark = f"[{self.jobs[-1].marker}]"
        done = self.target.effects("import")
        return {"import": sum((effect["description"] or "").endswith(mark) for effect in done)}

    @property
    def title(self) -> str:
        return f"{self.line[0]} into {self.line[1].name}"


class JourneyWrite(Write):
    """An import of a journey that nobody else imports, filled in; known by the version that it came from."""

    kind = "journey"
    call = ("POST", "*/journeyVersions/import")
    submit_s = 3.0

    def __init__(self, target: Target, journey: Any, sandbox: Any) -> None:
        from promotions.services import journey_plans

        super().__init__(target)
        self._version_uid = journey.latest_version_uid
        self._promotion = journey_plans.plan_promotion(
            journey=journey, version_uid=self._version_uid, sandbox=sandbox, actor=target.operator
        )

    def is_ready(self) -> bool:
        return is_open(self._promotion, self.target.operator)

    def begin(self) -> None:
        from promotions.choices import Decision, ItemInput
        from promotions.services import decisions, runs

        plan = self._promotion.current_plan
        verdicts = []
        for item in plan.items.filter(must_decide=True):
            if item.input == ItemInput.SECRET:
                verdicts.append(decisions.Verdict(item.pk, Decision.FILL, value=f"secret of {self._version_uid}"))
                continue
            chosen = item.choices[0]
            target_id = chosen["target"]["id"] if chosen["target"] else ""
            verdicts.append(decisions.Verdict(item.pk, Decision(chosen["decision"]), target_id))
        decisions.decide(plan=plan, verdicts=verdicts, actor=self.target.operator)
        self.jobs.append(runs.request_run(plan=plan, actor=self.target.operator))

    def effects(self) -> dict[str, int]:
        return {"journeys.import": len(self.target.effects("journeys.import", source=self._version_uid))}

    @property
    def title(self) -> str:
        return str(self._promotion)


class CreateWrite(Write):
    """A new package with one object, known by its name."""

    kind = "create"
    call = ("POST", "*/packages")

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._name = f"Storm {uuid.uuid4().hex[:12]}"

    def begin(self) -> None:
        from promotions.models import Artifact
        from promotions.services import building

        acme = self.target.acme
        held = Artifact.objects.filter(
            package__organization=acme, package__source_sandbox="dev", type="REGISTRY_SCHEMA"
        )
        schema = held.order_by("pk")[0]
        self.jobs.append(
            building.create_package(
                organization=acme,
                name=self._name,
                description="",
                package_type="PARTIAL",
                sandbox=acme.sandboxes.get(name="dev"),
                expires_at=None,
                artifacts=[building.NewArtifact(schema.type, schema.remote_id, schema.title)],
                publishes=False,
                actor=self.target.operator,
            )
        )

    def effects(self) -> dict[str, int]:
        return {"package.create": len(self.target.effects("package.create", name=self._name))}

    @property
    def title(self) -> str:
        return self._name


class VersionWrite(Write):
    """A new version of a package that nobody else saves."""

    kind = "version"
    call = ("PATCH", "*/version/save")

    def __init__(self, target: Target, package: Any) -> None:
        super().__init__(target)
        self._package = package
        self._reading: Any = None

    def is_ready(self) -> bool:
        """Versions are offered only where the platform has been asked."""
        from promotions.services import package_readings

        if self._reading is None or self._reading.state not in ACTIVE:
            self._package.refresh_from_db()
            if self._package.capabilities is not None:
                return True
            self._reading = package_readings.read_package(package=self._package, actor=self.target.operator)
        self._reading.refresh_from_db(fields=["state"])
        return False

    def begin(self) -> None:
        from promotions.services import versions

        self.jobs.append(versions.request_version(package=self._package, actor=self.target.operator))

    def effects(self) -> dict[str, int]:
        done = self.target.effects("version.save", package_id=self._package.remote_id)
        return {"version.save": len(done)}

    @property
    def title(self) -> str:
        return str(self._package)


class SharingWrite(Write):
    """A whole request across organizations: one person asks, another consents, and the chain does the rest."""

    operation: ClassVar[str]

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._request: Any = None
        self._leg: Any = None
        self._asked_at = 0.0
        self._is_ended = False

    @abstractmethod
    def ask(self) -> Any:
        """The request for consent."""

    def begin(self) -> None:
        from promotions.services import approvals

        self._request = self.ask()
        approval = self._request.approvals.get()
        approvals.approve(
            approval=approval, actor=self.target.approver, reason="Agreed", seen_hash=approval.content_hash
        )
        self.refresh()

    def refresh(self) -> None:
        self._request.refresh_from_db()
        self._leg = self._request.legs.select_related("asking_job", "sending_job").get()
        self.jobs = [job for job in (self._leg.asking_job, self._leg.sending_job) if job is not None]
        if self._leg.state in ("asking", "waiting_partner"):
            self._look_for_answer()

    def _look_for_answer(self) -> None:
        """What a person does who waits for a partner: read the partnerships anew, not only by the clock."""
        from promotions.services import sharing

        if time.monotonic() - self._asked_at > ASKED_AGAIN_S:
            self._asked_at = time.monotonic()
            sharing.request_synchronization(organization=self.target.acme, actor=self.target.operator)

    @property
    def state(self) -> str:
        if any(job.state == ATTENTION for job in self.jobs):
            return ATTENTION
        return str(self._request.state if self._request.is_over else self._leg.state)

    @property
    def stage(self) -> str:
        newest = self.jobs[-1].state if self.jobs else ""
        return str(newest) if newest in ACTIVE else self.state

    @property
    def is_over(self) -> bool:
        return self.state == ATTENTION or bool(self._request.is_over)

    @property
    def is_to_be_sent(self) -> bool:
        return bool(self._leg.state == "sending")

    @property
    def is_running(self) -> bool:
        return self.is_to_be_sent and bool(self.jobs[-1].state == "running")

    @property
    def problem(self) -> str:
        return super().problem or str(self._request.problem)

    def hurry(self) -> None:
        if self._is_ended or self._leg.state != "sending" or not self.jobs[-1].remote_id:
            return
        self._is_ended = True
        # It may be over by itself meanwhile.
        self.target.emulator.post("/transfers", json={"id": self.jobs[-1].remote_id, "status": "COMPLETED"})

    @property
    def title(self) -> str:
        return str(self._request.title)


class HandshakeWrite(SharingWrite):
    """A request for a partnership with an organization that nobody has asked before."""

    kind = "handshake"
    call = ("POST", "*/handshake/bulkCreate")

    def __init__(self, target: Target, partner_id: str) -> None:
        super().__init__(target)
        self._partner_id = partner_id

    def ask(self) -> Any:
        from promotions.services import sharing

        return sharing.request_partnerships(
            organization=self.target.acme, partner_ids=[self._partner_id], note="", actor=self.target.operator
        )

    @property
    def is_to_be_sent(self) -> bool:
        return True

    @property
    def is_running(self) -> bool:
        return self._leg.state == "waiting_partner" or bool(self.jobs and self.jobs[-1].state == "running")

    def effects(self) -> dict[str, int]:
        return {"handshake.request": len(self.target.effects("handshake.request", target=self._partner_id))}


class TransferWrite(SharingWrite):
    """A package for an organization that is a partner, or first has to become one."""

    kind = "transfer"
    call = ("POST", "*/transfer")

    def __init__(self, target: Target, package: Any, partner_id: str, *, is_partner: bool) -> None:
        super().__init__(target)
        self._package, self._partner_id, self._is_partner = package, partner_id, is_partner
        if is_partner:
            target.tell("handshakes", source=target.acme.remote_id, target=partner_id, status="APPROVED")

    def is_ready(self) -> bool:
        from promotions.models import Partnership

        if not self._is_partner:
            return True
        held = Partnership.objects.filter(organization=self.target.acme, partner_id=self._partner_id)
        if held.exists():
            return True
        self._look_for_answer()
        return False

    def ask(self) -> Any:
        from promotions.services import sharing

        return sharing.request_share(
            package=self._package, partner_ids=[self._partner_id], note="", actor=self.target.operator
        )

    def effects(self) -> dict[str, int]:
        done = {"transfer.share": len(self.target.effects("transfer.share", target=self._partner_id))}
        if not self._is_partner:
            done["handshake.request"] = len(self.target.effects("handshake.request", target=self._partner_id))
        return done


class PullWrite(SharingWrite):
    """A public package of a partner that nobody has pulled before."""

    kind = "pull"
    call = ("POST", "*/transfer/pullRequest")

    def __init__(self, target: Target, source_id: str, package_id: str) -> None:
        super().__init__(target)
        self._source_id, self._package_id = source_id, package_id

    def ask(self) -> Any:
        from promotions.services import sharing

        return sharing.request_pull(
            organization=self.target.acme,
            sources=[sharing.PullSource(self._source_id, self._package_id)],
            note="",
            actor=self.target.operator,
        )

    def effects(self) -> dict[str, int]:
        return {"transfer.pull": len(self.target.effects("transfer.pull", package_id=self._package_id))}


KINDS: Mapping[str, type[Write]] = {
    write.kind: write
    for write in (
        *(ImportWrite, JourneyWrite, CreateWrite, HandshakeWrite, TransferWrite, PullWrite, VersionWrite),
        *(DecisioningWrite, ApiImportWrite, ApiLifeWrite),
    )
}
# Objects of one package never resemble those of another line, so that no run changes what another has planned.
LINES = (
    ("Acme", "Loyalty schemas v3", "stage"),
    ("Acme", "Consent audiences autumn", "stage"),
    ("Acme", "CRM identity foundation", "stage"),
    ("Acme", "Order history dataset and policy", "stage"),
    ("Acme", "Web visits journey", "stage"),
    ("Acme", "Customer service sources", "stage"),
    ("Acme", "Newsletter backup 2026", "dev"),
    ("Acme", "Returns audience for production", "dev"),
    ("Globex", "Trade accounts dataset", "stage"),
    ("Globex", "Fleet telemetry schema", "stage"),
    ("Globex", "Support plans audience", "dev"),
)


class Stock:
    """What writes are about, handed out one by one; the emulator makes as much of it as is wanted."""

    def __init__(self, target: Target, kinds: Sequence[str], runs: int) -> None:
        self.target = target
        # One storm may follow another at the same emulator.
        self._token, self._number = uuid.uuid4().hex[:8], 0
        self._lines = deque(self._all_lines()) if ImportWrite.kind in kinds else deque()
        self._shared = self._packages(1)[0] if TransferWrite.kind in kinds else None
        # Half as many again, since what is over before its moment is done once more.
        wanted = 1 + 3 * runs // (2 * len(kinds))
        self._versionable = deque(self._packages(wanted)) if VersionWrite.kind in kinds else deque()
        self._journeys = deque(self._new_journeys(wanted)) if JourneyWrite.kind in kinds else deque()
        self._zip = exported_zip(target) if ApiImportWrite.kind in kinds else None
        self._offers: deque[tuple[Any, str]] = deque()
        if DecisioningWrite.kind in kinds:
            # As if somebody outside had a workflow under way, again and again.
            path, body = DecisioningWrite.call[1], {"title": "Conflict", "detail": "A workflow is already in progress"}
            target.tell("faults", method="POST", path=path, fault="status", status=409, body=body, probability=0.25)

    def _all_lines(self) -> list[tuple[Any, Any]]:
        from promotions.models import Package

        organizations = {name: self.target.organization(name) for name in ("Acme", "Globex")}
        lines = []
        for organization_name, package_name, sandbox_name in LINES:
            organization = organizations[organization_name]
            packages = Package.objects.filter(organization=organization, name__startswith=package_name)
            package = packages.importable(timezone.now()).order_by("-name").first()
            if package is not None:
                lines.append((package, organization.sandboxes.get(name=sandbox_name)))
        return lines

    def _packages(self, number: int) -> list[Any]:
        """New packages of Acme that Towpath has read."""
        from promotions.models import Package
        from promotions.services import packages

        names = [self._name("Storm stock") for _ in range(number)]
        self.target.tell("packages", organization="Acme", names=names)
        found = Package.objects.filter(organization=self.target.acme, name__in=names).select_related("organization")

        def are_read() -> bool:
            if found.count() == number:
                return True
            packages.request_synchronization(organization=self.target.acme, actor=self.target.operator)
            time.sleep(0.5)
            return False

        wait_for(are_read, f"{number} packages more")
        return list(found)

    def _new_journeys(self, number: int) -> list[Any]:
        """New journeys of Acme that Towpath has read."""
        from promotions.models import Journey
        from promotions.services import journeys

        acme = self.target.acme
        names = [self._name("Storm journey") for _ in range(number)]
        self.target.tell("journeys", organization="Acme", sandbox="dev", names=names)
        found = Journey.objects.filter(organization=acme, sandbox__name="dev", name__in=names)

        def are_read() -> bool:
            if found.count() == number:
                return True
            journeys.request_synchronization(organization=acme, actor=self.target.operator)
            time.sleep(0.5)
            return False

        wait_for(are_read, f"{number} journeys more")
        return list(found.select_related("organization", "sandbox"))

    def _new_offers(self, number: int) -> list[tuple[Any, str]]:
        """Of both organizations in turn, which do not wait for each other."""
        found = []
        for name in ("Acme", "Globex"):
            organization = self.target.organization(name)
            added = self.target.tell("decisioning", organization=name, sandbox="dev", offers=number)
            found.append([(organization, offer_id) for offer_id in added["offers"]])
        return [one for pair in zip(*found, strict=True) for one in pair]

    def _name(self, words: str) -> str:
        self._number += 1
        return f"{words} {self._token} {self._number:04}"

    def has(self, kind: str) -> bool:
        return kind != ImportWrite.kind or bool(self._lines)

    def write(self, kind: str, *, is_even: bool = False) -> Write:
        """A write about something that no other one is about; `is_even` chooses between two ways where there are."""
        if kind == ImportWrite.kind:
            return ImportWrite(self.target, *self._lines.popleft())
        if kind == JourneyWrite.kind:
            if not self._journeys:
                self._journeys.extend(self._new_journeys(10))
            return JourneyWrite(self.target, self._journeys.popleft(), self.target.acme.sandboxes.get(name="stage"))
        if kind == DecisioningWrite.kind:
            if not self._offers:
                self._offers.extend(self._new_offers(10))
            return DecisioningWrite(self.target, *self._offers.popleft(), is_rolled_back=is_even)
        if kind == HandshakeWrite.kind:
            return HandshakeWrite(self.target, self._partner())
        if kind == TransferWrite.kind:
            return TransferWrite(self.target, self._shared, self._partner(), is_partner=is_even)
        if kind == PullWrite.kind:
            added = self.target.tell(
                "packages", organization="Northwind", names=[self._name("Storm gift")], is_public=True
            )
            return PullWrite(self.target, added["ims_org_id"], added["packages"][0]["id"])
        if kind == VersionWrite.kind:
            if not self._versionable:
                self._versionable.extend(self._packages(10))
            return VersionWrite(self.target, self._versionable.popleft())
        if kind in (ApiImportWrite.kind, ApiLifeWrite.kind):
            return self._of_api(kind, is_even=is_even)
        return CreateWrite(self.target)

    def _of_api(self, kind: str, *, is_even: bool) -> Write:
        """About a version that nobody else is about; one that is there already, but for every other import."""
        api = self._name("storm")
        if kind == ApiLifeWrite.kind or is_even:
            self.target.tell(
                "snaplogic/versions", org=ENVIRONMENT, api=api, version="1", state="published", pipelines=1
            )
        if kind == ApiLifeWrite.kind:
            return ApiLifeWrite(self.target, api, is_deprecated=is_even)
        return ApiImportWrite(self.target, self._zip, api, makes_another=is_even)

    def _partner(self) -> str:
        added = self.target.tell(
            "organizations", names=[self._name("Partner")], manner="approves", after_s=PARTNER_ANSWERS_AFTER_S
        )
        return str(added["organizations"][0]["ims_org_id"])

    def take_back(self, write: Write) -> None:
        """The next import may use this line."""
        if isinstance(write, ImportWrite):
            self._lines.append(write.line)
