"""`completion`: the scripts for shells, and what they are told when they ask."""

import subprocess

import click
import pytest

from billsync.cli.commands.group import billsync
from tests.support.command import Shell


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", "complete -o nosort -F _billsync_completion billsync"),
        ("zsh", "#compdef billsync"),
        ("fish", 'complete --no-files --command billsync --arguments "(_billsync_completion)";'),
    ],
)
def test_each_shell_gets_its_script(shell: str, line: str) -> None:
    ran = Shell().run("completion", shell)

    assert (ran.code, ran.err) == (0, "")
    assert f"_BILLSYNC_COMPLETE={shell}_complete" in ran.out
    assert line in [each.strip() for each in ran.out.splitlines()]


def test_bash_takes_its_script() -> None:
    script = Shell().run("completion", "bash").out

    told = subprocess.run(
        ["bash", "--norc", "-c", f"{script}\ncomplete -p billsync"], capture_output=True, text=True, check=True
    )

    assert told.stdout == "complete -o nosort -F _billsync_completion billsync\n"


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("billsync dr", ["plain,drift", "plain,drill"]),
        ("billsync diff --allow canc", ["plain,cancel"]),
        ("billsync validate sho", ["file,sho"]),
        ("billsync diff sho", ["file,sho"]),
        ("billsync sync --plan-file pl", ["file,pl"]),
        ("billsync completion z", ["plain,zsh"]),
    ],
)
def test_a_shell_is_told_what_fits(
    words: str, answer: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_BILLSYNC_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))

    Shell().run()

    assert capsys.readouterr().out.splitlines() == answer


def test_every_option_of_every_command_says_what_it_does() -> None:
    told = click.Context(billsync)
    options = [
        (name, option)
        for name in billsync.list_commands(told)
        for option in getattr(billsync.get_command(told, name), "params", ())
        if isinstance(option, click.Option) and not option.hidden
    ]

    assert len(options) > 100
    assert [(name, option.opts) for name, option in options if not option.help] == []
