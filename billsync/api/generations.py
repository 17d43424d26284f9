"""Generations of the API, as data: the form in which each gives a capability, and none where it doesn't.

A dated generation is a table. A server that serves its own OpenAPI document is asked instead: by capability, never by a
version's name. Sources: the vendor's OpenAPI documents of August 2026, and what is known of later ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from billsync.api.served import Served
from billsync.model.frozen import dataclass
from billsync.model.routes import CallForm

OPENMETER, KONNECT = "openmeter", "konnect"
GENERATIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {OPENMETER: ("2026-08", "later"), KONNECT: ("1.1", "1.2")}
)
"""The dated generations of each dialect. The first is assumed where a server doesn't tell."""

_AUGUST, _LATER, _HOSTED, _HOSTED_LATER = "openmeter@2026-08", "openmeter@later", "konnect@1.1", "konnect@1.2"
_OWN = frozenset({_AUGUST, _LATER})
_ALL = frozenset({*_OWN, _HOSTED, _HOSTED_LATER})
_NEW = frozenset({_LATER})


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a capability, and the dated generations that have it.

    `needs` are the operations and request fields in a served document that show it; API v1 is in none, so a form of it
    is known by the generation alone. `call` is the call on an entity of `kind`, where it isn't the one in `routes.py`.
    `spelled` maps our dotted names to the server's.
    """

    of: frozenset[str]
    needs: tuple[str, ...] = ()
    call: CallForm | None = None
    spelled: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Capability:
    """Something that servers can or can't do. The first form that a server has is used.

    A capability with a `kind` is a call on its entities, in `Routes.calls` under the same name; one with `takes` is a
    field of requests, by kind and dotted path; one with `mentions` is such a field that may also name an entity which
    isn't referred to, such as a custom currency; all others are lists and documents, or API v1.
    """

    forms: tuple[Form, ...]
    kinds: tuple[str, ...] = ()
    takes: Mapping[str, str] = field(default_factory=dict)
    mentions: Mapping[str, str] = field(default_factory=dict)


_SUBSCRIPTION = "/openmeter/subscriptions/{}"
_CUSTOM = "POST /openmeter/currencies/custom"
_VERSIONS = ("plan", "addon")
_CHANGE_WITHOUT_MODE = CallForm("POST", "/openmeter/subscriptions/{id}/change", implied={"cost_basis_mode": "dynamic"})
_LATER_BEGIN = CallForm("POST", "/openmeter/subscriptions")
_LATER_ITEM = "/openmeter/subscriptions/{id}"


def _call(kinds: tuple[str, ...], *forms: Form) -> Capability:
    return Capability(forms, kinds)


CAPABILITIES: Mapping[str, Capability] = MappingProxyType(
    {
        "publish": _call(
            _VERSIONS, Form(_ALL, tuple(f"POST /openmeter/{name}/{{}}/publish" for name in ("plans", "addons")))
        ),
        "archive": _call(
            _VERSIONS, Form(_ALL, tuple(f"POST /openmeter/{name}/{{}}/archive" for name in ("plans", "addons")))
        ),
        "void": _call(("grant",), Form(_OWN, ("POST /openmeter/customers/{}/credits/grants/{}/void",))),
        "settle": _call(
            ("grant",), Form(_ALL, ("POST /openmeter/customers/{}/credits/grants/{}/settlement/external",))
        ),
        "cancel": _call(("subscription",), Form(_ALL, (f"POST {_SUBSCRIPTION}/cancel",))),
        "change": _call(
            ("subscription",),
            Form(_OWN, (f"POST {_SUBSCRIPTION}/change: cost_basis_mode",)),
            Form(_ALL - _OWN, (f"POST {_SUBSCRIPTION}/change",), _CHANGE_WITHOUT_MODE),
        ),
        "resume": _call(("subscription",), Form(_ALL, (f"POST {_SUBSCRIPTION}/unschedule-cancelation",))),
        "withdraw": _call(
            ("subscription",),
            Form(_NEW, (f"POST {_SUBSCRIPTION}/unschedule",), CallForm("POST", f"{_LATER_ITEM}/unschedule")),
            Form(_OWN),  # API v1: DELETE
        ),
        "restore": _call(
            ("subscription",),
            Form(
                _NEW, (f"POST {_SUBSCRIPTION}/restore",), CallForm("POST", "/openmeter/subscriptions/{earlier}/restore")
            ),
            Form(_OWN),  # API v1: POST
        ),
        "begin_later": _call(
            ("subscription",),
            Form(_NEW, ("POST /openmeter/subscriptions: timing",), _LATER_BEGIN),
            Form(_OWN),  # API v1: POST
        ),
        "begin_in_phase": _call(("subscription",), Form(_OWN)),  # API v1: POST
        "migrate": _call(
            ("subscription",),
            Form(
                _NEW,
                (f"POST {_SUBSCRIPTION}/migrate: target_version", f"POST {_SUBSCRIPTION}/migrate: timing"),
                CallForm("POST", f"{_LATER_ITEM}/migrate"),
            ),
        ),
        "attach": _call(("subscription",), Form(_OWN, (f"POST {_SUBSCRIPTION}/addons",))),
        "set_quantity": _call(
            ("subscription",),
            Form(
                _NEW,
                (f"PATCH {_SUBSCRIPTION}/addons/{{}}: quantity", f"PATCH {_SUBSCRIPTION}/addons/{{}}: timing"),
                CallForm("PATCH", "/openmeter/subscriptions/{id}/addons/{member}"),
            ),
            Form(_OWN),  # API v1: PATCH
        ),
        "plan.settlement_mode": Capability(
            (Form(_NEW, ("POST /openmeter/plans: settlement_mode",)),), takes={"plan": "settlement_mode"}
        ),
        "subscription.cost_basis_mode": Capability(
            (Form(_OWN | {_HOSTED_LATER}, ("POST /openmeter/subscriptions: cost_basis_mode",)),),
            takes={"subscription": "cost_basis_mode"},
        ),
        "rate_card.currency": Capability(
            (
                Form(
                    _OWN | {_HOSTED_LATER},
                    (
                        "POST /openmeter/plans: phases.rate_cards.currency",
                        "POST /openmeter/addons: rate_cards.currency",
                    ),
                ),
            ),
            takes={"addon": "rate_cards.currency", "plan": "phases.rate_cards.currency"},
        ),
        "grant.tax_code": Capability(
            (
                Form(
                    _NEW,
                    ("POST /openmeter/customers/{}/credits/grants: tax_config.code",),
                    spelled={"tax_config.tax_code": "tax_config.code"},
                ),
                Form(_ALL - _NEW, ("POST /openmeter/customers/{}/credits/grants: tax_config.tax_code",)),
            ),
            takes={"grant": "tax_config.tax_code"},
        ),
        "invoices": Capability((Form(_OWN, ("GET /openmeter/billing/invoices",)),)),
        "charges": Capability((Form(_OWN | {_HOSTED}, ("GET /openmeter/customers/{}/charges",)),)),
        "custom_currencies": Capability((Form(_OWN, (_CUSTOM,)),)),
        "plan.custom_currency": Capability((Form(_OWN, (_CUSTOM,)),), mentions={"plan": "currency"}),
        "addon.custom_currency": Capability(
            (
                Form(_OWN, (_CUSTOM,)),
                Form(
                    frozenset({_HOSTED_LATER}), ("POST /openmeter/addons: rate_cards.currency",)
                ),  # by its description
            ),
            mentions={"addon": "currency"},
        ),
        "hidden_labels": Capability((Form(_OWN),)),  # API v1 shows the labels of plans
        "rename_customer": Capability((Form(_OWN),)),  # API v1 changes a key
        "deleted_customers": Capability((Form(_OWN),)),  # API v1 lists them
    }
)

ALONE = frozenset({OPENMETER})
"""Dialects whose servers allow a customer one running subscription, unless they are set up otherwise
(customer-facts.md §5.5)."""


@dataclass(frozen=True, slots=True, eq=False)
class Generation:
    """The state of the API that one server speaks: by capability, its form here. `served` is what the server says of
    itself, where it does; `name` is that of the dated generation with the same capabilities, or else `served`."""

    dialect: str
    name: str
    forms: Mapping[str, Form]
    served: Served | None = None

    def can(self, capability: str) -> bool:
        """Whether the server has a capability. Raises KeyError for a name that isn't one."""
        if capability not in CAPABILITIES:
            raise KeyError(capability)
        return capability in self.forms

    @property
    def full_name(self) -> str:
        """The dialect and the generation as one text: `konnect@1.2`."""
        return f"{self.dialect}@{self.name}"

    @property
    def is_alone(self) -> bool:
        """Whether a customer may have one running subscription only."""
        return self.dialect in ALONE

    @property
    def missing(self) -> Mapping[str, tuple[str, ...]]:
        """By kind, the dotted fields that a file may declare and this server's requests don't have; list members are
        passed over. A field that is billsync's own where a server lacks it isn't among them."""
        found: dict[str, tuple[str, ...]] = {}
        for name, capability in CAPABILITIES.items():
            for kind, path in capability.takes.items() if name not in self.forms and name not in OWN_ELSEWHERE else ():
                found[kind] = (*found.get(kind, ()), path)
        return found

    @property
    def unmentionable(self) -> Mapping[str, Mapping[str, str]]:
        """By kind, the dotted fields that can't name a custom entity on this server, with the capability that it lacks;
        list members are passed over."""
        found: dict[str, dict[str, str]] = {}
        for name, capability in CAPABILITIES.items():
            for kind, path in capability.mentions.items() if name not in self.forms else ():
                found.setdefault(kind, {})[path] = name
        return found


OWN_ELSEWHERE = frozenset({"plan.settlement_mode"})
"""Fields that mean something for other entities where the server doesn't take them."""


def dated(dialect: str, name: str = "") -> Generation:
    """A generation by its table; without a name, the one that is assumed. Raises KeyError for an unknown one."""
    known = GENERATIONS[dialect]
    if name and name not in known:
        raise KeyError(name)
    return _TABLES[f"{dialect}@{name or known[0]}"]


def generation_of(served: Served) -> Generation:
    """The generation of an OpenMeter server that says what it takes."""
    forms = {}
    for name, capability in CAPABILITIES.items():
        if form := next((form for form in capability.forms if all(map(served.has, form.needs))), None):
            forms[name] = form
    name = next((name for name in GENERATIONS[OPENMETER] if dated(OPENMETER, name).forms == forms), "served")
    return Generation(OPENMETER, name, forms, served)


def _table(full_name: str) -> Generation:
    dialect, _, name = full_name.partition("@")
    found = {
        capability: form
        for capability, entry in CAPABILITIES.items()
        if (form := next((form for form in entry.forms if full_name in form.of), None))
    }
    return Generation(dialect, name, found)


_TABLES = {f"{dialect}@{name}": _table(f"{dialect}@{name}") for dialect, names in GENERATIONS.items() for name in names}
