"""The options of the impact estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from billsync.cli.options.options import gathered
from billsync.model.frozen import dataclass

if TYPE_CHECKING:  # `billsync --help` loads no model
    from billsync.app.impact.scope import ImpactScope

ONE_PERIOD = 1


@dataclass(frozen=True, slots=True)
class ImpactOptions:
    """The estimate as it was asked for. The fields are named as click names the options."""

    impact: str | None
    impact_periods: int
    impact_anonymous: bool
    impact_sample: int | None
    impact_details: bool

    def scope(self) -> ImpactScope | None:
        """The scope of the estimate, if one is asked for. Raises UsageError for options that need one."""
        from billsync.app.impact.scope import ImpactScope

        if self.impact:
            return ImpactScope(self.impact, self.impact_periods, self.impact_sample, self.impact_details)
        if self.impact_sample or self.impact_anonymous or self.impact_details or self.impact_periods != ONE_PERIOD:
            others = "--impact-details and --impact-periods"
            raise click.UsageError(f"--impact-sample, --impact-anonymous, {others} go with --impact")
        return None


IMPACT_PERIODS = click.option(
    "--impact-periods",
    type=click.IntRange(1, 36),
    default=ONE_PERIOD,
    show_default=True,
    metavar="N",
    help="Estimate over the last N full billing periods of each subscription.",
)
impact_options = gathered(
    "impact",
    ImpactOptions,
    click.option(
        "--impact",
        is_flag=False,
        flag_value="declared",
        type=click.Choice(["declared", "all"]),
        help="Estimate the change of bills, for the declared subscriptions or for all.",
    ),
    IMPACT_PERIODS,
    click.option("--impact-anonymous", is_flag=True, help="Show groups of at least five, and no names."),
    click.option("--impact-sample", type=click.IntRange(min=1), metavar="N", help="Look at N subscriptions only."),
    click.option("--impact-details", is_flag=True, help="JSON has every line of every subscription."),
)
"""The options of the impact estimate; the command takes them as `impact`."""
