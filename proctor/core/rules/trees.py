"""Nodes of Python syntax trees that do not need a position in a file.

Python's compiler requires a position for each node. Here, the position is an attribute of the
class, because setting it on each node would mean walking a tree with a hundred thousand nodes. Each
class has the same name as Python's class, because `ast.unparse` uses the name.
"""

from __future__ import annotations

import ast

__all__ = [
    "Assign",
    "Attribute",
    "BinOp",
    "BoolOp",
    "Call",
    "Compare",
    "Constant",
    "Expr",
    "FunctionDef",
    "If",
    "IfExp",
    "List",
    "Name",
    "Pass",
    "Return",
    "Tuple",
    "UnaryOp",
    "arg",
]


class _Placeless:
    lineno: int = 1
    col_offset: int = 0
    end_lineno: int | None = 1
    end_col_offset: int | None = 0


class arg(_Placeless, ast.arg):  # noqa: N801 - Python's own name, see above
    """A parameter of a function."""


class Assign(_Placeless, ast.Assign):
    """The statement `x = y`."""


class Attribute(_Placeless, ast.Attribute):
    """The expression `x.name`."""


class BinOp(_Placeless, ast.BinOp):
    """The expression `x + y`."""


class BoolOp(_Placeless, ast.BoolOp):
    """The expression `x and y`."""


class Call(_Placeless, ast.Call):
    """The expression `x(y)`."""


class Compare(_Placeless, ast.Compare):
    """The expression `x < y`."""


class Constant(_Placeless, ast.Constant):
    """A constant such as `None`."""


class Expr(_Placeless, ast.Expr):
    """An expression as a statement."""


class FunctionDef(_Placeless, ast.FunctionDef):
    """The statement `def x(): …`."""


class If(_Placeless, ast.If):
    """The statement `if x: …`."""


class IfExp(_Placeless, ast.IfExp):
    """The expression `x if y else z`."""


class List(_Placeless, ast.List):
    """The expression `[x]`."""


class Name(_Placeless, ast.Name):
    """The expression `x`."""


class Pass(_Placeless, ast.Pass):
    """The statement `pass`."""


class Return(_Placeless, ast.Return):
    """The statement `return x`."""


class Tuple(_Placeless, ast.Tuple):
    """The expression `(x, y)`."""


class UnaryOp(_Placeless, ast.UnaryOp):
    """The expression `not x`."""
