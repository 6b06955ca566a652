/** The FHIR routes: Medplum's FhirRouter, and beside it what the router leaves to the server. */
import {
  accepted,
  allOk,
  badRequest,
  created,
  forbidden,
  getStatus,
  isResource,
  OperationOutcomeError,
  type WithId,
} from '@medplum/core';
import { FhirRouter, type FhirRequest, type FhirResponse } from '@medplum/fhir-router';
import type { Binary, ClientApplication, OperationOutcome, Parameters, Resource } from '@medplum/fhirtypes';
import { isProjectAdmin, type Actor } from './actor.ts';
import type { Binaries } from './binaries.ts';
import { dangerOf } from './dangers.ts';
import { FHIR_JSON, parseBody, type Answer, type Call } from './http.ts';
import { wantsAsync, type Jobs } from './jobs.ts';
import type { Log } from './log.ts';
import { newSecret } from './members.ts';
import { represent } from './meta.ts';
import { refuse, traced } from './outcomes.ts';
import type { Records } from './records.ts';
import { ProjectRepository } from './repository.ts';
import { validate } from './validation.ts';

const ROOT = '/fhir/R4';
export const BATCH = /^\/fhir\/R4\/?$/;
const BINARY = /^\/fhir\/R4\/Binary(?:\/([^/]+))?$/;
const CONDITIONAL_HEADERS = ['if-match', 'if-none-match'];

export class FhirApi {
  private readonly records: Records;
  private readonly binaries: Binaries;
  private readonly jobs: Jobs;
  private readonly log: Log;
  private readonly router = new FhirRouter({ introspectionEnabled: true });

  constructor(records: Records, binaries: Binaries, jobs: Jobs, log: Log) {
    this.records = records;
    this.binaries = binaries;
    this.jobs = jobs;
    this.log = log;
    this.router.add('POST', ':resourceType/$validate', async (req) => validated(req));
    this.router.add('POST', 'ClientApplication/:id/$rotate-secret', async (req, repo) =>
      this.rotateSecret(req, repo as ProjectRepository),
    );
    this.router.add('POST', ':resourceType/:id/$expunge', async (req, repo) =>
      expunged(req, repo as ProjectRepository),
    );
  }

  async answer(call: Call, actor: Actor): Promise<Answer> {
    const repo = new ProjectRepository(this.records.ledger, actor);
    const binary = BINARY.exec(call.path);
    if (binary && (call.method === 'POST' || (call.method === 'PUT' && binary[1]))) {
      return this.storeBinary(call, repo, binary[1]);
    }
    const runsTransactions = this.records.hasFeature(actor.project, 'transaction-bundles');
    const danger = dangerOf(call, runsTransactions);
    if (danger) {
      this.log.danger(danger);
    }
    const job = await this.jobs.status(call, repo);
    if (job) {
      return this.shown(call, actor, job.status === 'accepted' ? accepted(job.request) : allOk, job);
    }
    const handle = (): Promise<FhirResponse> => this.router.handleRequest(fhirRequest(call, runsTransactions), repo);
    if (wantsAsync(call) && BATCH.test(call.path)) {
      return this.jobs.start(call, repo, async () => this.kept(repo, await handle()));
    }
    const [outcome, resource] = await handle();
    if (
      resource &&
      isResource(resource, 'Binary') &&
      call.method === 'GET' &&
      !call.headers['accept']?.includes('json')
    ) {
      return this.binaryBytes(resource as WithId<Binary>);
    }
    return this.shown(call, actor, outcome, resource);
  }

  /** The answer to an outcome, with the resource if there is one. */
  shown(call: Call, actor: Actor | undefined, outcome: OperationOutcome, resource?: Resource): Answer {
    const status = getStatus(outcome);
    const headers: Record<string, string> = {};
    const version = resource?.meta?.versionId;
    if (resource && version) {
      headers['etag'] = `W/"${version}"`;
      headers['last-modified'] = new Date(resource.meta?.lastUpdated ?? 0).toUTCString();
    }
    if (status === 201 && resource) {
      headers['location'] = `${this.records.ledger.baseUrl}fhir/R4/${resource.resourceType}/${resource.id}`;
    }
    if (call.method === 'GET' && version && call.headers['if-none-match'] === `W/"${version}"`) {
      return { status: 304, type: FHIR_JSON, body: '', headers };
    }
    if (call.headers['prefer']?.includes('return=minimal') && status < 400) {
      return { status, type: FHIR_JSON, body: '', headers };
    }
    const body = resource && actor ? this.withLinks(resource, actor) : traced(outcome, call.trace);
    return {
      status,
      type: FHIR_JSON,
      headers,
      body: represent(body, call.headers['x-medplum'] === 'extended', call.query['_pretty'] === 'true'),
    };
  }

  private async storeBinary(call: Call, repo: ProjectRepository, id: string | undefined): Promise<Answer> {
    const isFhir = call.contentType === 'application/fhir+json';
    const asked = isFhir ? (parseBody(call) as Binary) : undefined;
    const contentType = asked?.contentType ?? call.headers['content-type'] ?? 'application/octet-stream';
    const fields: Binary = {
      resourceType: 'Binary',
      contentType,
      ...(asked?.securityContext ? { securityContext: asked.securityContext } : {}),
    };
    const binary = id
      ? await repo.updateResource<Binary>({ ...fields, id })
      : await repo.createResource<Binary>(fields);
    this.binaries.keep(binary, asked?.data ? Buffer.from(asked.data, 'base64') : call.raw);
    const answer = this.shown(call, undefined, id ? allOk : created, binary);
    return {
      ...answer,
      body: represent({ ...binary, url: this.binaries.link(binary) }, call.headers['x-medplum'] === 'extended', false),
    };
  }

  /** The result of an asynchronous batch: a Binary, as a result may be of any size. */
  private async kept(repo: ProjectRepository, [outcome, resource]: FhirResponse): Promise<Parameters> {
    const binary = await this.binaries.create(
      this.records.as(repo.actor.project),
      Buffer.from(JSON.stringify(resource ?? outcome)),
      'application/fhir+json',
    );
    return {
      resourceType: 'Parameters',
      parameter: [{ name: 'results', valueReference: { reference: `Binary/${binary.id}` } }],
    };
  }

  private binaryBytes(binary: WithId<Binary>): Answer {
    const type =
      binary.contentType.startsWith('text/') && !binary.contentType.includes('charset')
        ? `${binary.contentType}; charset=utf-8`
        : binary.contentType;
    return {
      status: 200,
      type,
      body: this.binaries.content(binary),
      headers: { etag: `W/"${binary.meta?.versionId}"` },
    };
  }

  /** Attachments that point at Binaries become links, for callers that may read Binaries. */
  private withLinks(resource: Resource, actor: Actor): Resource {
    const text = JSON.stringify(resource);
    if (!text.includes('"Binary/') || (actor.policy && !actor.superAdmin && !mayReadBinaries(actor))) {
      return resource;
    }
    const linked = text.replace(/"url":"Binary\/([0-9a-f-]{36})"/g, (whole, id: string) => {
      const binary = this.records.find<Binary>('Binary', id);
      return binary ? `"url":${JSON.stringify(this.binaries.link(binary))}` : whole;
    });
    return JSON.parse(linked) as Resource;
  }

  private async rotateSecret(req: FhirRequest, repo: ProjectRepository): Promise<FhirResponse> {
    if (!isProjectAdmin(repo.actor)) {
      return [forbidden];
    }
    const client = this.records.read<ClientApplication>('ClientApplication', req.params['id'] as string);
    const given = (name: string): string | undefined =>
      (req.body as Parameters).parameter?.find((parameter) => parameter.name === name)?.valueString;
    const [secret, retiring] = [given('secret'), given('retiringSecret')];
    if (!secret && !retiring) {
      refuse('Secret to rotate must be provided');
    }
    if ((secret && secret !== client.secret) || (retiring && retiring !== client.retiringSecret)) {
      refuse('Provided secret does not match client');
    }
    const { retiringSecret: _dropped, ...rest } = client;
    const change = secret ? { secret: newSecret(), retiringSecret: secret } : {};
    const acting = new ProjectRepository(this.records.ledger, {
      project: repo.actor.project,
      author: repo.actor.author,
    });
    return [allOk, await acting.updateResource<ClientApplication>({ ...rest, ...change })];
  }
}

function mayReadBinaries(actor: Actor): boolean {
  return actor.policy?.resource?.some(({ resourceType }) => resourceType === '*' || resourceType === 'Binary') ?? false;
}

/** The router's request. `If-Match` reaches it on PUT only: the server reads it nowhere else. */
function fhirRequest(call: Call, transactions: boolean): FhirRequest {
  const headers = { ...call.headers };
  if (call.method !== 'PUT') {
    CONDITIONAL_HEADERS.forEach((name) => delete headers[name]);
  }
  const body = parseBody(call);
  if (call.method === 'PATCH' && !Array.isArray(body) && !isResource(body as Resource, 'Parameters')) {
    throw new OperationOutcomeError(badRequest('Patch body must be an array'));
  }
  const url = call.target.replace(/^(\/api)?\/fhir\/R4\/?/, '');
  return {
    method: call.method as FhirRequest['method'],
    url,
    pathname: '',
    body,
    params: {},
    query: {},
    headers,
    config: { transactions },
  };
}

async function validated(req: FhirRequest): Promise<FhirResponse> {
  const type = req.params['resourceType'];
  const resource = req.body as Resource;
  if (resource.resourceType !== type) {
    return [badRequest(`Incorrect resource type: expected ${type}, but found ${resource.resourceType || '<EMPTY>'}`)];
  }
  validate(resource);
  return [allOk];
}

async function expunged(req: FhirRequest, repo: ProjectRepository): Promise<FhirResponse> {
  const { resourceType, id } = req.params as { resourceType: string; id: string };
  if (!isProjectAdmin(repo.actor)) {
    return [forbidden];
  }
  await repo.readResource(resourceType, id);
  repo.expunge(resourceType, id);
  return [allOk];
}

export function isFhirPath(path: string): boolean {
  return path === ROOT || path.startsWith(`${ROOT}/`);
}
