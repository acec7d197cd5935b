"""Find the operating system and the device, named as in UserAgentUtils 1.20.

The ua-parser package finds the operating system; the words in the header then determine the name
that UserAgentUtils would give it. The package sometimes infers more than the header says (for
example, iOS from the version of a network library). Like UserAgentUtils, this module ignores these
guesses and uses only the words.
"""

from __future__ import annotations

from proctor.core.inputs.user_agents.kinds import AgentKind, find, numbered, refine

__all__ = ["device_of", "system_of"]

_NO_XBOX = ("xbox",)

_WINDOWS = AgentKind(
    "WINDOWS",
    ("windows",),
    without=("palm", "ggpht.com"),
    narrower=(
        AgentKind("WINDOWS_10", ("windows nt 6.4", "windows nt 10")),
        AgentKind("WINDOWS_81", ("windows nt 6.3",)),
        AgentKind("WINDOWS_8", ("windows nt 6.2",), without=_NO_XBOX),
        AgentKind("WINDOWS_7", ("windows nt 6.1",), without=_NO_XBOX),
        AgentKind("WINDOWS_VISTA", ("windows nt 6",), without=_NO_XBOX),
        AgentKind("WINDOWS_2000", ("windows nt 5.0",)),
        AgentKind("WINDOWS_XP", ("windows nt 5",), without=("ggpht.com",)),
        AgentKind("WINDOWS_10_MOBILE", ("windows phone 10",)),
        AgentKind("WINDOWS_PHONE8_1", ("windows phone 8.1",)),
        AgentKind("WINDOWS_PHONE8", ("windows phone 8",)),
        AgentKind("WINDOWS_MOBILE7", ("windows phone os 7",)),
        AgentKind("WINDOWS_MOBILE", ("windows ce",)),
        AgentKind("WINDOWS_98", ("windows 98", "win98"), without=("palm",)),
        AgentKind("XBOX_OS", ("xbox",)),
    ),
)


def _android(number: int, *without: str) -> AgentKind:
    words = (f"android {number}", f"android-{number}")
    tablet = AgentKind(f"ANDROID{number}_TABLET", words, ("mobile", "glass", *without))
    return AgentKind(f"ANDROID{number}", words, ("glass", *without), (tablet,))


_ANDROID = AgentKind(
    "ANDROID",
    ("android",),
    without=("ubuntu",),
    narrower=(
        _android(6),
        _android(5),
        _android(4, "ubuntu"),
        AgentKind("ANDROID4_WEARABLE", ("android 4",), without=("ubuntu",)),
        AgentKind("ANDROID3_TABLET", ("android 3",)),
        AgentKind(
            "ANDROID2",
            ("android 2",),
            narrower=(AgentKind("ANDROID2_TABLET", ("kindle fire", "gt-p1000", "sch-i800")),),
        ),
        # "android 1" also matches Android 10 and later.
        AgentKind("ANDROID1", ("android 1",)),
        AgentKind("ANDROID_MOBILE", ("mobile",), without=("ubuntu",)),
        AgentKind("ANDROID_TABLET", ("tablet",)),
    ),
)


def _ios(word: str, suffix: str, versions: str) -> tuple[AgentKind, ...]:
    return tuple(
        AgentKind(f"iOS{version.removesuffix('_0')}_{suffix}", (f"{word} {version}",))
        for version in versions.split()
    )


_IOS = AgentKind(
    "IOS",
    ("iphone", "like mac os x"),
    narrower=(
        *_ios("iphone os", "IPHONE", "9 8_4 8_3 8_2 8_1 8 7 6 5 4"),
        AgentKind(
            "MAC_OS_X_IPAD",
            ("ipad",),
            narrower=_ios("os", "IPAD", "9 8_4 8_3 8_2 8_1 8_0 7 6"),
        ),
        AgentKind("MAC_OS_X_IPHONE", ("iphone",)),
        AgentKind("MAC_OS_X_IPOD", ("ipod",)),
    ),
)
_CHROME_OS = AgentKind("CHROME_OS", ("cros",))
_MAC_OS_X = AgentKind("MAC_OS_X", ("mac os x", "cfnetwork"))
_LINUX = AgentKind(
    "LINUX",
    ("linux", "camelhttpstream"),
    narrower=(
        AgentKind("UBUNTU", ("ubuntu",), narrower=(AgentKind("UBUNTU_TOUCH_MOBILE", ("mobile",)),)),
    ),
)

#: The order matters: the header of an Android device contains "Linux", and that of an iPhone
#: contains "Mac OS X".
_SYSTEMS = (
    _WINDOWS,
    _ANDROID,
    _CHROME_OS,
    AgentKind("WEBOS", ("webos",)),
    AgentKind("PALM", ("palm",)),
    AgentKind("MEEGO", ("meego",)),
    _IOS,
    _MAC_OS_X,
    AgentKind("MAC_OS", ("mac",)),
    AgentKind("MAEMO", ("maemo",)),
    AgentKind("BADA", ("bada",)),
    AgentKind("GOOGLE_TV", ("googletv",)),
    AgentKind("KINDLE", ("kindle",), narrower=numbered("KINDLE", "kindle/{}", (3, 2))),
    _LINUX,
    AgentKind(
        "SYMBIAN",
        ("symbian", "series60"),
        narrower=(
            AgentKind("SYMBIAN9", ("symbianos/9", "series60/3")),
            AgentKind("SYMBIAN8", ("symbianos/8", "series60/2.6", "series60/2.8")),
            AgentKind("SYMBIAN7", ("symbianos/7",)),
            AgentKind("SYMBIAN6", ("symbianos/6",)),
        ),
    ),
    AgentKind("SERIES40", ("nokia6300",)),
    AgentKind("SONY_ERICSSON", ("sonyericsson",)),
    AgentKind("SUN_OS", ("sunos",)),
    AgentKind("PSP", ("playstation",)),
    AgentKind("WII", ("wii",)),
    AgentKind("BLACKBERRY", ("blackberry",), narrower=numbered("BLACKBERRY", "version/{}", (7, 6))),
    AgentKind("BLACKBERRY_TABLET", ("rim tablet os",)),
    AgentKind("ROKU", ("roku",)),
    AgentKind("PROXY", ("ggpht.com",)),
    AgentKind("UNKNOWN_MOBILE", ("mobile",)),
    AgentKind("UNKNOWN_TABLET", ("tablet",)),
)

#: The names that ua-parser uses for systems that UserAgentUtils names differently.
_PARSED = {
    "Windows": _WINDOWS,
    "Windows Phone": _WINDOWS,
    "Windows Mobile": _WINDOWS,
    "Android": _ANDROID,
    "Chrome OS": _CHROME_OS,
    "iOS": _IOS,
    "Mac OS X": _MAC_OS_X,
    "Linux": _LINUX,
    "Ubuntu": _LINUX,
    "Debian": _LINUX,
    "Fedora": _LINUX,
}

#: The type of device on which each system runs. A system without an entry has the type of the more
#: general system or, if that has none either, UNKNOWN.
_DEVICES = {
    **dict.fromkeys(("WINDOWS", "CHROME_OS", "MAC_OS_X", "MAC_OS", "LINUX", "SUN_OS"), "COMPUTER"),
    **dict.fromkeys(
        (
            "WINDOWS_10_MOBILE",
            "WINDOWS_PHONE8_1",
            "WINDOWS_PHONE8",
            "WINDOWS_MOBILE7",
            "WINDOWS_MOBILE",
            "ANDROID",
            "WEBOS",
            "PALM",
            "MEEGO",
            "IOS",
            "MAEMO",
            "BADA",
            "UBUNTU_TOUCH_MOBILE",
            "SYMBIAN",
            "SERIES40",
            "SONY_ERICSSON",
            "BLACKBERRY",
            "UNKNOWN_MOBILE",
        ),
        "MOBILE",
    ),
    **dict.fromkeys(
        (
            "ANDROID6_TABLET",
            "ANDROID5_TABLET",
            "ANDROID4_TABLET",
            "ANDROID3_TABLET",
            "ANDROID2_TABLET",
            "ANDROID_TABLET",
            "MAC_OS_X_IPAD",
            "KINDLE",
            "BLACKBERRY_TABLET",
            "UNKNOWN_TABLET",
        ),
        "TABLET",
    ),
    **dict.fromkeys(("XBOX_OS", "PSP", "WII"), "GAME_CONSOLE"),
    **dict.fromkeys(("GOOGLE_TV", "ROKU"), "DMR"),
    "ANDROID4_WEARABLE": "WEARABLE",
}


def system_of(header: str, family: str | None) -> tuple[str, ...]:
    """Return the operating system's names, from general to specific, such as `("IOS", …)`.

    *family* is the name that ua-parser found. The result is empty if the system is unknown.
    """
    text = header.lower()
    parsed = _PARSED.get(family or "")
    path = refine(parsed, text) if parsed and parsed.is_named_in(text) else ()
    return tuple(kind.name for kind in path or find(_SYSTEMS, text))


def device_of(system: tuple[str, ...]) -> str:
    """Return the type of device on which the system runs."""
    return next((_DEVICES[name] for name in system[::-1] if name in _DEVICES), "UNKNOWN")
