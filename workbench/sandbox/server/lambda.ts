/** Medplum's `awslambda` runtime: Node's globals and modules, CommonJS or ESM, Lambda's log lines and errors. */
import * as core from '@medplum/core';
import { Buffer } from 'node:buffer';
import { builtinModules, createRequire } from 'node:module';
import { format } from 'node:util';
import type { BotJob, BotResult, LambdaError } from './botjob.ts';
import { asSent, readEvent } from './events.ts';
import { returnedOf } from './returned.ts';

const LOG_TAIL = 4 * 1024; // Lambda returns no more of a run's log
const LEVELS = { log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR', debug: 'DEBUG', trace: 'TRACE' } as const;
const CORE = '@medplum/core';
const IMPORT = /(\bfrom\s*|\bimport\s*)(["'])([^"']+)\2/g;
const nodeRequire = createRequire('file:///var/task/user.js');

type Handler = (medplum: core.MedplumClient, event: unknown) => unknown;

/** The bot's module, kept as Lambda keeps a warm container: this thread serves one version of one bot. */
let loaded: { readonly code: string; readonly module: { readonly handler?: Handler } } | undefined;

export async function runInLambda(job: BotJob, medplum: core.MedplumClient): Promise<BotResult> {
  const lines: string[] = [];
  installGlobals(job, lines);
  try {
    const userCode = await load(job);
    const value = await invoke(userCode, medplum, job);
    // Lambda's answer is JSON: what is undefined becomes null.
    return { id: job.id, log: tail(lines), returned: returnedOf(value ?? null) };
  } catch (error) {
    const failure = lambdaError(error);
    lines.push(
      logLine(
        job.id,
        'ERROR',
        `Invoke Error \t${JSON.stringify({ ...failure, trace: undefined, stack: failure.trace })}`,
      ),
    );
    return { id: job.id, log: tail(lines), failure };
  }
}

async function invoke(
  userCode: { readonly handler?: Handler },
  medplum: core.MedplumClient,
  job: BotJob,
): Promise<unknown> {
  try {
    // The member call is what the error text of a missing handler names.
    return asSent(
      await (userCode as { handler: Handler }).handler(medplum, { ...readEvent(job), requester: job.requester }),
    );
  } catch (error) {
    const text =
      error instanceof Error
        ? `${error.message}\n${error.stack}`
        : typeof error === 'object'
          ? JSON.stringify(error, undefined, 2)
          : String(error);
    console.log(`Unhandled error: ${text}`);
    throw error;
  }
}

async function load(job: BotJob): Promise<{ readonly handler?: Handler }> {
  if (loaded?.code !== job.code) {
    loaded = { code: job.code, module: job.isModule ? await importModule(job.code) : requireModule(job.code) };
  }
  return loaded.module;
}

function requireModule(code: string): { readonly handler?: Handler } {
  const module = { exports: {} as { handler?: Handler } };
  const wrapped = new Function('exports', 'require', 'module', '__filename', '__dirname', code);
  wrapped(module.exports, requireFromBundle, module, '/var/task/user.js', '/var/task');
  return module.exports;
}

function requireFromBundle(name: string): unknown {
  if (name === CORE) {
    return core;
  }
  if (isBuiltin(name)) {
    return nodeRequire(name) as unknown;
  }
  throw Object.assign(new Error(`Cannot find module '${name}'\nRequire stack:\n- /var/task/user.js`), {
    code: 'MODULE_NOT_FOUND',
  });
}

/** An ES module has no require of ours: its imports are pointed at what the bundle and Node have. */
async function importModule(code: string): Promise<{ readonly handler?: Handler }> {
  const names = Object.keys(core).filter((name) => name !== 'default');
  const coreModule = dataUrl(`export const { ${names.join(', ')} } = globalThis[Symbol.for('${CORE}')];`);
  Reflect.set(globalThis, Symbol.for(CORE), core);
  const pointed = code.replace(IMPORT, (whole, keyword: string, _quote: string, name: string) => {
    const target = name === CORE ? coreModule : isBuiltin(name) ? `node:${name.replace(/^node:/, '')}` : undefined;
    return target ? `${keyword}"${target}"` : whole;
  });
  return (await import(dataUrl(pointed))) as { readonly handler?: Handler };
}

function isBuiltin(name: string): boolean {
  return builtinModules.includes(name.replace(/^node:/, ''));
}

function dataUrl(code: string): string {
  return `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`;
}

/** What Lambda's Node has and this thread lacks, or has with the permissions of a host that is not there. */
function installGlobals(job: BotJob, lines: string[]): void {
  const write =
    (level: string) =>
    (...values: unknown[]): void =>
      void lines.push(logLine(job.id, level, format(...values)));
  const console = Object.fromEntries(Object.entries(LEVELS).map(([name, level]) => [name, write(level)]));
  const process = {
    env: {
      AWS_LAMBDA_FUNCTION_NAME: `medplum-bot-lambda-${job.bot.id}`,
      AWS_REGION: 'us-east-1',
      NODE_ENV: 'production',
    },
    version: 'v22.20.0',
    versions: { node: '22.20.0' },
    platform: 'linux',
    arch: 'x64',
    argv: ['node'],
    pid: 1,
    cwd: () => '/var/task',
    nextTick: (task: (...values: unknown[]) => void, ...values: unknown[]) => queueMicrotask(() => task(...values)),
    uptime: () => performance.now() / 1000,
    hrtime: { bigint: () => BigInt(Math.round(performance.now() * 1e6)) },
    exit: (code = 0): void => self.postMessage({ exit: code }),
    on: () => undefined,
  };
  Object.assign(globalThis, { console: { ...globalThis.console, ...console }, process, Buffer, global: globalThis });
}

function logLine(requestId: string, level: string, text: string): string {
  return `${new Date().toISOString()}\t${requestId}\t${level}\t${text}`;
}

/** The last of the log, its characters beyond ASCII spoiled as the server spoils them. */
function tail(lines: readonly string[]): string {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  return bytes.subarray(-LOG_TAIL).toString('ascii');
}

function lambdaError(error: unknown): LambdaError {
  if (error instanceof SyntaxError) {
    return {
      errorType: 'Runtime.UserCodeSyntaxError',
      errorMessage: `SyntaxError: ${error.message}`,
      trace: stackOf(error),
    };
  }
  return error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: stackOf(error) }
    : { errorType: typeof error, errorMessage: String(error), trace: [] };
}

function stackOf(error: Error): string[] {
  return (error.stack ?? '').split('\n');
}
