"""The signals of the editor, and their senders."""

from __future__ import annotations

from django.dispatch import Signal

__all__ = ["changed", "published"]

#: Sent after the commit of a publication, by the class `Revision`, with `revisions`: the new ones,
#: in order. Exceptions in receivers are logged, never raised.
published = Signal()

#: Sent after the commit of an event of a proposal, by the class `Proposal`, with `proposal`,
#: `event` (opened, updated, approved, rejected, commented, withdrawn or published) and `actor`, the
#: name of the person who acted. Exceptions in receivers are logged, never raised.
changed = Signal()
