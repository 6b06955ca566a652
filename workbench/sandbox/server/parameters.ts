/** Search parameters as the search rows number them, and which of them some resource has no value for. */
import type { Store } from './store.ts';

interface Held {
  readonly param: number;
  lacking: boolean;
}

export class ParameterNumbers {
  private readonly store: Store;
  private readonly held = new Map<string, Held>();
  private readonly lacking = new Set<number>();

  constructor(store: Store) {
    this.store = store;
    this.reload();
  }

  /** The number of a name such as `Patient.identifier`; made if there is none yet. */
  of(name: string): number {
    return this.entry(name).param;
  }

  /** Notes that a resource has no value for a parameter: from then on a sort by it must look for such. */
  lacks(name: string): void {
    const entry = this.entry(name);
    if (!entry.lacking) {
      this.store.run('UPDATE parameter SET lacking = 1 WHERE param = ?', entry.param);
      entry.lacking = true;
      this.lacking.add(entry.param);
    }
  }

  isLacking(param: number): boolean {
    return this.lacking.has(param);
  }

  /** Reads all anew: what was made inside a transaction that was rolled back is not in the file. */
  reload(): void {
    this.held.clear();
    this.lacking.clear();
    for (const { name, param, lacking } of this.store.all<{ name: string; param: number; lacking: number }>(
      'SELECT name, param, lacking FROM parameter',
    )) {
      this.held.set(name, { param, lacking: lacking === 1 });
      if (lacking) {
        this.lacking.add(param);
      }
    }
  }

  private entry(name: string): Held {
    let entry = this.held.get(name);
    if (!entry) {
      const row = this.store.one<{ param: number }>(
        'INSERT INTO parameter (name) VALUES (?) RETURNING param',
        name,
      ) as { param: number };
      entry = { param: row.param, lacking: false };
      this.held.set(name, entry);
    }
    return entry;
  }
}
