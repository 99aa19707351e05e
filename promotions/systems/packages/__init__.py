"""Packages of Adobe Experience Platform sandbox tooling."""
