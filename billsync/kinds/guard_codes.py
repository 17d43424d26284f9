"""Codes of the guards of single kinds: one page for each kind that has such a guard."""

from __future__ import annotations

from billsync.model.codes.code import Code
from billsync.model.kind import Kind


def credit_guard(kind: Kind) -> Code:
    """The guard against deleting an entity of a kind that has credit, or children with money in them."""
    name = f"{kind.name}-credit"
    return Code(
        name,
        f"a {kind.name} with credit would be deleted",
        f"The {kind.name} that the run would delete has a balance other than zero, or active entities that belong to "
        f"it. All of it would be lost, no matter who owns it. If that is intended, pass `--allow {name}`.",
        f"{kind.name}/… has a settled balance of 120 USD\n  Allow it with --allow {name}",
    )


def doubled_guard(kind: Kind) -> Code:
    """The guard against another entity of a kind that looks like one that is there."""
    name = f"doubled-{kind.name}"
    return Code(
        name,
        f"a new {kind.name} looks like one that is live and no longer declared",
        f"A {kind.name} of yours that the files no longer declare looks like a new one that they do. Most likely its "
        "key, or that of its parent, was renamed, and it would be granted or sold a second time. Add it to `moved`, "
        f"as the message proposes. If both are intended, pass `--allow {name}`.",
        f"{kind.name}/… is active, yours, no longer declared, and looks like the new {kind.name}/…\n"
        f"  Allow it with --allow {name}",
    )


def taking_back_guard(kind: Kind) -> Code:
    """The guard against taking entities of a kind back for good."""
    assert kind.taking_back is not None
    name, form = kind.taking_back.call, kind.taking_back
    return Code(
        name,
        f"a {kind.name} would be taken back for good",
        f"`{form.field}: {form.value}` takes back all that is left of a {kind.name}. The server doesn't show how much "
        "that is, only the balance, which the message names. Usage of the running period isn't booked yet: its "
        "credit is taken too, and the balance is negative once it is booked. If that is intended, pass `--allow "
        f"{name}`.",
        f"{kind.name}/…: {form.loss(kind.example)} (the balance now: live 320, settled 500 USD)\n"
        f"  Allow it with --allow {name}",
    )


def lost_guard(kind: Kind, field: str) -> Code:
    """The guard against a change of a chain that ends what is attached to it, although no file says so."""
    name = f"{field}-lost"
    return Code(
        name,
        f"a {kind.name} would lose its {field}",
        f"A change of a {kind.name} ends its {field}, and only those that a file declares are attached again. Declare "
        f"them under `{field}`, also those that somebody attached elsewhere. If they should end, pass "
        f"`--allow {name}`.",
        f"{kind.name}/… would lose … with the change: no file declares it\n  Allow it with --allow {name}",
    )


def unmarked_guard(kind: Kind) -> Code:
    """The code of the guard for entities of a kind whose labels don't show their owner."""
    name = f"unmarked-{kind.name}"
    return Code(
        name,
        f"nothing says whose this {kind.name} is",
        f"The server hides the labels of a {kind.name}, and the run would change a live one that nothing marks as "
        f"yours. If it is yours, add it to `adopted` in the files, or pass `--allow {name}` once.",
        f"{kind.name}/…: already live, and no label says whose it is\n  Allow it with --allow {name}",
    )
