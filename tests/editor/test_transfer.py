"""Importing and exporting: nothing is lost, and trees come back byte for byte."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from django.core.management import CommandError, call_command

from proctor.core.matrices.matrix import Matrix
from proctor.editor.access.permissions import command
from proctor.editor.changes import services
from proctor.editor.models import Kind, Revision
from proctor.editor.serving.branch_matrix import read_matrix
from tests.editor.samples import document, shares, text_of

#: Files that Java Proctor reads, and would write in another way.
ODD = {
    "java": None,
    "plain": json.dumps(document(salt="&p")).encode(),
    "indented": json.dumps(document(salt="&i", description="Größe 😀"), indent=3).encode(),
    "raw": json.dumps(
        document(salt="&r", description="Größe 😀\u2028"), ensure_ascii=False
    ).encode(),
    "comments": b"// Gr\xc3\xb6\xc3\x9fe\n" + json.dumps(document(salt="&c")).encode() + b"\n\n",
    "digits": json.dumps(
        document(salt="&d", allocations=shares(control=1 / 3, blue=1 - 1 / 3))
    ).encode(),
    "newline": json.dumps(document(salt="&n")).encode() + b"\r\n",
    "unknown": json.dumps(document(salt="&u", owner={"name": "ada", "x": [1, 1.0, None]})).encode(),
    "zero": json.dumps(document(salt="&z", description="a\0b")).encode(),
    "half": json.dumps(document(salt="&h", description="\ud800")).encode(),
    "dropped": json.dumps(document(salt="&x", allocations=shares(control=0.5))).encode(),
    "nulls": json.dumps(document(salt="&y", constants=None)).encode(),
}


@pytest.fixture
def tree(tmp_path, editor):
    """A tree with all these tests, and with one that this package wrote."""
    folder = tmp_path / "clone" / "test-definitions"
    made = services.edit(command(), "java", text_of(), base=None).revision
    for name, content in ODD.items():
        (folder / name).mkdir(parents=True)
        text = made.definition.encode() if content is None else content
        (folder / name / "definition.json").write_bytes(text)
        (folder / name / "metadata.json").write_bytes(b"{ }")
    return folder.parent


def files(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_a_tree_comes_back_byte_for_byte(tree, tmp_path, capsys):
    call_command("proctor_import", str(tree), "--branch", "production", "--user", "ada")
    captured = capsys.readouterr()
    assert captured.out == "production: 12 created, 0 changed, 0 unchanged\n"
    assert "--letters-from prevents that" in captured.err
    for name in ("dropped", "nulls"):
        assert f"warning: {name}: " in captured.err
    call_command("proctor_export", "--branch", "production", "-o", str(tmp_path / "out"))
    assert files(tmp_path / "out") == files(tree)
    kinds = Revision.objects.filter(branch__name="production")
    assert {*kinds.values_list("kind", "author", "version")} == {(Kind.IMPORT, "ada", 1)}
    assert all(text.isascii() for text in kinds.values_list("definition", flat=True))


def test_importing_again_changes_nothing(tree, capsys):
    for _ in range(2):
        call_command("proctor_import", str(tree / "test-definitions"), "--branch", "qa")
    assert "qa: 0 created, 0 changed, 12 unchanged" in capsys.readouterr().out


def test_what_is_published_here_has_the_javas_layout(tree, tmp_path):
    call_command("proctor_import", str(tree), "--branch", "trunk")
    head = Revision.objects.get(branch__name="trunk", test="digits")
    sent = json.loads(head.definition) | {"description": "new"}
    made = services.edit(command(), "digits", json.dumps(sent), base=head.id).revision
    call_command("proctor_export", "--branch", "trunk", "-o", str(tmp_path / "out"))
    written = (tmp_path / "out/test-definitions/digits/definition.json").read_text()
    assert written == made.definition
    assert '"length" : 0.3333333333\n' in written


def test_a_matrix_keeps_its_versions_digits_and_unknown_fields(editor, tmp_path):
    path = tmp_path / "matrix.json"
    definition = document(
        version="r7", allocations=shares(control=1 / 3, blue=1 - 1 / 3), owner="ada", dynamic=True
    )
    del definition["specialConstants"]
    matrix = {"audit": {"version": "1", "updated": 1, "updatedBy": "x"}, "tests": {"a": definition}}
    path.write_text(json.dumps(matrix))
    call_command("proctor_import", str(path), "--branch", "production")
    found = read_matrix("production").matrix.tests["a"]
    assert found.version == "r7"
    assert found.allocations[0].ranges[0].length == 1 / 3
    assert found.extra["owner"] == "ada"
    call_command("proctor_export", "--branch", "production", "-o", str(tmp_path / "out.json"))
    assert Matrix.load(tmp_path / "out.json").tests["a"] == found


def test_an_export_never_overwrites(editor, tmp_path):
    (tmp_path / "test-definitions").mkdir()
    (tmp_path / "test-definitions" / "mine").touch()
    with pytest.raises(CommandError, match="is not empty"):
        call_command("proctor_export", "--branch", "trunk", "-o", str(tmp_path))


def test_a_name_that_no_directory_can_have_is_refused(editor, tmp_path):
    path = tmp_path / "matrix.json"
    matrix = {"audit": {"version": "1"}, "tests": {"../../evil": document()}}
    path.write_text(json.dumps(matrix))
    call_command("proctor_import", str(path), "--branch", "trunk")
    with pytest.raises(CommandError, match=r"\.\./\.\./evil"):
        call_command("proctor_export", "--branch", "trunk", "-o", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"{", b"null", b"\xff", None])
def test_what_cannot_be_read_is_named_and_nothing_is_imported(tree, content):
    path = tree / "test-definitions" / "plain" / "definition.json"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError, match=r"nothing was imported\. plain: "):
        call_command("proctor_import", str(tree), "--branch", "production")
    assert not Revision.objects.filter(branch__name="production").exists()


def test_letters_come_from_a_file(editor, tmp_path, tree, capsys):
    path = tmp_path / "letters.json"
    path.write_text(json.dumps({"plain": ["#C1", "#A2"]}))
    call_command("proctor_import", str(tree), "--branch", "trunk", "--letters-from", str(path))
    assert "letters" not in capsys.readouterr().err
    head = Revision.objects.get(branch__name="trunk", test="plain")
    made = services.edit(
        command(), "plain", text_of(salt="&p", description="x"), base=head.id
    ).revision
    assert json.loads(made.definition)["allocations"][0]["id"] == "#D1"
    path.write_text('{"plain": "#C1"}')
    with pytest.raises(CommandError, match=r"expected \{"):
        call_command("proctor_import", str(tree), "--branch", "qa", "--letters-from", str(path))


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_letters_come_from_the_history_of_a_clone(editor, tmp_path, tree):
    def git(*arguments):
        name = ("-c", "user.name=a", "-c", "user.email=a@b", "-C", str(tree))
        subprocess.run(["git", *name, *arguments], check=True, capture_output=True)

    path = tree / "test-definitions" / "plain" / "definition.json"
    git("init", "-b", "trunk")
    for identifier in ("#A1", "#F1", "#A1"):
        allocations = [{**shares(control=1.0)[0], "id": identifier}]
        path.write_text(text_of(salt="&p", allocations=allocations))
        git("add", ".")
        git("commit", "-m", identifier)
    call_command("proctor_import", str(tree), "--branch", "trunk", "--letters-from", str(tree))
    head = Revision.objects.get(branch__name="trunk", test="plain")
    assert json.loads(head.allocation_ids) == ["#A1", "#F1"]
    with pytest.raises(CommandError, match="not a git clone"):
        call_command(
            "proctor_import",
            str(tree),
            "--branch",
            "qa",
            "--letters-from",
            str(tree.parent),
        )
