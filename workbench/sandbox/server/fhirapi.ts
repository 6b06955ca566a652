/** The FHIR routes: Medplum's FhirRouter, and beside it files, jobs and our own operations. */
import { accepted, allOk, badRequest, isResource, OperationOutcomeError } from '@medplum/core';
import { FhirRouter, type FhirRequest, type FhirResponse } from '@medplum/fhir-router';
import type { Parameters, Resource } from '@medplum/fhirtypes';
import type { Actor } from './actor.ts';
import type { Binaries } from './binaries.ts';
import { BinaryApi } from './binaryapi.ts';
import { dangerOf } from './dangers.ts';
import { fhirAnswer } from './fhiranswer.ts';
import { parseBody, type Answer, type Call } from './http.ts';
import { wantsAsync, type Jobs } from './jobs.ts';
import type { Log } from './log.ts';
import { addOperations } from './operations.ts';
import type { Records } from './records.ts';
import { ProjectRepository } from './repository.ts';

const ROOT = '/fhir/R4';
export const BATCH = /^\/fhir\/R4\/?$/;
const CONDITIONAL_HEADERS = ['if-match', 'if-none-match'];

export class FhirApi {
  private readonly records: Records;
  private readonly binaries: Binaries;
  private readonly files: BinaryApi;
  private readonly jobs: Jobs;
  private readonly log: Log;
  private readonly router = new FhirRouter({ introspectionEnabled: true });

  constructor(records: Records, binaries: Binaries, jobs: Jobs, log: Log) {
    this.records = records;
    this.binaries = binaries;
    this.jobs = jobs;
    this.log = log;
    this.files = new BinaryApi(records, binaries);
    addOperations(this.router, records);
  }

  async answer(call: Call, actor: Actor): Promise<Answer> {
    const repo = new ProjectRepository(this.records.ledger, actor);
    const stored = await this.files.stored(call, repo);
    if (stored) {
      return stored;
    }
    const runsTransactions = this.records.hasFeature(actor.project, 'transaction-bundles');
    const danger = dangerOf(call, runsTransactions);
    if (danger) {
      this.log.danger(danger);
    }
    const { baseUrl } = this.records.ledger;
    const job = await this.jobs.status(call, repo);
    if (job) {
      return fhirAnswer(call, baseUrl, job.status === 'accepted' ? accepted(job.request) : allOk, job);
    }
    const handle = (): Promise<FhirResponse> => this.router.handleRequest(fhirRequest(call, runsTransactions), repo);
    if (wantsAsync(call) && BATCH.test(call.path)) {
      return this.jobs.start(call, repo, async () => this.kept(repo, await handle()));
    }
    const [outcome, resource] = await handle();
    if (!resource) {
      return fhirAnswer(call, baseUrl, outcome);
    }
    return (
      this.files.bytes(call, resource) ?? fhirAnswer(call, baseUrl, outcome, this.files.withLinks(resource, actor))
    );
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

export function isFhirPath(path: string): boolean {
  return path === ROOT || path.startsWith(`${ROOT}/`);
}
