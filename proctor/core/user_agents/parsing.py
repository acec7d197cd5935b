"""From a header to the object that rules use, by way of the installed parser (ua-parser)."""

from __future__ import annotations

import functools
from importlib.util import find_spec
from typing import TYPE_CHECKING

from proctor.core.user_agents.browsers import BOT, UNKNOWN, browser_of, number, version_of
from proctor.core.user_agents.systems import device_of, system_of
from proctor.core.user_agents.values import UserAgent, VersionedOS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ua_parser import OS, Resolver

    from proctor.core.user_agents.values import BrowserVersion

__all__ = ["KEPT", "MAX_LENGTH", "user_agent_parser"]

#: Characters of a header that are read. Browsers send a few hundred at most.
MAX_LENGTH = 2_048

#: Headers whose objects are remembered; the busiest few hundred are nearly all the traffic.
KEPT = 1_024

#: These tablets call themselves neither.
_TABLETS = ("Nexus 7", "Kindle Fire")


def user_agent_parser() -> Callable[[str], UserAgent] | None:
    """A function that makes a UserAgent of a header; None without django-proctor[useragent].

    The function takes any text and never raises; of a header longer than MAX_LENGTH it reads
    (and keeps) that many characters. It may be called by many threads, and remembers the last
    KEPT headers. The parser's tables are loaded with the first header, once for the process.
    """
    # The tables came apart with ua-parser 1.0; older ones, which other packages ask for, do not
    # have what is used here.
    return _remembering if find_spec("ua_parser") and find_spec("ua_parser_builtins") else None


def _remembering(header: str) -> UserAgent:
    return _parse(header[:MAX_LENGTH])


@functools.cache
def _resolver() -> Resolver:
    from ua_parser import BasicResolver, load_lazy_builtins  # noqa: PLC0415 - an extra

    # Only the operating systems' expressions: the others take most of the time and memory.
    return BasicResolver(([], load_lazy_builtins()[1], []))


def _operating_system(header: str) -> OS | None:
    from ua_parser import Domain  # noqa: PLC0415 - an extra

    try:
        return _resolver()(header, Domain.OS).os
    except ValueError:
        # An expression of the parser that found no name.
        return None


@functools.lru_cache(KEPT)
def _parse(header: str) -> UserAgent:
    browser, version = browser_of(header)
    if browser == BOT:
        # UserAgentUtils does not ask what a robot runs on.
        return _described(header, browser, version, (UNKNOWN,), None)
    parsed = _operating_system(header)
    system = system_of(header, parsed.family if parsed else None)
    return _described(header, browser, version, system or (UNKNOWN,), parsed)


def _described(
    header: str, browser: str, version: BrowserVersion, system: tuple[str, ...], parsed: OS | None
) -> UserAgent:
    group, name, device = system[0], system[-1], device_of(system)
    tablet = device == "TABLET" or any(word in header for word in _TABLETS)
    mobile, phone = device == "MOBILE" or tablet, device == "MOBILE" and not tablet
    ios, android, windows_phone = group == "IOS", group == "ANDROID", name == "WINDOWS_MOBILE7"
    smart = ios or android or windows_phone
    return UserAgent(
        os=_versioned(group, parsed if smart else None),
        version=version_of(version),
        userAgentString=header,
        browserVersion=version,
        browser=browser,
        operatingSystem=name,
        deviceType=device,
        mobileDevice=mobile,
        ios=ios,
        tablet=tablet,
        phone=phone,
        smartPhone=smart and mobile,
        chromeForIOS=ios and "CriOS" in header,
        android=android,
        windowsPhone=windows_phone,
        dumbPhone=phone and not smart,
    )


def _versioned(group: str, parsed: OS | None) -> VersionedOS:
    """The family and its version, which must have two parts to count for an Android."""
    parts: list[str] = []
    if parsed is not None:
        given = (parsed.major, parsed.minor, parsed.patch, parsed.patch_minor)
        parts = [each for each in given if each]
    if group == "ANDROID" and len(parts) < 2:
        parts = []
    major, minor, *_ = (*parts, "", "")
    return VersionedOS(".".join(parts), number(major), number(minor), group.lower())
