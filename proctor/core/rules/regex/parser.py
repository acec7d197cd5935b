"""Parse the text of a java.util.regex pattern into a tree.

Flags are resolved during parsing: the sets in the tree already take them into account.
"""

from __future__ import annotations

import re

from proctor.core.rules.regex.charset import (
    ALPHA,
    END,
    ESCAPES,
    EVERYTHING,
    LINE_END,
    POSIX,
    CharSet,
)
from proctor.core.rules.regex.nodes import (
    BEGIN,
    Chars,
    Choice,
    Edge,
    Group,
    Look,
    Node,
    Repeat,
    Sequence,
    width,
)
from proctor.core.rules.regex.reader import Reader
from proctor.core.rules.regex.reasons import Reason

#: Maximum depth of groups and classes. Deeper nesting could exhaust Python's stack.
MAX_DEPTH = 25
#: Maximum count of a repetition. No subject is longer than this.
MAX_COUNT = 1024

_BLANKS = frozenset(" \t\n\x0b\f\r")
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9]*")
_COUNT = re.compile(r"\{([0-9]+)(?:(,)([0-9]*))?\}")
_NEWLINE = CharSet.chars("\n")

_VERY_END = Edge(r"\Z", END)
_FINAL_END = Edge(r"(?=(?:\r\n|(?<!\r)\n|[\r\x85\u2028\u2029])?\Z)", LINE_END | END)
_FINAL_END_UNIX = Edge(r"(?=\n?\Z)", _NEWLINE | END)
# In Java, no line begins at the end of the subject, even if the subject is empty.
_LINE_BEGIN = Edge(r"(?=[\s\S])(?:\A|(?<=[\n\x85\u2028\u2029])|(?<=\r)(?!\n))", EVERYTHING)
_LINE_BEGIN_UNIX = Edge(r"(?=[\s\S])(?:\A|(?<=\n))", EVERYTHING)
_LINE_END = Edge(r"(?=(?<!\r)\n|[\r\x85\u2028\u2029]|\Z)", LINE_END | END)
_LINE_END_UNIX = Edge(r"(?=\n|\Z)", _NEWLINE | END)
#: The pattern for each combination of MULTILINE and UNIX_LINES.
_CARETS = {
    (False, False): BEGIN,
    (False, True): BEGIN,
    (True, False): _LINE_BEGIN,
    (True, True): _LINE_BEGIN_UNIX,
}
_DOLLARS = {
    (False, False): _FINAL_END,
    (False, True): _FINAL_END_UNIX,
    (True, False): _LINE_END,
    (True, True): _LINE_END_UNIX,
}
_ANY_LINE_END = Choice(
    (
        Sequence((Chars(CharSet.chars("\r")), Chars(_NEWLINE))),
        Chars(ESCAPES["v"]),
    )
)
_ESCAPED_EDGES = {
    "A": BEGIN,
    "b": Edge(r"\b"),
    # In Java, \B matches the empty subject. In Python, it does so only from 3.14 on.
    "B": Edge(r"(?!\b)"),
    "z": _VERY_END,
}
_NOT_HERE = {
    "G": Reason.MATCH_END,
    "N": Reason.NAMED_CHARACTER,
    "X": Reason.CLUSTER,
    "k": Reason.BACK_REFERENCE,
    **dict.fromkeys("123456789", Reason.BACK_REFERENCE),
}


def parse(pattern: str) -> Node:
    """Return the tree of *pattern*.

    Raises RuleSyntaxError (java.util.regex.PatternSyntaxException) for a pattern that Java Proctor
    rejects, and its subclass UnsupportedPattern for one that only this library rejects.
    """
    return _Parser(pattern).parse()


class _Parser(Reader):
    def __init__(self, pattern: str) -> None:
        super().__init__(pattern)
        self._flags: frozenset[str] = frozenset()
        self._names: set[str] = set()
        self._depth = 0

    def parse(self) -> Node:
        tree = self._choice()
        if self.peek():
            raise self.bad(Reason.CLOSES_NOTHING)
        return tree

    # Methods that parse groups and sequences

    def _choice(self) -> Node:
        branches = [self._sequence()]
        while self.accept("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _sequence(self) -> Node:
        items: list[Node] = []
        while True:
            self._skip_comments()
            if self.peek() in ("", "|", ")"):
                return items[0] if len(items) == 1 else Sequence(tuple(items))
            atom = self._atom()
            if atom is None:
                continue
            node = self._quantified(atom)
            items.extend(node.items if isinstance(node, Sequence) else [node])

    def _atom(self) -> Node | None:
        """Return the next node, without its quantifier; None for a group that only sets flags."""
        position = self.position
        match char := self.take():
            case "(":
                return self._group(position)
            case "[":
                return Chars(self._char_class(position))
            case "\\":
                return self._escape(position)
            case ".":
                return Chars(self._dot())
            case "^":
                return _CARETS["m" in self._flags, "d" in self._flags]
            case "$":
                return _DOLLARS["m" in self._flags, "d" in self._flags]
            case "{" if position > 0:
                raise self.unsupported(Reason.COUNTS_NOTHING, position)
            case "*" | "+" | "?" | "{":
                raise self.bad(Reason.nothing_to_repeat(char), position)
        return Chars(self._cased(CharSet.chars(char)))

    def _dot(self) -> CharSet:
        if "s" in self._flags:
            return EVERYTHING
        return ~(_NEWLINE if "d" in self._flags else LINE_END)

    def _cased(self, chars: CharSet) -> CharSet:
        return chars.ignoring_case() if "i" in self._flags else chars

    def _skip_comments(self) -> None:
        if "x" not in self._flags:
            return
        while self.take_while(_BLANKS) or self.peek() == "#":
            if self.accept("#"):
                while self.peek() and not self._ends_comment(self.peek()):
                    self.take()

    def _ends_comment(self, char: str) -> bool:
        return char == "\n" if "d" in self._flags else char in "\n\r\x85\u2028\u2029"

    def _group(self, position: int) -> Node | None:
        self._enter(position)
        flags = self._flags
        self._skip_comments()
        node: Node | None
        if not self.accept("?"):
            node = Group(self._choice())
        elif self.accept(":"):
            node = self._choice()
        elif self.accept("="):
            node = Look(self._choice(), behind=False, negative=False)
        elif self.accept("!"):
            node = Look(self._choice(), behind=False, negative=True)
        elif self.peek(2) in ("<=", "<!"):
            node = self._look_behind(position)
        elif self.accept("<"):
            name = self._name()
            node = Group(self._choice(), name)
        elif self.accept(">"):
            raise self.unsupported(Reason.ATOMIC, position)
        else:
            self._read_flags(position)
            if self.accept(")"):
                self._depth -= 1
                return None
            if not self.accept(":"):
                raise self.bad(Reason.UNKNOWN_GROUP, position)
            node = self._choice()
        self._flags = flags
        self._depth -= 1
        if not self.accept(")"):
            raise self.bad(Reason.GROUP_NOT_CLOSED, position)
        return node

    def _enter(self, position: int) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self.unsupported(Reason.too_deep(MAX_DEPTH), position)

    def _name(self) -> str:
        match = _NAME.match(self._text, self._at)
        name = match[0] if match else ""
        self._at += len(name)
        if not name or not self.accept(">"):
            raise self.bad(Reason.GROUP_NAME)
        if name in self._names:
            raise self.bad(Reason.group_exists(name))
        self._names.add(name)
        return name

    def _look_behind(self, position: int) -> Node:
        self.take()
        negative = self.take() == "!"
        body = self._choice()
        least, most = width(body)
        if least != most:
            raise self.unsupported(Reason.LOOK_BEHIND, position)
        return Look(body, behind=True, negative=negative)

    def _read_flags(self, position: int) -> None:
        on = self.take_while(frozenset("imsdxucU"))
        off = self.take_while(frozenset("imsdxucU")) if self.accept("-") else ""
        if {*on} & {*"ucU"}:
            raise self.unsupported(Reason.FLAGS, position)
        self._flags = (self._flags | {*on}) - {*off}

    # Methods that parse quantifiers

    def _quantified(self, atom: Node) -> Node:
        self._skip_comments()
        position = self.position
        match self.peek():
            case "?" | "*" | "+" as sign:
                self.take()
                low, high = {"?": (0, 1), "*": (0, None), "+": (1, None)}[sign]
            case "{":
                low, high = self._counts(position)
            case _:
                return atom
        self._skip_comments()
        lazy = self.accept("?")
        if not lazy and self.peek() == "+":
            raise self.unsupported(Reason.POSSESSIVE)
        self._skip_comments()
        if self.peek() == "{":
            raise self.unsupported(Reason.TWO_QUANTIFIERS)
        if high != 1 and width(atom)[0] == 0:
            raise self.unsupported(Reason.REPEATS_EMPTY, position)
        return Repeat(atom, low, high, lazy, position)

    def _counts(self, position: int) -> tuple[int, int | None]:
        match = _COUNT.match(self._text, self._at)
        if match is None:
            raise self.bad(Reason.COUNT, position)
        self._at = match.end()
        # Reading many digits would be slow, and the number would be too large in any case.
        if len(match[1].lstrip("0")) > 10 or len((match[3] or "").lstrip("0")) > 10:
            raise self.bad(Reason.LARGE_COUNT, position)
        low = int(match[1])
        high = None if match[2] and not match[3] else int(match[3] or match[1])
        if max(low, high or 0) >= 2**31 or (high is not None and high < low):
            raise self.bad(Reason.COUNT_ENDS_EARLY, position)
        if max(low, high or 0) > MAX_COUNT:
            raise self.unsupported(Reason.count_beyond(MAX_COUNT), position)
        return low, high

    # Methods that parse escapes

    def _escape(self, position: int) -> Node:
        char = self.peek()
        if char in _NOT_HERE or self.peek(2) == "b{":
            raise self.unsupported(_NOT_HERE.get(char, Reason.EDGE), position)
        if char in _ESCAPED_EDGES:
            return _ESCAPED_EDGES[self.take()]
        if self.accept("R"):
            return _ANY_LINE_END
        if self.accept("Z"):
            return _DOLLARS[False, "d" in self._flags]
        chars = self._escaped_set(position)
        if chars is None:
            chars = self._cased(CharSet.chars(chr(self.escaped_char(position))))
        return Chars(chars)

    def _escaped_set(self, position: int) -> CharSet | None:
        r"""Return the set for an escape such as \d or \p{…}, or None for a single character."""
        letter = self.peek()
        if letter and letter in "pP":
            self.take()
            chars = self._property(position)
        elif letter and letter.lower() in ESCAPES:
            chars = ESCAPES[self.take().lower()]
        else:
            return None
        return ~chars if letter.isupper() else chars

    def _property(self, position: int) -> CharSet:
        name = self.take()
        if name == "{":
            end = self._text.find("}", self._at)
            if end <= self._at:
                raise self.bad(Reason.PROPERTY, position)
            name = self._text[self._at : end]
            self._at = end + 1
        if "i" in self._flags and name in ("Lower", "Upper"):
            return ALPHA
        if name not in POSIX:
            raise self.unsupported(Reason.unknown_property(name[:40], (*POSIX,)), position)
        return POSIX[name]

    # Methods that parse character classes

    def _char_class(self, position: int) -> CharSet:
        self._enter(position)
        negated = self.accept("^")
        whole: CharSet | None = None
        part, empty = CharSet(), True
        while True:
            self._skip_blanks(position)
            # A closing bracket at the beginning of a class is an ordinary character.
            if not empty and self.accept("]"):
                break
            if not self.accept("&&"):
                part = part | self._class_item(position)
            elif empty or self.peek() in ("&", "]", ""):
                raise self.unsupported(Reason.TWO_SETS, position)
            else:
                whole = part if whole is None else whole & part
                part = CharSet()
            empty = False
        whole = part if whole is None else whole & part
        self._depth -= 1
        return ~whole if negated else whole

    def _class_item(self, position: int) -> CharSet:
        self._skip_blanks(position)
        start = self.position
        if self.accept("["):
            return self._char_class(start)
        if self.accept("\\"):
            chars = self._escaped_set(start)
            if chars is not None:
                return chars
            low = self.escaped_char(start)
        else:
            low = self._class_char(position)
        high = self._range_end(position)
        if high is None:
            high = low
        if high < low:
            raise self.bad(Reason.RANGE_ENDS_EARLY, start)
        return self._cased(CharSet(((low, high),)))

    def _range_end(self, position: int) -> int | None:
        self._skip_blanks(position)
        if self.peek() != "-" or self.peek(2) in ("-", "-]", "-["):
            return None
        self.take()
        self._skip_blanks(position)
        start = self.position
        if not self.accept("\\"):
            return self._class_char(position)
        return self.escaped_char(start)

    def _class_char(self, position: int) -> int:
        char = self.take()
        if not char:
            raise self.bad(Reason.CLASS_NOT_CLOSED, position)
        return ord(char)

    def _skip_blanks(self, position: int) -> None:
        if "x" in self._flags:
            self.take_while(_BLANKS)
            if self.peek() == "#":
                raise self.unsupported(Reason.COMMENT_IN_CLASS, position)
