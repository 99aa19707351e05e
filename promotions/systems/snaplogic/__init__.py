"""SnapLogic: API versions exported from one environment and imported into another, and their life cycle."""
