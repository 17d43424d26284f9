"""The look of the page: light and dark, on a phone, on a desk and on paper. No font, picture or script is fetched."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --back: #f6f8fa;
  --link: #0550ae; --old: #6e7781; --new: #0550ae; --more: #a40e26; --less: #116329; --usage: #9a6700;
  --warn: #a40e26; }
@media (prefers-color-scheme: dark) { :root { --paper: #0d1117; --ink: #e6edf3; --soft: #9da7b3; --line: #3d444d;
  --back: #161b22; --link: #79c0ff; --old: #9da7b3; --new: #79c0ff; --more: #ff9492; --less: #7ee787; --usage: #e3b341;
  --warn: #ff9492; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 68rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.35rem; line-height: 1.35; }
h2 { font-size: 1.1rem; margin: 0; display: inline; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { position: static; }
nav ol { padding-left: 1.5rem; }
section { border-top: 1px solid var(--line); padding: 0.75rem 0; }
summary { cursor: pointer; }
.decision { border-left: 4px solid var(--warn); padding: 0.25rem 0.75rem; margin: 0.5rem 0; background: var(--back); }
.kind { font-weight: 600; color: var(--warn); }
.way, footer { color: var(--soft); }
.effect { display: inline-block; border: 1px solid currentColor; border-radius: 1rem; padding: 0 0.6rem;
  font-size: 0.85rem; color: var(--soft); }
.effect.irreversible { color: var(--warn); font-weight: 600; }
code { font-family: ui-monospace, monospace; font-size: 0.93em; background: var(--back); padding: 0.05em 0.25em; }
.scroll { overflow-x: auto; margin: 0.75rem 0; }
table { border-collapse: collapse; overflow-wrap: normal; }
caption { text-align: left; font-weight: 600; padding: 0.25rem 0; }
th, td { border: 1px solid var(--line); padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; }
td.number, th.number[scope=row] { white-space: nowrap; }
thead th { background: var(--back); white-space: normal; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0; }
figcaption { font-weight: 600; }
figure svg { display: block; width: 100%; min-width: 34rem; max-width: 60rem; height: auto; }
@media print { :root { --paper: #ffffff; --ink: #000000; --soft: #333333; --line: #999999; --back: #ffffff;
    --link: #000000; --old: #666666; --new: #000000; --more: #000000; --less: #555555; --usage: #777777;
    --warn: #000000; }
  nav, .skip { display: none; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
  .scroll { overflow: visible; } figure svg { min-width: 0; } figure, tr { break-inside: avoid; } }
"""
