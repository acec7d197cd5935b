from __future__ import annotations

import json

import pytest
from django.template import engines

from proctor.core.evaluation.groups import Reason
from proctor.identify import identify, proc_by_accountid
from tests.live.pipet import serving as pipet_serving
from tests.site_matrices import definition, one_bucket, write_matrix


@pytest.fixture
def accounts(site, tmp_path):
    """A test of the type ACCOUNT, for one country or without a rule."""
    site.PROCTOR_TESTS = ("accounttst", "countrytst")
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path,
        accounttst=definition(one_bucket("on", 1), testType="ACCOUNT"),
        countrytst=definition(one_bucket("on", 1), rule="${country == 'US'}", testType="ACCOUNT"),
    )
    return site


def test_identifiers_and_context_lead_to_groups(accounts):
    proc = identify({"acctid": 5083}, {"country": "US"})
    assert (proc.accounttst.group, proc.countrytst.group) == ("on", "on")


def test_the_context_may_be_left_out(accounts):
    assert identify({"acctid": 5083}).countrytst.reason is Reason.NO_GROUP


def test_a_type_s_own_name_is_a_source_key_too(accounts):
    assert identify({"ACCOUNT": 5083}).accounttst.group == "on"


def test_nobody_has_the_defaults(site):
    assert identify({}).buttoncolortst.group == "control"


def test_what_is_changed_afterwards_changes_no_answer(accounts):
    identifiers, context = {"acctid": 5083}, {"country": "US"}
    proc = identify(identifiers, context)
    identifiers.clear()
    context.clear()
    assert proc.countrytst.group == "on"


def test_the_matrix_is_not_read_before_a_group_is(site, tmp_path):
    site.PROCTOR_MATRIX = tmp_path / "late.json"
    proc = identify({"USER": "a"})
    site.PROCTOR_MATRIX.write_bytes((tmp_path / "matrix.json").read_bytes())
    assert proc.buttoncolortst.group == "blue"


def test_a_source_without_an_answer_gives_the_defaults(site, tmp_path):
    site.PROCTOR_MATRIX = tmp_path / "none.json"
    assert identify({"USER": "a"}).buttoncolortst.reason is Reason.SOURCE_FAILED


def test_without_declared_tests_no_source_is_asked(site, tmp_path):
    site.PROCTOR_TESTS = ()
    site.PROCTOR_MATRIX = tmp_path / "none.json"
    assert str(identify({"USER": "a"})) == ""


def test_an_e_mail_is_rendered_for_its_reader(site):
    proc = identify({"USER": "a"})
    template = engines["django"].from_string(
        "{% load proctor %}{% ifgroup buttoncolortst blue %}A blue one{% endifgroup %}"
    )
    assert template.render({"proc": proc}) == "A blue one"


def test_an_account_leads_to_groups_by_the_mapped_key(accounts):
    assert proc_by_accountid(5083).accounttst.group == "on"


def test_an_account_leads_to_groups_without_a_mapping(accounts):
    accounts.PROCTOR_IDENTIFIERS = {}
    assert proc_by_accountid(5083).accounttst.group == "on"


def test_an_account_leads_to_groups_by_the_key_of_a_pipet_config(accounts, tmp_path):
    config = tmp_path / "pipet-config.json"
    config.write_text(
        json.dumps(
            {
                "context": {},
                "identifiers": {"ACCOUNT": {"source": "QUERY", "sourceKey": "theaccount"}},
            }
        )
    )
    accounts.PROCTOR_PIPET_CONFIG = config
    accounts.PROCTOR_TESTS = ("accounttst",)
    assert proc_by_accountid(5083).accounttst.group == "on"


def test_an_account_that_is_none_has_the_defaults(accounts):
    assert proc_by_accountid(None).accounttst.reason is Reason.NO_GROUP


@pytest.mark.parametrize("arguments", [("joe@example.com",), ({}, "joe@example.com")])
def test_a_type_error_names_the_type_and_no_visitor(arguments):
    with pytest.raises(TypeError, match="with source keys, got a str") as caught:
        identify(*arguments)
    assert "joe" not in str(caught.value)


def test_an_account_is_asked_of_a_pipet_as_version_1_did(settings):
    with pipet_serving() as pipet:
        pipet.publish("1", 1000, buttoncolortst=("blue", 1))
        settings.PROCTOR_MATRIX, settings.PROCTOR_API_ROOT = None, pipet.root
        settings.PROCTOR_TIMEOUT = 30
        settings.PROCTOR_TESTS = ("buttoncolortst",)
        assert proc_by_accountid(5083).buttoncolortst.group == "blue"
        (call,) = pipet.calls
    assert call.query == {"id.account": ["5083"], "ctx.ua": [""], "test": ["buttoncolortst"]}
