"""The page as one HTML file: readable without a network or a script, by keyboard, on paper, in light and in dark."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from billsync.model.change import Effect
from billsync.render.formats.words import visible
from billsync.render.html.blocks import block
from billsync.render.html.markup import joined, line
from billsync.render.html.style import STYLE
from billsync.render.page.page import Decision, Page, Section, text_of

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""No address is fetched and no script runs, whatever a name holds."""

_FRAME = Markup(
    """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>billsync: {title}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header><h1>{headline}</h1></header>
<nav aria-label="Sections"><ol>
{contents}
</ol></nav>
<main id="main">
{sections}
</main>
<footer>
{footer}
</footer>
</body>
</html>
"""
)


def as_html(page: Page) -> str:
    """The whole file; the same page always gives the same bytes."""
    parts = [_decisions(page.decisions)] if page.decisions else []
    parts += [_section(section, f"section-{number}") for number, section in enumerate(page.sections, start=1)]
    return str(
        _FRAME.format(
            policy=POLICY,
            title=visible(text_of(page.headline)),
            style=Markup(STYLE),
            headline=line(page.headline),
            contents=joined(_contents(page)),
            sections=joined(parts),
            footer=joined(Markup("<p>{}</p>").format(line(text)) for text in page.footer),
        )
    )


def _contents(page: Page) -> Iterable[Markup]:
    entry = Markup('<li><a href="#{}">{}</a></li>')
    if page.decisions:
        yield entry.format("decisions", "What needs a decision")
    for number, section in enumerate(page.sections, start=1):
        yield entry.format(f"section-{number}", line(section.title))


def _decisions(decisions: Iterable[Decision]) -> Markup:
    return Markup('<section id="decisions">\n<h2>What needs a decision</h2>\n{}\n</section>').format(
        joined(_decision(one) for one in decisions)
    )


def _decision(one: Decision) -> Markup:
    named = Markup(" <code>{}</code>").format(one.code) if one.code else Markup("")
    way = Markup('\n<p class="way">{}</p>').format(line(one.way_out)) if one.way_out else Markup("")
    return Markup('<div class="decision">\n<p><span class="kind">{}</span>{}: {}</p>{}\n</div>').format(
        one.kind.value, named, line(one.text), way
    )


def _section(section: Section, name: str) -> Markup:
    heading = Markup("<h2>{}</h2>{}").format(line(section.title), _effects(section.effects))
    inside = joined(block(shown, f"{name}-{number}") for number, shown in enumerate(section.blocks, start=1))
    if section.is_fold:
        body = Markup("<details><summary>{}</summary>\n{}\n</details>").format(heading, inside)
    else:
        body = Markup("{}\n{}").format(heading, inside)
    return Markup('<section id="{}">\n{}\n</section>').format(name, body)


def _effects(effects: frozenset[Effect]) -> Markup:
    mark = Markup(' <span class="effect{}">{}</span>')
    return Markup("").join(
        mark.format(" irreversible" if effect in (Effect.IRREVERSIBLE, Effect.UNTIL_USED) else "", effect.value)
        for effect in sorted(effects, key=lambda effect: effect.value)
    )
