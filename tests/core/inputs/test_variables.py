from __future__ import annotations

import enum

import pytest

from proctor.core.exceptions import ConfigurationError, ConversionError
from proctor.core.inputs.variables import (
    ContextVariable,
    IdentifierVariable,
    Variables,
    pipet_type,
)


class Account(enum.IntEnum):
    FIRST = 7


class Unspeakable:
    def __str__(self) -> str:
        raise KeyError("no")


@pytest.fixture
def variables() -> Variables:
    return Variables.from_settings(
        identifiers={"USER": "USER", "acctid": "ACCOUNT"},
        context={
            "country": "String",
            "years": {"name": "age", "type": "int"},
            "loggedIn": {"type": "boolean", "default": False},
        },
    )


# Identifiers


def test_source_keys_lead_to_test_types(variables):
    found = variables.identifiers({"USER": "abc", "acctid": "5083"})
    assert found == {"USER": "abc", "ACCOUNT": "5083"}


@pytest.mark.parametrize(
    ("value", "text"), [(5083, "5083"), (Account.FIRST, "7"), (True, "True"), (1.5, "1.5")]
)
def test_identifiers_become_text(variables, value, text):
    assert variables.identifiers({"acctid": value}) == {"ACCOUNT": text}


def test_an_identifier_without_a_text_is_named(variables):
    with pytest.raises(ConversionError, match="'acctid'"):
        variables.identifiers({"acctid": Unspeakable()})


def test_none_is_no_identifier(variables):
    assert variables.identifiers({"USER": None}, keep_empty=True) == {}


def test_an_empty_identifier_is_left_out(variables):
    assert variables.identifiers({"USER": ""}) == {}


def test_an_empty_identifier_can_be_kept(variables):
    assert variables.identifiers({"USER": ""}, keep_empty=True) == {"USER": ""}


def test_a_key_that_is_the_name_of_a_test_type_stands_for_it(variables):
    assert variables.identifiers({"EMAIL": "a@b"}) == {"EMAIL": "a@b"}


def test_registered_test_types_stand_for_themselves_too(variables):
    assert variables.identifiers({"CART": "9"}, {"USER", "CART"}) == {"CART": "9"}


def test_names_of_test_types_are_told_apart_by_case(variables):
    assert variables.identifiers({"email": "a@b"}) == {}


def test_a_declared_key_means_only_what_it_is_declared_for():
    variables = Variables.from_settings(identifiers={"USER": "ACCOUNT"})
    assert variables.identifiers({"USER": "abc"}) == {"ACCOUNT": "abc"}


def test_the_later_of_two_keys_for_a_test_type_wins():
    variables = Variables.from_settings(identifiers={"a": "USER", "b": "USER"})
    assert variables.identifiers({"b": "2", "a": "1"}) == {"USER": "2"}


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_later_key_without_a_value_does_not_win(nothing):
    variables = Variables.from_settings(identifiers={"a": "USER", "b": "USER"})
    assert variables.identifiers({"a": "1", "b": nothing}) == {"USER": "1"}


def test_a_declared_key_wins_over_the_name_of_the_test_type():
    variables = Variables.from_settings(identifiers={"uid": "USER"})
    assert variables.identifiers({"uid": "1", "USER": "2"}) == {"USER": "1"}


def test_pipet_reads_only_the_keys_of_its_configuration():
    config = {"identifiers": {"USER": {"source": "QUERY", "sourceKey": "u2"}}}
    variables = Variables.from_pipet_config(config)
    assert variables.identifiers({"USER": "5", "ACCOUNT": "6"}) == {}


def test_of_two_entries_of_pipet_for_a_test_type_the_later_in_the_file_wins():
    config = {"identifiers": {"user": {"source": "QUERY"}, "USER": {"source": "HEADER"}}}
    variables = Variables.from_pipet_config(config)
    assert variables.identifiers({"USER": "later", "user": "earlier"}) == {"USER": "later"}


def test_keys_that_lead_to_no_test_type_are_told(variables):
    assert variables.unmapped(["USER", "acctid", "EMAIL", "emial"]) == ("emial",)


def test_a_key_that_is_declared_for_an_unknown_test_type_is_told():
    variables = Variables.from_settings(identifiers={"acctid": "ACOUNT"})
    assert variables.unmapped(["acctid"]) == ("acctid",)


# Context


def test_values_are_named_by_their_variables(variables):
    found = variables.context({"country": "US", "years": "23", "loggedIn": True})
    assert found == {"country": "US", "age": "23", "loggedIn": True}


def test_a_missing_value_without_a_default_is_left_out(variables):
    assert variables.context({}) == {"loggedIn": False}


def test_a_default_stands_in_for_none(variables):
    assert variables.context({"loggedIn": None})["loggedIn"] is False


def test_none_without_a_default_is_null(variables):
    assert variables.context({"country": None})["country"] is None


def test_an_empty_text_is_a_value(variables):
    assert variables.context({"loggedIn": ""})["loggedIn"] == ""


def test_a_default_of_none_is_a_default():
    variables = Variables.from_settings(context={"a": {"type": "int", "default": None}})
    assert variables.context({}) == {"a": None}


def test_undeclared_keys_are_left_out(variables):
    assert "lang" not in variables.context({"lang": "fr"})


def test_without_a_declaration_every_key_is_a_variable():
    assert Variables.from_settings().context({"lang": "fr"}) == {"lang": "fr"}


def test_without_a_declaration_there_are_no_types():
    assert Variables.from_settings().context_types is None


def test_types_are_named_by_their_variables(variables):
    assert {name: kind.name for name, kind in variables.context_types.items()} == {
        "country": "String",
        "age": "int",
        "loggedIn": "boolean",
    }


def test_a_parser_of_user_agents_reaches_the_type():
    variables = Variables.from_settings(
        context={"ua": {"name": "userAgent", "type": "UserAgent"}}, user_agent=str.upper
    )
    assert variables.context_types["userAgent"].convert("moz") == "MOZ"


# Declarations that make no sense


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({"age": "Intger"}, "'age'.*did you mean 'Integer'"),
        ({"age": {"typ": "int"}}, "'age'.*'typ'.*did you mean 'type'"),
        ({"age": {"default": 5}}, "'age' needs strings as its 'type'"),
        ({"age": int}, "'age'.*<class 'int'>"),
        ({"age": {"type": "int", "name": 5}}, "'age'.*5"),
        ({"a": "int", "b": {"name": "a", "type": "int"}}, "'a' is declared twice"),
        ({"ua": "UserAgent"}, "'ua'.*user_agent"),
    ],
)
def test_a_wrong_declaration_of_context_names_the_key(context, message):
    with pytest.raises(ConfigurationError, match=message):
        Variables.from_settings(context=context)


@pytest.mark.parametrize("test_type", [None, "", 5])
def test_an_identifier_leads_to_the_name_of_a_test_type(test_type):
    with pytest.raises(ConfigurationError, match="'acctid'"):
        Variables.from_settings(identifiers={"acctid": test_type})


def test_variables_can_be_made_of_their_parts():
    variables = Variables(
        context=[ContextVariable("age", pipet_type("int"), "years")],
        identifiers=[IdentifierVariable("USER", "uid")],
    )
    assert variables.context({"years": 5}) == {"age": 5}


def test_the_repr_shows_what_is_declared(variables):
    assert "acctid" in repr(variables)
