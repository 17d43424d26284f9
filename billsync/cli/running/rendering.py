"""`render`: the desired state as one file."""

from __future__ import annotations

from collections.abc import Sequence

from billsync.app.ending import Ended, Exit
from billsync.cli.files.inputs import desired_state
from billsync.cli.terminal.delivering import check_output, write_file
from billsync.cli.terminal.surroundings import Run
from billsync.core.declared.desired_document import desired_document
from billsync.kinds.registry import KINDS
from billsync.model.state import Desired
from billsync.render.formats.json_text import json_text
from billsync.render.formats.yaml_text import to_yaml
from billsync.schema.codes import diagnostic


def render(run: Run, paths: Sequence[str], *, form: str, output: str | None, yes: bool) -> Exit:
    """Print, or write to a file, what the files declare together, after the library, the defaults and the overlays."""
    if output is not None:
        check_output(output, yes=yes)
    desired, _ = desired_state(run, paths)
    document = desired_document(desired, KINDS)
    if form == "json":
        _check_plain(desired)
        text = json_text(document)
    else:
        text = to_yaml(document)
    run.mask = None  # the document names sources; a text that equals a secret and stands in the files has to stay
    if output is None:
        run.result(text)
    else:
        write_file(output, text)
    return Exit.DONE


def _check_plain(desired: Desired) -> None:
    """Check that JSON, which has no tags, can carry every value. Raises Ended."""
    found = [
        diagnostic("no-tags-in-json", f"The value comes from {source.text}.", _FORMAT, position=entity.place(path))
        for entity in desired.entities
        for path, source in entity.sources.items()
    ]
    if found:
        raise Ended(Exit.ERROR, *found)


_FORMAT = "Use --format yaml."
