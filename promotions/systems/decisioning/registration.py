"""Everything that the migration to Decisioning tells others at start."""

from accounts import registries
from accounts.remote_services import Dialect
from clients import decisioning
from promotions.engine import registry
from promotions.systems import base
from promotions.systems.decisioning import kinds
from promotions.systems.decisioning.analysing import Analyse
from promotions.systems.decisioning.cleaning import DeleteRecord
from promotions.systems.decisioning.migrating import Migrate
from promotions.systems.decisioning.planning import DecisioningSystem
from promotions.systems.decisioning.rolling_back import RollBack

SERVICE = registries.RemoteService(
    name=kinds.SERVICE,
    label="Decisioning migration URL",
    default=decisioning.Dialect.R4.base_url,
    help="The Decisioning Migration Service.",
    allows_path=True,
    dialects=(
        Dialect(decisioning.Dialect.R4.value, "Workflows (current)", decisioning.Dialect.R4.base_url),
        Dialect(decisioning.Dialect.R1.value, "Migration service (first revision)", decisioning.Dialect.R1.base_url),
    ),
)


def register() -> None:
    registries.register_service(SERVICE)
    base.register(DecisioningSystem())
    for job_type in (Analyse(), Migrate(), RollBack(), DeleteRecord()):
        registry.register(job_type)
