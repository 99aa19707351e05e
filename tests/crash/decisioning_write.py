"""Workflows of decisioning, one after the other."""

from collections import Counter
from typing import Any, ClassVar

from tests.crash.installation import Target
from tests.crash.write import ACTIVE, ATTENTION, Write


class DecisioningWrite(Write):
    """An offer that nobody else migrates: its analysis, its migration and, of some, the rollback; one at a time.

    The service lists no workflows. Where the answer to a start was lost, a person looks at the platform: names what is
    there, or closes the job and plans anew.
    """

    kind = "decisioning"
    call = ("POST", "*/workflows/*")
    submit_s = 8.0
    _DATASETS: ClassVar = {"Acme": "Decisioning events", "Globex": "Trade events"}

    def __init__(self, target: Target, organization: Any, offer_id: str, *, is_rolled_back: bool) -> None:
        super().__init__(target)
        self._organization, self._offer_id = organization, offer_id
        self._steps = ["decisioning.analyse", "decisioning.migrate"]
        if is_rolled_back:
            self._steps.append("decisioning.roll_back")
        self._promotion: Any = None
        self._expected: Counter[str] = Counter()
        self._named = self._closed = 0

    def begin(self) -> None:
        from promotions.services import decisioning_plans, plans
        from promotions.systems.decisioning.picks import Pick

        self._promotion = decisioning_plans.plan_migration(
            pick=Pick("dev", "offer", (self._offer_id,)),
            target=self._organization.sandboxes.get(name="stage"),
            actor=self.target.operator,
        )
        self._follow(plans.gathering_job(self._promotion.current_plan))

    def _follow(self, job: Any) -> None:
        self._expected[job.kind] += 1
        self.jobs.append(job)

    def refresh(self) -> None:
        super().refresh()
        if self.jobs[-1].state == ATTENTION:
            self._decide_on(self.jobs[-1])
        elif self.state == "waiting":
            self._go_on()

    def _decide_on(self, job: Any) -> None:
        """What a person does about a workflow whose start got no answer."""
        from promotions.services import jobs, plans
        from promotions.services.errors import ConflictError

        begun = [one["id"] for one in self._begun(job.kind) if one["id"] not in {one.remote_id for one in self.jobs}]
        try:
            if begun:
                self._named += 1
                jobs.adopt(job=job, remote_id=begun[-1], actor=self.target.operator, reason="It is there")
                return
            jobs.close(job=job, actor=self.target.operator, reason="It is not there")
        except ConflictError:
            return  # its answer came after all
        self._closed += 1
        self._expected[job.kind] -= 1
        if job.kind == "decisioning.analyse":
            self._follow(plans.refresh(plan=self._promotion.current_plan, actor=self.target.operator))
        elif job.kind == "decisioning.migrate":
            self.begin()
        else:
            self._undo()

    def _go_on(self) -> None:
        """What comes after a workflow that ended well, once its plan has its facts."""
        from promotions.choices import Decision, PlanState
        from promotions.services import decisions, runs

        if self.jobs[-1].kind == "decisioning.migrate" and self._promotion.pk == self.jobs[-1].promotion_id:
            self._undo()
        plan = self._promotion.current_plan
        if plan.state != PlanState.OPEN:
            return
        verdicts = []
        for item in plan.items.filter(must_decide=True, decision=Decision.UNDECIDED):
            if item.input:
                dataset = self._DATASETS[self._organization.name]
                verdicts.append(decisions.Verdict(item.pk, Decision.FILL, value=dataset))
            else:
                verdicts.append(decisions.Verdict(item.pk, Decision(item.choices[0]["decision"])))
        decisions.decide(plan=plan, verdicts=verdicts, actor=self.target.operator)
        self._follow(runs.request_run(plan=plan, actor=self.target.operator))

    def _undo(self) -> None:
        from promotions.models import Job
        from promotions.services import undoing

        migration = Job.objects.get(organization=self._organization, remote_id=self._migration_id)
        self._promotion = undoing.undo(job=migration, reason="Storm", actor=self.target.operator)

    @property
    def _migration_id(self) -> str:
        migrations = [job.remote_id for job in self.jobs if job.kind == "decisioning.migrate" and job.remote_id]
        return migrations[-1] if migrations else "none"

    def _begun(self, operation: str) -> list[dict[str, Any]]:
        done = self.target.effects(operation)
        if operation == "decisioning.roll_back":
            return [effect for effect in done if effect["migration_id"] == self._migration_id]
        return [effect for effect in done if effect["ids"] == [self._offer_id]]

    def effects(self) -> dict[str, int]:
        """One each, if there are as many as were asked for and not closed, and none met another one of ours."""
        asked = self.target.emulator.get("/requests").raise_for_status().json()["requests"]
        met = [one for one in asked if one["status"] == 409 and one["fault"] is None and self._is_ours(one["body"])]
        found = {step: len(self._begun(step)) - max(0, self._expected[step] - 1) for step in self._steps}
        return {**found, "decisioning.analyse": found["decisioning.analyse"] + len(met)}

    def _is_ours(self, body: Any) -> bool:
        if not isinstance(body, dict):
            return False
        if "rollbackWorkflowId" in body:
            return bool(body["rollbackWorkflowId"] == self._migration_id)
        return body.get("offersList") == [self._offer_id]

    @property
    def state(self) -> str:
        job = self.jobs[-1]
        if job.state == "cancelled" and job.kind == "decisioning.roll_back":
            return "waiting"  # closed, and planned anew
        is_well = job.state in ("succeeded", "succeeded_with_warnings")
        return "waiting" if is_well and job.kind != self._steps[-1] else str(job.state)

    @property
    def is_over(self) -> bool:
        return self.state not in (*ACTIVE, ATTENTION, "waiting")

    @property
    def asked(self) -> int:
        return self._named + self._closed

    @property
    def title(self) -> str:
        return f"{self._offer_id} of {self._organization}"
