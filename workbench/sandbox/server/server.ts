/** One request to one answer: counting, authentication, routing, errors. */
import { getStatus, normalizeOperationOutcome, OperationOutcomeError, serverError, unauthorized } from '@medplum/core';
import type { Binary, OperationOutcome } from '@medplum/fhirtypes';
import type { Actor } from './actor.ts';
import type { Admin } from './admin.ts';
import type { Authenticator } from './auth.ts';
import type { Binaries } from './binaries.ts';
import type { BotApi } from './botapi.ts';
import type { Discovery } from './discovery.ts';
import type { Faults } from './faults.ts';
import { BATCH, isFhirPath, type FhirApi } from './fhirapi.ts';
import {
  FHIR_JSON,
  html,
  json,
  JSON_UTF8,
  readCall,
  traceOf,
  type Answer,
  type Call,
  type Headers as CallHeaders,
} from './http.ts';
import type { Log } from './log.ts';
import { aboutMe } from './me.ts';
import type { OAuth } from './oauth.ts';
import { traced } from './outcomes.ts';
import type { Quota } from './quota.ts';
import type { Records } from './records.ts';
import type { Users } from './users.ts';

const AUTH_PATH = /^\/(auth|oauth2)\//;
const STORAGE = /^\/storage\/([^/]+\/[^/]+)$/;
const CHALLENGE = '_medplum-prompt-basic-auth';

export interface Parts {
  readonly records: Records;
  readonly authenticator: Authenticator;
  readonly oauth: OAuth;
  readonly users: Users;
  readonly admin: Admin;
  readonly fhir: FhirApi;
  readonly bots: BotApi;
  readonly binaries: Binaries;
  readonly discovery: Discovery;
  readonly quota: Quota;
  readonly faults: Faults;
  readonly log: Log;
}

/** What is known of a request when its answer is sent. */
interface Progress {
  requests?: string;
  actor?: Actor;
  call?: Call;
}

export class Server {
  private readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  async respond(request: Request): Promise<Response> {
    const progress: Progress = {};
    let answer: Answer;
    try {
      await this.parts.faults.delay();
      answer = this.parts.faults.fails() ? html(503, 'Service Unavailable') : await this.answer(request, progress);
    } catch (error) {
      answer = this.failure(error, progress);
    }
    return this.response(request, answer, progress);
  }

  private async answer(request: Request, progress: Progress): Promise<Answer> {
    if (request.method === 'OPTIONS') {
      return { status: 204, type: 'text/plain', body: '' };
    }
    const path = request.url.slice(request.url.indexOf('/', 'http://'.length));
    const isAuth = AUTH_PATH.test(path) && !path.startsWith('/auth/me');
    progress.requests = this.parts.quota.request(isAuth ? 'auth' : 'other');
    const call = await readCall(request, isUnlimited);
    progress.call = call;
    return (await this.open(call)) ?? (await this.guarded(call, progress)) ?? html(404, notFoundPage(call));
  }

  /** Routes that need no credentials. */
  private async open(call: Call): Promise<Answer | undefined> {
    const { records, discovery, oauth, users, bots, binaries } = this.parts;
    const storage = STORAGE.exec(call.path)?.[1];
    if (storage && call.method === 'GET') {
      const { Expires = '', Signature = '' } = call.query;
      const body = binaries.open(storage, String(Expires), String(Signature));
      const binary = records.find<Binary>('Binary', storage.split('/')[0]);
      return { status: 200, type: binary?.contentType ?? 'application/octet-stream', body };
    }
    return discovery.answer(call) ?? users.answer(call) ?? (await oauth.answer(call)) ?? (await bots.webhook(call));
  }

  private async guarded(call: Call, progress: Progress): Promise<Answer | undefined> {
    const { authenticator, records, admin, bots, fhir } = this.parts;
    if (!call.path.startsWith('/admin/') && call.path !== '/auth/me' && !isFhirPath(call.path)) {
      return undefined;
    }
    const actor = await authenticator.actor(call.headers);
    if (isFhirPath(call.path)) {
      progress.actor = actor;
      return (await bots.answer(call, actor)) ?? fhir.answer(call, actor);
    }
    return call.path === '/auth/me' ? aboutMe(records, actor) : admin.answer(call, actor);
  }

  private failure(error: unknown, { call, actor, requests }: Progress): Answer {
    const trace = call?.trace ?? traceOf({});
    if (!(error instanceof OperationOutcomeError)) {
      this.parts.log.error(
        `${call?.method} ${call?.path}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    }
    const outcome = outcomeOf(error);
    const status = getStatus(outcome);
    // The request limiter answers plain JSON, before anything is known of the caller.
    const answer = json(
      status,
      traced(outcome, trace),
      status === 429 && requests === undefined ? JSON_UTF8 : FHIR_JSON,
    );
    if (outcome.id === unauthorized.id && call?.query[CHALLENGE] !== undefined && !actor) {
      return { ...answer, headers: { 'www-authenticate': `Basic realm="${this.parts.records.ledger.baseUrl}"` } };
    }
    return answer;
  }

  private response(request: Request, answer: Answer, { requests, actor }: Progress): Response {
    const headers = new Headers({ 'content-type': answer.type, ...answer.headers });
    const origin = request.headers.get('origin');
    if (origin) {
      headers.set('access-control-allow-origin', origin);
      headers.set('access-control-allow-headers', request.headers.get('access-control-request-headers') ?? '*');
      headers.set('access-control-allow-methods', 'GET, HEAD, PUT, PATCH, POST, DELETE');
    }
    if (requests) {
      headers.append('ratelimit', requests);
    }
    if (actor?.meter) {
      headers.append('ratelimit', actor.meter.header());
    }
    const isEmpty = answer.status === 204 || answer.status === 304 || request.method === 'HEAD';
    return new Response(isEmpty ? null : (answer.body as BodyInit), { status: answer.status, headers });
  }
}

/** Errors of core carry their outcome or are plain refusals; whatever SQLite or we did wrong is a 500. */
function outcomeOf(error: unknown): OperationOutcome {
  const isOurs =
    error instanceof Error &&
    ('code' in error || error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError);
  return isOurs && !(error instanceof OperationOutcomeError) ? serverError(error) : normalizeOperationOutcome(error);
}

function notFoundPage(call: Call): string {
  const path = (call.target.split('?')[0] ?? '').replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Error</title>
</head>
<body>
<pre>Cannot ${call.method} ${path}</pre>
</body>
</html>
`;
}

/** Files, and batches that are worked off behind a 202. */
function isUnlimited(path: string, headers: CallHeaders): boolean {
  return (
    path.startsWith('/fhir/R4/Binary') || (BATCH.test(path) && (headers['prefer']?.includes('respond-async') ?? false))
  );
}
