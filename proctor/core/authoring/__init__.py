"""The editor's operations on definitions, as pure functions without a database or a clock.

The lower layer returns exactly Java Proctor's results: `reading` and `writing` handle its files,
`editing` decides on edits, `jobs` decides on promotions and deletions, `builder` builds a matrix
from a tree, `compatibility` checks a matrix against an application's specification, and `search`
finds tests. Our own rules are stricter: `stricter_rules` and `careful_promotion` reject things that
Java Proctor accepts, `saved_ids.careful_allocations` never assigns one id to two splits, and
`unknown_fields` keeps fields that an editor does not know.
"""
