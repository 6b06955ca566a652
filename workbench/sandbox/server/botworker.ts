/**
 * The thread that runs bot code, with a MedplumClient that calls back with the bot's own token.
 *
 * A context is no wall. The wall is the permissions this thread was started with: no file, environment, program or
 * library, and no address but the sandbox's own.
 */
import {
  ClientStorage,
  MedplumClient,
  MemoryStorage,
  normalizeErrorString,
  normalizeOperationOutcome,
} from '@medplum/core';
import type { BotJob, BotResult, SentJob } from './botjob.ts';
import { runInLambda } from './lambda.ts';
import { returnedOf } from './returned.ts';
import { runInVmContext } from './vmcontext.ts';

let code = ''; // of the job before

self.onmessage = async ({ data }: MessageEvent<SentJob>) => {
  code = data.code ?? code;
  self.postMessage(await run({ ...data, code }));
};
// A promise that nobody awaits and that fails does not end the run, as on the real server.
self.addEventListener('unhandledrejection', (event) => event.preventDefault());

self.postMessage({ ready: true });

async function run(job: BotJob): Promise<BotResult> {
  const medplum = new MedplumClient({
    baseUrl: job.baseUrl,
    storage: new ClientStorage(new MemoryStorage()),
    fetch: (url: string, options: RequestInit) =>
      fetch(url, {
        ...options,
        headers: { ...(options.headers as Record<string, string>), 'x-trace-id': job.traceId },
      }),
  });
  medplum.setAccessToken(job.token);
  return job.runtime === 'awslambda' ? runInLambda(job, medplum) : runInVm(job, medplum);
}

async function runInVm(job: BotJob, medplum: MedplumClient): Promise<BotResult> {
  const messages: string[] = [];
  try {
    const value = await runInVmContext(job, medplum, messages);
    return { id: job.id, log: messages.join('\n'), returned: returnedOf(value) };
  } catch (error) {
    messages.push(`Error ${normalizeErrorString(error)}`);
    return { id: job.id, log: messages.join('\n'), failure: normalizeOperationOutcome(error) };
  }
}
