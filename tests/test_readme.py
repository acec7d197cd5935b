"""What README.md shows is what happens."""

from __future__ import annotations

import pytest

from tests.fences import ROOT, Command, Fence, commands, fences, run_command, run_python

README = ROOT / "README.md"
COMMANDS = [command for fence in fences(README, "console") for command in commands(fence)]


def test_python_examples_run_in_the_order_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    namespace: dict[str, object] = {}
    for fence in fences(README, "python", "pycon"):
        run_python(fence, namespace)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.text.split("\n")[0])
def test_a_command_prints_what_the_page_shows(command: Command) -> None:
    run_command(command)


@pytest.mark.parametrize("mark", ["see-the-shop", "see-it-run", "test-it"])
def test_each_set_up_is_one_line(mark: str) -> None:
    after = README.read_text(encoding="utf-8").partition(f"<!-- {mark} -->\n```sh\n")[2]
    assert len(after.partition("\n```")[0].splitlines()) == 1


class TestFences:
    def test_a_wrong_output_is_noticed(self) -> None:
        with pytest.raises(AssertionError, match="it prints:\nright"):
            run_command(Command("echo right", "wrong"))

    def test_three_dots_stand_for_any_text(self) -> None:
        run_command(Command("echo one two three", "one ... three"))

    def test_a_wrong_result_in_a_session_is_noticed(self) -> None:
        fence = Fence(ROOT / "page.md", "pycon", ">>> 1 + 1\n3\n", 1)
        with pytest.raises(AssertionError, match="Expected"):
            run_python(fence, {})

    def test_a_command_may_go_on_in_the_next_line(self) -> None:
        fence = Fence(ROOT / "page.md", "console", "$ echo a \\\n    b\na b\n$ true\n", 1)
        assert list(commands(fence)) == [
            Command("echo a \\\n    b", "a b"),
            Command("true", ""),
        ]
