"""The parsed User-Agent header as rules see it. The attributes have Java Proctor's names."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proctor.core.java.values import Integer

__all__ = ["BrowserVersion", "UserAgent", "UserAgentVersion", "VersionedOS"]


@dataclass(frozen=True, slots=True)
class VersionedOS:
    """The family of the operating system, and its version for iOS, Android and Windows Phone 7.

    *family* is a word such as `windows`, `mac_os_x`, `ios`, `android`, `linux`, `chrome_os`,
    `unknown`. If the version is unknown, it is "" and its parts are -1. [VersionedOS]
    """

    version: str
    majorVersion: Integer
    minorVersion: Integer
    family: str


@dataclass(frozen=True, slots=True)
class UserAgentVersion:
    """The browser's version. If it is unknown, it is "" and its parts are -1 [UserAgentVersion]."""

    version: str
    major: Integer
    minor: Integer


@dataclass(frozen=True, slots=True)
class BrowserVersion:
    """The browser's version as text. Unknown parts are None [UserAgentUtils' Version]."""

    version: str | None = None
    majorVersion: str | None = None
    minorVersion: str | None = None


@dataclass(frozen=True, slots=True)
class UserAgent:
    """A visitor's browser and device, as rules in Java Proctor see them.

    [com.indeed.proctor.pipet.deploy.useragent.UserAgent over UserAgentUtils 1.20]

    *browser* and *operatingSystem* are names such as `CHROME_MOBILE` and `WINDOWS_10`, and
    *deviceType* is one of `COMPUTER`, `MOBILE`, `TABLET`, `WEARABLE`, `GAME_CONSOLE`, `DMR` (a
    television's set-top box) and `UNKNOWN`. *phone* is true for MOBILE devices other than tablets.
    *smartPhone* is true for phones and tablets that run iOS, Android or Windows Phone 7, and
    *dumbPhone* is true for all other phones. *windowsPhone* is true only for Windows Phone 7. `OS`
    and `IOS` are the names of `os` and `ios` in Java Proctor's rules.
    """

    os: VersionedOS
    version: UserAgentVersion
    userAgentString: str
    browserVersion: BrowserVersion
    browser: str
    operatingSystem: str
    deviceType: str
    mobileDevice: bool
    ios: bool
    tablet: bool
    phone: bool
    smartPhone: bool
    chromeForIOS: bool
    android: bool
    windowsPhone: bool
    dumbPhone: bool

    @property
    def OS(self) -> VersionedOS:
        """Return `os`, which Java Proctor's rules call `OS`."""
        return self.os

    @property
    def IOS(self) -> bool:
        """Return `ios`, which Java Proctor's rules call `IOS`."""
        return self.ios

    def to_dict(self) -> dict[str, Any]:
        """Return the value as it appears in Pipet's JSON."""
        return asdict(self)
