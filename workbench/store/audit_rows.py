"""Files of AuditEvents, one resource a line, read by DuckDB into audit rows with fixed columns and dtypes.

What DuckDB says about a value it cannot read quotes the value: its words are never passed on, only the kind of fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.audit.columns import COLUMNS, read_sql
from workbench.audit.masking import mask_code, mask_text
from workbench.errors import StoreError

if TYPE_CHECKING:
    import duckdb
    from pandas import DataFrame

__all__ = ["empty_frame", "open_duckdb", "read_frame", "read_rows", "tidy", "written_plainly"]


@contextmanager
def open_duckdb(*, threads: int | None = None, memory: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection in memory that installs nothing and prints no progress of its own.

    Args:
        threads: how many cores it may use; all of them when not given.
        memory: its limit, as `4GB`; past it DuckDB works on disk.
    """
    import duckdb  # here: 0.1 s that `import workbench` must not pay

    connection = duckdb.connect()
    try:
        connection.execute("SET autoinstall_known_extensions = false; SET enable_progress_bar = false")
        connection.execute("SET preserve_insertion_order = false; SET TimeZone = 'UTC'")
        if threads is not None:
            connection.execute(f"SET threads = {threads:d}")
        if memory is not None:
            connection.execute("SET memory_limit = ?", [memory])
        connection.execute(read_sql("macros"))
        yield connection
    finally:
        connection.close()


def read_rows(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], *, reveal: bool = False) -> int:
    """How many rows the table `rows` holds, made anew from the AuditEvents in `files`; their text is masked.

    Raises:
        StoreError: a line is no JSON, or a time in it is none.
    """
    remedy = "each line must be one AuditEvent as JSON, its times ISO 8601 with their offset"
    with written_plainly(f"{len(files)} file(s) of AuditEvents", remedy):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE rows AS {read_sql('rows')}",
            {"files": [str(file) for file in files], "reveal": reveal},
        )
        (twice,), *_ = connection.execute(
            "SELECT count(*) > count(DISTINCT (id, result_index))"
            " OR count(DISTINCT (id, last_updated)) > count(DISTINCT id) FROM rows"
        ).fetchall()
        if twice:
            connection.execute(read_sql("newest"))
        if not reveal:
            _mask(connection, "text", mask_text)
        _mask(connection, "problem", mask_code)
        return int(connection.execute("SELECT count(*) FROM rows").fetchall()[0][0])


def read_frame(files: Sequence[Path], *, reveal: bool = False) -> DataFrame:
    """The rows of some files of AuditEvents as an audit frame, oldest first.

    Raises:
        StoreError: a line is no JSON, or a time in it is none.
    """
    if not files:
        return empty_frame()
    with open_duckdb() as connection:
        read_rows(connection, files, reveal=reveal)
        frame = tidy(connection.execute("SELECT * FROM rows").df())
    # sorted out here: DuckDB would hold all columns twice to do it
    return frame.sort_values(["recorded", "id", "result_index"], ignore_index=True)


def tidy(frame: DataFrame) -> DataFrame:
    """`frame` with the columns and dtypes of an audit frame, instants in UTC."""
    for column in COLUMNS:
        if column.dtype.endswith("UTC]"):
            frame[column.name] = frame[column.name].astype("datetime64[us]").dt.tz_localize("UTC")
        else:
            frame[column.name] = frame[column.name].astype(column.dtype)  # type: ignore[call-overload]
    return frame[[column.name for column in COLUMNS]]


def empty_frame() -> DataFrame:
    """An audit frame without rows."""
    import pandas  # here: see open_duckdb

    return tidy(pandas.DataFrame({column.name: [] for column in COLUMNS}, dtype=object))


@contextmanager
def written_plainly(what: str, remedy: str) -> Iterator[None]:
    """Turn DuckDB's complaint about data into a `StoreError` that names `what` and the kind of fault, and no value."""
    import duckdb  # here: see open_duckdb

    try:
        yield
    except (duckdb.DataError, duckdb.OperationalError, duckdb.InvalidInputException) as error:
        message = f"{what}: could not be read ({type(error).__name__}); {remedy}"
        raise StoreError(message) from None


def _mask(connection: duckdb.DuckDBPyConnection, column: str, mask: Callable[[str], str]) -> None:
    """Replace each distinct value of a text column by its mask."""
    values = connection.execute(f"SELECT DISTINCT {column} FROM rows WHERE {column} <> ''")  # noqa: S608 - our own name
    found = [text for (text,) in values.fetchall()]
    if found:
        connection.execute(
            f"UPDATE rows SET {column} = masked.shown"  # noqa: S608 - as above
            f" FROM (SELECT unnest($1) AS found, unnest($2) AS shown) AS masked WHERE rows.{column} = masked.found",
            [found, [mask(text) for text in found]],
        )
