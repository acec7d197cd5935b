"""The text of a java.util.regex pattern → its tree.

Flags are resolved here: the sets in the tree are those that they lead to.
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

#: Groups and classes may be nested so deep; what is deeper would exhaust Python's stack.
MAX_DEPTH = 25
#: A counted repetition may go so far: no subject is longer.
MAX_COUNT = 1024

_BLANKS = frozenset(" \t\n\x0b\f\r")
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9]*")
_COUNT = re.compile(r"\{([0-9]+)(?:(,)([0-9]*))?\}")
_NEWLINE = CharSet.chars("\n")

_VERY_END = Edge(r"\Z", END)
_FINAL_END = Edge(r"(?=(?:\r\n|(?<!\r)\n|[\r\x85\u2028\u2029])?\Z)", LINE_END | END)
_FINAL_END_UNIX = Edge(r"(?=\n?\Z)", _NEWLINE | END)
# The Java finds no beginning of a line at the end of the subject, even of an empty one.
_LINE_BEGIN = Edge(r"(?=[\s\S])(?:\A|(?<=[\n\x85\u2028\u2029])|(?<=\r)(?!\n))", EVERYTHING)
_LINE_BEGIN_UNIX = Edge(r"(?=[\s\S])(?:\A|(?<=\n))", EVERYTHING)
_LINE_END = Edge(r"(?=(?<!\r)\n|[\r\x85\u2028\u2029]|\Z)", LINE_END | END)
_LINE_END_UNIX = Edge(r"(?=\n|\Z)", _NEWLINE | END)
#: By (MULTILINE, UNIX_LINES).
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
    # Before Python 3.14 its \B does not match the empty subject; the Java's does.
    "B": Edge(r"(?!\b)"),
    "z": _VERY_END,
}
_NOT_HERE = {
    "G": r"\G has no equal in Python; leave it out",
    "N": r"\N is not supported; write the character, or \x{…}",
    "X": r"\X is not supported; write . for one character",
    "k": "back-references are refused; write the text out",
    **dict.fromkeys("123456789", "back-references are refused; write the text out"),
}


def parse(pattern: str) -> Node:
    """The tree of *pattern*.

    Raises RuleSyntaxError (java.util.regex.PatternSyntaxException) for what the Java
    refuses, and its subclass UnsupportedPattern for what only this library refuses.
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
            raise self.bad(r"this ')' closes nothing; write \) for the character")
        return tree

    # Groups and sequences

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
        """The next node before its quantifier; None for a group that only sets flags."""
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
                raise self.unsupported(
                    "a count of nothing is refused; write \\{ for the character", position
                )
            case "*" | "+" | "?" | "{":
                raise self.bad(
                    f"{char!r} has nothing to repeat; write \\{char} for the character", position
                )
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
            raise self.unsupported("atomic groups are refused; write (?:…)", position)
        else:
            self._read_flags(position)
            if self.accept(")"):
                self._depth -= 1
                return None
            if not self.accept(":"):
                raise self.bad("unknown kind of group; write (?:…) or \\(", position)
            node = self._choice()
        self._flags = flags
        self._depth -= 1
        if not self.accept(")"):
            raise self.bad("this group is not closed; write ) or, for the character, \\(", position)
        return node

    def _enter(self, position: int) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self.unsupported(f"nested more than {MAX_DEPTH} deep; write it flatter", position)

    def _name(self) -> str:
        match = _NAME.match(self._text, self._at)
        name = match[0] if match else ""
        self._at += len(name)
        if not name or not self.accept(">"):
            raise self.bad("the name of a group is letters and digits, as in (?<name>…)")
        if name in self._names:
            raise self.bad(f"there is a group {name!r} already; give each its own name")
        self._names.add(name)
        return name

    def _look_behind(self, position: int) -> Node:
        self.take()
        negative = self.take() == "!"
        body = self._choice()
        least, most = width(body)
        if least != most:
            raise self.unsupported("a look-behind needs one width; write one for each", position)
        return Look(body, behind=True, negative=negative)

    def _read_flags(self, position: int) -> None:
        on = self.take_while(frozenset("imsdxucU"))
        off = self.take_while(frozenset("imsdxucU")) if self.accept("-") else ""
        if {*on} & {*"ucU"}:
            raise self.unsupported("the flags u, U and c are refused; leave them out", position)
        self._flags = (self._flags | {*on}) - {*off}

    # Quantifiers

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
            raise self.unsupported("possessive quantifiers are refused; leave the + out")
        self._skip_comments()
        if self.peek() == "{":
            raise self.unsupported("a quantifier of a quantifier is refused; use a group")
        if high != 1 and width(atom)[0] == 0:
            raise self.unsupported(
                "this repeats what may be empty; let each turn match a character", position
            )
        return Repeat(atom, low, high, lazy, position)

    def _counts(self, position: int) -> tuple[int, int | None]:
        match = _COUNT.match(self._text, self._at)
        if match is None:
            raise self.bad(
                "a count is written {2}, {2,} or {2,5}; write \\{ for the character", position
            )
        self._at = match.end()
        # Many digits would be slow to read, and are too many in any case.
        if len(match[1].lstrip("0")) > 10 or len((match[3] or "").lstrip("0")) > 10:
            raise self.bad("this count is too large; write {2,} for no bound", position)
        low = int(match[1])
        high = None if match[2] and not match[3] else int(match[3] or match[1])
        if max(low, high or 0) >= 2**31 or (high is not None and high < low):
            raise self.bad("this count is too large, or ends before it begins", position)
        if max(low, high or 0) > MAX_COUNT:
            raise self.unsupported(f"counts go up to {MAX_COUNT}; write {{2,}} for none", position)
        return low, high

    # Escapes

    def _escape(self, position: int) -> Node:
        char = self.peek()
        if char in _NOT_HERE or self.peek(2) == "b{":
            raise self.unsupported(_NOT_HERE.get(char, r"\b{…} is refused; write \b"), position)
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
        r"""The set of \d, \p{…} and the like; None where the escape is of one character."""
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
                raise self.bad(r"a property is written \p{Alpha}", position)
            name = self._text[self._at : end]
            self._at = end + 1
        if "i" in self._flags and name in ("Lower", "Upper"):
            return ALPHA
        if name not in POSIX:
            raise self.unsupported(
                f"property {name[:40]!r} is refused; there are {', '.join(POSIX)}", position
            )
        return POSIX[name]

    # Character classes

    def _char_class(self, position: int) -> CharSet:
        self._enter(position)
        negated = self.accept("^")
        whole: CharSet | None = None
        part, empty = CharSet(), True
        while True:
            self._skip_blanks(position)
            # A bracket that comes first is a character.
            if not empty and self.accept("]"):
                break
            if not self.accept("&&"):
                part = part | self._class_item(position)
            elif empty or self.peek() in ("&", "]", ""):
                raise self.unsupported("&& needs a set on both sides", position)
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
            raise self.bad("this range ends before it begins; escape the '-' to mean it", start)
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
            raise self.bad(r"this class is not closed; write ] or, for the character, \[", position)
        return ord(char)

    def _skip_blanks(self, position: int) -> None:
        if "x" in self._flags:
            self.take_while(_BLANKS)
            if self.peek() == "#":
                raise self.unsupported("a comment in a class is refused; escape the #", position)
