// The part of Deno's interface that the sandbox uses; everything else goes through `node:` modules.
declare namespace Deno {
  interface HttpServer {
    readonly addr: { readonly hostname: string; readonly port: number };
    readonly finished: Promise<void>;
    shutdown(): Promise<void>;
  }
  interface ServeOptions {
    readonly hostname: string;
    readonly port: number;
    readonly onListen?: (address: { readonly port: number }) => void;
    readonly onError?: (error: unknown) => Response;
    readonly automaticCompression?: boolean;
  }
  function serve(options: ServeOptions, handler: (request: Request) => Response | Promise<Response>): HttpServer;

  interface ChildProcess {
    readonly pid: number;
    readonly stdin: WritableStream<Uint8Array>;
    readonly stdout: ReadableStream<Uint8Array>;
    readonly status: Promise<{ readonly success: boolean; readonly code: number; readonly signal: string | null }>;
    kill(signal?: 'SIGKILL'): void;
    unref(): void;
  }
  class Command {
    constructor(path: string, options: CommandOptions);
    spawn(): ChildProcess;
  }
  interface CommandOptions {
    readonly args: readonly string[];
    readonly clearEnv: boolean;
    readonly env: Readonly<Record<string, string>>;
    readonly stdin: 'piped';
    readonly stdout: 'piped';
    readonly stderr: 'null';
  }
  const stdin: { readonly readable: ReadableStream<Uint8Array> };
  const stdout: { writeSync(bytes: Uint8Array): number };
  function exit(code?: number): never;
  function memoryUsage(): { readonly rss: number };
}

interface WorkerOptions {
  readonly deno?: { readonly permissions: Record<string, boolean | readonly string[]> };
}
