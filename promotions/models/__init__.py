from promotions.models.jobs import Job, JobEvent, Schedule, TaskResult
from promotions.models.packages import Artifact, Package
from promotions.models.plans import Plan, PlanItem, Promotion

__all__ = ["Artifact", "Job", "JobEvent", "Package", "Plan", "PlanItem", "Promotion", "Schedule", "TaskResult"]
