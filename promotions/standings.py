"""How promotions stand, for lists."""

from collections.abc import Collection, Mapping

from promotions import approval_facts
from promotions.choices import OPEN_APPROVALS, JobState, PlanState
from promotions.models import Approval, Job, Plan
from promotions.services import plans


def states_of(promotions: Collection[int]) -> Mapping[int, str]:
    """The state of each, in four queries: of its latest plan, of what was asked for, or of its run.

    One whose facts could not be found out, or wait for their turn, stands as the job that was to do it.
    """
    found = Plan.objects.filter(promotion__in=promotions).order_by("revision")
    states = dict(found.values_list("promotion_id", "state"))
    # A frozen plan waits for consent, or was run: how that stands, or ended, says more.
    frozen = [pk for pk, state in states.items() if state == PlanState.READY]
    standing = Approval.objects.filter(plan__state=PlanState.READY, state__in=OPEN_APPROVALS)
    consents = standing.filter(plan__promotion__in=frozen)
    states |= {one.frozen_plan.promotion_id: approval_facts.badge_of(one) for one in consents.select_related("plan")}
    gathering = [pk for pk, state in states.items() if state == PlanState.GATHERING]
    seeking = Job.objects.filter(promotion__in=gathering, kind__in=plans.fact_kinds()).order_by("pk")
    sought = {pk: (state, slot) for pk, state, slot in seeking.values_list("promotion_id", "state", "slot")}
    under_way = (JobState.SUBMITTING, JobState.RUNNING)
    states |= {
        pk: state
        for pk, (state, slot) in sought.items()
        if state not in under_way and (slot or state != JobState.QUEUED)
    }
    runs = Job.objects.filter(promotion__in=frozen).exclude(kind__in=plans.fact_kinds())
    return states | dict(runs.order_by("pk").values_list("promotion_id", "state"))
