/** The sandbox's log: one line an event, never a secret or a payload. */
import { appendFileSync } from 'node:fs';

export class Log {
  private readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  info(text: string): void {
    this.write('INFO', text);
  }

  /** For what the real server does too, and should frighten. */
  danger(text: string): void {
    this.write('DANGER', text);
  }

  error(text: string): void {
    this.write('ERROR', text);
  }

  private write(level: string, text: string): void {
    try {
      appendFileSync(this.path, `${new Date().toISOString()} ${level} ${text.replaceAll('\n', ' ')}\n`, {
        mode: 0o600,
      });
    } catch {
      // A full disk must not turn an answered request into a failed one.
    }
  }
}
