"""The names of these systems and of their job types."""

SYSTEM = "snaplogic"
LIFECYCLE_SYSTEM = "snaplogic_lifecycle"

EXPORT = "snaplogic.export"
IMPORT = "snaplogic.import"
TEMPLATE = "accounts template"

LIST_ASSETS = "snaplogic.list_assets"
LIFECYCLE = "snaplogic.lifecycle"
