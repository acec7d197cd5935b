"""Compute the MD5 of many short messages at once with NumPy.

A test hashes its prefix and an identifier. All rows of a test share the prefix, so its words are
plain numbers instead of arrays, and steps that use only plain numbers take almost no time. Only the
last word of the digest is needed, so the last two of the 64 steps are left out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from proctor.core.evaluation.hashing import hash_position

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from proctor.bulk.identifiers import Identifiers

__all__ = ["positions"]

Words = Any  # Either one number for all rows, or an array with one uint32 for each row.

_MASK = 0xFFFFFFFF
_SHIFTS = ((7, 12, 17, 22), (5, 9, 14, 20), (4, 11, 16, 23), (6, 10, 15, 21))
_SINES = tuple(int(abs(math.sin(step + 1)) * 2**32) for step in range(64))
_INITIAL = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)

#: For each step, the index of the message word that it reads.
_ORDER = tuple((step, 5 * step + 1, 3 * step + 5, 7 * step)[step // 16] % 16 for step in range(64))

_LEFT = tuple(np.uint32(_SHIFTS[step // 16][step % 4]) for step in range(64))
_RIGHT = tuple(np.uint32(32 - _SHIFTS[step // 16][step % 4]) for step in range(64))

#: For fewer rows than this, a loop over hashlib is faster than NumPy.
FEW = 256

#: Messages with more than this number of 64-byte blocks are hashed one by one, because they would
#: need large arrays.
MAX_BLOCKS = 16


def positions(prefix: bytes, identifiers: Identifiers, rows: NDArray[Any] | None) -> NDArray[Any]:
    """Return the position of each of *rows* as int32. If *rows* is None, include all rows.

    The position is `hash_position(prefix, identifier)`. Rows without an identifier get the position
    of the empty identifier.
    """
    count = len(identifiers) if rows is None else len(rows)
    added = len(prefix) + 72
    most = (identifiers.longest + added) >> 6
    if (identifiers.shortest + added) >> 6 == most <= MAX_BLOCKS and count >= FEW:
        return _hash(prefix, identifiers, rows, most)
    lengths = identifiers.lengths if rows is None else identifiers.lengths[rows]
    blocks = (lengths + added) >> 6
    found = np.empty(len(lengths), np.int32)
    for each in np.unique(blocks).tolist():
        chosen = np.flatnonzero(blocks == each)
        picked = chosen if rows is None else rows[chosen]
        if each > MAX_BLOCKS or len(chosen) < FEW:
            found[chosen] = [hash_position(prefix, text) for text in identifiers.texts(picked)]
        else:
            found[chosen] = _hash(prefix, identifiers, picked, each)
    return found


def _hash(
    prefix: bytes, identifiers: Identifiers, rows: NDArray[Any] | None, blocks: int
) -> NDArray[Any]:
    """Return the positions of messages that, with padding, have the same number of blocks."""
    count = len(identifiers) if rows is None else len(rows)
    words = _message(prefix, identifiers, rows, blocks)
    if identifiers.shortest == identifiers.longest:
        words[16 * blocks - 2] = 8 * (identifiers.longest + len(prefix))
    else:
        lengths = identifiers.lengths if rows is None else identifiers.lengths[rows]
        words[16 * blocks - 2] = (lengths + len(prefix)).astype(np.uint32) << np.uint32(3)
    work = _Work(count)
    state: tuple[Words, ...] = _INITIAL
    for block in range(blocks):
        part = words[16 * block : 16 * block + 16]
        state = work.compress(state, part, is_last=block == blocks - 1)
    digest = np.broadcast_to(np.asarray(state[3], np.uint32), (count,))
    positions: NDArray[Any] = digest.byteswap().view(np.int32)
    return positions


def _message(
    prefix: bytes, identifiers: Identifiers, rows: NDArray[Any] | None, blocks: int
) -> list[Words]:
    """Return the words of the padded messages, without the words that contain the length."""
    whole, rest = divmod(len(prefix), 4)
    words: list[Words] = [
        int.from_bytes(prefix[at : at + 4], "little") for at in range(0, 4 * whole, 4)
    ]
    planes = identifiers.planes(rest)
    for number, plane in enumerate(planes[: 16 * blocks - whole]):
        picked = plane if rows is None else plane[rows]
        if number == 0 and rest:
            picked = picked | np.uint32(int.from_bytes(prefix[4 * whole :], "little"))
        words.append(picked)
    return words + [0] * (16 * blocks - len(words))


class _Work:
    """The arrays into which the hashes of many rows are written."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._mixed = np.empty(rows, np.uint32)
        self._total = np.empty(rows, np.uint32)

    def compress(
        self, start: tuple[Words, ...], words: list[Words], *, is_last: bool
    ) -> tuple[Words, ...]:
        """Return the state after one block. For the last block, only the fourth word is valid."""
        a, b, c, d = start
        total = self._total
        steps = 62 if is_last else 64
        step = 0
        while step < steps and all(
            isinstance(each, int) for each in (a, b, c, d, words[_ORDER[step]])
        ):
            a, b, c, d = d, _plain_step(step, (a, b, c, d), words[_ORDER[step]]), b, c
            step += 1
        for at in range(step, steps):
            self._sum(at, a, words[_ORDER[at]], self._mix(at // 16, b, c, d))
            # Reuse the array of a word that was computed in this block, but never one from *start*.
            new = np.empty(self._rows, np.uint32) if at < 4 or isinstance(a, int) else a
            np.left_shift(total, _LEFT[at], new)
            np.right_shift(total, _RIGHT[at], total)
            np.bitwise_or(new, total, new)
            np.add(new, b if isinstance(b, np.ndarray) else np.uint32(b), new)
            a, b, c, d = d, new, b, c
        if is_last:
            # The two omitted steps would only move the second word to the fourth place.
            return (0, 0, 0, _plus(b, start[3]))
        return tuple(_plus(new, old) for new, old in zip((a, b, c, d), start, strict=True))

    def _sum(self, step: int, a: Words, word: Words, mixed: Words) -> None:
        """Add the terms of a step. Plain numbers are added first, because that is fast."""
        constant = _SINES[step]
        total = self._total
        arrays = []
        for term in (a, word, mixed):
            if isinstance(term, int):
                constant += term
            else:
                arrays.append(term)
        np.add(arrays[0], np.uint32(constant & _MASK), total)
        for term in arrays[1:]:
            np.add(total, term, total)

    def _mix(self, turn: int, b: Words, c: Words, d: Words) -> Words:
        # Each step moves b to c and c to d, so if d is an array, b and c are arrays too.
        if isinstance(d, int):
            if isinstance(b, int) and isinstance(c, int):
                return _PLAIN_MIXES[turn](b, c, d)
            b, c, d = (np.full(self._rows, each, np.uint32) for each in (b, c, d))
        out = self._mixed
        if turn == 0:
            np.bitwise_xor(c, d, out)
            np.bitwise_and(out, b, out)
            np.bitwise_xor(out, d, out)
        elif turn == 1:
            np.bitwise_xor(b, c, out)
            np.bitwise_and(out, d, out)
            np.bitwise_xor(out, c, out)
        elif turn == 2:
            np.bitwise_xor(b, c, out)
            np.bitwise_xor(out, d, out)
        else:
            np.invert(d, out)
            np.bitwise_or(out, b, out)
            np.bitwise_xor(out, c, out)
        return out


_PLAIN_MIXES: tuple[Callable[[int, int, int], int], ...] = (
    lambda b, c, d: d ^ (b & (c ^ d)),
    lambda b, c, d: c ^ (d & (b ^ c)),
    lambda b, c, d: b ^ c ^ d,
    lambda b, c, d: c ^ (b | (d ^ _MASK)),
)


def _plain_step(step: int, current: tuple[int, ...], word: int) -> int:
    """Return the result of a step whose inputs are the same for all rows."""
    a, b, c, d = current
    shift = _SHIFTS[step // 16][step % 4]
    total = (a + _PLAIN_MIXES[step // 16](b, c, d) + word + _SINES[step]) & _MASK
    return (b + ((total << shift) | (total >> (32 - shift)))) & _MASK


def _plus(left: Words, right: Words) -> Words:
    if isinstance(left, int) and isinstance(right, int):
        return (left + right) & _MASK
    if isinstance(left, int):
        left, right = right, left
    return np.add(left, np.uint32(right) if isinstance(right, int) else right)
