"""The editor's signals and their senders."""

from __future__ import annotations

from django.dispatch import Signal

__all__ = ["changed", "published"]

#: Sent after a publication is committed. The sender is the `Revision` class; the `revisions`
#: argument contains the new revisions, in order. Exceptions in receivers are logged, never raised.
published = Signal()

#: Sent after an event of a proposal is committed. The sender is the `Proposal` class; the arguments
#: are `proposal`, `event` (opened, updated, approved, rejected, commented, withdrawn or published)
#: and `actor`, the name of the user who acted. Exceptions in receivers are logged, never raised.
changed = Signal()
