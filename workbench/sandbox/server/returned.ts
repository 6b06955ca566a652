/** What a handler returned, in a form that can leave its thread. */
import type { Returned } from './botjob.ts';

export function returnedOf(value: unknown): Returned {
  if (value === undefined || value === null) {
    return { kind: value === null ? 'null' : 'nothing' };
  }
  if (typeof value === 'string') {
    return { kind: 'text', text: value };
  }
  try {
    const text: string | undefined = JSON.stringify(value);
    return text === undefined ? { kind: 'unserialisable' } : { kind: 'json', text };
  } catch {
    return { kind: 'unserialisable' }; // circular, or a BigInt: the server answers 500
  }
}
