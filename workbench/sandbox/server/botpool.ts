/** Processes for bots: each runs one bot at a time and is killed when that run must end. */
import { lines, type BotJob, type BotResult, type SentJob } from './botjob.ts';
import { endedResult, type Ending } from './botends.ts';
import { OUT_OF_MEMORY } from './hostlimits.ts';

const MAX_HOSTS = 4; // runs at a time; a bot that calls a bot may exceed it, or they would wait for each other
const IDLE_MS = 60_000;
const BOOT_MS = 30_000;
const SHARED = ''; // any bot of the vmcontext runtime

export interface HostSettings {
  readonly deno: string;
  readonly bundle: string;
  /** Where Deno keeps compiled code. */
  readonly cache: string;
  readonly port: number;
  /** The longest a run may take in all. */
  readonly limitMs: number;
}

/** One process; `serves` is whose code it may run: Lambda containers are never shared, contexts are always fresh. */
class Host {
  readonly serves: string;
  private readonly settings: HostSettings;
  private readonly child: Deno.ChildProcess;
  private readonly input: WritableStreamDefaultWriter<Uint8Array>;
  private readonly encoder = new TextEncoder();
  private waiting: { readonly job: BotJob; readonly settle: (result: BotResult) => void } | undefined;
  private ending: Ending | undefined;
  private sentCode: string | undefined;
  private markReady: () => void = () => undefined;
  private readonly ready = new Promise<void>((resolve) => {
    this.markReady = resolve;
  });
  idle: ReturnType<typeof setTimeout> | undefined;
  /** From the moment it is chosen for a run: between choosing and running, other calls choose too. */
  isTaken = true;

  constructor(settings: HostSettings, serves: string, onExit: (host: Host) => void) {
    this.settings = settings;
    this.serves = serves;
    const { deno, bundle, cache, port } = settings;
    this.child = new Deno.Command(deno, {
      args: [
        'run',
        '--quiet',
        '--no-prompt',
        '--no-remote',
        '--no-npm',
        '--no-config',
        '--no-lock',
        '--unstable-worker-options',
        '--v8-flags=--max-old-space-size=256',
        `--allow-read=${bundle}`,
        `--allow-net=127.0.0.1:${port}`,
        `${bundle}/bothost.mjs`,
        String(port),
      ],
      clearEnv: true,
      env: { DENO_DIR: cache, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' },
      stdin: 'piped',
      stdout: 'piped',
      stderr: 'null',
    }).spawn();
    this.input = this.child.stdin.getWriter();
    void this.listen(onExit);
  }

  /** The time limit begins when the code does, not while a process starts on a busy machine. */
  async run(job: BotJob): Promise<BotResult> {
    const result = new Promise<BotResult>((settle) => {
      this.waiting = { job, settle };
    });
    const boot = setTimeout(() => this.end({ kind: 'exit', code: 1 }), BOOT_MS);
    await Promise.race([this.ready, result]);
    clearTimeout(boot);
    const ms = job.runtime === 'awslambda' ? job.timeoutMs : Math.max(this.settings.limitMs, job.timeoutMs + 1000);
    const timer = setTimeout(() => this.end({ kind: 'timeout', ms }), ms);
    // A write to a process that just died fails; its exit then settles the run.
    const sent: SentJob = { ...job, code: job.code === this.sentCode ? undefined : job.code };
    this.sentCode = job.code;
    this.input.write(this.encoder.encode(`${JSON.stringify(sent)}\n`)).catch(() => undefined);
    try {
      return await result;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Kills the process; its run, if any, ends so. */
  end(ending?: Ending): void {
    this.ending = ending;
    clearTimeout(this.idle);
    try {
      this.child.kill('SIGKILL');
    } catch (error) {
      if (!(error instanceof TypeError)) {
        // a TypeError says it has ended already
        throw error;
      }
    }
  }

  private async listen(onExit: (host: Host) => void): Promise<void> {
    for await (const line of lines(this.child.stdout)) {
      const message = JSON.parse(line) as BotResult | { readonly ready: true };
      if ('ready' in message) {
        this.markReady();
      } else {
        this.settle(message);
      }
    }
    const { code, signal } = await this.child.status;
    onExit(this);
    if (this.waiting) {
      const { job } = this.waiting;
      // V8 ends the process by a signal when its heap is full.
      const isMemory = code === OUT_OF_MEMORY || signal !== null;
      this.settle(endedResult(job, this.ending ?? (isMemory ? { kind: 'memory' } : { kind: 'exit', code })));
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
      this.rest(this.add(SHARED));
    }
  }

  async run(job: BotJob, isNested: boolean): Promise<BotResult> {
    const host = await this.free(job.runtime === 'awslambda' ? `${job.bot.id} ${job.bot.version}` : SHARED, isNested);
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
    this.hosts.forEach((host) => host.end());
  }

  private async free(serves: string, isNested: boolean): Promise<Host> {
    for (;;) {
      const idle = [...this.hosts].filter((host) => !host.isTaken);
      const own = idle.find((host) => host.serves === serves);
      if (own) {
        own.isTaken = true;
        return own;
      }
      if (this.hosts.size >= MAX_HOSTS && idle[0]) {
        idle[0].end();
        this.hosts.delete(idle[0]);
      }
      if (isNested || this.hosts.size < MAX_HOSTS) {
        return this.add(serves);
      }
      await new Promise<void>((resolve) => this.queue.push(resolve));
    }
  }

  private add(serves: string): Host {
    const host = new Host(this.settings, serves, (ended) => this.hosts.delete(ended));
    this.hosts.add(host);
    return host;
  }

  private rest(host: Host): void {
    host.isTaken = false;
    clearTimeout(host.idle);
    host.idle = setTimeout(() => {
      this.hosts.delete(host); // at once: until its end is heard of, a call might still choose it
      host.end();
    }, IDLE_MS);
  }
}
