"""Everything SnapLogic tells others at start."""

from accounts import registries
from accounts.services import audit
from promotions.engine import hooks, registry
from promotions.systems import base
from promotions.systems.snaplogic.exporting import ExportVersion, exported
from promotions.systems.snaplogic.importing import ImportVersion
from promotions.systems.snaplogic.lifecycle_run import ChangeLife
from promotions.systems.snaplogic.lifecycle_system import LifecycleSystem
from promotions.systems.snaplogic.listing_assets import ListAssets
from promotions.systems.snaplogic.planning import SnapLogicSystem
from promotions.systems.snaplogic.verbs import GROUP_LABELS, ApiVerb


def register() -> None:
    audit.register_verbs(ApiVerb, groups=GROUP_LABELS)
    base.register(SnapLogicSystem())
    base.register(LifecycleSystem())
    for job_type in (ExportVersion(), ImportVersion(), ListAssets(), ChangeLife()):
        registry.register(job_type)
    hooks.on_end(lambda job, ending, actor: exported(job, ending))
    registries.register_pages({"promotions.apiversion": "promotions:api-version-detail"})
