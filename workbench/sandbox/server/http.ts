/** Requests as the routes see them, and the answers they give. */
import { badRequest, OperationOutcomeError } from '@medplum/core';
import { gunzipSync } from 'node:zlib';
import type { Trace } from './outcomes.ts';

const MAX_BODY = 1024 * 1024;
const JSON_TYPE = /^application\/(json|[\w.-]+\+json)$/;
const TEXT_TYPE = /^(text\/.*|x-application\/hl7-v2\+er7)$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export type Headers = Readonly<Record<string, string | undefined>>;
export type Query = Record<string, string | string[]>;

export interface Call {
  readonly method: string;
  /** Path below the server's root, percent-decoded, without query: `/fhir/R4/Patient`. */
  readonly path: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly query: Query;
  readonly headers: Headers;
  readonly contentType: string | undefined;
  readonly raw: Uint8Array;
  readonly trace: Trace;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export const JSON_UTF8 = 'application/json; charset=utf-8';
export const FHIR_JSON = 'application/fhir+json; charset=utf-8';

export function json(status: number, value: unknown, type = JSON_UTF8): Answer {
  return { status, type, body: JSON.stringify(value) };
}

export function html(status: number, body: string): Answer {
  return { status, type: 'text/html; charset=utf-8', body };
}

/** Reads a request whole. A body beyond 1 MB is refused, except where `unlimited`. */
export async function readCall(
  request: Request,
  unlimited: (path: string, headers: Headers) => boolean,
): Promise<Call> {
  const target = request.url.slice(request.url.indexOf('/', 'http://'.length));
  const mark = target.indexOf('?');
  const path = decodePath((mark < 0 ? target : target.slice(0, mark)).replace(/^\/api\//, '/'));
  const headers = Object.fromEntries(request.headers);
  const raw = request.body
    ? unpack(new Uint8Array(await request.arrayBuffer()), headers['content-encoding'])
    : new Uint8Array();
  if (raw.length > MAX_BODY && !unlimited(path, headers)) {
    throw new OperationOutcomeError(badRequest('File too large'));
  }
  return {
    method: request.method === 'HEAD' ? 'GET' : request.method, // answered alike, but for the body
    path,
    target,
    headers,
    raw,
    trace: traceOf(headers),
    query: mark < 0 ? {} : parseQuery(target.slice(mark + 1)),
    contentType: headers['content-type']?.split(';')[0]?.trim(),
  };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // not valid percent-encoding: matched as it is, so it finds no route
  }
}

function unpack(body: Uint8Array, encoding: string | undefined): Uint8Array {
  try {
    return encoding === 'gzip' ? gunzipSync(body, { maxOutputLength: 64 * MAX_BODY }) : body;
  } catch (error) {
    throw new OperationOutcomeError(badRequest('Content could not be parsed'), { cause: error });
  }
}

/** The caller's `X-Trace-Id` if it is a UUID, else a new one. */
export function traceOf(headers: Headers): Trace {
  const sent = headers['x-trace-id'];
  return { requestId: crypto.randomUUID(), traceId: sent && UUID.test(sent) ? sent : crypto.randomUUID() };
}

export function parseQuery(text: string): Query {
  const query: Query = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const held = query[name];
    query[name] = held === undefined ? value : Array.isArray(held) ? [...held, value] : [held, value];
  }
  return query;
}

/** What the body parsers of the real server make of a body: JSON, form or text; `{}` for everything else. */
export function parseBody(call: Call): unknown {
  const { contentType, raw } = call;
  if (raw.length === 0) {
    return {};
  }
  const text = (): string => new TextDecoder().decode(raw);
  if (contentType && JSON_TYPE.test(contentType)) {
    return parseJson(text());
  }
  if (contentType === 'application/x-www-form-urlencoded') {
    return parseQuery(text());
  }
  return contentType && TEXT_TYPE.test(contentType) ? text() : {};
}

/** Strict: only an object or an array is a body. */
function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new OperationOutcomeError(badRequest('Content could not be parsed'), { cause: error });
  }
  if (typeof value !== 'object' || value === null) {
    throw new OperationOutcomeError(badRequest('Content could not be parsed'));
  }
  return value;
}
