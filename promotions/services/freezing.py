"""Freezing a plan under a hash of its content."""

import hashlib
import json

from django.utils import timezone

from accounts.models import User
from promotions.choices import PlanState
from promotions.models import Plan


def content_hash(plan: Plan) -> str:
    """SHA-256 over source and version, target, facts, and every decision; what an approval is bound to."""
    promotion = plan.promotion
    content = {
        "system": promotion.system,
        "source": promotion.source_organization.remote_id,
        "target": [promotion.target_organization.remote_id, promotion.target_sandbox.name],
        "job": [promotion.job_name, promotion.job_description],
        "facts": plan.facts,
        # Only where there is one, so that other plans keep the hash that they were frozen with.
        **({"document": plan.document.sha256} if plan.document else {}),
        "decisions": [
            [
                item.key,
                item.decision,
                item.target["id"] if item.target else None,
                item.target["type"] if item.target else None,
            ]
            for item in plan.items.order_by("key")
        ],
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def freeze(plan: Plan, actor: User) -> None:
    """Fix the content of a locked plan and note its hash. A plan that is frozen already stays as it is."""
    if plan.state == PlanState.READY:
        return
    plan.state, plan.frozen_at, plan.frozen_by = PlanState.READY, timezone.now(), actor
    plan.content_hash = content_hash(plan)
    plan.save(update_fields=["state", "frozen_at", "frozen_by", "content_hash"])
