from promotions.models.api_versions import ApiVersion, Archive, api_pick_key
from promotions.models.approvals import Approval
from promotions.models.documents import RemoteDocument, SealedValue
from promotions.models.jobs import Job, JobEvent, Schedule, TaskResult
from promotions.models.journeys import Journey, JourneyCopy, JourneyReading, JourneyVersion
from promotions.models.memory import RememberedDecision
from promotions.models.packages import Artifact, Package
from promotions.models.plans import Plan, PlanItem, Promotion, PromotionGroup
from promotions.models.run_checks import RunCheck
from promotions.models.saved_views import SavedView
from promotions.models.sharing import Partnership, SharingLeg, SharingRequest, Transfer

__all__ = [
    "ApiVersion",
    "Approval",
    "Archive",
    "Artifact",
    "Job",
    "JobEvent",
    "Journey",
    "JourneyCopy",
    "JourneyReading",
    "JourneyVersion",
    "Package",
    "Partnership",
    "Plan",
    "PlanItem",
    "Promotion",
    "PromotionGroup",
    "RememberedDecision",
    "RemoteDocument",
    "RunCheck",
    "SavedView",
    "Schedule",
    "SealedValue",
    "SharingLeg",
    "SharingRequest",
    "TaskResult",
    "Transfer",
    "api_pick_key",
]
