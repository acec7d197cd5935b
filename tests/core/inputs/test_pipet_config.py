from __future__ import annotations

import gzip
import json
from urllib.parse import parse_qsl

import pytest

from proctor.core.exceptions import ConfigurationError, ConversionError
from proctor.core.inputs.variables import MISSING, Variables
from proctor.core.java.values import java_string
from tests.core.vectorfiles import conformance_directory

PIPET = conformance_directory() / "pipet"
CHECKS = sorted(path.name for path in PIPET.glob("config-check-??.json"))

ENTRY = {"source": "QUERY", "type": "String"}


def read(config, **options):
    return Variables.from_pipet_config(config, user_agent=str, **options)


def written(tmp_path, text):
    path = tmp_path / "pipet-config.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def starts(config) -> bool:
    try:
        read(config)
    except ConfigurationError:
        return False
    return True


def exchanges():
    """The recorded calls of /groups/identify that reached the conversion of values."""
    with gzip.open(PIPET / "main.json.gz", "rt", encoding="ascii") as file:
        recorded = json.load(file)["exchanges"]
    for exchange in recorded:
        body = exchange["response"].get("body")
        if exchange["request"]["path"] != "/groups/identify" or not body:
            continue
        answer = json.loads(body)
        if "context" in answer["data"] or "Could not convert" in answer["meta"].get("error", ""):
            yield pytest.param(exchange["request"], answer, id=exchange["id"])


def raw_values(variables, request):
    """The raw values that Pipet's extractors find in a recorded request, by variable."""
    query, headers = {}, {}
    for key, value in parse_qsl(request["query"], keep_blank_values=True):
        query.setdefault(key, value)
    for name, value in request["headers"]:
        headers.setdefault(name.lower(), value)
    for variable in variables.context_variables:
        if variable.source == "QUERY":
            yield variable, query.get(f"ctx.{variable.source_key}", variable.default)
        else:
            yield variable, headers.get(variable.source_key.lower(), variable.default)


def printed(value):
    """A converted value as in Pipet's JSON."""
    if not isinstance(value, float):
        return value
    text = java_string(value)
    return text if text in ("NaN", "Infinity", "-Infinity") else float(text)


@pytest.mark.parametrize("name", CHECKS)
def test_a_configuration_is_refused_exactly_where_pipet_does_not_start(name):
    result = json.loads((PIPET / name.replace(".json", "-result.json")).read_text())
    assert starts(PIPET / name) == result["starts"]


@pytest.mark.parametrize("name", CHECKS)
def test_a_parsed_configuration_is_judged_like_its_file(name):
    assert starts(json.loads((PIPET / name).read_text())) == starts(PIPET / name)


@pytest.mark.parametrize(("request_", "answer"), list(exchanges()))
def test_raw_values_become_what_pipet_answers(request_, answer):
    variables = read(PIPET / "pipet-config.json")
    errors, context = [], {}
    for variable, raw in raw_values(variables, request_):
        try:
            context[variable.name] = printed(variable.type.convert(raw))
        except ConversionError as error:
            errors.append(
                f"Could not convert raw value '{raw}' to type '{variable.type.java_class}' "
                f"for context variable '{variable.name}': {error.reason}"
            )
    # The parser of user agents is not part of this.
    context["userAgent"] = answer["data"].get("context", {}).get("userAgent")
    assert (errors[:1] or context) == (
        [answer["meta"].get("error")] if errors else answer["data"]["context"]
    )


def test_variables_keep_the_order_of_the_file():
    names = list(json.loads((PIPET / "pipet-config.json").read_text())["context"])
    variables = read(PIPET / "pipet-config.json")
    assert [variable.name for variable in variables.context_variables] == names


def test_source_and_source_key_are_kept():
    variables = read(PIPET / "pipet-config.json")
    found = [(each.name, each.source, each.source_key) for each in variables.identifier_variables]
    assert found == [
        ("USER", "QUERY", "USER"),
        ("ACCOUNT", "QUERY", "acctid"),
        ("email", "HEADER", "X-Email"),
        ("PAGE", "QUERY", "PAGE"),
    ]


def test_an_identifiers_name_is_a_test_type_in_any_case():
    variables = read({"identifiers": {"eMail": {"source": "QUERY"}}})
    assert variables.identifier_variables[0].test_type == "EMAIL"


def test_registered_test_types_are_known():
    variables = read({"identifiers": {"cart": {"source": "QUERY"}}}, test_types=["CART"])
    assert variables.identifier_variables[0].test_type == "CART"


@pytest.mark.parametrize(
    ("written_as", "default"),
    [("1.50", "1.50"), ("1e3", "1e3"), ("true", "true"), ('""', ""), ("-0", "-0")],
)
def test_a_default_is_kept_as_it_is_written(tmp_path, written_as, default):
    entry = f'{{"source": "QUERY", "type": "String", "defaultValue": {written_as}}}'
    variables = read(written(tmp_path, f'{{"context": {{"a": {entry}}}}}'))
    assert variables.context_variables[0].default == default


def test_a_default_of_null_is_none_at_all():
    variables = read({"context": {"a": {**ENTRY, "defaultValue": None}}})
    assert variables.context_variables[0].default is MISSING


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_source_key_the_name_is_the_key(key):
    variables = read({"context": {"a": {**ENTRY, "sourceKey": key}}})
    assert variables.context_variables[0].source_key == "a"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        '{"context": []}',
        '{"context": {"a": null}}',
        '{"context": {"a": {"source": "QUERY", "type": "String", "defaultValue": []}}}',
        '{"context": {"a": {"source": "QUERY", "type": "String", "defaultValue": NaN}}}',
        '{"context": {"a": {"source": "QUERY", "type": "String", "sourceKey": {}}}}',
        '{"context": {"a": {"source": "QUERY", "type": "list"}}}',
        '{"context": {"a": {"source": "QUERY", "type": null}}}',
        '{"context": {"a": {"source": "QUERY", "type": 5}}}',
        '{"context": {"a": {"source": null, "type": "String"}}}',
        '{"identifiers": {"USER": {"source": 2}}}',
        '{"identifiers": {"USER": {"source": "QUERY", "type": "String"}}}',
        '{"identifiers": {"": {"source": "QUERY"}}}',
        b"\xff\xfe{}",
        "[" * 100_000,
    ],
)
def test_a_document_that_is_no_configuration_is_refused(tmp_path, text):
    with pytest.raises(ConfigurationError):
        read(written(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        '{"context": null, "identifiers": null}',
        '\ufeff {"context": {}} and more',
        '{"identifiers": {"USER": {"source": " HEADER "}}}',
        '{"identifiers": {"USER": {"source": 1}}}',
    ],
)
def test_what_jackson_lets_pass_is_accepted(tmp_path, text):
    assert starts(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="nowhere"):
        read(tmp_path / "nowhere.json")


def test_an_error_names_the_variable_and_the_nearest_type():
    config = {"context": {"age": {"source": "QUERY", "type": "Intger"}}}
    with pytest.raises(ConfigurationError, match=r"'age'.*did you mean 'Integer'"):
        read(config)
