"""A site built from a page: its blocks are the files, and its examples are run there.

The site is what `django-admin startproject mysite` creates. A block whose first line is a comment
with a path is that file; `mysite/settings.py` is appended to startproject's. All other pages use
the tutorial's site: their files replace those of the tutorial, and their settings take effect at
their position in the page.

    python -m tests.sites PAGE

runs the remaining blocks of a page in order, in a site that was laid out (see `in_site`):

- `python` and `pycon` as usual;
- templates, `html+django` and `html+jinja`, for the visitor VISITOR, with the variables of
  the preceding Python; if an `html` block comes next, it is the expected result.
"""

from __future__ import annotations

import logging
import logging.config
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fences import ROOT, Command, Fence, fences, run_command, run_python

if TYPE_CHECKING:
    from collections.abc import Iterable

TUTORIAL = ROOT / "docs" / "tutorial.md"
SETTINGS = "mysite/settings.py"
TEMPLATES = ("html+django", "html+jinja")
#: The visitor of the pages; in the tutorial's example they are in the new group.
VISITOR = "pa5xq0lz4n80"


def needs_site(page: Path) -> bool:
    """Return whether the page has files of a site, or templates."""
    return any(each.path or each.language in TEMPLATES for each in fences(page))


def lay_out(directory: Path, page: Path) -> Path:
    """Create the site of a page in an empty directory and return its path."""
    from django.core.management import call_command

    call_command("startproject", "mysite", str(directory))
    (directory / "shop").mkdir()
    (directory / "shop" / "__init__.py").touch()
    written: set[str] = {SETTINGS}
    for fence in _files(page):
        path = directory / str(fence.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        goes_on = fence.path in written and path.suffix == ".py"
        before = path.read_text(encoding="utf-8") + "\n" if goes_on else ""
        path.write_text(before + fence.body, encoding="utf-8")
        written.add(str(fence.path))
    return directory


def _files(page: Path) -> list[Fence]:
    """Return the blocks to write to disk: all files, but only the tutorial's settings."""
    own = [] if page == TUTORIAL else [each for each in fences(page) if each.path != SETTINGS]
    return [each for each in [*fences(TUTORIAL), *own] if each.path]


def in_site(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the site, with warnings as errors; the output is in stdout."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{site}{os.pathsep}{ROOT}",
        "PYTHONIOENCODING": "utf-8",
        "DJANGO_SETTINGS_MODULE": "mysite.settings",
    }
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=site,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )


def run_in(site: Path, command: Command) -> None:
    """Run a command of a page: in the site if it uses `manage.py`, otherwise in the project."""
    run_command(command, site if command.text.startswith("python manage.py ") else ROOT)


class _CurrentStream:
    """A stream for log handlers that writes to the current standard output."""

    def write(self, text: str) -> None:
        sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


class Reader:
    """Reads a page from top to bottom, and runs its blocks."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {}
        self._show_logs()

    def read(self, blocks: Iterable[Fence]) -> None:
        remaining = list(blocks)
        while remaining:
            fence, *remaining = remaining
            if fence.path == SETTINGS:
                if fence.page != TUTORIAL:
                    self.change_settings(fence)
            elif fence.path is not None:
                pass  # it is on disk
            elif fence.language in ("python", "pycon"):
                run_python(fence, self.namespace)
            elif fence.language in TEMPLATES:
                shown = remaining[0] if remaining and remaining[0].language == "html" else None
                self.render(fence, shown)

    def change_settings(self, fence: Fence) -> None:
        """Apply the settings of a block from here on; `manage.py check` must not complain."""
        from django.conf import settings
        from django.core.checks import WARNING, run_checks
        from django.test import override_settings

        before = {name: getattr(settings, name) for name in dir(settings) if name.isupper()}
        after = dict(before)
        run_python(fence, after)
        changed = {
            name: value
            for name, value in after.items()
            if name.isupper() and (name not in before or value is not before[name])
        }
        override_settings(**changed).enable()
        if "LOGGING" in changed:
            logging.config.dictConfig(changed["LOGGING"])
            self._show_logs()
        # W023: the tutorial's matrix does not have every test that a page declares.
        found = [each for each in run_checks() if each.id != "proctor.W023"]
        wrong = [each for each in found if each.level >= WARNING]
        assert not wrong, f"{fence}: after these settings `manage.py check` says: {wrong}"

    def render(self, fence: Fence, shown: Fence | None) -> None:
        """Render a template; compare the result with the page if it shows one."""
        from django.http import HttpResponse
        from django.template import engines
        from django.test import RequestFactory
        from django.test.html import parse_html
        from django.utils.module_loading import import_string

        is_jinja = fence.language == "html+jinja"
        text = fence.body
        if not is_jinja and "{% load proctor" not in text:
            text = "{% load proctor %}" + text
        template = engines["jinja2" if is_jinja else "django"].from_string(text)
        variables = {name: value for name, value in self.namespace.items() if name[0] != "_"}

        def view(request: Any) -> HttpResponse:
            return HttpResponse(template.render(variables, request))

        from django.conf import settings

        middleware = next(each for each in settings.MIDDLEWARE if "Proctor" in each)
        request = RequestFactory(headers={"cookie": f"proctor_id={VISITOR}"}).get("/")
        got = import_string(middleware)(view)(request).content.decode()
        if shown is not None:
            same = parse_html(got) == parse_html(shown.body)
            assert same, f"{fence}: the page shows:\n{shown.body}\nit gives:\n{got}"

    @staticmethod
    def _show_logs() -> None:
        loggers = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
        for logger in [logging.root, *loggers]:
            for handler in logger.handlers:
                if isinstance(handler, logging.StreamHandler):
                    handler.setStream(_CurrentStream())


def main(page: str) -> None:
    """Run the blocks of a page, in the site whose settings the environment names."""
    import django

    django.setup()
    # Pages that load the examples of the engine give their path within the project.
    os.chdir(ROOT)
    Reader().read(fences(Path(page)))


if __name__ == "__main__":
    main(*sys.argv[1:])
