"""What README.md shows is what happens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.fences import ROOT, Command, Fence, commands, fences, run_command, run_python
from tests.sites import README, SETTINGS, in_site, lay_out, run_in

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = [command for fence in fences(README, "console") for command in commands(fence)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site whose files the README shows."""
    return lay_out(tmp_path_factory.mktemp("readme"), README)


@pytest.fixture(scope="module")
def leftover(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same site, but that its test is declared no more."""
    site = lay_out(tmp_path_factory.mktemp("march"), README)
    with (site / SETTINGS).open("a", encoding="utf-8") as settings:
        settings.write("PROCTOR_TESTS = ()\n")
    return site


def test_what_the_page_shows_happens_in_the_order_of_the_page(site: Path) -> None:
    result = in_site(site, "-m", "tests.sites", str(README))
    assert result.returncode == 0, result.stdout


def test_the_tests_that_the_page_shows_pass(site: Path) -> None:
    result = in_site(site, "manage.py", "test")
    assert result.returncode == 0, result.stdout
    assert "Ran 3 tests" in result.stdout


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.text.split("\n")[0])
def test_a_command_prints_what_the_page_shows(command: Command, site: Path) -> None:
    run_in(site, command)


@pytest.mark.parametrize("mark", ["see-the-shop", "see-it-run", "test-it"])
def test_each_set_up_is_one_line(mark: str) -> None:
    after = README.read_text(encoding="utf-8").partition(f"<!-- {mark} -->\n```sh\n")[2]
    assert len(after.partition("\n```")[0].splitlines()) == 1


def test_the_middleware_of_the_recipe_can_stand_for_the_ready_one(tmp_path: Path) -> None:
    site = lay_out(tmp_path, README)
    with (site / SETTINGS).open("a", encoding="utf-8") as settings:
        settings.write('MIDDLEWARE[-1] = "shop.middleware.ShopProctorMiddleware"\n')
    for command in ("check", "test"):
        result = in_site(site, "manage.py", command)
        assert result.returncode == 0, result.stdout


class TestWhatIsForgottenWhenATestIsOver:
    def test_the_check_names_the_view_that_still_has_a_variant(self, leftover: Path) -> None:
        result = in_site(leftover, "manage.py", "check")
        assert result.returncode != 0
        assert "The view shop.views.signup has variants of the test 'signuptst'" in result.stdout

    def test_templates_reads_and_overrides_are_errors(self, leftover: Path) -> None:
        program = """
import django
django.setup()
from django.template.loader import get_template
from proctor.identify import identify
from proctor.testing import override_proctor
for use in (
    lambda: get_template("shop/home.html"),
    lambda: identify({}).signuptst,
    override_proctor(signuptst="onestep").enable,
):
    try:
        use()
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
"""
        result = in_site(leftover, "-c", program)
        named = re.findall(r"(\w+): .*'signuptst' is not in PROCTOR_TESTS", result.stdout)
        assert named == ["TemplateSyntaxError", "AttributeError", "ValueError"], result.stdout


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
    """What is wrong on a page is noticed."""

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
