"""Codes of single kinds: mistakes in their fields. Those of their guards are in `guard_codes.py`."""

from __future__ import annotations

from billsync.model.codes.code import AS_ERROR, Chapter, Code

CATALOG = Chapter(
    "Meters, features, tax codes, plans and add-ons",
    "Mistakes that the server would refuse, lose, or not publish, found offline. The exit code is 1.",
    AS_ERROR,
    (
        Code(
            "meter-value-property",
            "the value property doesn't fit the aggregation",
            "A meter with `aggregation: count` counts events and takes no `value_property`; every other aggregation "
            "needs one. Add it, remove it, or choose another aggregation.",
            "`aggregation: sum` needs a value_property.",
        ),
        Code(
            "meter-dimension",
            "the server refuses this dimension",
            "The name is not an identifier or is built into every meter, or the path is the same as the value's. "
            "Choose another name or path.",
            "`subject` is a dimension that every meter has already.",
        ),
        Code(
            "meter-json-path",
            "this is not a path into an event",
            "Paths into events begin with `$`, as in `$.model`. Write it so.",
            "`tokens` doesn't begin with `$`.",
        ),
        Code(
            "feature-key-like-id",
            "the server takes this key for an id",
            "The key has the form of the server's own ids (a ULID), and would be looked up as one. Choose another key.",
            "`01j8zq4m5n6p7q8r9s0t1v2w3x` has the form of a ULID.",
        ),
        Code(
            "feature-unit-cost",
            "the unit cost isn't complete",
            "A cost of type `llm` is worked out from a meter's events, and needs each of provider, model and token "
            "type once: as a fixed value, or as the property that holds it.",
            "exactly one of model and model_property is required; neither is given.",
        ),
        Code(
            "feature-meter-aggregation",
            "features can't use this meter",
            "The server bills sums, counts, unique counts and latest values; not averages, minimums or maximums. "
            "Declare another meter over the same events.",
            'meter "latency" aggregates by avg; a feature takes sum, count, unique_count or latest.',
        ),
        Code(
            "unknown-dimension",
            "the meter has no such dimension",
            "The feature filters or costs by a dimension that its meter doesn't have, so it would count nothing. "
            "Correct the name, or declare the dimension on the meter.",
            'meter "tokens" has no dimension "modle".',
        ),
        Code(
            "unmetered-feature",
            "a price by usage needs a feature with a meter",
            "Nothing would ever be counted for this price. Give the feature a meter, or use a flat price.",
            'the price is of type unit, and feature "support" has no meter.',
        ),
        Code(
            "stripe-tax-code",
            "this is not one of Stripe's tax codes",
            "Stripe's tax codes are `txcd_` and eight digits. Take one from Stripe's list.",
            "`software` isn't `txcd_` and eight digits.",
        ),
        Code(
            "phase-duration",
            "the phases don't follow each other",
            "Each phase but the last needs a duration, and the last one has no end. Add or remove a duration.",
            "another phase follows `trial`, so it needs a duration.",
        ),
        Code(
            "phase-without-cards",
            "the phase sells nothing",
            "The server doesn't publish a plan with an empty phase. Give it a rate card, with `price: {type: free}` "
            "if need be.",
            "the server doesn't publish a plan whose phase `trial` has no rate cards.",
        ),
        Code(
            "addon-without-cards",
            "the add-on sells nothing",
            "The server doesn't publish an add-on without rate cards. Give it one.",
            "the server doesn't publish an add-on without rate cards.",
        ),
        Code(
            "addon-card-cadence",
            "a price by usage in an add-on needs a cadence",
            "An add-on has no billing cadence of its own that the card could take. Add `billing_cadence`.",
            "an add-on has no cadence that the card `api` could take, and the server fails without one.",
        ),
        Code(
            "addon-multiple-usage",
            "an add-on with `instance_type: multiple` can't be priced by usage",
            "An add-on that can be bought several times charges a fee for each. Use a flat price, or "
            "`instance_type: single`.",
            "the card `api` has a unit price, and what can be bought several times has a fee.",
        ),
        Code(
            "addon-cadences",
            "the prices of an add-on must have one cadence",
            "The server refuses add-ons whose prices recur in different rhythms. Use one cadence, or make two add-ons.",
            "`seats` is charged every P1M, and `support` every P1Y.",
        ),
        Code(
            "addon-phase",
            "the plan has no such phase",
            "`from_plan_phase` names a phase that this plan doesn't have. Correct it, or leave it out: it is then "
            "the first.",
            "`trail` is not one of trial, default.",
        ),
        Code(
            "addon-quantity",
            "this add-on can be had only once",
            "`max_quantity` is for add-ons with `instance_type: multiple`. Leave it out, or change the add-on.",
            'add-on "support" has `instance_type: single`, and the server takes no max_quantity for it.',
        ),
        Code(
            "addon-card-mismatch",
            "the add-on's rate card doesn't fit the plan's",
            "Cards with the same key are added up, which the server does only where they are alike. Give the "
            "add-on's card a key of its own, or make the two alike.",
            'card `seats` of add-on "more_seats" and of the plan: their billing cadences differ.',
        ),
    ),
)

CARDS = Chapter(
    "Rate cards",
    "Mistakes in a card of a plan or add-on that the server would refuse, lose, or not publish. The exit code is 1.",
    AS_ERROR,
    (
        Code(
            "card-key-mismatch",
            "a rate card must have the key of its feature",
            "The server finds the feature by the card's key. Leave the key out: it is the feature's.",
            "the card is `calls` and its feature `api`.",
        ),
        Code(
            "card-without-feature",
            "a price by usage needs a feature",
            "The card has nothing to measure. Name a feature, or use a flat price.",
            "the card `calls` has a unit price, and nothing to measure.",
        ),
        Code(
            "card-commitments",
            "the minimum commitment is above the maximum",
            "No amount could satisfy both. Lower `minimum_amount`, or raise `maximum_amount`.",
            "100 is more than 50.",
        ),
        Code(
            "card-discount",
            "this price takes no such discount",
            "A free card can't be discounted, and a flat fee has no units that could be free. Leave the discount out.",
            "a flat fee doesn't depend on usage, so no units can be free.",
        ),
        Code(
            "card-unit-config",
            "this price converts no units",
            "A free or flat price doesn't depend on a quantity. Leave `unit_config` out.",
            "a flat price doesn't depend on a quantity.",
        ),
        Code(
            "card-entitlement",
            "the entitlement isn't complete",
            "An entitlement needs a feature, and a metered one a limit and a usage period. Add what the detail names.",
            "the server doesn't publish a metered entitlement without a limit.",
        ),
        Code(
            "card-currency",
            "the card can't have a currency of its own",
            "A single card can only have a custom currency, in a plan or add-on that is priced in an ordinary one. "
            "Leave `currency` out.",
            "EUR is not a custom currency, and ordinary prices are in the plan's currency, USD.",
        ),
        Code(
            "price-tiers",
            "these tiers don't make a price",
            "Tiers go up, each has a price, and only the last one is open. The server accepts some others and bills "
            "something unexpected. Correct the tier that the detail names.",
            "the last tier must be open, so that every quantity has a price.",
        ),
        Code(
            "lost-by-server",
            "the server drops this silently",
            "The server accepts the field and doesn't keep it, so the file would say more than is true. Remove it.",
            "it doesn't keep commitments on a flat price.",
        ),
        Code(
            "duration-under-an-hour",
            "the server takes no period shorter than an hour",
            "Billing, phases and usage periods last an hour at least. Use `PT1H` or longer.",
            "PT30M is shorter.",
        ),
    ),
)

CUSTOMERS = Chapter(
    "Customers, subscriptions and grants",
    "Values that the server would refuse, round or lose, found offline. The exit code is 1.",
    AS_ERROR,
    (
        Code(
            "subject-is-customer",
            "a subject can't be another customer's key",
            "From then on the server would refuse every update of that other customer. Give one of them another name.",
            '"acme" is the key of a customer, and the server would then refuse every update of that customer.',
        ),
        Code(
            "subscription-key",
            "this key can't be kept in a label",
            "Subscriptions have no key on the server: billsync keeps it in a label, which has rules. Choose another "
            "key, or leave it out: it is then `default`.",
            "`pro plan`: it holds a character that labels can't have.",
        ),
        Code(
            "subscription-cost-basis",
            "the server fails on this combination",
            "`cost_basis_mode: pinned` pins how credits are converted on invoices, and `settlement_mode: "
            "credit_only` makes none. Leave `cost_basis_mode` out.",
            "a subscription that is paid from credits alone has no cost basis to pin.",
        ),
        Code(
            "subscription-version",
            "a digest without a version",
            "`version_digest` proves the content of a `version` that is given by number. Give the number, or leave "
            "the digest out.",
            "a digest belongs to a `version` by its number.",
        ),
        Code(
            "subscription-start",
            "the start is too late",
            "The server's times go up to the year 9999, and the phases and billing periods after a start must fit in: "
            "a subscription starts in the year 9899 at the latest. Write an earlier start.",
            "9999-12-31T00:00:00Z is after the year 9899; the server's times go up to the year 9999",
        ),
        Code(
            "grant-decimals",
            "the server would round this amount",
            "The amount has more decimals than its currency. Write the amount to grant.",
            "USD has 2 decimals, and 10.005 has 3.",
        ),
        Code(
            "grant-purchase",
            "the purchase doesn't fit the funding method",
            "A paid grant (`invoice`, `external`) needs a purchase in its own currency; a free grant (`none`) has "
            "no purchase, and the server would drop one. Correct the field that the detail names.",
            "nothing is paid for a grant with `funding_method: none`, and the server drops the purchase.",
        ),
        Code(
            "grant-settlement",
            "this grant has no payment to record",
            "`settlement` says how far a payment outside of the server is, so it belongs to `funding_method: "
            "external`. The server follows invoices itself, and a gift is not paid. Leave it out.",
            "the payment of a grant with `funding_method: none` is not recorded by hand.",
        ),
        Code(
            "grant-expiry",
            "the credits' end can't be used",
            "The end is declared twice, lies before the start, or after the year 9999. Leave one of `expires_at` "
            "and `expires_after` out, or correct it; without both, the credits never expire.",
            "`expires_after` and `expires_at` both say when the credits expire.",
        ),
    ),
)

ATTACHED = Chapter(
    "Refused: add-ons of subscriptions",
    "An add-on stays as it is, for the reason that is named. The exit code is 4; other changes are made.",
    "refused[{name}]: {example}",
    (
        Code(
            "not-offered",
            "the plan doesn't offer this add-on",
            "A subscription can have the add-ons that its version of its plan offers, each in the version that it "
            "offers. Leave the add-on out, offer it with a new version of the plan, or move the subscription to a "
            "version that offers it.",
            "subscription acme/default: plan/pro@1 doesn't offer addon 'blocks'",
        ),
        Code(
            "attached-quantity",
            "more than the plan allows",
            "The plan's offer has a `max_quantity`, or the add-on is had once only (`instance_type: single`). Declare "
            "a smaller quantity.",
            "subscription acme/default: addon 'blocks': 9 is more than 4, the most that plan/pro@1 allows",
        ),
        Code(
            "attached-ending",
            "the subscription ends",
            "The server attaches nothing to a subscription that has an end, and changes no quantity there. Declare the "
            "quantities that it has, or have the subscription go on first.",
            "subscription acme/default: it ends at 2026-12-01T00:00:00Z, and the server changes nothing that is "
            "attached to an ending subscription: addon 'blocks' stays as it is",
        ),
    ),
)

CHAPTERS = (CATALOG, CARDS, CUSTOMERS, ATTACHED)
