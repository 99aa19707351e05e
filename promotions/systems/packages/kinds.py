"""Names of the job types of this system."""

IMPORT = "packages.import"
PUBLISH = "packages.publish"
SYNCHRONIZE = "packages.synchronize"
DISCOVER_JOBS = "packages.discover_jobs"
READ_DEPENDENCIES = "packages.read_dependencies"
