"""Billing profiles of a recovery snapshot: each is found on the new server, made there again, or can't be had there.

A profile has no key and its name may stand twice, so that a made one carries the id that it had in a label. It hangs on
an app, which no call installs without somebody's key (catalog-facts.md §12, §13.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from billsync.api.documents import UNDECLARED_APPS, UNDECLARED_PROFILES
from billsync.model.frozen import dataclass
from billsync.model.labels import RESTORED
from billsync.model.recovery import Accounted, Fate, Recovery
from billsync.model.value import Fields
from billsync.report.dump.undeclared import FRESH_PROFILE
from billsync.report.recovery.facts.own_billing import profiles_of

PURPOSES = ("tax", "invoicing", "payment")
FRESH_SUPPLIER = "OpenMeter"
PARTY = ("name", "tax_id", "addresses")
TAX_CODES = ("tax_code", "tax_code_id", "stripe", "external_invoicing")
"""The members of a default tax config that no request can set any more (catalog-facts.md §12.2)."""
NO_TAX_CODE = "its default tax code isn't set again, as no call takes one: set tax codes on cards"
NOT_SHOWN = "this server doesn't show its billing profiles"
UNNAMED = "(without a name)"


@dataclass(frozen=True, slots=True)
class Here:
    """The lists of the new server that no file can declare; None for one that it doesn't show, or doesn't have."""

    currencies: tuple[Fields, ...] | None
    profiles: tuple[Fields, ...] | None
    apps: tuple[Fields, ...] | None

    @property
    def default(self) -> Fields | None:
        """The profile that bills customers without one of their own."""
        return next((row for row in self.profiles or () if row.get("default")), None)


@dataclass(frozen=True, slots=True)
class NewProfile:
    """A billing profile to be made: the id that it had, and the request."""

    old_id: str
    body: Fields

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.body["name"])


@dataclass(frozen=True, slots=True)
class Profiles:
    """The billing profiles of a snapshot, by the ids that they had: the rows of those that are `here`, the ones to be
    made, and the reasons for which others can't be.

    `default` is the id of the default one here. `default_fault`: customers without a profile of their own would be
    billed otherwise than before, and why.
    """

    here: Mapping[str, Fields]
    new: Mapping[str, NewProfile]
    faults: Mapping[str, str]
    accounts: tuple[Accounted, ...] = ()
    default: str = ""
    default_fault: str = ""


def profiles(recovery: Recovery, here: Here) -> Profiles:
    """The billing profiles of a snapshot on a server with these lists."""
    old = profiles_of(recovery)
    found, doubtful = _matches(old, here)
    new: dict[str, NewProfile] = {}
    faults = dict(doubtful)
    for old_id, row in old.items():
        if old_id not in found and old_id not in doubtful:
            app = _app(recovery, row, here)
            if isinstance(app, str):
                faults[old_id] = app
            else:
                new[old_id] = NewProfile(old_id, _body(old_id, row, app))
    fault = _default_fault(old, found, faults, here)
    if fault:  # another default profile would take the place of the one that somebody chose here
        new = {name: one for name, one in new.items() if not one.body["default"]}
        faults |= {name: fault for name, row in old.items() if row.get("default") and name not in found}
    accounts = (_account(recovery, row, found.get(name), faults.get(name), here) for name, row in old.items())
    default = str(here.default["id"]) if here.default else ""
    return Profiles(found, new, faults, tuple(accounts), default, fault)


def _matches(old: Mapping[str, Fields], here: Here) -> tuple[dict[str, Fields], dict[str, str]]:
    """The rows here that are the old profiles: by id, by the label of a restore, or else by name; and why others are in
    doubt."""
    if here.profiles is None:
        return {}, dict.fromkeys(old, NOT_SHOWN)
    found = {str(row.get("id")): row for row in here.profiles if row.get("id") in old}
    made = {name: made_for(name, here.profiles) for name in old if name not in found}
    found |= {name: rows[0] for name, rows in made.items() if rows}
    taken = {row["id"] for row in found.values()}
    doubtful: dict[str, str] = {}
    for old_id, row in old.items():
        if old_id in found:
            continue
        alike = [
            one
            for one in here.profiles
            if one.get("name") == row.get("name") and one["id"] not in taken and not _is_pristine_other(one, row, here)
        ]
        twins = [name for name, one in old.items() if one.get("name") == row.get("name") and name not in found]
        if alike and (len(alike) > 1 or len(twins) > 1):
            doubtful[old_id] = f"there are several billing profiles named {_name(row)}: give each a name of its own"
        elif alike:
            found[old_id] = alike[0]
    return found, doubtful


def made_for(old_id: str, rows: Iterable[Fields]) -> tuple[Fields, ...]:
    """The profiles that a restore has made for an old one: one, unless its request arrived twice. The one that counts
    is the default, or the first one, and stands first."""
    live = [row for row in rows if not row.get("deleted_at")]
    several = [row for row in live if (row.get("labels") or {}).get(RESTORED) == old_id]
    return tuple(sorted(several, key=lambda row: (not row.get("default"), str(row.get("created_at")), str(row["id"]))))


def _is_pristine_other(one: Fields, row: Fields, here: Here) -> bool:
    """Whether a row is the default profile of a fresh server, and the old one under its name was changed."""
    return is_pristine(one) and bool(_differing(row, one))


def is_pristine(row: Fields) -> bool:
    """Whether a profile is the one that a fresh server has (catalog-facts.md §2)."""
    return row.get("name") == FRESH_PROFILE and (row.get("supplier") or {}).get("name") == FRESH_SUPPLIER


def _app(recovery: Recovery, row: Fields, here: Here) -> str | Fields:
    """The app here on which a profile can be made; a sentence where there is none like its own."""
    app = _apps(recovery.undeclared.get(UNDECLARED_APPS)).get(_app_id(row))
    return "the snapshot doesn't have its app" if app is None else _installed(app, here)


def app_fates(recovery: Recovery, here: Here) -> Iterator[Accounted]:
    """The fates of apps that are installed here."""
    for name, app in _apps(recovery.undeclared.get(UNDECLARED_APPS)).items():
        if not isinstance(_installed(app, here), str):
            yield Accounted(UNDECLARED_APPS, name, f"app {_name(app)}", Fate.RESTORED)


def _installed(app: Fields, here: Here) -> str | Fields:
    """The app here that is like one of the snapshot; a sentence where there is none."""
    if here.apps is None:
        return "this server doesn't show its apps"
    known = _apps(here.apps)
    if app["id"] in known:
        return known[str(app["id"])]
    alike = [one for one in known.values() if one.get("type") == app.get("type")]
    named = [one for one in alike if one.get("name") == app.get("name")] if len(alike) > 1 else alike
    if len(named) == 1:
        return named[0]
    number = "several apps" if alike else "no app"
    return f"there is {number} of the type {app.get('type')}: install its app {app.get('name')!r} first"


def _apps(rows: object) -> Mapping[str, Fields]:
    return {str(row.get("id")): row for row in rows} if isinstance(rows, tuple) else {}


def _app_id(row: Fields) -> str:
    """The id of a profile's app, which is the same for all purposes (catalog-facts.md §12.3)."""
    apps = row.get("apps") or {}
    return next((str(app["id"]) for purpose in PURPOSES if (app := apps.get(purpose))), "")


def _body(old_id: str, row: Fields, app: Fields) -> Fields:
    """The request that makes a profile again."""
    labels = {name: value for name, value in (row.get("labels") or {}).items() if not name.startswith("openmeter_")}
    return {
        **content(row),
        "labels": {**labels, RESTORED: old_id},
        "default": bool(row.get("default")),
        "apps": {purpose: {"id": app["id"]} for purpose in PURPOSES},
    }


def content(row: Fields) -> Fields:
    """The fields of a profile that a request can set, without its app, labels and mark as the default."""
    supplier = {name: value for name, value in (row.get("supplier") or {}).items() if name in PARTY}
    described = {"description": row["description"]} if row.get("description") else {}
    return {"name": row.get("name"), **described, "supplier": supplier, "workflow": _workflow(row)}


def _workflow(row: Fields) -> Fields:
    workflow: dict[str, Any] = dict(row.get("workflow") or {})
    tax = workflow.get("tax")
    if isinstance(tax, Mapping) and isinstance(config := tax.get("default_tax_config"), Mapping):
        kept = {name: value for name, value in config.items() if name not in TAX_CODES}
        rest = {name: value for name, value in tax.items() if name != "default_tax_config"}
        workflow["tax"] = {**rest, **({"default_tax_config": kept} if kept else {})}
    return workflow


def _has_tax_code(row: Fields) -> bool:
    tax = (row.get("workflow") or {}).get("tax")
    config = tax.get("default_tax_config") if isinstance(tax, Mapping) else None
    return isinstance(config, Mapping) and any(config.get(name) for name in TAX_CODES)


def _differing(old: Fields, new: Fields) -> Sequence[str]:
    """The names of the fields in which two profiles differ."""
    one, other = content(old), content(new)
    return [name for name in dict.fromkeys([*one, *other]) if one.get(name) != other.get(name)]


def _default_fault(
    old: Mapping[str, Fields], found: Mapping[str, Fields], faults: Mapping[str, str], here: Here
) -> str:
    """The reason for which customers without a profile of their own would be billed by another one than before."""
    name, row = next(((name, row) for name, row in old.items() if row.get("default")), ("", None))
    if row is None:
        return ""
    if name in found:
        return "" if found[name].get("default") else f"{_name(row)} is here, and isn't the default: make it that"
    if name in faults:
        return faults[name]
    if here.default is None or is_pristine(here.default):
        return ""
    return f"{_name(here.default)} is the default here: make {_name(row)}, under this name, the default"


def _account(recovery: Recovery, row: Fields, here: Fields | None, fault: str | None, lists: Here) -> Accounted:
    """The fate of a profile."""
    kind, name, what = UNDECLARED_PROFILES, str(row.get("id")), f"billing profile {_name(row)}"
    if fault is not None and here is None:
        return Accounted(kind, name, what, Fate.LOST, "profile-not-made", fault)
    differing = [] if here is None else [*_differing(row, here), *_other_app(recovery, row, here, lists)]
    hows = [f"the one here has another {', '.join(differing)}"] if differing else []
    hows += [NO_TAX_CODE] if _has_tax_code(row) and not (here and _has_tax_code(here)) else []
    if how := "; ".join(hows):
        return Accounted(kind, name, what, Fate.DIFFERENT, "profile-differs", how)
    return Accounted(kind, name, what, Fate.RESTORED)


def _other_app(recovery: Recovery, row: Fields, here: Fields, lists: Here) -> Iterable[str]:
    """The word for its app, where that is of another type."""
    old = _apps(recovery.undeclared.get(UNDECLARED_APPS)).get(_app_id(row), {}).get("type")
    new = _apps(lists.apps).get(_app_id(here), {}).get("type")
    return ("app",) if old is not None and new is not None and old != new else ()


def _name(row: Fields) -> str:
    return repr(row["name"]) if row.get("name") else UNNAMED
