"""The remote systems. Each is one package or module here, registered under its name."""

from promotions.systems.base import Blocker, Choice, Gathered, ItemDraft, System, register, system

__all__ = ["Blocker", "Choice", "Gathered", "ItemDraft", "System", "register", "system"]
