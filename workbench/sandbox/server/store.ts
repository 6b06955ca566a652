/** The SQLite file: versions of resources, search rows, logins, settings. One connection, exclusively held. */
import { statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

const APPLICATION_ID = 0x77_62_73_62; // "wbsb": says that a file is ours
const SCHEMA_VERSION = 3; // raised with every change of the schema: a file of another version is refused
const CHECKED_BYTES = 32 * 1024 * 1024; // files up to this size are checked page by page when opened

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS version (
    seq INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, version TEXT NOT NULL, updated INTEGER NOT NULL,
    content TEXT);
  CREATE INDEX IF NOT EXISTS version_of ON version (type, id, seq);

  CREATE TABLE IF NOT EXISTS resource (
    key INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, project TEXT NOT NULL, updated INTEGER NOT NULL,
    deleted INTEGER NOT NULL, seq INTEGER NOT NULL, UNIQUE (type, id));
  CREATE INDEX IF NOT EXISTS resource_live ON resource (type, project) WHERE deleted = 0;
  CREATE INDEX IF NOT EXISTS resource_by_time ON resource (type, project, updated) WHERE deleted = 0;

  CREATE TABLE IF NOT EXISTS parameter (
    param INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, lacking INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE IF NOT EXISTS word (
    owner INTEGER NOT NULL, param INTEGER NOT NULL, value TEXT NOT NULL, system TEXT NOT NULL, rank INTEGER NOT NULL,
    updated INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS word_value ON word (param, value, updated, owner);
  CREATE INDEX IF NOT EXISTS word_owner ON word (owner, param);
  CREATE TABLE IF NOT EXISTS point (
    owner INTEGER NOT NULL, param INTEGER NOT NULL, low REAL NOT NULL, high REAL NOT NULL, rank INTEGER NOT NULL,
    updated INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS point_low ON point (param, low, updated, owner);
  CREATE INDEX IF NOT EXISTS point_owner ON point (owner, param);

  CREATE TABLE IF NOT EXISTS login (
    id TEXT PRIMARY KEY, membership TEXT NOT NULL, client TEXT, scope TEXT NOT NULL, created INTEGER NOT NULL,
    revoked INTEGER NOT NULL, granted INTEGER NOT NULL, code TEXT UNIQUE, challenge TEXT, method TEXT,
    refresh TEXT UNIQUE);
  CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS blob (id TEXT PRIMARY KEY, content BLOB NOT NULL);
`;

/** One current row: `content` is null when the resource is deleted. */
export interface Row {
  readonly key: number;
  readonly project: string;
  readonly deleted: number;
  readonly version: string;
  readonly updated: number;
  readonly content: string | null;
}

/** One version to store; `content` null makes a tombstone. */
export interface NewVersion {
  readonly type: string;
  readonly id: string;
  readonly project: string;
  readonly version: string;
  readonly updated: number;
  readonly content: string | null;
}

/** Why a file cannot be used; `code` is what the launcher words its message by. */
export class StoreProblem extends Error {
  readonly code: 'locked' | 'corrupt' | 'foreign' | 'outdated' | 'unwritable';
  constructor(code: StoreProblem['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export class Store {
  private readonly db: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();
  private depth = 0;

  constructor(path: string) {
    this.db = open(path);
  }

  /** A prepared statement, kept for the next time. */
  sql(text: string): StatementSync {
    let statement = this.statements.get(text);
    if (!statement) {
      statement = this.db.prepare(text);
      this.statements.set(text, statement);
    }
    return statement;
  }

  all<T>(text: string, ...values: SQLInputValue[]): T[] {
    return this.sql(text).all(...values) as unknown as T[];
  }

  one<T>(text: string, ...values: SQLInputValue[]): T | undefined {
    return this.sql(text).get(...values) as unknown as T | undefined;
  }

  /** How many rows a SELECT gives. */
  count(select: string, ...values: SQLInputValue[]): number {
    return this.one<{ n: number }>(`SELECT count(*) AS n FROM (${select})`, ...values)?.n ?? 0;
  }

  run(text: string, ...values: SQLInputValue[]): void {
    this.sql(text).run(...values);
  }

  get(type: string, id: string): Row | undefined {
    return this.one<Row>(
      `SELECT r.key, r.project, r.deleted, v.version, v.updated, v.content
        FROM resource r JOIN version v ON v.seq = r.seq WHERE r.type = ? AND r.id = ?`,
      type,
      id,
    );
  }

  /** Adds a version and makes it the current one; gives the resource's key for the search rows. */
  put(version: NewVersion): number {
    const { type, id, project, updated, content } = version;
    const seq = this.sql('INSERT INTO version (type, id, version, updated, content) VALUES (?, ?, ?, ?, ?)').run(
      type,
      id,
      version.version,
      updated,
      content,
    ).lastInsertRowid;
    const row = this.one<{ key: number }>(
      `INSERT INTO resource (type, id, project, updated, deleted, seq) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (type, id) DO UPDATE SET project = excluded.project, updated = excluded.updated,
         deleted = excluded.deleted, seq = excluded.seq
       RETURNING key`,
      type,
      id,
      project,
      updated,
      content === null ? 1 : 0,
      seq,
    );
    return (row as { key: number }).key;
  }

  setting(name: string): string | undefined {
    return this.one<{ value: string }>('SELECT value FROM setting WHERE name = ?', name)?.value;
  }

  setSetting(name: string, value: string): void {
    this.run(
      'INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      name,
      value,
    );
  }

  /** Runs `work` so that all of it is stored or none; nests by savepoints. */
  atomically<T>(work: () => T): T {
    this.begin();
    try {
      const result = work();
      this.commit();
      return result;
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  begin(): void {
    this.db.exec(this.depth === 0 ? 'BEGIN IMMEDIATE' : `SAVEPOINT s${this.depth}`);
    this.depth += 1;
  }

  commit(): void {
    this.db.exec(this.depth === 1 ? 'COMMIT' : `RELEASE s${this.depth - 1}`);
    this.depth -= 1;
  }

  rollback(): void {
    this.depth -= 1;
    // A full disk makes SQLite roll back by itself; a second ROLLBACK would hide the first error.
    if (this.db.isTransaction) {
      this.db.exec(this.depth === 0 ? 'ROLLBACK' : `ROLLBACK TO s${this.depth}; RELEASE s${this.depth}`);
    }
  }

  close(): void {
    this.db.close();
  }
}

function open(path: string): DatabaseSync {
  try {
    const db = new DatabaseSync(path);
    checkOwner(db, path); // before anything is written to it
    // Exclusive: a second sandbox, or any other program, cannot open the file; the lock dies with this process.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    db.exec('PRAGMA cache_size = -32000');
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
    db.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`);
    checkPages(db, path);
    return db;
  } catch (error) {
    throw error instanceof StoreProblem ? error : storeProblem(error);
  }
}

function checkOwner(db: DatabaseSync, path: string): void {
  const { n: tables } = db.prepare('SELECT count(*) AS n FROM sqlite_master').get() as { n: number };
  if (tables === 0) {
    return;
  }
  const { application_id: owner } = db.prepare('PRAGMA application_id').get() as { application_id: number };
  if (owner !== APPLICATION_ID) {
    throw new StoreProblem('foreign', `${path} is an SQLite file of another program`);
  }
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version !== SCHEMA_VERSION) {
    throw new StoreProblem('outdated', `schema ${version}, expected ${SCHEMA_VERSION}`);
  }
}

function checkPages(db: DatabaseSync, path: string): void {
  if (statSync(path).size <= CHECKED_BYTES) {
    const { quick_check: found } = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string };
    if (found !== 'ok') {
      throw new StoreProblem('corrupt', found);
    }
  }
}

function storeProblem(error: unknown): StoreProblem {
  const message = error instanceof Error ? error.message : String(error);
  if (/locked|busy/i.test(message)) {
    return new StoreProblem('locked', message);
  }
  return /malformed|not a database|corrupt/i.test(message)
    ? new StoreProblem('corrupt', message)
    : new StoreProblem('unwritable', message);
}
