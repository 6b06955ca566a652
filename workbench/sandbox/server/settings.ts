/** The server's settings, as the launcher passes them: one JSON argument. */
import type { Runtime } from './botjob.ts';

export interface Settings {
  readonly data: string;
  readonly bundle: string;
  readonly deno: string;
  readonly port: number;
  readonly runtime: Runtime;
  /** FHIR points a member may spend in a minute; without it nothing is refused. */
  readonly quota?: number;
  readonly conflict_rate: number;
  readonly fail_rate: number;
  /** Seconds added to each request. */
  readonly latency: number;
  readonly seed?: number;
  readonly features: readonly string[];
  /** The longest a bot may run in all, in seconds. */
  readonly bot_limit: number;
  /** Whether the server ends when its standard input does. */
  readonly attached: boolean;
}

export function readSettings(text: string | undefined): Settings {
  if (!text) {
    throw new Error('the settings are missing: the launcher passes them as one JSON argument');
  }
  return JSON.parse(text) as Settings;
}
