"""Find the browser that sent a header, and name it as UserAgentUtils 1.20 does (class Browser).

UserAgentUtils was last updated in 2016. It reports newer browsers as the browser that they imitate:
today's Edge, Samsung Internet and Opera are reported as Chrome, with Chrome's version. Rules in
existing matrices compare that name and version, so this module searches the header for the words
that UserAgentUtils searches for. A modern parser would find the real browser instead.
"""

from __future__ import annotations

import re

from proctor.core.inputs.user_agents.kinds import AgentKind, find, numbered
from proctor.core.inputs.user_agents.values import BrowserVersion, UserAgentVersion
from proctor.core.java.numerals import parse_integer
from proctor.core.java.values import Integer

__all__ = ["BOT", "UNKNOWN", "browser_of", "number", "version_of"]

BOT, UNKNOWN = "BOT", "UNKNOWN"

_NOT_CHROME = ("opr/", "web preview", "vivaldi")
_NOT_WEBKIT = ("bot", "preview", "opr/", "coast/", "vivaldi", "phantom")
_MSHOTS = "wordpress.com mshots"

_EXPLORER = AgentKind(
    "IE",
    ("msie", "trident", "ie "),
    without=("bingpreview", "xbox"),
    narrower=(
        AgentKind("OUTLOOK_EXPRESS7", ("outlook-express/7.0",)),
        *numbered("IEMOBILE", "iemobile/{}", (11, 10, 9)),
        *numbered("IEMOBILE", "iemobile {}", (7, 6)),
        AgentKind("IE_XBOX", ("xbox",)),
        AgentKind("IE11", ("trident/7", "ie 11."), without=("msie 7", "bingpreview")),
        *numbered("IE", "msie {}", (10, 9, 8, 7, 6)),
        AgentKind("IE5_5", ("msie 5.5",)),
        AgentKind("IE5", ("msie 5",)),
    ),
)
_EDGE = AgentKind(
    "EDGE",
    ("edge",),
    narrower=(
        AgentKind(
            "EDGE_MOBILE", ("mobile safari",), narrower=(AgentKind("EDGE_MOBILE12", ("edge/12",)),)
        ),
        *numbered("EDGE", "edge/{}", (14, 13, 12), without=("mobile",)),
    ),
)
_CHROME = AgentKind(
    "CHROME",
    ("chrome", "crmo", "crios"),
    without=_NOT_CHROME,
    narrower=(
        AgentKind("CHROME_MOBILE", ("crmo", "crios", "mobile safari"), without=("opr/",)),
        *numbered("CHROME", "chrome/{}", range(51, 39, -1), without=_NOT_CHROME),
        *numbered("CHROME", "chrome/{}", range(39, 18, -1), without=_NOT_CHROME[:2]),
        *numbered("CHROME", "chrome/{}", range(18, 7, -1)),
    ),
)
_FIREFOX = AgentKind(
    "FIREFOX",
    ("firefox", "fxios"),
    without=("camino", "flock", "ggpht.com", _MSHOTS),
    narrower=(
        AgentKind("FIREFOX3MOBILE", ("firefox/3.5 maemo",)),
        AgentKind(
            "FIREFOX_MOBILE",
            ("mobile",),
            narrower=(
                AgentKind("FIREFOX_MOBILE23", ("firefox/23",)),
                AgentKind("FIREFOX_MOBILE_IOS", ("fxios",)),
            ),
        ),
        *numbered("FIREFOX", "firefox/{}", range(48, 21, -1)),
        AgentKind("FIREFOX21", ("firefox/21",), without=(_MSHOTS,)),
        *numbered("FIREFOX", "firefox/{}", range(20, 6, -1)),
        *numbered("FIREFOX", "firefox/{}.", (6, 5, 4)),
        AgentKind("FIREFOX3", ("firefox/3.",), without=("camino", "flock", "ggpht.com")),
        AgentKind("FIREFOX2", ("firefox/2.",), without=("camino", _MSHOTS)),
        AgentKind("FIREFOX1_5", ("firefox/1.5",)),
    ),
)
_SAFARI = AgentKind(
    "SAFARI",
    ("safari",),
    without=(*_NOT_WEBKIT, "cfnetwork"),
    narrower=(
        AgentKind("BLACKBERRY10", ("bb10",)),
        AgentKind(
            "MOBILE_SAFARI",
            ("mobile safari", "mobile/"),
            without=(*_NOT_WEBKIT[:-1], "cfnetwork", "fxios"),
        ),
        AgentKind("SILK", ("silk/",)),
        *numbered("SAFARI", "version/{}", (9, 8), without=("applebot",)),
        AgentKind("SAFARI7", ("version/7",), without=("bing",)),
        AgentKind("SAFARI6", ("version/6",)),
        AgentKind("SAFARI5", ("version/5",), without=("google web preview",)),
        AgentKind("SAFARI4", ("version/4",), without=("googlebot-mobile",)),
    ),
)
_OPERA = AgentKind(
    "OPERA",
    (" opr/", "opera"),
    narrower=(
        AgentKind("OPERA_MOBILE", ("mobile safari",)),
        AgentKind("OPERA_MINI", ("opera mini",)),
        *numbered("OPERA", "opr/{}.", range(39, 14, -1)),
        AgentKind("OPERA12", ("opera/12", "version/12.")),
        AgentKind("OPERA11", ("version/11.",)),
        AgentKind("OPERA10", ("opera/9.8",)),
        AgentKind("OPERA9", ("opera/9",)),
    ),
)
_WEBKIT = AgentKind(
    "APPLE_WEB_KIT",
    ("applewebkit",),
    without=_NOT_WEBKIT,
    narrower=(
        AgentKind("APPLE_ITUNES", ("itunes",)),
        AgentKind("APPLE_APPSTORE", ("macappstore",)),
        AgentKind("ADOBE_AIR", ("adobeair",)),
    ),
)
_ROBOT_WORDS = (
    "bot",
    "spider",
    "crawler",
    "web preview",
    "bingpreview",
    "mediapartners-google",
    "feedfetcher",
    "slurp",
    "twiceler",
    "nutch",
    "seznam",
    "facebookexternalhit",
    "yandexmarket",
    "teoma",
    "thumbsniper",
    "phantom",
    _MSHOTS,
)

#: The order matters: nearly all headers contain Mozilla, those of Chrome also contain Safari, and
#: those of Edge also contain both Chrome and Safari.
_BROWSERS = (
    AgentKind(
        "OUTLOOK",
        ("msoffice",),
        narrower=(
            AgentKind("OUTLOOK2007", ("msoffice 12",)),
            AgentKind("OUTLOOK2013", ("microsoft outlook 15",)),
            AgentKind("OUTLOOK2010", ("msoffice 14", "microsoft outlook 14")),
        ),
    ),
    _EXPLORER,
    _EDGE,
    _CHROME,
    AgentKind("OMNIWEB", ("omniweb",)),
    _FIREFOX,
    _SAFARI,
    AgentKind("COAST", (" coast/",), narrower=(AgentKind("COAST1", (" coast/1.",)),)),
    _OPERA,
    AgentKind("KONQUEROR", ("konqueror",), without=("exabot",)),
    AgentKind("DOLFIN2", ("dolfin/2",)),
    _WEBKIT,
    AgentKind("LOTUS_NOTES", ("lotus-notes",)),
    AgentKind("CAMINO", ("camino",), narrower=(AgentKind("CAMINO2", ("camino/2",)),)),
    AgentKind("FLOCK", ("flock",)),
    AgentKind(
        "THUNDERBIRD",
        ("thunderbird",),
        narrower=numbered("THUNDERBIRD", "thunderbird/{}", (12, 11, 10, 8, 7, 6, 3, 2)),
    ),
    AgentKind("VIVALDI", ("vivaldi",)),
    AgentKind("SEAMONKEY", ("seamonkey",)),
    AgentKind(BOT, _ROBOT_WORDS, narrower=(AgentKind("BOT_MOBILE", ("googlebot-mobile",)),)),
    AgentKind("MOZILLA", ("mozilla", "moozilla"), without=("ggpht.com",)),
    AgentKind("CFNETWORK", ("cfnetwork",)),
    AgentKind("EUDORA", ("eudora",)),
    AgentKind("POCOMAIL", ("pocomail",)),
    AgentKind("THEBAT", ("the bat",)),
    AgentKind("NETFRONT", ("netfront",)),
    AgentKind("EVOLUTION", ("camelhttpstream",)),
    AgentKind("LYNX", ("lynx",)),
    AgentKind("DOWNLOAD", ("curl", "wget", "ggpht.com", "apache-httpclient")),
)


def _product(names: str, parts: int = 4) -> re.Pattern[str]:
    """Return a pattern with groups for a product's whole version, and its major and minor parts."""
    # A header can contain a name thousands of times. Each part of the pattern matches in only one
    # way, so matching takes linear time.
    more = rf"(?:\.(\w+)(?:\.\w+){{0,{parts - 2}}})?"
    return re.compile(rf"(?:{names})/(([0-9]+){more})", re.ASCII | re.IGNORECASE)


#: Matches the last `rv:` or, if there is none, the first `IE `. The anchor keeps matching linear.
_EXPLORER_11 = re.compile(
    r"\A(?:.*rv:|.*?IE )(([0-9]+)\.?([0-9]+))", re.ASCII | re.IGNORECASE | re.DOTALL
)
_BY_VERSION, _BY_OPR = _product("Version", 2), _product("OPR")

#: The patterns for browsers' versions. A browser without an entry uses the pattern of its nearest
#: parent in `_BROWSERS` that has one. If no parent has one, UserAgentUtils reports no version.
_VERSIONS: dict[str, re.Pattern[str]] = {
    "OUTLOOK": re.compile(r"MSOffice (([0-9]+))", re.IGNORECASE),
    "IE": re.compile(r"MSIE (([0-9]+)\.(\w+))", re.ASCII | re.IGNORECASE),
    "IE11": _EXPLORER_11,
    "IEMOBILE11": _EXPLORER_11,
    "EDGE": _product("Edge", 2),
    "CHROME": _product("Chrome"),
    "CHROME_MOBILE": _product("CriOS|CrMo|Chrome"),
    "FIREFOX": _product("Firefox"),
    "SAFARI": _product("Version", 3),
    "SILK": _product("Silk", 3),
    "COAST": _product("Coast"),
    "OPERA": _product("OPR|Opera"),
    "OPERA_MOBILE": _BY_OPR,
    "OPERA12": _BY_VERSION,
    "OPERA11": _BY_VERSION,
    "OPERA10": _BY_VERSION,
    "KONQUEROR": _product("Konqueror", 2),
    "LOTUS_NOTES": _product("Lotus-Notes", 2),
    "CAMINO": _product("Camino", 3),
    "FLOCK": _product("Flock", 3),
    "THUNDERBIRD": _product("Thunderbird"),
    "VIVALDI": _product("Vivaldi"),
    "SEAMONKEY": _product("SeaMonkey", 3),
    "CFNETWORK": _product("CFNetwork", 3),
    "LYNX": _product("Lynx"),
}


def browser_of(header: str) -> tuple[str, BrowserVersion]:
    """Return the browser's name (`CHROME13`, `MOBILE_SAFARI`, `BOT`, `UNKNOWN`…) and version."""
    path = find(_BROWSERS, header.lower())
    if not path:
        return UNKNOWN, BrowserVersion()
    pattern = next((_VERSIONS[each.name] for each in path[::-1] if each.name in _VERSIONS), None)
    found = pattern.search(header) if pattern else None
    if found is None:
        return path[-1].name, BrowserVersion()
    minor = found[3] if pattern and pattern.groups > 2 else "0"
    return path[-1].name, BrowserVersion(found[1], found[2], minor)


def version_of(version: BrowserVersion) -> UserAgentVersion:
    """Return *version* with its parts as numbers; missing parts are -1."""
    major, minor = number(version.majorVersion), number(version.minorVersion)
    return UserAgentVersion(version.version or "", major, minor)


def number(text: str | None) -> Integer:
    """Return a part of a version as a Java int, or -1 if it is not a number."""
    try:
        return Integer(parse_integer(text or "", -(2**31), 2**31 - 1))
    except ValueError:
        return Integer(-1)
