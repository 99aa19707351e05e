"""The types of what has to be mapped."""

PROFILE = "Profile attribute"
CONTEXT = "Context attribute"
SEGMENT = "Segment"
DATASET = "Dataset"
DATASTREAM = "Datastream"
REMOVAL = "Removal"
MAPPED_TYPES = (PROFILE, CONTEXT, SEGMENT)
