/** The thread that runs bot code: a fresh context for each run, a MedplumClient that calls back with the bot's own token. */
import { ClientStorage, MedplumClient, MemoryStorage, normalizeErrorString, normalizeOperationOutcome } from '@medplum/core';
import type { BotJob, BotResult, Returned } from './botjob.ts';
import { runInVmContext } from './vmcontext.ts';

// Bot code that climbs out of its context finds no door here; the permissions of this thread are the wall behind it.
Reflect.deleteProperty(globalThis, 'Deno');

self.onmessage = async ({ data }: MessageEvent<BotJob>) => self.postMessage(await run(data));
// A promise that nobody awaits and that fails does not end the run, as on the real server.
self.addEventListener('unhandledrejection', (event) => event.preventDefault());

async function run(job: BotJob): Promise<BotResult> {
  const medplum = new MedplumClient({
    baseUrl: job.baseUrl,
    storage: new ClientStorage(new MemoryStorage()),
    fetch: (url: string, options: RequestInit) => fetch(url, { ...options, headers: { ...options.headers as Record<string, string>, 'x-trace-id': job.traceId } }),
  });
  medplum.setAccessToken(job.token);
  const messages: string[] = [];
  try {
    const value = await runInVmContext(job, medplum, messages);
    return { id: job.id, log: messages.join('\n'), returned: returnedOf(value) };
  } catch (error) {
    messages.push(`Error ${normalizeErrorString(error)}`);
    return { id: job.id, log: messages.join('\n'), failure: normalizeOperationOutcome(error) };
  }
}

function returnedOf(value: unknown): Returned {
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
