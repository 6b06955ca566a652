"""Every numbered point of the contract, checked on the sandbox."""

from collections.abc import Iterator

import httpx
import points_access
import points_bots
import points_data
import pytest
from parity_points import POINTS, Ground, Point

from workbench.sandbox.launcher import Sandbox

MODULES = (points_access, points_bots, points_data)  # importing them registers their checks


@pytest.fixture(scope="module")
def ground(sandbox: Sandbox, admin: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """What the checks stand on."""
    made = Ground(sandbox=sandbox, admin=admin, folder=tmp_path_factory.mktemp("others"))
    yield made
    made.close()


@pytest.mark.parametrize("point", POINTS.values(), ids=lambda point: point.name)
def test_point_holds_or_differs_as_said(point: Point, ground: Ground) -> None:
    """The sandbox does what the point says, or differs where parity.md says that it does."""
    if point.differs is None:
        point.check(ground)
    else:
        with pytest.raises(AssertionError):
            point.check(ground)


def test_every_numbered_point_has_a_check() -> None:
    """None of the points 0.1 to 0.30 is left out."""
    assert {f"0.{number}" for number in range(1, 31)} - {point.number for point in POINTS.values()} == set()
