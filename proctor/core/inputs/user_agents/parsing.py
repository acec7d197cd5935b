"""Use the ua-parser package to convert a header into the object that rules use."""

from __future__ import annotations

import functools
from importlib.util import find_spec
from typing import TYPE_CHECKING

from proctor.core.inputs.user_agents.browsers import BOT, UNKNOWN, browser_of, number, version_of
from proctor.core.inputs.user_agents.systems import device_of, system_of
from proctor.core.inputs.user_agents.values import UserAgent, VersionedOS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ua_parser import OS, Resolver

    from proctor.core.inputs.user_agents.values import BrowserVersion

__all__ = ["KEPT", "MAX_LENGTH", "user_agent_parser"]

#: Maximum number of characters read from a header. Browsers send at most a few hundred.
MAX_LENGTH = 2_048

#: Number of cached headers. The few hundred most frequent ones make up nearly all traffic.
KEPT = 1_024

#: Tablets that do not identify themselves as tablets in their headers.
_TABLETS = ("Nexus 7", "Kindle Fire")


def user_agent_parser() -> Callable[[str], UserAgent] | None:
    """Return a function that parses headers; None if django-proctor[useragent] is not installed.

    The function returns a UserAgent for any text, and never raises. It reads and keeps at most
    MAX_LENGTH characters of a header. It is thread-safe and caches the last KEPT headers. The
    parser's tables are loaded once per process, when the first header is parsed.
    """
    # Since ua-parser 1.0, the tables are in the ua_parser_builtins package. Older versions, which
    # other packages may require, do not have the names that are imported below.
    return _remembering if find_spec("ua_parser") and find_spec("ua_parser_builtins") else None


def _remembering(header: str) -> UserAgent:
    return _parse(header[:MAX_LENGTH])


@functools.cache
def _resolver() -> Resolver:
    from ua_parser import BasicResolver, load_lazy_builtins  # noqa: PLC0415 - an extra

    # Load only the expressions for operating systems, because the others take up most of the time
    # and memory.
    return BasicResolver(([], load_lazy_builtins()[1], []))


def _operating_system(header: str) -> OS | None:
    from ua_parser import Domain  # noqa: PLC0415 - an extra

    try:
        return _resolver()(header, Domain.OS).os
    except ValueError:
        # One of the parser's expressions matched, but did not find a name.
        return None


@functools.lru_cache(KEPT)
def _parse(header: str) -> UserAgent:
    browser, version = browser_of(header)
    if browser == BOT:
        # UserAgentUtils reports no operating system for robots.
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
    """Return the family and its version. An Android version is used only if it has two parts."""
    parts: list[str] = []
    if parsed is not None:
        given = (parsed.major, parsed.minor, parsed.patch, parsed.patch_minor)
        parts = [each for each in given if each]
    if group == "ANDROID" and len(parts) < 2:
        parts = []
    major, minor, *_ = (*parts, "", "")
    return VersionedOS(".".join(parts), number(major), number(minor), group.lower())
