/** Where writes are recorded: version, search rows and, once committed, whoever listens. */
import { OperationOutcomeError, serverError, type WithId } from '@medplum/core';
import type { Project, Resource } from '@medplum/fhirtypes';
import type { Faults } from './faults.ts';
import { indexResource } from './indexing.ts';
import type { Log } from './log.ts';
import { ParameterNumbers } from './parameters.ts';
import type { Store } from './store.ts';
import { Turn } from './turn.ts';

/** One write: `before` is absent on a create, `after` on a delete. */
export interface Change {
  readonly type: string;
  readonly id: string;
  readonly project: string;
  readonly before: Resource | undefined;
  readonly after: WithId<Resource> | undefined;
}

export type Listener = (change: Change) => void;

export class Ledger {
  readonly store: Store;
  readonly numbers: ParameterNumbers;
  readonly turn = new Turn();
  readonly faults: Faults;
  readonly baseUrl: string;
  private readonly log: Log;
  private readonly listeners: Listener[] = [];
  /** Changes of the transaction that has the turn; told to the listeners when it commits. */
  private pending: Change[] | undefined;

  constructor(store: Store, faults: Faults, baseUrl: string, log: Log) {
    this.store = store;
    this.log = log;
    this.numbers = new ParameterNumbers(store);
    this.faults = faults;
    this.baseUrl = baseUrl;
  }

  /** Called after each committed change. */
  listen(listener: Listener): void {
    this.listeners.push(listener);
  }

  /** A project as it is stored now. */
  project(id: string): Project | undefined {
    const content = this.store.get('Project', id)?.content;
    return content ? (JSON.parse(content) as Project) : undefined;
  }

  now(): number {
    return Date.now();
  }

  record(change: Change): void {
    const { type, id, project, after } = change;
    const updated = after?.meta?.lastUpdated ? Date.parse(after.meta.lastUpdated) : this.now();
    const version = after?.meta?.versionId ?? crypto.randomUUID();
    this.stored(() => {
      const isNew =
        change.before === undefined &&
        this.store.one('SELECT 1 FROM resource WHERE type = ? AND id = ?', type, id) === undefined;
      const key = this.store.put({
        type,
        id,
        project,
        version,
        updated,
        content: after ? JSON.stringify(after) : null,
      });
      indexResource(this.store, this.numbers, key, isNew, after);
    });
    if (this.pending) {
      this.pending.push(change);
    } else {
      this.tell(change);
    }
  }

  /** Runs `work` so that all of it is stored or none, and what is remembered of the file stays true. */
  private stored(work: () => void): void {
    try {
      this.store.atomically(work);
    } catch (error) {
      this.numbers.reload();
      throw error;
    }
  }

  /** Runs `work` in a transaction of the holder of the turn; an inner one becomes a savepoint. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    const outer = this.pending;
    const mine: Change[] = [];
    this.store.begin();
    this.pending = mine;
    try {
      const result = await work();
      this.store.commit();
      this.pending = outer;
      for (const change of mine) {
        if (outer) {
          outer.push(change);
        } else {
          this.tell(change);
        }
      }
      return result;
    } catch (error) {
      this.pending = outer;
      this.store.rollback();
      this.numbers.reload();
      throw error;
    }
  }

  expunge(type: string, id: string): void {
    this.store.atomically(() => {
      const row = this.store.get(type, id);
      if (row) {
        indexResource(this.store, this.numbers, row.key, false, undefined);
      }
      this.store.run('DELETE FROM resource WHERE type = ? AND id = ?', type, id);
      this.store.run('DELETE FROM version WHERE type = ? AND id = ?', type, id);
    });
  }

  /** A fault of the file, such as a full disk, is the server's and not the caller's: a 500, and a line in the log. */
  asOutcome(error: unknown): unknown {
    if (!(error instanceof Error) || !('errcode' in error || ('code' in error && error.code === 'ERR_SQLITE_ERROR'))) {
      return error;
    }
    this.log.error(`database: ${error.message}`);
    return new OperationOutcomeError(serverError(error), { cause: error });
  }

  private tell(change: Change): void {
    for (const listener of this.listeners) {
      try {
        listener(change);
      } catch (error) {
        // The write is committed: its caller must not hear that it failed.
        this.log.error(`after ${change.type}/${change.id}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
}
