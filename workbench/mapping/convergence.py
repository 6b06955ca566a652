"""Do the same events in another order, or twice, leave the same resources? Settled here, in every order that fits.

```
deliveries ─map once─▶ steps ─▶ settle in one order after the other (workbench.fhir.settling) ─▶ the same state?
                                                                    no ─▶ swap neighbours until it is: that pair matters
```
All orders of up to six steps are tried, each also with steps repeated; of more steps as many orders as are asked for,
by a seed. A step that refers to a resource that is not there yet is tried again after the others, as a provider would.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import TYPE_CHECKING, Any, Final

from workbench.fhir.settling import Write, conditional_references, decide, same

if TYPE_CHECKING:
    from random import Random

__all__ = ["Divergence", "Orders", "Step", "StepWrite", "find_divergence", "orders_of", "settle_in_order"]

State = dict[str, dict[str, Any]]
EXHAUSTIVE: Final = 6
"""Up to so many steps every order is tried: 720 of six."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWrite:
    """One resource that a delivery makes."""

    search: str  # `Invoice?identifier=…`
    write: Write
    rule: str  # the mapping's name and the rule's, as `stripe-invoice:invoice`


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One delivery and all that it writes."""

    name: str
    writes: tuple[StepWrite, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """The orders that are tried, as places of the steps; a place may stand twice."""

    tried: tuple[tuple[int, ...], ...] = field(repr=False)
    exhaustive: bool  # every order is among them


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """An order that leaves something else, and the first two steps that matter."""

    order: tuple[int, ...]
    first: int  # the two neighbours whose order matters; the same twice where only the repetition does
    second: int
    search: str = field(repr=False)  # of the resource that differs; holds an identifier
    resource_type: str
    rules: tuple[str, ...]  # that write it
    one: dict[str, Any] | None = field(repr=False)  # what is left when `first` comes before `second`
    other: dict[str, Any] | None = field(repr=False)


def orders_of(count: int, chance: Random, *, most: int = 500) -> Orders:
    """Give the orders to try of so many steps, the given one first.

    >>> from random import Random
    >>> orders = orders_of(3, Random(0))
    >>> len(orders.tried), orders.exhaustive
    (12, True)
    """
    if count <= EXHAUSTIVE:
        found = list(permutations(range(count)))
    else:
        found = [tuple(range(count)), tuple(reversed(range(count)))]
        found += [tuple(chance.sample(range(count), count)) for _ in range(most // 2 - 2)]
    return Orders(tried=(*found, *(_with_repeats(order, chance) for order in found)), exhaustive=count <= EXHAUSTIVE)


def settle_in_order(steps: Sequence[Step], order: Iterable[int]) -> State:
    """Give what is left after the steps in an order, by the search that finds each resource."""
    state: State = {}
    waiting = [steps[place] for place in order]
    while waiting:
        later = [step for step in waiting if not _settle(state, step)]
        if len(later) == len(waiting):
            break  # nothing more can be done: what they refer to is made by none of them
        waiting = later
    return state


def find_divergence(steps: Sequence[Step], orders: Orders) -> Divergence | None:
    """Give the first order that leaves something else than the given one, with the pair that matters; None if none."""
    expected = settle_in_order(steps, orders.tried[0]) if orders.tried else {}
    for order in orders.tried:
        if not same(settle_in_order(steps, order), expected):
            return _first_pair(steps, list(order), list(orders.tried[0]))
    return None


def _first_pair(steps: Sequence[Step], order: list[int], given: list[int]) -> Divergence:
    """Go from an order to the given one by small changes; the first change that changes what is left is the cause."""
    before = settle_in_order(steps, order)
    for changed, first, second in _towards(order, given):
        after = settle_in_order(steps, changed)
        if not same(before, after):
            return _divergence(steps, changed, (first, second), before, after)
        before = after
    message = "find_divergence: the orders leave the same; this cannot be reached from an order that does not"
    raise AssertionError(message)


def _towards(order: list[int], given: list[int]) -> Iterator[tuple[list[int], int, int]]:
    """Yield each order on the way: repetitions are left out first, then neighbours are swapped."""
    now = list(order)
    for place in range(len(now) - 1, 0, -1):
        if now[place] in now[:place]:
            repeated = now.pop(place)
            yield list(now), now[place - 1], repeated
    rank = {step: place for place, step in enumerate(given)}
    for _ in range(len(now)):
        for place in range(len(now) - 1):
            if rank[now[place]] > rank[now[place + 1]]:
                now[place], now[place + 1] = now[place + 1], now[place]
                yield list(now), now[place + 1], now[place]


def _divergence(
    steps: Sequence[Step], order: list[int], pair: tuple[int, int], before: State, after: State
) -> Divergence:
    differing = next(search for search in {**before, **after} if not same(before.get(search), after.get(search)))
    rules = dict.fromkeys(
        write.rule for place in pair for write in steps[place].writes if write.search == differing
    ) or dict.fromkeys(write.rule for step in steps for write in step.writes if write.search == differing)
    return Divergence(
        order=tuple(order),
        first=pair[0],
        second=pair[1],
        search=differing,
        resource_type=differing.partition("?")[0],
        rules=tuple(rules),
        one=before.get(differing),
        other=after.get(differing),
    )


def _settle(state: State, step: Step) -> bool:
    """Write all of a step that can be written; whether that was everything."""
    waiting: dict[str, list[Write]] = {}
    for each in step.writes:
        waiting.setdefault(each.search, []).append(each.write)
    while waiting:
        ready = [search for search, writes in waiting.items() if _resolves(state, writes)]
        for search in ready:
            decision = decide(state.get(search), waiting.pop(search))
            if decision.next is not None:
                state[search] = decision.next
        if not ready:
            return False
    return True


def _resolves(state: State, writes: Sequence[Write]) -> bool:
    return all(reference in state for write in writes for reference in conditional_references(write.resource))


def _with_repeats(order: tuple[int, ...], chance: Random) -> tuple[int, ...]:
    """Give the order with each step once or twice, the repetition anywhere after it."""
    repeated = list(order)
    for step in order:
        if chance.random() < 0.5:
            repeated.insert(chance.randint(repeated.index(step) + 1, len(repeated)), step)
    return tuple(repeated)
