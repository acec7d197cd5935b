"""The browser that a header claims, by the names of UserAgentUtils 1.20 (class Browser).

UserAgentUtils was last taught in 2016. Of a browser that it does not know it says what that
browser pretends to be: Edge, Samsung Internet and Opera of today are Chrome, with Chrome's
version. A rule of a matrix compares that name and that version, so the words of the header
decide here, and not a newer parser, which sees through the pretence.
"""

from __future__ import annotations

import re

from proctor.core.rules.numerals import parse_integer
from proctor.core.rules.values import Integer
from proctor.core.user_agents.kinds import Kind, find, numbered
from proctor.core.user_agents.values import BrowserVersion, UserAgentVersion

__all__ = ["BOT", "UNKNOWN", "browser_of", "number", "version_of"]

BOT, UNKNOWN = "BOT", "UNKNOWN"

_NOT_CHROME = ("opr/", "web preview", "vivaldi")
_NOT_WEBKIT = ("bot", "preview", "opr/", "coast/", "vivaldi", "phantom")
_MSHOTS = "wordpress.com mshots"

_EXPLORER = Kind(
    "IE",
    ("msie", "trident", "ie "),
    without=("bingpreview", "xbox"),
    narrower=(
        Kind("OUTLOOK_EXPRESS7", ("outlook-express/7.0",)),
        *numbered("IEMOBILE", "iemobile/{}", (11, 10, 9)),
        *numbered("IEMOBILE", "iemobile {}", (7, 6)),
        Kind("IE_XBOX", ("xbox",)),
        Kind("IE11", ("trident/7", "ie 11."), without=("msie 7", "bingpreview")),
        *numbered("IE", "msie {}", (10, 9, 8, 7, 6)),
        Kind("IE5_5", ("msie 5.5",)),
        Kind("IE5", ("msie 5",)),
    ),
)
_EDGE = Kind(
    "EDGE",
    ("edge",),
    narrower=(
        Kind("EDGE_MOBILE", ("mobile safari",), narrower=(Kind("EDGE_MOBILE12", ("edge/12",)),)),
        *numbered("EDGE", "edge/{}", (14, 13, 12), without=("mobile",)),
    ),
)
_CHROME = Kind(
    "CHROME",
    ("chrome", "crmo", "crios"),
    without=_NOT_CHROME,
    narrower=(
        Kind("CHROME_MOBILE", ("crmo", "crios", "mobile safari"), without=("opr/",)),
        *numbered("CHROME", "chrome/{}", range(51, 39, -1), without=_NOT_CHROME),
        *numbered("CHROME", "chrome/{}", range(39, 18, -1), without=_NOT_CHROME[:2]),
        *numbered("CHROME", "chrome/{}", range(18, 7, -1)),
    ),
)
_FIREFOX = Kind(
    "FIREFOX",
    ("firefox", "fxios"),
    without=("camino", "flock", "ggpht.com", _MSHOTS),
    narrower=(
        Kind("FIREFOX3MOBILE", ("firefox/3.5 maemo",)),
        Kind(
            "FIREFOX_MOBILE",
            ("mobile",),
            narrower=(
                Kind("FIREFOX_MOBILE23", ("firefox/23",)),
                Kind("FIREFOX_MOBILE_IOS", ("fxios",)),
            ),
        ),
        *numbered("FIREFOX", "firefox/{}", range(48, 21, -1)),
        Kind("FIREFOX21", ("firefox/21",), without=(_MSHOTS,)),
        *numbered("FIREFOX", "firefox/{}", range(20, 6, -1)),
        *numbered("FIREFOX", "firefox/{}.", (6, 5, 4)),
        Kind("FIREFOX3", ("firefox/3.",), without=("camino", "flock", "ggpht.com")),
        Kind("FIREFOX2", ("firefox/2.",), without=("camino", _MSHOTS)),
        Kind("FIREFOX1_5", ("firefox/1.5",)),
    ),
)
_SAFARI = Kind(
    "SAFARI",
    ("safari",),
    without=(*_NOT_WEBKIT, "cfnetwork"),
    narrower=(
        Kind("BLACKBERRY10", ("bb10",)),
        Kind(
            "MOBILE_SAFARI",
            ("mobile safari", "mobile/"),
            without=(*_NOT_WEBKIT[:-1], "cfnetwork", "fxios"),
        ),
        Kind("SILK", ("silk/",)),
        *numbered("SAFARI", "version/{}", (9, 8), without=("applebot",)),
        Kind("SAFARI7", ("version/7",), without=("bing",)),
        Kind("SAFARI6", ("version/6",)),
        Kind("SAFARI5", ("version/5",), without=("google web preview",)),
        Kind("SAFARI4", ("version/4",), without=("googlebot-mobile",)),
    ),
)
_OPERA = Kind(
    "OPERA",
    (" opr/", "opera"),
    narrower=(
        Kind("OPERA_MOBILE", ("mobile safari",)),
        Kind("OPERA_MINI", ("opera mini",)),
        *numbered("OPERA", "opr/{}.", range(39, 14, -1)),
        Kind("OPERA12", ("opera/12", "version/12.")),
        Kind("OPERA11", ("version/11.",)),
        Kind("OPERA10", ("opera/9.8",)),
        Kind("OPERA9", ("opera/9",)),
    ),
)
_WEBKIT = Kind(
    "APPLE_WEB_KIT",
    ("applewebkit",),
    without=_NOT_WEBKIT,
    narrower=(
        Kind("APPLE_ITUNES", ("itunes",)),
        Kind("APPLE_APPSTORE", ("macappstore",)),
        Kind("ADOBE_AIR", ("adobeair",)),
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

#: The order matters: nearly all say Mozilla, Chrome says Safari, Edge says both.
_BROWSERS = (
    Kind(
        "OUTLOOK",
        ("msoffice",),
        narrower=(
            Kind("OUTLOOK2007", ("msoffice 12",)),
            Kind("OUTLOOK2013", ("microsoft outlook 15",)),
            Kind("OUTLOOK2010", ("msoffice 14", "microsoft outlook 14")),
        ),
    ),
    _EXPLORER,
    _EDGE,
    _CHROME,
    Kind("OMNIWEB", ("omniweb",)),
    _FIREFOX,
    _SAFARI,
    Kind("COAST", (" coast/",), narrower=(Kind("COAST1", (" coast/1.",)),)),
    _OPERA,
    Kind("KONQUEROR", ("konqueror",), without=("exabot",)),
    Kind("DOLFIN2", ("dolfin/2",)),
    _WEBKIT,
    Kind("LOTUS_NOTES", ("lotus-notes",)),
    Kind("CAMINO", ("camino",), narrower=(Kind("CAMINO2", ("camino/2",)),)),
    Kind("FLOCK", ("flock",)),
    Kind(
        "THUNDERBIRD",
        ("thunderbird",),
        narrower=numbered("THUNDERBIRD", "thunderbird/{}", (12, 11, 10, 8, 7, 6, 3, 2)),
    ),
    Kind("VIVALDI", ("vivaldi",)),
    Kind("SEAMONKEY", ("seamonkey",)),
    Kind(BOT, _ROBOT_WORDS, narrower=(Kind("BOT_MOBILE", ("googlebot-mobile",)),)),
    Kind("MOZILLA", ("mozilla", "moozilla"), without=("ggpht.com",)),
    Kind("CFNETWORK", ("cfnetwork",)),
    Kind("EUDORA", ("eudora",)),
    Kind("POCOMAIL", ("pocomail",)),
    Kind("THEBAT", ("the bat",)),
    Kind("NETFRONT", ("netfront",)),
    Kind("EVOLUTION", ("camelhttpstream",)),
    Kind("LYNX", ("lynx",)),
    Kind("DOWNLOAD", ("curl", "wget", "ggpht.com", "apache-httpclient")),
)


def _product(names: str, parts: int = 4) -> re.Pattern[str]:
    """The version behind a product's name; the groups are all of it, major, and minor."""
    # A name may recur thousands of times; that no part can match in two ways keeps it linear.
    more = rf"(?:\.(\w+)(?:\.\w+){{0,{parts - 2}}})?"
    return re.compile(rf"(?:{names})/(([0-9]+){more})", re.ASCII | re.IGNORECASE)


#: The last `rv:` counts; without one, the first `IE `. The anchor keeps it linear.
_EXPLORER_11 = re.compile(
    r"\A(?:.*rv:|.*?IE )(([0-9]+)\.?([0-9]+))", re.ASCII | re.IGNORECASE | re.DOTALL
)
_BY_VERSION, _BY_OPR = _product("Version", 2), _product("OPR")

#: Where a browser's version stands, if not where that of the wider kind stands. A browser
#: without an entry has no version in UserAgentUtils.
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
    """The browser's name (`CHROME13`, `MOBILE_SAFARI`, `BOT`, `UNKNOWN`…), and its version."""
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
    """The same version as numbers; -1 for what is not there."""
    major, minor = number(version.majorVersion), number(version.minorVersion)
    return UserAgentVersion(version.version or "", major, minor)


def number(text: str | None) -> Integer:
    """A part of a version as an int of the Java's, or -1."""
    try:
        return Integer(parse_integer(text or "", -(2**31), 2**31 - 1))
    except ValueError:
        return Integer(-1)
