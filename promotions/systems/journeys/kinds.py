"""The name of this system, those of its job types and documents, and of the service whose address it calls."""

SYSTEM = "journeys"
SERVICE = "journeys"

SYNCHRONIZE = "journeys.synchronize"
READ_JOURNEY = "journeys.read"
COMPARE = "journeys.compare"
IMPORT = "journeys.import"
EXPORT = "journey export"

# The error of a version that has errors itself: only valid ones are exported (Adobe, "Journeys export and import API").
CANNOT_BE_EXPORTED = "1324"
