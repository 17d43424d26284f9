"""Results on stdout, as `--format` says, and whole in the files of `--out FORMAT=FILE`."""

from __future__ import annotations

from billsync.app.ending import error
from billsync.cli.terminal.delivering import check_output, write_file
from billsync.cli.terminal.outputs import FILES, PLAN, PageChoices, Result
from billsync.cli.terminal.surroundings import Run
from billsync.model.frozen import replace
from billsync.render.formats.look import PLAIN, Look

TAKEN_TWICE = "Take it from its source (`!env`, `!file`) in each place."


def check_files(run: Run) -> None:
    """Check that the files of `--out` can be written, before any work is done for them. Raises Ended."""
    for _, path in run.outputs:
        check_output(path, yes=True)


def show(run: Run, result: Result) -> None:
    """Write the result to the files that were asked for, then print it on stdout. Raises Ended, ResultLost."""
    write_files(run, result)
    for chunk in printed(run, result):
        run.result(chunk)


def printed(run: Run, result: Result) -> list[str]:
    """The chunks of the result as it is printed on stdout; all are made before any is printed: JSON has to be whole."""
    return _rendered(run, run.stdout_format, _with_choices(run, result), run.look)


def write_files(run: Run, result: Result) -> None:
    """Write the result to the files of `--out`, each once. Raises Ended."""
    look, whole = replace(PLAIN, names_all=run.is_verbose), replace(_with_choices(run, result), was_shown=False)
    while run.outputs:
        name, path = run.outputs.pop(0)
        write_file(path, run.masked("".join(_rendered(run, name, whole, look))))


def _rendered(run: Run, name: str, result: Result, look: Look) -> list[str]:
    """The chunks of a format. A plan file in which a secret would have to be hidden is not made: it would be another
    one. Raises Ended."""
    chunks = list(FILES[name](result, look))
    if name == PLAN and run.masked(text := "".join(chunks)) != text:
        raise error("plan-file-secret", "A value from outside of the files also stands in them.", TAKEN_TWICE)
    return chunks


def _with_choices(run: Run, result: Result) -> Result:
    return replace(result, choices=PageChoices(run.comment_id, run.shows_personal_data, run.whole_in))
