/** Medplum's `vmcontext` runtime: no Node globals, no working `require`, only `console.log`, only `exports.handler`. */
import { ContentType, Hl7Message, MedplumClient } from '@medplum/core';
import vm from 'node:vm';
import type { BotJob } from './botjob.ts';
import { asSent, readEvent } from './events.ts';

/** `console.log` joins its arguments as text; every other method is missing, so calling one throws. */
class BotConsole {
  readonly messages: string[];

  constructor(messages: string[]) {
    this.messages = messages;
  }

  log(...values: unknown[]): void {
    this.messages.push(values.join(' '));
  }

  toString(): string {
    return this.messages.join('\n');
  }
}

/** What the handler resolves to. The timeout ends code before the first `await` only. */
export async function runInVmContext(job: BotJob, medplum: MedplumClient, messages: string[]): Promise<unknown> {
  const context = vm.createContext({
    console: new BotConsole(messages),
    fetch,
    require: refuseModule,
    ContentType,
    Hl7Message,
    MedplumClient,
    TextEncoder,
    URL,
    URLSearchParams,
    event: readEvent(job),
    medplum,
  });
  return asSent(await vm.runInContext(wrapped(job.code), context, { timeout: job.timeoutMs }));
}

function refuseModule(name: string): never {
  throw new Error(`Dynamic require of "${name}" is not supported`);
}

/**
 * The bot's text between ours, as the server joins them: a last line without its semicolon runs on into our call.
 */
function wrapped(code: string): string {
  return `const exports = {};
const module = { exports };



    ${code}
(async () => {
  try {
    return await exports.handler(medplum, event);
  } catch (error) {
    if (error instanceof Error) {
      console.log("Unhandled error: " + error.message + "\\n" + error.stack);
    } else if (typeof error === "object") {
      console.log("Unhandled error: " + JSON.stringify(error, undefined, 2));
    } else {
      console.log("Unhandled error: " + error);
    }
    throw error;
  }
})();
`;
}
