"""Parse a User-Agent header into the object that rules see in Java Proctor.

`user_agent_parser()` returns the function that Variables and pipet_type accept as *user_agent*. The
function needs the extra `django-proctor[useragent]`, whose package is imported only when the first
header is parsed.
"""

from __future__ import annotations

from proctor.core.inputs.user_agents.parsing import user_agent_parser
from proctor.core.inputs.user_agents.values import (
    BrowserVersion,
    UserAgent,
    UserAgentVersion,
    VersionedOS,
)

__all__ = ["BrowserVersion", "UserAgent", "UserAgentVersion", "VersionedOS", "user_agent_parser"]
