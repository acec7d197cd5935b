"""The checks of the editor."""

from __future__ import annotations

import pytest
from django.db import connections

from proctor.editor.checks import check_editor
from tests.editor.mailing import send_mail_by


def ids():
    return [each.id for each in check_editor(app_configs=None)]


def test_the_shop_has_what_the_editor_needs():
    assert ids() == []


def test_an_app_that_is_missing_is_named(settings):
    settings.INSTALLED_APPS = [
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "proctor.editor",
    ]
    (found,) = check_editor(app_configs=None)
    assert found.id == "proctor.E030"
    assert "needs django.contrib.sessions in" in found.msg


def test_a_site_without_the_editor_has_no_message(settings):
    settings.INSTALLED_APPS = ["django.contrib.contenttypes", "proctor"]
    assert ids() == []


def test_mail_with_links_that_cannot_be_sent_is_a_warning(settings):
    settings.PROCTOR_EDITOR_EMAIL = "https://shop.example"
    assert ids() == ["proctor.W031"]
    send_mail_by(settings)
    assert ids() == []


def test_approvals_on_the_branch_that_edits_enter_are_a_warning(settings):
    settings.PROCTOR_EDITOR_BRANCHES = ("trunk", "production")
    settings.PROCTOR_EDITOR_APPROVALS = {"production": 1}
    assert ids() == []
    settings.PROCTOR_EDITOR_APPROVALS = {"trunk": 1}
    assert ids() == ["proctor.W030"]
    # Of one branch only nothing else could be meant.
    settings.PROCTOR_EDITOR_BRANCHES = ("trunk",)
    assert ids() == []


def test_a_guard_that_cannot_be_called_is_an_error(settings):
    settings.PROCTOR_EDITOR_GUARDS = ("os.path.join", "shop.guards.missing", "os.sep")
    found = check_editor(app_configs=None)
    assert [each.id for each in found] == ["proctor.E034"] * 2
    assert "shop.guards.missing cannot be imported: ModuleNotFoundError" in found[0].msg
    assert "os.sep is str, expected a function" in found[1].msg


class Elsewhere:
    """A router that sends the editor's writes to a database that does not exist."""

    def db_for_write(self, model, **_hints):
        return "primary" if model._meta.app_label == "proctor_editor" else None


def test_a_router_to_an_unknown_database_is_an_error(settings):
    settings.DATABASE_ROUTERS = [Elsewhere()]
    (found,) = check_editor(app_configs=None)
    assert (found.id, "'primary'" in found.msg) == ("proctor.E035", True)


@pytest.mark.parametrize(
    "options",
    [
        {"OPTIONS": {"options": "-c default_transaction_read_only=on"}},
        {"NAME": "file:shop.sqlite3?mode=ro", "OPTIONS": {"uri": True}},
    ],
)
def test_a_database_that_is_opened_read_only_is_a_warning(monkeypatch, options):
    for name, value in options.items():
        monkeypatch.setitem(connections["default"].settings_dict, name, value)
    (found,) = check_editor(app_configs=None)
    assert (found.id, "cannot publish scheduled steps" in found.msg) == ("proctor.W034", True)
