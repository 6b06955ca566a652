/**
 * The process in which bots run, one at a time: relays jobs from its input to the thread that holds the bot's code.
 *
 * This thread never runs bot code, so it can end the process when memory runs away or when the server is gone,
 * whatever the bot is doing.
 */
import { lines, type BotResult, type SentJob } from './botjob.ts';
import { OUT_OF_MEMORY } from './hostlimits.ts';
import process from 'node:process';

const MAX_RSS = 512 * 1024 * 1024;
const WATCH_MS = 20;

const port = process.argv[2] ?? '';
const encoder = new TextEncoder();
const worker = new Worker(new URL('./botworker.mjs', import.meta.url), {
  type: 'module',
  deno: {
    permissions: {
      net: [`127.0.0.1:${port}`],
      read: false,
      write: false,
      env: false,
      run: false,
      ffi: false,
      sys: false,
      import: false,
    },
  },
});
let watch: ReturnType<typeof setInterval> | undefined;

worker.onmessage = ({ data }: MessageEvent<BotResult | { readonly ready: true } | { readonly exit: number }>) => {
  clearInterval(watch);
  if ('exit' in data) {
    Deno.exit(data.exit); // the bot called process.exit
  }
  write(`${JSON.stringify(data)}\n`);
};
worker.onerror = () => Deno.exit(1);

for await (const line of lines(Deno.stdin.readable)) {
  watch = setInterval(checkMemory, WATCH_MS);
  worker.postMessage(JSON.parse(line) as SentJob);
}
Deno.exit(0);

function checkMemory(): void {
  if (Deno.memoryUsage().rss > MAX_RSS) {
    Deno.exit(OUT_OF_MEMORY);
  }
}

function write(text: string): void {
  let bytes = encoder.encode(text);
  while (bytes.length > 0) {
    bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
  }
}
