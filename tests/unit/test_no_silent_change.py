"""Whatever somebody does through a service leaves a line in the record, in the transaction of the change."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("accounts/services", "promotions/services")
FACES = ("accounts/views", "accounts/api", "accounts/forms", "promotions/views", "promotions/api", "promotions/forms")
WRITES = {"save", "create", "update", "delete", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}

# Parts of an act whose callers record it, and acts that are no change.
CALLERS_RECORD = {
    "queue": "every service that queues a job records what was asked for",
    "queue_once": "the same",
    "queue_gathering": "the same",
    "queue_facts": "the same",
    "store_decisions": "deciding, accepting and undoing record in their own words",
    "freeze": "running and asking for an approval record what was frozen, with its hash",
    "decided": "approving and rejecting record in their own words",
    "open_for": "it only looks",
    "offered": "it only looks",
    "require_admin": "it only looks",
    "record": "it is the record",
}


@dataclass
class Function:
    """One function of a service."""

    name: str
    node: ast.FunctionDef
    module: str
    calls: set[str] = field(default_factory=set)

    @property
    def plain_name(self) -> str:
        return self.node.name.lstrip("_")

    @property
    def takes_actor(self) -> bool:
        arguments = self.node.args
        return any(argument.arg == "actor" for argument in (*arguments.args, *arguments.kwonlyargs))

    @property
    def is_atomic(self) -> bool:
        decorated = any("atomic" in ast.unparse(decorator) for decorator in self.node.decorator_list)
        return decorated or "transaction.atomic()" in ast.unparse(self.node)


@cache
def functions() -> dict[str, Function]:
    """All functions of all services by their full name, with the full names of what they call."""
    found = {}
    for folder in SERVICES:
        for path in sorted((ROOT / folder).glob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = _imports(tree)
            for node in tree.body:
                if isinstance(node, ast.FunctionDef):
                    function = Function(f"{module}.{node.name}", node, module)
                    function.calls = {_resolve(call.func, module, names) for call in _calls(node)}
                    found[function.name] = function
    return found


def _imports(tree: ast.Module) -> dict[str, str]:
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (child for child in ast.walk(node) if isinstance(child, ast.Call))


def _resolve(called: ast.expr, module: str, names: dict[str, str]) -> str:
    text = ast.unparse(called)
    first, _, rest = text.partition(".")
    if first in names:
        return f"{names[first]}.{rest}" if rest else names[first]
    return f"{module}.{text}"


def records(name: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether the function, or one of ours that it calls, adds a line."""
    if name == "accounts.services.audit.record":
        return True
    function = functions().get(name)
    return (
        function is not None and name not in seen and any(records(called, seen | {name}) for called in function.calls)
    )


ACTS = [
    name for name, function in functions().items() if function.takes_actor and function.plain_name not in CALLERS_RECORD
]


def test_there_are_acts_to_look_at() -> None:
    assert len(ACTS) >= 35
    assert set(CALLERS_RECORD) <= {function.plain_name for function in functions().values()}


@pytest.mark.parametrize("name", ACTS)
def test_an_act_is_recorded_in_its_own_transaction(name: str) -> None:
    function = functions()[name]

    assert records(name), f"{name} takes an actor and records nothing."
    assert function.is_atomic or function.node.name.startswith("_"), f"{name} records outside a transaction of its own."


@pytest.mark.parametrize("folder", FACES)
def test_faces_write_nothing_themselves(folder: str) -> None:
    writes = [
        f"{path.relative_to(ROOT)}:{call.lineno} {ast.unparse(call.func)}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for call in _calls(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in WRITES
        and ("objects" in ast.unparse(call.func) or call.func.attr in ("save", "delete", "bulk_update"))
    ]

    assert writes == []
