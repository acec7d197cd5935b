"""Nodes of Python's syntax trees that stand at no place of any file.

The compiler wants to know of each node where it stands. To say so on the class spares a walk
over a tree of a hundred thousand nodes.
"""

from __future__ import annotations

import ast

__all__ = [
    "Arg",
    "Assign",
    "Attribute",
    "BinOp",
    "BoolOp",
    "Call",
    "Compare",
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
]


class _Placeless:
    lineno: int = 1
    col_offset: int = 0
    end_lineno: int | None = 1
    end_col_offset: int | None = 0


class Arg(_Placeless, ast.arg):
    """A parameter."""


class Assign(_Placeless, ast.Assign):
    """`x = y`."""


class Attribute(_Placeless, ast.Attribute):
    """`x.name`."""


class BinOp(_Placeless, ast.BinOp):
    """`x + y`."""


class BoolOp(_Placeless, ast.BoolOp):
    """`x and y`."""


class Call(_Placeless, ast.Call):
    """`x(y)`."""


class Compare(_Placeless, ast.Compare):
    """`x < y`."""


class Expr(_Placeless, ast.Expr):
    """An expression as a statement."""


class FunctionDef(_Placeless, ast.FunctionDef):
    """`def x(): …`."""


class If(_Placeless, ast.If):
    """`if x: …`."""


class IfExp(_Placeless, ast.IfExp):
    """`x if y else z`."""


class List(_Placeless, ast.List):
    """`[x]`."""


class Name(_Placeless, ast.Name):
    """`x`."""


class Pass(_Placeless, ast.Pass):
    """`pass`."""


class Return(_Placeless, ast.Return):
    """`return x`."""


class Tuple(_Placeless, ast.Tuple):
    """`(x, y)`."""


class UnaryOp(_Placeless, ast.UnaryOp):
    """`not x`."""
