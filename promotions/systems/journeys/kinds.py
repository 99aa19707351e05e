"""Names of the job types of this system, and of the service whose address it calls."""

SERVICE = "journeys"

SYNCHRONIZE = "journeys.synchronize"
READ_JOURNEY = "journeys.read"
IMPORT = "journeys.import"
