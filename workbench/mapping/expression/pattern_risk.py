"""How long a regular expression can take: for ever (exponential), or how often it goes over the text again.

The pattern is a little automaton whose states are its characters. Two ways round the same loop for the same text mean
exponential time; a loop that the text can leave for another loop at any place multiplies the time by its length.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.mapping.expression.pattern_reader import (
    ANY,
    Assertion,
    Branches,
    Chars,
    Group,
    Look,
    PatternError,
    Ranges,
    Repeat,
    Row,
    Tree,
)

__all__ = ["degree"]

_MOST_STATES = 250
_FEW = 8  # a repetition with more freedom than this counts as endless


@dataclass
class _Automaton:
    sets: list[Ranges] = field(default_factory=list)
    follow: list[set[int]] = field(default_factory=list)
    doubled: set[tuple[int, int]] = field(default_factory=set)  # steps that two repetitions both allow

    def add(self, ranges: Ranges) -> int:
        if len(self.sets) >= _MOST_STATES:
            raise PatternError(reason="too many characters and repetitions")
        self.sets.append(ranges)
        self.follow.append(set())
        return len(self.sets) - 1

    def link(self, last: set[int], first: set[int]) -> None:
        for state in last:
            self.doubled |= {(state, after) for after in first & self.follow[state]}
            self.follow[state] |= first


@dataclass
class _Piece:
    first: set[int]
    last: set[int]
    empty: bool


def degree(tree: Tree) -> int:
    """How many loops a text can be stuck in one after the other: time grows as its length to that power.

    Raises:
        PatternError: it can take exponential time, or is too large.
    """
    automaton = _Automaton()
    start = automaton.add(ANY)
    piece = _build(tree, automaton)
    automaton.follow[start] |= {start, *piece.first}
    if _anchored(tree):
        automaton.follow[start].discard(start)
    loops = _loops(automaton)
    if _exponential(automaton, loops):
        raise PatternError(reason="repetitions inside each other that can take for ever")
    return _longest_chain(automaton, loops)


def _anchored(tree: Tree) -> bool:
    if isinstance(tree, Row):
        return bool(tree.parts) and _anchored(tree.parts[0])
    if isinstance(tree, Branches):
        return all(_anchored(part) for part in tree.parts)
    return isinstance(tree, Assertion) and tree.sign == "^"


def _build(tree: Tree, automaton: _Automaton) -> _Piece:
    if isinstance(tree, Chars):
        state = automaton.add(tree.ranges)
        return _Piece({state}, {state}, False)
    if isinstance(tree, Group):
        return _build(tree.body, automaton)
    if isinstance(tree, Look):
        degree(tree.body)
        return _Piece(set(), set(), True)
    if isinstance(tree, Branches):
        pieces = [_build(part, automaton) for part in tree.parts]
        return _Piece(
            set().union(*(one.first for one in pieces)),
            set().union(*(one.last for one in pieces)),
            any(one.empty for one in pieces),
        )
    if isinstance(tree, Repeat):
        return _build_repeat(tree, automaton)
    whole = _Piece(set(), set(), True)
    for part in tree.parts if isinstance(tree, Row) else ():
        whole = _joined(whole, _build(part, automaton), automaton)
    return whole


def _joined(left: _Piece, right: _Piece, automaton: _Automaton) -> _Piece:
    automaton.link(left.last, right.first)
    return _Piece(
        left.first | right.first if left.empty else left.first,
        left.last | right.last if right.empty else right.last,
        left.empty and right.empty,
    )


def _build_repeat(tree: Repeat, automaton: _Automaton) -> _Piece:
    endless = tree.most is None or tree.most - tree.least > _FEW or (tree.most > 1 and not isinstance(tree.body, Chars))
    copies = min(max(tree.least, 1), _FEW) if endless else (tree.most or 0)
    whole = _Piece(set(), set(), tree.least == 0)
    before: set[int] = set()
    for place in range(copies):
        piece = _build(tree.body, automaton)  # which is never empty: patterns checks that first
        if endless and place == copies - 1:
            automaton.link(piece.last, piece.first)
        automaton.link(before, piece.first)
        whole.first = whole.first or piece.first
        whole.last = whole.last | piece.last if place >= tree.least else piece.last
        before = piece.last
    return whole


def _overlap(left: Ranges, right: Ranges) -> bool:
    return any(a <= d and c <= b for a, b in left for c, d in right)


def _reach(automaton: _Automaton, start: int) -> set[int]:
    seen: set[int] = set()
    waiting = list(automaton.follow[start])
    while waiting:
        state = waiting.pop()
        if state not in seen:
            seen.add(state)
            waiting.extend(automaton.follow[state])
    return seen


def _loops(automaton: _Automaton) -> list[frozenset[int]]:
    """The sets of states from which one can come back."""
    reach = [_reach(automaton, state) for state in range(len(automaton.sets))]
    return list(
        {
            frozenset(other for other in reach[state] if state in reach[other])
            for state in range(len(reach))
            if state in reach[state]
        }
    )


def _exponential(automaton: _Automaton, loops: list[frozenset[int]]) -> bool:
    """Whether a loop can be gone through in two ways by one text."""
    for loop in loops:
        if any(before in loop and after in loop for before, after in automaton.doubled):
            return True
        for state in loop:
            forth = _pairs_from(automaton, loop, (state, state))
            if any(a != b and (state, state) in _pairs_from(automaton, loop, (a, b)) for a, b in forth):
                return True
    return False


def _pairs_from(automaton: _Automaton, loop: frozenset[int], pair: tuple[int, int]) -> set[tuple[int, int]]:
    seen: set[tuple[int, int]] = set()
    waiting = [pair]
    while waiting:
        left, right = waiting.pop()
        for a in automaton.follow[left] & loop:
            for b in automaton.follow[right] & loop:
                if (a, b) not in seen and _overlap(automaton.sets[a], automaton.sets[b]):
                    seen.add((a, b))
                    waiting.append((a, b))
    return seen


def _longest_chain(automaton: _Automaton, loops: list[frozenset[int]]) -> int:
    after: dict[int, list[int]] = {
        place: [
            other
            for other, to in enumerate(loops)
            if other != place and any(_slides(automaton, loop, to, p, q) for p in loop for q in to)
        ]
        for place, loop in enumerate(loops)
    }

    def length(place: int) -> int:
        return 1 + max((length(other) for other in after[place]), default=0)

    return max((length(place) for place in after), default=1)


def _slides(automaton: _Automaton, loop: frozenset[int], other: frozenset[int], p: int, q: int) -> bool:
    """Whether one text leads from p back to p, from p to q, and from q back to q."""
    seen: set[tuple[int, int, int]] = set()
    waiting = [(p, p, q)]
    while waiting:
        x, y, z = waiting.pop()
        for a in automaton.follow[x] & loop:
            for c in automaton.follow[z] & other:
                if not _overlap(automaton.sets[a], automaton.sets[c]):
                    continue
                for b in automaton.follow[y]:
                    if (
                        (a, b, c) not in seen
                        and _overlap(automaton.sets[b], automaton.sets[a])
                        and _overlap(automaton.sets[b], automaton.sets[c])
                    ):
                        if (a, b, c) == (p, q, q):
                            return True
                        seen.add((a, b, c))
                        waiting.append((a, b, c))
    return False
