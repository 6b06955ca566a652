"""Files of AuditEvents, one resource a line, read by DuckDB into audit rows with fixed columns and dtypes.

What DuckDB says about a value it cannot read quotes the value: its words are never passed on, only the kind of fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workbench.audit.columns import COLUMNS, read_sql
from workbench.audit.masking import mask_code, mask_text
from workbench.errors import StoreError

if TYPE_CHECKING:
    import duckdb
    from pandas import DataFrame

__all__ = ["empty_frame", "open_duckdb", "read_frame", "read_rows", "tidy", "written_plainly"]

_REPEATING: Final = (  # columns of few values: of these a frame holds each text once, however many rows have it
    *("outcome", "bot", "bot_name", "requester", "subscription", "provider", "event_type", "mapping"),
    *("action", "event_outcome", "proof", "state", "problem"),
)


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


def read_rows(connection: duckdb.DuckDBPyConnection, files: Iterable[Path], *, reveal: bool = False) -> int:
    """How many rows the table `rows` holds, made anew from the AuditEvents in `files`; their text is masked.

    A file is read while the next one is being made, so an iterator that fetches pages need not wait for the rows.

    Raises:
        StoreError: a line is no JSON, or a time in it is none.
    """
    remedy = "each line must be one AuditEvent as JSON, its times ISO 8601 with their offset"
    select = read_sql("rows")

    def load(file: Path) -> None:
        given = {"files": [str(file)], "reveal": reveal}
        with written_plainly("a file of AuditEvents", remedy):
            connection.execute(f"INSERT INTO rows {select}", given)

    with ThreadPoolExecutor(max_workers=1) as reader:
        waiting = reader.submit(_make_table, connection)
        for file in files:
            waiting.result()  # never two files ahead: what is fetched is not heaped up
            waiting = reader.submit(load, file)
        waiting.result()
    with written_plainly("AuditEvents", remedy):
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


def read_frame(files: Iterable[Path], *, reveal: bool = False) -> DataFrame:
    """The rows of some files of AuditEvents as an audit frame, oldest first.

    Raises:
        StoreError: a line is no JSON, or a time in it is none.
    """
    with open_duckdb() as connection:
        if not read_rows(connection, files, reveal=reveal):
            return empty_frame()
        frame = tidy(_shared_texts(connection).df())
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


def _make_table(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table `rows` without rows."""
    types = {"Int16": "SMALLINT", "Int64": "BIGINT", "str": "VARCHAR"}
    columns = ", ".join(f"{column.name} {types.get(column.dtype, 'TIMESTAMP')}" for column in COLUMNS)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE rows ({columns})")


def _shared_texts(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Ask for all rows, the columns of few values as enumerations: a third of the memory, and half the time."""
    for name in _REPEATING:
        values = f"SELECT DISTINCT {name} FROM rows WHERE {name} IS NOT NULL"  # noqa: S608 - our own name
        connection.execute(f"CREATE OR REPLACE TEMP TYPE shared_{name} AS ENUM ({values})")
    shared = ", ".join(f"{name}::shared_{name} AS {name}" for name in _REPEATING)
    return connection.execute(f"SELECT * REPLACE ({shared}) FROM rows")  # noqa: S608 - our own names


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
