from promotions.models.approvals import Approval
from promotions.models.jobs import Job, JobEvent, Schedule, TaskResult
from promotions.models.memory import RememberedDecision
from promotions.models.packages import Artifact, Package
from promotions.models.plans import Plan, PlanItem, Promotion, PromotionGroup
from promotions.models.saved_views import SavedView

__all__ = [
    "Approval",
    "Artifact",
    "Job",
    "JobEvent",
    "Package",
    "Plan",
    "PlanItem",
    "Promotion",
    "PromotionGroup",
    "RememberedDecision",
    "SavedView",
    "Schedule",
    "TaskResult",
]
