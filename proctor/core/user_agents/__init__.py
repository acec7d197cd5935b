"""What a User-Agent header says, as Proctor's Java tells it to rules.

`user_agent_parser()` gives the function that Variables and pipet_type take as *user_agent*.
It needs the extra `django-proctor[useragent]`; nothing of it is imported before the first
header is parsed.
"""

from __future__ import annotations

from proctor.core.user_agents.parsing import user_agent_parser
from proctor.core.user_agents.values import (
    BrowserVersion,
    UserAgent,
    UserAgentVersion,
    VersionedOS,
)

__all__ = ["BrowserVersion", "UserAgent", "UserAgentVersion", "VersionedOS", "user_agent_parser"]
