/** What travels between the server, the process that holds bots and the thread in it: one job, one result. */
import type { OperationOutcome, Reference } from '@medplum/fhirtypes';

export type Runtime = 'vmcontext' | 'awslambda';

export interface BotJob {
  readonly id: string;
  readonly runtime: Runtime;
  readonly code: string;
  /** Whether the code is an ES module: deployed as `.mjs`, which only awslambda takes. */
  readonly isModule: boolean;
  /** JSON text of the event the handler gets. */
  readonly event: string;
  readonly baseUrl: string;
  readonly token: string;
  readonly traceId: string;
  /** Who called; awslambda bots are told. */
  readonly requester: Reference | undefined;
  readonly timeoutMs: number;
  readonly bot: { readonly id: string; readonly version: string };
}

/** A job as it travels: without the code where that is the code of the job before. */
export type SentJob = Omit<BotJob, 'code'> & { readonly code?: string };

/** What the handler returned: nothing, a text sent as it is, a JSON text, or something JSON cannot hold. */
export type Returned =
  { readonly kind: 'nothing' | 'null' | 'unserialisable' } | { readonly kind: 'text' | 'json'; readonly text: string };

/** What Lambda answers when a function fails. */
export interface LambdaError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

export interface BotResult {
  readonly id: string;
  readonly log: string;
  readonly returned?: Returned;
  readonly failure?: OperationOutcome | LambdaError;
}

/** Complete lines of a byte stream, as they come. */
export async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
  }
}
