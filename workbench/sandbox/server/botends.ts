/** How a run is reported whose process had to be ended: as the real runtimes report it. */
import { badRequest } from '@medplum/core';
import type { BotJob, BotResult } from './botjob.ts';

export type Ending =
  | { readonly kind: 'timeout'; readonly ms: number }
  | { readonly kind: 'memory' }
  | { readonly kind: 'exit'; readonly code: number };

export function endedResult(job: BotJob, ending: Ending): BotResult {
  return job.runtime === 'awslambda' ? lambdaEnd(job, ending) : vmEnd(job, ending);
}

function vmEnd({ id }: BotJob, ending: Ending): BotResult {
  const text = {
    timeout: () => `Script execution timed out after ${'ms' in ending ? ending.ms : 0}ms`,
    memory: () => 'Worker terminated due to reaching memory limit: JS heap out of memory',
    exit: () => `Worker stopped running with exit code ${'code' in ending ? ending.code : 0}`,
  }[ending.kind]();
  return { id, log: `Error ${text}`, failure: badRequest(text) };
}

function lambdaEnd({ id }: BotJob, ending: Ending): BotResult {
  const [errorType, text] = lambdaText(ending);
  const errorMessage = `RequestId: ${id} Error: ${text}`;
  return { id, log: `${errorMessage}\n`, failure: { errorType, errorMessage } };
}

function lambdaText(ending: Ending): readonly [string, string] {
  switch (ending.kind) {
    case 'timeout':
      return ['Sandbox.Timedout', `Task timed out after ${(ending.ms / 1000).toFixed(2)} seconds`];
    case 'memory':
      return ['Runtime.ExitError', 'Runtime exited with error: signal: killed'];
    default:
      return [
        'Runtime.ExitError',
        `Runtime exited ${ending.code === 0 ? 'without providing a reason' : `with error: exit status ${ending.code}`}`,
      ];
  }
}
