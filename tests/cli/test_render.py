"""`render` prints one file whose diff is the diff of the files that it was made from."""

from __future__ import annotations

from pathlib import Path

from tests.support.command import Shell

OVERLAY = "_overlay: true\ncustomers: [{key: acme, name: !env NAME, labels: {note: !file note}}]\n"


def test_a_rendered_file_is_valid_and_has_the_same_diff(shell: Shell, folder: Path) -> None:
    shell.environment = {"NAME": "Secret name Inc."}
    (folder / "eu.yaml").write_text(OVERLAY)
    (folder / "note").write_text("secret-note\n")
    over = ("--overlay", "eu.yaml")
    server = ("--server", "local:", "--format", "json")

    rendered = shell.run("render", "shop.yaml", *over)
    synced = shell.run("sync", "shop.yaml", *server, "--yes")
    of_files = shell.run("diff", "shop.yaml", *over, *server)
    of_rendered = shell.run("diff", "-", *server, stdin=rendered.out)

    assert (synced.code, of_files.code, of_rendered.code) == (0, 0, 0)
    assert shell.run("validate", "-", stdin=rendered.out).code == 0
    assert of_rendered.out == of_files.out
    assert "name: !env NAME" in rendered.out
    assert "note: !file note" in rendered.out
    assert shell.run("render", "-", stdin=rendered.out).out == rendered.out
    assert "secret" not in (rendered.out + of_files.out).lower()


def test_json_carries_no_source(shell: Shell, folder: Path) -> None:
    shell.environment = {"NAME": "Secret name Inc."}
    (folder / "eu.yaml").write_text(OVERLAY.replace(", labels: {note: !file note}", ""))

    plain = shell.run("render", "shop.yaml", "--format", "json", "-o", "all.json")
    sourced = shell.run("render", "shop.yaml", "--overlay", "eu.yaml", "--format", "json")

    assert (plain.code, shell.run("validate", "all.json").code) == (0, 0)
    assert sourced.code == 1
    assert "eu.yaml:2:31: error[no-tags-in-json]: " in sourced.out
