"""Open the SQLite file of a project, private to its owner, in WAL mode, at the newest form of its tables.

Each migration is a file of SQL, applied once and in one transaction; `user_version` counts those applied.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from workbench.errors import StoreError

__all__ = ["open_database", "store_errors"]

BUSY_SECONDS = 10  # how long to wait for another process that is writing


def open_database(path: Path, migrations: str = "migrations", *, durable: bool = True) -> sqlite3.Connection:
    """Return a connection to the store at a path, which is made or brought up to date where needed.

    Args:
        path: the SQLite file; its folder is there.
        migrations: the folder beside this module whose SQL files make its tables.
        durable: a commit survives a power cut; without, only the end of the process.

    Raises:
        StoreError: the folder is missing, or the file is locked, damaged, of another program or of a newer workbench.
    """
    if not path.parent.is_dir():
        message = f"the store {path} cannot be opened: there is no folder {path.parent}"
        raise StoreError(message)
    with store_errors(path):
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # payloads are the owner's business only
        # Autocommit: every transaction here is written out, so that it is clear what is durable when.
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        # for deliveries a commit is on the disk before the provider hears 2xx
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is gone from the file too
        _migrate(connection, path, migrations)
    return connection


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into a StoreError that names the file and what to do.

    Raises:
        StoreError: for every fault of the file.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        advice = "close the other program" if "locked" in str(error) else "check the folder, its rights and the disk"
        message = f"the store {path} could not be used: {error}; {advice}"
        raise StoreError(message) from error
    except sqlite3.DatabaseError as error:
        message = f"the store {path} is damaged or no store of ours: {error}; move it away to begin a new one"
        raise StoreError(message) from error
    except OSError as error:
        message = f"the store {path} could not be made: {error.strerror}"
        raise StoreError(message) from error


def _migrate(connection: sqlite3.Connection, path: Path, migrations: str) -> None:
    folder = files("workbench.store") / migrations
    scripts = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(scripts):
        message = f"the store {path} was written by a newer workbench (form {version}, we know {len(scripts)}); update"
        raise StoreError(message)
    for number, script in enumerate(scripts[version:], start=version + 1):
        # BEGIN IMMEDIATE, so that of two processes that open a new store one makes it and the other waits.
        connection.execute("BEGIN IMMEDIATE")
        (now,) = connection.execute("PRAGMA user_version").fetchone()
        for statement in _statements(script.read_text(encoding="utf-8")) if now < number else ():
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {max(now, number)}")
        connection.execute("COMMIT")


def _statements(script: str) -> Iterator[str]:
    """Yield a script's statements; `executescript` would commit before the first one."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
