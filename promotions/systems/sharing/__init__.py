"""Sharing across organizations: partnerships, transfers and public packages of sandbox tooling."""
