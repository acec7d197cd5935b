"""What a rule sees of a User-Agent header. The attributes have the Java's names."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proctor.core.rules.values import Integer

__all__ = ["BrowserVersion", "UserAgent", "UserAgentVersion", "VersionedOS"]


@dataclass(frozen=True, slots=True)
class VersionedOS:
    """The operating system's family, and for iOS, Android and Windows Phone 7 its version.

    *family* is a word such as `windows`, `mac_os_x`, `ios`, `android`, `linux`, `chrome_os`,
    `unknown`. A version that is not known is "" and -1. [VersionedOS]
    """

    version: str
    majorVersion: Integer
    minorVersion: Integer
    family: str


@dataclass(frozen=True, slots=True)
class UserAgentVersion:
    """The browser's version; "" and -1 if it is not known [UserAgentVersion]."""

    version: str
    major: Integer
    minor: Integer


@dataclass(frozen=True, slots=True)
class BrowserVersion:
    """The browser's version as text; None for what is not known [UserAgentUtils' Version]."""

    version: str | None = None
    majorVersion: str | None = None
    minorVersion: str | None = None


@dataclass(frozen=True, slots=True)
class UserAgent:
    """A visitor's browser and device, as Proctor's Java describes them to a rule.

    [com.indeed.proctor.pipet.deploy.useragent.UserAgent over UserAgentUtils 1.20]

    *browser* and *operatingSystem* are names such as `CHROME_MOBILE` and `WINDOWS_10`,
    *deviceType* is one of `COMPUTER`, `MOBILE`, `TABLET`, `WEARABLE`, `GAME_CONSOLE`, `DMR`
    (a television's box) and `UNKNOWN`. A *phone* is what is MOBILE and no tablet; it is a
    *smartPhone*, as any tablet may be, if it runs iOS, Android or Windows Phone 7, and
    otherwise a *dumbPhone*. *windowsPhone* is true for Windows Phone 7 alone. `OS` and `IOS`
    are the names by which the Java's rules know `os` and `ios`.
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
        """The same as `os`."""
        return self.os

    @property
    def IOS(self) -> bool:
        """The same as `ios`."""
        return self.ios

    def to_dict(self) -> dict[str, Any]:
        """As Pipet's JSON has it."""
        return asdict(self)
