/** FHIR points and request counts per minute: counted always, refused only when a quota is set. */
import { OperationOutcomeError, tooManyRequests } from '@medplum/core';
import type { OperationOutcome } from '@medplum/fhirtypes';

export const POINTS = { create: 100, update: 100, patch: 100, delete: 100, search: 20, history: 10, read: 1 } as const;

const MINUTE = 60_000;
const DEFAULT_POINTS = 50_000;
const DEFAULT_REQUESTS = 60_000;
const DEFAULT_AUTH_REQUESTS = 160;

interface Window {
  used: number;
  started: number;
}

/** Fixed windows of one minute, one for each key. */
class Counter {
  readonly limit: number;
  private readonly windows = new Map<string, Window>();

  constructor(limit: number) {
    this.limit = limit;
  }

  add(key: string, points: number, now: number): Window {
    let window = this.windows.get(key);
    if (!window || now - window.started >= MINUTE) {
      window = { used: 0, started: now };
      this.windows.set(key, window);
    }
    window.used += points;
    return window;
  }

  header(name: string, key: string, now: number): string {
    const window = this.add(key, 0, now);
    const seconds = Math.ceil((window.started + MINUTE - now) / 1000);
    return `"${name}";r=${Math.max(0, this.limit - window.used)};t=${seconds}`;
  }

  outcome(window: Window, points: number, now: number): OperationOutcome {
    const diagnostics = {
      _remainingPoints: 0,
      _msBeforeNext: window.started + MINUTE - now,
      _consumedPoints: window.used,
      _isFirstInDuration: window.used === points,
      limit: this.limit,
    };
    const [issue] = tooManyRequests.issue;
    return {
      ...tooManyRequests,
      issue: [{ ...issue, severity: 'error', code: 'throttled', diagnostics: JSON.stringify(diagnostics) }],
    };
  }
}

/** What one member may spend on FHIR interactions. */
export interface Meter {
  /** Counts the points; throws 429 when the quota is set and used up. */
  spend(points: number): void;
  header(): string;
}

export class Quota {
  private readonly enforced: boolean;
  private readonly members: Counter;
  private readonly projects: Counter;
  private readonly requests = new Counter(DEFAULT_REQUESTS);
  private readonly authRequests = new Counter(DEFAULT_AUTH_REQUESTS);

  constructor(limit: number | undefined) {
    this.enforced = limit !== undefined;
    this.members = new Counter(limit ?? DEFAULT_POINTS);
    this.projects = new Counter(10 * (limit ?? DEFAULT_POINTS));
  }

  meter(membership: string, project: string): Meter {
    return {
      spend: (points) => {
        const now = Date.now();
        this.refuse(this.members, this.members.add(membership, points, now), points, now);
        this.refuse(this.projects, this.projects.add(project, points, now), points, now);
      },
      header: () => this.members.header('fhirInteractions', membership, Date.now()),
    };
  }

  /** Counts a request; throws 429 when quotas are on and the caller made too many. Gives the RateLimit header. */
  request(kind: 'auth' | 'other'): string {
    const counter = kind === 'auth' ? this.authRequests : this.requests;
    const now = Date.now();
    this.refuse(counter, counter.add('', 1, now), 1, now);
    return counter.header('requests', '', now);
  }

  private refuse(counter: Counter, window: Window, points: number, now: number): void {
    if (this.enforced && window.used > counter.limit) {
      throw new OperationOutcomeError(counter.outcome(window, points, now));
    }
  }
}
