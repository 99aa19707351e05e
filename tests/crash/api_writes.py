"""API versions of SnapLogic: imports, and changes of their life.

No call tells what became of one whose answer was lost. So a person looks at the platform: names what is there, or
closes the job and plans anew.
"""

from abc import abstractmethod
from typing import Any

import httpx

from emulator.credentials import describe
from tests.crash.installation import Target
from tests.crash.write import ATTENTION, Write, is_open

ENVIRONMENT = "acme-dev"
SOURCE = f"{ENVIRONMENT}/apim/orders/1.2"


def environment() -> Any:
    from accounts.models import Organization

    return Organization.objects.get(remote_id=ENVIRONMENT, deleted_at=None)


def exported_zip(target: Target) -> Any:
    """A zip as people export it at the platform, kept here; all imports may use the same."""
    from promotions.services import archives

    told = describe("demo", target.emulator_url)["organizations"]
    credential = next(one for one in told if one.get("remote_id") == ENVIRONMENT)["credentials"][0]
    answer = httpx.get(
        f"{target.emulator_url}/api/1/rest/public/apim/export_version/{SOURCE}",
        auth=(credential["username"], credential["password"]),
        timeout=20,
    )
    return archives.receive(
        organization=environment(),
        chunks=[answer.raise_for_status().content],
        file_name="orders.zip",
        actor=target.operator,
    )


class ApiWrite(Write):
    """Planned, run, and looked at by a person where its answer was lost."""

    submit_s = 3.0

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._promotion = self.plan()
        self._named = self._closed = 0

    @abstractmethod
    def plan(self) -> Any:
        """What it brings where."""

    @abstractmethod
    def done(self) -> list[dict[str, Any]]:
        """What the platform did of it."""

    @abstractmethod
    def name_of(self, effect: dict[str, Any]) -> str:
        """What a person calls what is there."""

    def is_ready(self) -> bool:
        return is_open(self._promotion, self.target.operator)

    def begin(self) -> None:
        from promotions.choices import Decision
        from promotions.services import decisions, runs

        plan = self._promotion.current_plan
        undecided = plan.items.filter(must_decide=True, decision=Decision.UNDECIDED)
        verdicts = [decisions.Verdict(item.pk, Decision(item.choices[0]["decision"])) for item in undecided]
        decisions.decide(plan=plan, verdicts=verdicts, actor=self.target.operator)
        self.jobs.append(runs.request_run(plan=plan, actor=self.target.operator))

    def refresh(self) -> None:
        super().refresh()
        if not self.jobs:
            return
        if self.jobs[-1].state == ATTENTION:
            self._decide_on(self.jobs[-1])
        elif self.state == "waiting" and self.is_ready():
            self.begin()

    def _decide_on(self, job: Any) -> None:
        from promotions.services import jobs
        from promotions.services.errors import ConflictError

        done = self.done()
        try:
            if done:
                name = self.name_of(done[-1])
                jobs.adopt(job=job, remote_id=name, actor=self.target.operator, reason="It is there")
                self._named += 1
            else:
                jobs.close(job=job, actor=self.target.operator, reason="It is not there")
                self._closed += 1
                self._promotion = self.plan()
        except ConflictError:
            return  # its answer came after all

    @property
    def state(self) -> str:
        job = self.jobs[-1]
        # Closed, and planned anew.
        return "waiting" if job.state == "cancelled" and self._promotion.pk != job.promotion_id else str(job.state)

    @property
    def is_over(self) -> bool:
        return super().is_over and self.state not in (ATTENTION, "waiting")

    @property
    def asked(self) -> int:
        return self._named + self._closed

    @property
    def title(self) -> str:
        return str(self._promotion)


class ApiImportWrite(ApiWrite):
    """An import into a version that nobody else imports into, or beside one."""

    kind = "api_import"
    call = ("POST", "*/apim/import_version/*")

    def __init__(self, target: Target, archive: Any, api: str, *, makes_another: bool) -> None:
        self._archive, self._api, self._makes_another = archive, api, makes_another
        super().__init__(target)

    def plan(self) -> Any:
        from promotions.api_choices import DuplicateRule
        from promotions.services import api_version_plans

        return api_version_plans.plan_import(
            source=self._archive,
            target=environment(),
            api=self._api,
            version="1",
            rule=DuplicateRule.CREATE_NEW if self._makes_another else DuplicateRule.SKIP,
            actor=self.target.operator,
        )

    def done(self) -> list[dict[str, Any]]:
        return self.target.effects("snaplogic.import", path=f"{ENVIRONMENT}/apim/{self._api}/1")

    def name_of(self, effect: dict[str, Any]) -> str:
        return str(effect["version_path"])

    def effects(self) -> dict[str, int]:
        return {"snaplogic.import": len(self.done())}


class ApiLifeWrite(ApiWrite):
    """A published version that is deprecated, or unpublished."""

    kind = "api_life"
    call = ("POST", "*/apim/*_versions")

    def __init__(self, target: Target, api: str, *, is_deprecated: bool) -> None:
        self._api, self._act = api, "deprecate" if is_deprecated else "unpublish"
        super().__init__(target)

    def plan(self) -> Any:
        from promotions.api_choices import LifecycleAct
        from promotions.services import api_lifecycles
        from promotions.systems.snaplogic.acts import Act

        return api_lifecycles.plan_change(
            organization=environment(),
            act=Act(LifecycleAct(self._act), ((self._api, "1"),)),
            actor=self.target.operator,
        )

    def done(self) -> list[dict[str, Any]]:
        return self.target.effects(f"snaplogic.{self._act}", path=f"{ENVIRONMENT}/apim/{self._api}/1")

    def name_of(self, effect: dict[str, Any]) -> str:
        return str(effect["path"])

    def effects(self) -> dict[str, int]:
        return {f"snaplogic.{self._act}": len(self.done())}
