/** Processes for bots: each runs one bot at a time and is killed when that run must end. */
import { badRequest } from '@medplum/core';
import { lines, type BotJob, type BotResult } from './botjob.ts';
import { OUT_OF_MEMORY } from './hostlimits.ts';

const MAX_HOSTS = 4; // runs at a time; a bot that calls a bot may exceed it, or they would wait for each other
const IDLE_MS = 60_000;

export interface HostSettings {
  readonly deno: string;
  readonly bundle: string;
  /** Where Deno keeps compiled code. */
  readonly cache: string;
  readonly port: number;
  /** The longest a run may take in all. */
  readonly limitMs: number;
}

/** One process; `job` is what it is running. */
class Host {
  private readonly settings: HostSettings;
  private readonly child: Deno.ChildProcess;
  private readonly input: WritableStreamDefaultWriter<Uint8Array>;
  private readonly encoder = new TextEncoder();
  private waiting: { readonly job: BotJob; readonly settle: (result: BotResult) => void } | undefined;
  private reason: string | undefined;
  idle: ReturnType<typeof setTimeout> | undefined;

  constructor(settings: HostSettings, onExit: (host: Host) => void) {
    this.settings = settings;
    const { deno, bundle, cache, port } = settings;
    this.child = new Deno.Command(deno, {
      args: [
        'run', '--quiet', '--no-prompt', '--no-remote', '--no-npm', '--no-config', '--no-lock', '--unstable-worker-options', '--v8-flags=--max-old-space-size=256',
        `--allow-read=${bundle}`, `--allow-net=127.0.0.1:${port}`, `${bundle}/bothost.mjs`, String(port),
      ],
      clearEnv: true, env: { DENO_DIR: cache, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' }, stdin: 'piped', stdout: 'piped', stderr: 'null',
    }).spawn();
    this.input = this.child.stdin.getWriter();
    void this.listen(onExit);
  }

  get isBusy(): boolean {
    return this.waiting !== undefined;
  }

  async run(job: BotJob): Promise<BotResult> {
    const limit = Math.max(this.settings.limitMs, job.timeoutMs + 1000);
    const timer = setTimeout(() => this.end(`Script execution timed out after ${limit}ms`), limit);
    try {
      return await new Promise<BotResult>((settle) => {
        this.waiting = { job, settle };
        // A write to a process that just died fails; its exit then settles the run.
        this.input.write(this.encoder.encode(`${JSON.stringify(job)}\n`)).catch(() => undefined);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Kills the process; its run, if any, fails with this reason. */
  end(reason?: string): void {
    this.reason = reason;
    clearTimeout(this.idle);
    try {
      this.child.kill('SIGKILL');
    } catch (error) {
      if (!(error instanceof TypeError)) { // a TypeError says it has ended already
        throw error;
      }
    }
  }

  private async listen(onExit: (host: Host) => void): Promise<void> {
    for await (const line of lines(this.child.stdout)) {
      this.settle(JSON.parse(line) as BotResult);
    }
    const { code, signal } = await this.child.status;
    onExit(this);
    if (this.waiting) {
      const outOfMemory = code === OUT_OF_MEMORY || (signal !== null && !this.reason);
      const text = this.reason ?? (outOfMemory ? 'Worker terminated due to reaching memory limit: JS heap out of memory' : `Bot process ended with exit code ${code}`);
      this.settle({ id: this.waiting.job.id, log: `Error ${text}`, failure: badRequest(text) });
    }
  }

  private settle(result: BotResult): void {
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.settle(result);
  }
}

export class BotPool {
  private readonly settings: HostSettings;
  private readonly hosts = new Set<Host>();
  private readonly queue: (() => void)[] = [];

  constructor(settings: HostSettings) {
    this.settings = settings;
  }

  /** Starts a process ahead of the first run. */
  warm(): void {
    if (this.hosts.size === 0) {
      this.rest(this.add());
    }
  }

  async run(job: BotJob, isNested: boolean): Promise<BotResult> {
    const host = await this.free(isNested);
    clearTimeout(host.idle);
    try {
      return await host.run(job);
    } finally {
      this.rest(host);
      this.queue.shift()?.();
    }
  }

  /** Kills every process. */
  close(): void {
    this.hosts.forEach((host) => host.end('Server shutting down'));
  }

  private async free(isNested: boolean): Promise<Host> {
    for (;;) {
      const idle = [...this.hosts].find((host) => !host.isBusy);
      if (idle) {
        return idle;
      }
      if (isNested || this.hosts.size < MAX_HOSTS) {
        return this.add();
      }
      await new Promise<void>((resolve) => this.queue.push(resolve));
    }
  }

  private add(): Host {
    const host = new Host(this.settings, (ended) => this.hosts.delete(ended));
    this.hosts.add(host);
    return host;
  }

  private rest(host: Host): void {
    clearTimeout(host.idle);
    host.idle = setTimeout(() => host.end(), IDLE_MS);
  }
}
