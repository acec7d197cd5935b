"""The editor's operations on definitions, as pure functions without a database or a clock.

The lower layer gives exactly Java Proctor's results: `reading` and `writing` handle its files,
`editing` decides about an edit, `jobs` about promotions and deletions, `builder` builds a matrix
from a tree, `compatibility` checks a matrix against an application's specification, and `search`
finds tests. Our own rules are stricter: `stricter_rules` and `careful_promotion` refuse things that
Java Proctor accepts, `saved_ids.careful_allocations` never gives one id to two splits, and
`unknown_fields` keeps fields that an editor does not know.
"""
