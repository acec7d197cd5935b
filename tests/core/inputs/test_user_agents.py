"""User-Agent headers, as rules see them."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.cli.main import main
from proctor.core import Rule
from proctor.core.exceptions import UndefinedName
from proctor.core.inputs.user_agents import UserAgent, user_agent_parser
from proctor.core.inputs.user_agents.kinds import AgentKind, find
from proctor.core.inputs.user_agents.parsing import MAX_LENGTH
from proctor.core.java.values import Integer
from tests.core.vectorfiles import conformance_directory, read_jsonl

if TYPE_CHECKING:
    from collections.abc import Callable

PIXEL = (
    "Mozilla/5.0 (Linux; Android 8.0; Pixel 2 Build/OPD3.170816.012) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/47.0.7488.1336 Mobile Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) CriOS/134.0.6998.99 Mobile/15E148 Safari/604.1"
)
OLD_IPAD = (
    "Mozilla/5.0 (iPad; CPU OS 9_3_5 like Mac OS X) AppleWebKit/601.1.46 (KHTML, like Gecko) "
    "Version/9.0 Mobile/13G36 Safari/601.1"
)
OLD_IPHONE_APP = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 8_0 like Mac OS X) AppleWebKit/600.1.4 "
    "(KHTML, like Gecko) Mobile/12A365"
)
OLD_TABLET = (
    "Mozilla/5.0 (Linux; Android 4.4.2; SM-T230) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/45.0.2454.94 Safari/537.36"
)
DESKTOP = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/{} Safari/537.36{}"
)
BOOLEANS = (
    *("mobileDevice", "ios", "tablet", "phone", "smartPhone"),
    *("chromeForIOS", "android", "windowsPhone", "dumbPhone"),
)
#: Where the agreement with the Java is counted, header by header.
COUNTED = (*BOOLEANS, "deviceType", "os.family", "version.major")
AGREEMENT = 0.97

if user_agent_parser() is None:
    pytest.skip("needs django-proctor[useragent]", allow_module_level=True)


@pytest.fixture
def parse() -> Callable[[str], UserAgent]:
    parser = user_agent_parser()
    assert parser is not None
    return parser


@pytest.fixture(scope="module")
def cases() -> list[dict[str, Any]]:
    return list(read_jsonl(conformance_directory(), "useragents.jsonl"))


def at(described: dict[str, Any], path: str) -> Any:
    for name in path.split("."):
        described = described[name]
    return described


def share(agreeing: list[bool]) -> float:
    return sum(agreeing) / len(agreeing)


def output_of(code: str) -> str:
    """The output of a new interpreter that runs the code, with warnings as errors."""
    command = [sys.executable, "-W", "error", "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("path", COUNTED)
def test_a_field_agrees_with_the_java(parse, cases, path):
    described = [(parse(case["user_agent"]).to_dict(), case["java"]) for case in cases]
    assert share([at(mine, path) == at(java, path) for mine, java in described]) >= AGREEMENT


def test_whole_objects_agree_with_the_java(parse, cases):
    agreeing = [parse(case["user_agent"]).to_dict() == case["java"] for case in cases]
    assert share(agreeing) >= AGREEMENT


def test_the_json_has_the_javas_fields_in_the_javas_kinds(parse, cases):
    java, mine = cases[0]["java"], parse(cases[0]["user_agent"]).to_dict()
    assert json.loads(json.dumps(mine)) == java
    assert list(mine) == list(java)


@pytest.mark.parametrize(
    ("header", "browser", "system", "device"),
    [
        (DESKTOP.format("66.0.3359.117", ""), "CHROME", "WINDOWS_10", "COMPUTER"),
        (DESKTOP.format("131.0.0.0", " Edg/131.0.0.0"), "CHROME13", "WINDOWS_10", "COMPUTER"),
        (DESKTOP.format("70.0.3538.77", " OPR/57.0.3098"), "OPERA", "WINDOWS_10", "COMPUTER"),
        (DESKTOP.format("64.0.3282.140", " Edge/17.17134"), "EDGE", "WINDOWS_10", "COMPUTER"),
        (OLD_IPAD, "MOBILE_SAFARI", "iOS9_IPAD", "TABLET"),
        (OLD_IPHONE_APP, "APPLE_WEB_KIT", "iOS8_IPHONE", "MOBILE"),
        (
            "Mozilla/5.0 (compatible; MSIE 9.0; Windows Phone OS 7.5; Trident/5.0; IEMobile/9.0)",
            *("IEMOBILE9", "WINDOWS_MOBILE7", "MOBILE"),
        ),
        (OLD_TABLET, "CHROME45", "ANDROID4_TABLET", "TABLET"),
        (
            "Mozilla/5.0 (Mobile; Nokia 8110 4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
            *("FIREFOX_MOBILE", "UNKNOWN_MOBILE", "MOBILE"),
        ),
        ("Roku/DVP-9.10 (519.10E04111A)", "UNKNOWN", "ROKU", "DMR"),
        ("Opera/9.30 (Nintendo Wii; U; ; 2047-7; en)", "OPERA9", "WII", "GAME_CONSOLE"),
        ("curl/8.5.0", "DOWNLOAD", "UNKNOWN", "UNKNOWN"),
        ("", "UNKNOWN", "UNKNOWN", "UNKNOWN"),
    ],
)
def test_browser_system_and_device_have_the_javas_names(parse, header, browser, system, device):
    agent = parse(header)
    assert (agent.browser, agent.operatingSystem, agent.deviceType) == (browser, system, device)


def test_a_system_that_only_the_parser_concludes_is_none(parse):
    # The network library's version gives an iPhone away; UserAgentUtils knew no such thing.
    agent = parse("Shop/4.2 CFNetwork/1410.0.3 Darwin/22.6.0")
    assert (agent.os.family, agent.ios) == ("mac_os_x", False)


def test_a_robot_runs_on_nothing(parse):
    agent = parse("Mozilla/5.0 (X11; Linux x86_64; compatible; ExampleBot/1.0)")
    assert (agent.browser, agent.os.family, agent.deviceType) == ("BOT", "unknown", "UNKNOWN")


@pytest.mark.parametrize(
    ("header", "version"),
    [
        (PIXEL, ("8.0", 8, 0)),
        (IPHONE, ("18.1.1", 18, 1)),
        (
            "Mozilla/5.0 (Linux; Android 13; Pixel 6) Chrome/109.0 Mobile Safari/537.36",
            ("", -1, -1),
        ),
        ("Mozilla/4.0 (compatible; Windows Phone OS 7.5; IEMobile/9.0)", ("7.5", 7, 5)),
        (DESKTOP.format("131.0.0.0", ""), ("", -1, -1)),
    ],
)
def test_a_system_has_a_version_where_the_java_reads_one(parse, header, version):
    os = parse(header).os
    assert (os.version, os.majorVersion, os.minorVersion) == version


@pytest.mark.parametrize(
    ("header", "version"),
    [
        (DESKTOP.format("131.0.6778.86", ""), ("131.0.6778.86", 131, 0)),
        (DESKTOP.format("99999999999.5", ""), ("99999999999.5", -1, 5)),
        ("Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko", ("11.0", 11, 0)),
        ("Mozilla/5.0 (MSIE 10.0; Windows NT 6.1; Trident/7.0)", ("10.0", 10, 0)),
        ("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1)", ("8.0", 8, 0)),
        ("Mozilla/4.0 (compatible; MSIE 7.0; MSOffice 12)", ("12", 12, 0)),
        ("Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.16", ("12.16", 12, 16)),
        ("Mozilla/5.0 (compatible; NoVersion)", ("", -1, -1)),
    ],
)
def test_a_browser_has_the_version_of_the_product_that_it_claims_to_be(parse, header, version):
    found = parse(header).version
    assert (found.version, found.major, found.minor) == version


@pytest.mark.parametrize(
    "rule",
    [
        "${ua.android}",
        "${ua.android && ua.os.majorVersion >= 8}",
        "${ua.OS.family == 'android' && !ua.IOS}",
        "${ua.deviceType == 'MOBILE'}",
        "${ua.browser == 'CHROME_MOBILE'}",
        "${ua.version.major == 47 && ua.version.minor == 0}",
        "${ua.browserVersion.majorVersion == '47'}",
        "${fn:contains(ua.userAgentString, 'Pixel')}",
    ],
)
def test_a_rule_reads_the_properties(parse, rule):
    assert Rule(rule).evaluate({"ua": parse(PIXEL)}) is True


@pytest.mark.parametrize("name", ["to_dict", "__class__", "nosuch"])
def test_a_rule_reads_nothing_else(parse, name):
    with pytest.raises(UndefinedName):
        Rule(f"${{ua.{name} == 1}}").evaluate({"ua": parse(PIXEL)})


def test_numbers_are_of_the_javas_int(parse):
    agent = parse(PIXEL)
    numbers = (agent.os.majorVersion, agent.os.minorVersion, agent.version.major)
    assert {type(each) for each in (*numbers, agent.version.minor)} == {Integer}


def test_a_user_agent_cannot_be_changed(parse):
    with pytest.raises(AttributeError):
        parse(PIXEL).android = False


def test_the_same_header_gives_the_same_object(parse):
    assert parse(PIXEL) is parse("".join(PIXEL))


def test_a_header_is_read_up_to_the_limit(parse):
    agent = parse(PIXEL.ljust(MAX_LENGTH) + "Windows")
    assert agent.userAgentString == PIXEL.ljust(MAX_LENGTH)
    assert agent.android


def test_threads_get_what_one_thread_gets(parse, cases):
    headers = [f"{case['user_agent']} thread" for case in cases[::10]]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(parse, headers * 8))
    assert together == [parse(header) for header in headers] * 8


WORDS = st.sampled_from(
    [
        *("Mozilla/5.0", "Windows NT 10.0", "Android", "Android/", "4.4.2", "13;", "iPhone"),
        *("OS 17_3", "like Mac OS X", "iPad", "Mobile", "Safari/604.1", "Chrome/", "Version/18."),
        *("Tablet", "Linux", "bot", "OPR/1.", "MSIE 9.0", "Trident/7.0", "rv:11", "Edge/"),
        *("Nexus 7", "Kindle Fire", "CriOS/1", "Darwin/22.6.0", "CFNetwork/1", "webOS"),
        *(".", "/", ";", "(", ")", " "),
    ]
)


@given(st.one_of(st.text(), st.lists(WORDS, max_size=30).map(" ".join)))
def test_any_text_has_an_answer_that_does_not_contradict_itself(header):
    parser = user_agent_parser()
    assert parser is not None
    agent = parser(header)
    assert agent.userAgentString == header
    assert agent.mobileDevice == (agent.phone or agent.tablet)
    assert not (agent.phone and agent.tablet)
    assert agent.dumbPhone == (agent.phone and not agent.smartPhone)
    assert agent.smartPhone <= (agent.ios or agent.android or agent.windowsPhone)
    assert agent.chromeForIOS <= agent.ios
    assert not (agent.ios and agent.android)


@given(st.lists(WORDS, min_size=1, max_size=4).map("".join))
def test_a_word_repeated_to_the_limit_has_an_answer(word):
    parser = user_agent_parser()
    assert parser is not None
    assert isinstance(parser(word * (MAX_LENGTH // len(word))), UserAgent)


def test_the_narrowest_kind_is_found_and_exclusions_do_not_bind_it():
    narrow = AgentKind("NARROW", ("one 1",))
    kinds = (
        AgentKind("WIDE", ("one",), without=("two",), narrower=(narrow,)),
        AgentKind("OTHER", ("two",)),
    )
    names = {
        text: [kind.name for kind in find(kinds, text)] for text in ("one", "one 1 two", "one two")
    }
    assert names == {"one": ["WIDE"], "one 1 two": ["WIDE", "NARROW"], "one two": ["OTHER"]}


def test_nothing_of_the_parser_is_imported_before_the_first_header():
    code = (
        "import sys\n"
        "from proctor.core.inputs.user_agents import user_agent_parser\n"
        "assert user_agent_parser() is not None\n"
        "print('ua_parser' in sys.modules)"
    )
    assert output_of(code) == "False\n"


@pytest.mark.parametrize("missing", ["ua_parser", "ua_parser_builtins"])
def test_without_the_extra_there_is_no_parser(missing):
    # An older ua-parser, which other packages bring along, has no ua_parser_builtins.
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from proctor.core.inputs.user_agents import user_agent_parser\n"
        "print(user_agent_parser())"
    )
    assert output_of(code) == "None\n"


def test_the_command_uses_it_where_the_configuration_says_so(tmp_path, capsys):
    definition = {
        "testType": "USER",
        "salt": "&salt",
        "rule": "${userAgent.android}",
        "buckets": [{"name": "active", "value": 1}],
        "allocations": [{"ranges": [{"bucketValue": 1, "length": 1.0}]}],
    }
    config = {
        "context": {"userAgent": {"source": "QUERY", "sourceKey": "ua", "type": "UserAgent"}},
        "identifiers": {"USER": {"source": "QUERY"}},
    }
    matrix_path, config_path = tmp_path / "matrix.json", tmp_path / "config.json"
    matrix_path.write_text(
        json.dumps({"audit": {"version": "1"}, "tests": {"phonetst": definition}})
    )
    config_path.write_text(json.dumps(config))
    options = ["--config", str(config_path), "--id", "USER=a", "--json", "--context"]
    assert main(["groups", str(matrix_path), *options, f"ua={PIXEL}"]) == 0
    assert '"active"' in capsys.readouterr().out
    assert main(["groups", str(matrix_path), *options, f"ua={IPHONE}"]) == 0
    assert '"active"' not in capsys.readouterr().out
