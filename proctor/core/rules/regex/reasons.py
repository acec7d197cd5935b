"""The reasons why a pattern is rejected, as sentences."""

from __future__ import annotations

from proctor.core.sentences import Sentence, gettext_noop, listed

__all__ = ["Reason"]


class Reason:
    """The reasons why the pattern parser rejects a pattern."""

    CLOSES_NOTHING = Sentence(gettext_noop("unmatched ')'; write \\) for the character itself"))
    COUNTS_NOTHING = Sentence(
        gettext_noop(
            "there is nothing to repeat before this count; write \\{{ for the character itself"
        )
    )
    ATOMIC = Sentence(gettext_noop("atomic groups are not supported; write (?:…)"))
    UNKNOWN_GROUP = Sentence(gettext_noop("unknown kind of group; write (?:…) or \\("))
    GROUP_NOT_CLOSED = Sentence(
        gettext_noop("this group is not closed; add ), or write \\( for the character itself")
    )
    GROUP_NAME = Sentence(
        gettext_noop("the name of a group must be letters and digits, as in (?<name>…)")
    )
    LOOK_BEHIND = Sentence(
        gettext_noop("a lookbehind must have a fixed width; write one for each width")
    )
    FLAGS = Sentence(gettext_noop("the flags u, U and c are not supported; leave them out"))
    POSSESSIVE = Sentence(gettext_noop("possessive quantifiers are not supported; leave the + out"))
    TWO_QUANTIFIERS = Sentence(
        gettext_noop("a quantifier cannot follow another quantifier; use a group")
    )
    REPEATS_EMPTY = Sentence(
        gettext_noop(
            "the repeated part may match an empty string; make it match at least one character"
        )
    )
    COUNT = Sentence(
        gettext_noop(
            "write a count as {{2}}, {{2,}} or {{2,5}}; write \\{{ for the character itself"
        )
    )
    LARGE_COUNT = Sentence(gettext_noop("this count is too large; write {{2,}} for no bound"))
    COUNT_ENDS_EARLY = Sentence(
        gettext_noop("this count is too large, or its maximum is below its minimum")
    )
    EDGE = Sentence(gettext_noop("\\b{{…}} is not supported; write \\b"))
    PROPERTY = Sentence(gettext_noop("write a property as \\p{{Alpha}}"))
    TWO_SETS = Sentence(gettext_noop("&& needs a set on both sides"))
    RANGE_ENDS_EARLY = Sentence(
        gettext_noop("this range ends before it begins; escape the '-' for the character itself")
    )
    CLASS_NOT_CLOSED = Sentence(
        gettext_noop("this class is not closed; add ], or write \\[ for the character itself")
    )
    COMMENT_IN_CLASS = Sentence(gettext_noop("a comment in a class is not supported; escape the #"))
    NO_OCTAL = Sentence(gettext_noop("\\0 needs octal digits; write \\x00 for the null character"))
    NO_HEXADECIMAL = Sentence(
        gettext_noop("\\x needs two digits, or a code point as in \\x{{1F600}}")
    )
    NO_UNIT = Sentence(gettext_noop("\\u needs four hexadecimal digits"))
    MATCH_END = Sentence(gettext_noop("\\G is not supported in Python; leave it out"))
    NAMED_CHARACTER = Sentence(
        gettext_noop("\\N is not supported; write the character, or \\x{{…}}")
    )
    CLUSTER = Sentence(gettext_noop("\\X is not supported; write . for one character"))
    BACK_REFERENCE = Sentence(
        gettext_noop("back-references are not supported; repeat the pattern instead")
    )

    @staticmethod
    def nothing_to_repeat(char: str) -> Sentence:
        """Return the reason for rejecting a quantifier with nothing before it."""
        text = gettext_noop(
            "{char!r} has nothing to repeat; write \\{char} for the character itself"
        )
        return Sentence(text, char=char)

    @staticmethod
    def too_deep(limit: int) -> Sentence:
        """Return the reason for rejecting groups that are nested too deeply."""
        return Sentence(
            gettext_noop("nested more than {limit} levels deep; use fewer groups"), limit=limit
        )

    @staticmethod
    def group_exists(name: str) -> Sentence:
        """Return the reason for rejecting a second group with the same name."""
        text = gettext_noop("the group {name!r} already exists; choose a different name")
        return Sentence(text, name=name)

    @staticmethod
    def count_beyond(limit: int) -> Sentence:
        """Return the reason for rejecting a count above the limit."""
        text = gettext_noop("counts go up to {limit}; write {{2,}} for no limit")
        return Sentence(text, limit=limit)

    @staticmethod
    def unknown_property(name: str, known: tuple[str, ...]) -> Sentence:
        """Return the reason for rejecting an unknown property."""
        text = gettext_noop("property {name!r} is not supported; use one of {known}")
        return Sentence(text, name=name, known=listed(known))

    @staticmethod
    def unknown_escape(char: str) -> Sentence:
        """Return the reason for rejecting a backslash that does not begin an escape."""
        text = gettext_noop(
            "\\{char} is not an escape sequence; write \\\\ for a backslash, or leave the "
            "backslash out"
        )
        return Sentence(text, char=char)
