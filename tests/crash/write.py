"""One write on its way, whatever its kind."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from tests.crash.installation import Target

ACTIVE = ("queued", "submitting", "running")
ATTENTION = "needs_attention"
_LOOKED_AT = (
    *("state", "problem", "submit_count", "marker", "remote_id", "remote_status"),
    *("remote_finished_at", "finished_at"),
)


def is_open(promotion: Any, operator: Any) -> bool:
    """Whether a plan has its facts; what could not be read is read again."""
    from promotions.choices import PlanState
    from promotions.services import plans

    plan = promotion.current_plan
    if plan.state == PlanState.OPEN:
        return True
    gathering = plans.gathering_job(plan)
    if gathering is not None and gathering.state not in ACTIVE:
        plans.refresh(plan=plan, actor=operator)
    return False


class Write(ABC):
    """One write on its way: prepared, begun, over."""

    kind: ClassVar[str]
    call: ClassVar[tuple[str, str]]
    """Method and path of the call whose answer can be lost."""
    submit_s: ClassVar[float] = 2.0
    """Sending, with the checks before it, takes about so long."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.jobs: list[Any] = []

    def is_ready(self) -> bool:
        """Whether it can begin; called again and again, and does what comes before."""
        return True

    @abstractmethod
    def begin(self) -> None:
        """What a person does last: from here on it can be hit."""

    @abstractmethod
    def effects(self) -> dict[str, int]:
        """How often the platform did each thing that is wanted once."""

    @property
    @abstractmethod
    def title(self) -> str: ...

    def refresh(self) -> None:
        for job in self.jobs:
            job.refresh_from_db(fields=_LOOKED_AT)

    @property
    def state(self) -> str:
        return str(self.jobs[-1].state)

    @property
    def stage(self) -> str:
        """How far it is, to the eye of the engine."""
        return self.state

    @property
    def is_over(self) -> bool:
        return self.state not in ACTIVE

    @property
    def is_to_be_sent(self) -> bool:
        """Whether its sending has begun, or comes next."""
        return True

    @property
    def is_running(self) -> bool:
        """Whether the platform has it, and it is followed."""
        return self.state == "running"

    @property
    def sent(self) -> int:
        return max((job.submit_count for job in self.jobs), default=0)

    @property
    def problem(self) -> str:
        return str(self.jobs[-1].problem) if self.jobs else ""

    @property
    def asked(self) -> int:
        """How often a person had to look at the platform, and has said what became of it."""
        return 0

    def time_line(self) -> list[str]:
        """What its jobs tell of themselves."""
        return [
            f"job {job.pk} {event.at:%H:%M:%S} {event.text}" for job in self.jobs for event in job.events.order_by("pk")
        ]

    def hurry(self) -> None:
        """It has been hit: what only takes its time at the platform may end now."""
        return
