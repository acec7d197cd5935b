"""The examples in README.md work as shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fences import ROOT, Command, Fence, commands, fences, run_command, run_python
from tests.sites import in_site, lay_out, run_in

if TYPE_CHECKING:
    from pathlib import Path

README = ROOT / "README.md"
COMMANDS = [command for fence in fences(README, "console") for command in commands(fence)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the tutorial, with the changes in the README."""
    return lay_out(tmp_path_factory.mktemp("readme"), README)


def test_what_the_page_shows_happens_in_the_order_of_the_page(site: Path) -> None:
    result = in_site(site, "-m", "tests.sites", str(README))
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.text.split("\n")[0])
def test_a_command_prints_what_the_page_shows(command: Command, site: Path) -> None:
    run_in(site, command)


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

    @pytest.mark.parametrize(
        ("fence", "path"),
        [
            (Fence(ROOT / "page.md", "python", "# shop/views.py\nimport os\n", 1), "shop/views.py"),
            (Fence(ROOT / "page.md", "html+django", "{# a/b.html #}\n", 1), "a/b.html"),
            (Fence(ROOT / "page.md", "json", "{}\n", 1, "matrix.json"), "matrix.json"),
            (Fence(ROOT / "page.md", "python", "# A remark.\nimport os\n", 1), None),
            (Fence(ROOT / "page.md", "html+django", "{% now 'Y' %}\n", 1), None),
        ],
    )
    def test_the_first_line_says_which_file_a_block_is(
        self, fence: Fence, path: str | None
    ) -> None:
        assert fence.path == path


class TestSites:
    """Mistakes on a page are noticed."""

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            (
                "```html+django\n{% proctor_group signuptst %}\n```\n\n```html\ncontrol\n```\n",
                "it gives",
            ),
            ("```html+django\n{% ifgroup sinuptst onestep %}{% endifgroup %}\n```\n", "sinuptst"),
            ("```python\n# mysite/settings.py\nPROCTOR_TIMEOUT = 'soon'\n```\n", "proctor.E001"),
            (
                "```pycon\n>>> import shop.views\n>>> shop.views.logger.name\n'shop'\n\n```\n",
                "Expected",
            ),
        ],
    )
    def test_a_mistake_is_noticed(
        self, text: str, complaint: str, site: Path, tmp_path: Path
    ) -> None:
        page = tmp_path / "page.md"
        page.write_text(text, encoding="utf-8")
        result = in_site(site, "-m", "tests.sites", str(page))
        assert result.returncode != 0
        assert complaint in result.stdout


def test_it_fits_on_few_screens() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) < 250
