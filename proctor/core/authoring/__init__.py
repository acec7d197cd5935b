"""The editor's operations on definitions, as pure functions without a database or a clock.

The lower layer returns exactly what Java Proctor returns: `reading` and `writing` handle its files,
`editing` decides on edits, `jobs` decides on promotions and deletions, `builder` builds a matrix
from a tree, `compatibility` checks a matrix against an application's specification, and `search`
finds tests. Our own rules are stricter: `stricter_rules` and `careful_promotion` reject changes
that Java Proctor accepts, `saved_ids.careful_allocations` never uses one allocation id for two
different splits, and `unknown_fields` preserves fields that an editor does not know.
"""
