"""The operating system and the device, by the names of UserAgentUtils 1.20.

The parser says which operating system it is; the header's words say which of UserAgentUtils'
names for it applies. Where the parser concludes what the header does not say (iOS from the
version of a network library, say), UserAgentUtils goes by the words, and so does this.
"""

from __future__ import annotations

from proctor.core.user_agents.kinds import Kind, find, numbered, refine

__all__ = ["device_of", "system_of"]

_NO_XBOX = ("xbox",)

_WINDOWS = Kind(
    "WINDOWS",
    ("windows",),
    without=("palm", "ggpht.com"),
    narrower=(
        Kind("WINDOWS_10", ("windows nt 6.4", "windows nt 10")),
        Kind("WINDOWS_81", ("windows nt 6.3",)),
        Kind("WINDOWS_8", ("windows nt 6.2",), without=_NO_XBOX),
        Kind("WINDOWS_7", ("windows nt 6.1",), without=_NO_XBOX),
        Kind("WINDOWS_VISTA", ("windows nt 6",), without=_NO_XBOX),
        Kind("WINDOWS_2000", ("windows nt 5.0",)),
        Kind("WINDOWS_XP", ("windows nt 5",), without=("ggpht.com",)),
        Kind("WINDOWS_10_MOBILE", ("windows phone 10",)),
        Kind("WINDOWS_PHONE8_1", ("windows phone 8.1",)),
        Kind("WINDOWS_PHONE8", ("windows phone 8",)),
        Kind("WINDOWS_MOBILE7", ("windows phone os 7",)),
        Kind("WINDOWS_MOBILE", ("windows ce",)),
        Kind("WINDOWS_98", ("windows 98", "win98"), without=("palm",)),
        Kind("XBOX_OS", ("xbox",)),
    ),
)


def _android(number: int, *without: str) -> Kind:
    words = (f"android {number}", f"android-{number}")
    tablet = Kind(f"ANDROID{number}_TABLET", words, ("mobile", "glass", *without))
    return Kind(f"ANDROID{number}", words, ("glass", *without), (tablet,))


_ANDROID = Kind(
    "ANDROID",
    ("android",),
    without=("ubuntu",),
    narrower=(
        _android(6),
        _android(5),
        _android(4, "ubuntu"),
        Kind("ANDROID4_WEARABLE", ("android 4",), without=("ubuntu",)),
        Kind("ANDROID3_TABLET", ("android 3",)),
        Kind(
            "ANDROID2",
            ("android 2",),
            narrower=(Kind("ANDROID2_TABLET", ("kindle fire", "gt-p1000", "sch-i800")),),
        ),
        # Android 10 and later, too.
        Kind("ANDROID1", ("android 1",)),
        Kind("ANDROID_MOBILE", ("mobile",), without=("ubuntu",)),
        Kind("ANDROID_TABLET", ("tablet",)),
    ),
)


def _ios(word: str, suffix: str, versions: str) -> tuple[Kind, ...]:
    return tuple(
        Kind(f"iOS{version.removesuffix('_0')}_{suffix}", (f"{word} {version}",))
        for version in versions.split()
    )


_IOS = Kind(
    "IOS",
    ("iphone", "like mac os x"),
    narrower=(
        *_ios("iphone os", "IPHONE", "9 8_4 8_3 8_2 8_1 8 7 6 5 4"),
        Kind(
            "MAC_OS_X_IPAD",
            ("ipad",),
            narrower=_ios("os", "IPAD", "9 8_4 8_3 8_2 8_1 8_0 7 6"),
        ),
        Kind("MAC_OS_X_IPHONE", ("iphone",)),
        Kind("MAC_OS_X_IPOD", ("ipod",)),
    ),
)
_CHROME_OS = Kind("CHROME_OS", ("cros",))
_MAC_OS_X = Kind("MAC_OS_X", ("mac os x", "cfnetwork"))
_LINUX = Kind(
    "LINUX",
    ("linux", "camelhttpstream"),
    narrower=(Kind("UBUNTU", ("ubuntu",), narrower=(Kind("UBUNTU_TOUCH_MOBILE", ("mobile",)),)),),
)

#: The order matters: an Android says Linux, an iPhone says Mac OS X.
_SYSTEMS = (
    _WINDOWS,
    _ANDROID,
    _CHROME_OS,
    Kind("WEBOS", ("webos",)),
    Kind("PALM", ("palm",)),
    Kind("MEEGO", ("meego",)),
    _IOS,
    _MAC_OS_X,
    Kind("MAC_OS", ("mac",)),
    Kind("MAEMO", ("maemo",)),
    Kind("BADA", ("bada",)),
    Kind("GOOGLE_TV", ("googletv",)),
    Kind("KINDLE", ("kindle",), narrower=numbered("KINDLE", "kindle/{}", (3, 2))),
    _LINUX,
    Kind(
        "SYMBIAN",
        ("symbian", "series60"),
        narrower=(
            Kind("SYMBIAN9", ("symbianos/9", "series60/3")),
            Kind("SYMBIAN8", ("symbianos/8", "series60/2.6", "series60/2.8")),
            Kind("SYMBIAN7", ("symbianos/7",)),
            Kind("SYMBIAN6", ("symbianos/6",)),
        ),
    ),
    Kind("SERIES40", ("nokia6300",)),
    Kind("SONY_ERICSSON", ("sonyericsson",)),
    Kind("SUN_OS", ("sunos",)),
    Kind("PSP", ("playstation",)),
    Kind("WII", ("wii",)),
    Kind("BLACKBERRY", ("blackberry",), narrower=numbered("BLACKBERRY", "version/{}", (7, 6))),
    Kind("BLACKBERRY_TABLET", ("rim tablet os",)),
    Kind("ROKU", ("roku",)),
    Kind("PROXY", ("ggpht.com",)),
    Kind("UNKNOWN_MOBILE", ("mobile",)),
    Kind("UNKNOWN_TABLET", ("tablet",)),
)

#: What the parser calls the systems that UserAgentUtils knows by another name.
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

#: The device of a system, where it is not that of the wider system; else UNKNOWN.
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
    """The operating system's names, from the widest to the narrowest: `("IOS", …)`.

    *family* is the parser's word for it. Empty if nothing is known.
    """
    text = header.lower()
    parsed = _PARSED.get(family or "")
    path = refine(parsed, text) if parsed and parsed.is_named_in(text) else ()
    return tuple(kind.name for kind in path or find(_SYSTEMS, text))


def device_of(system: tuple[str, ...]) -> str:
    """The type of the device that runs the system."""
    return next((_DEVICES[name] for name in system[::-1] if name in _DEVICES), "UNKNOWN")
