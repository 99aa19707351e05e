"""Journeys of Journey Optimizer, moved by the export and import of the Journey Orchestration API."""
