/** `Prefer: respond-async`: the work goes on behind a 202, its outcome is read from an AsyncJob. */
import { accepted, type WithId } from '@medplum/core';
import type { AsyncJob, Parameters } from '@medplum/fhirtypes';
import { FHIR_JSON, json, type Answer, type Call } from './http.ts';
import type { Log } from './log.ts';
import { traced } from './outcomes.ts';
import type { ProjectRepository } from './repository.ts';
import type { Records } from './records.ts';

const STATUS = /^\/fhir\/R4\/job\/([^/]+)\/status$/;

export function wantsAsync(call: Call): boolean {
  return call.method === 'POST' && (call.headers['prefer']?.includes('respond-async') ?? false);
}

export class Jobs {
  private readonly records: Records;
  private readonly log: Log;

  constructor(records: Records, log: Log) {
    this.records = records;
    this.log = log;
  }

  /** Starts `work` as a job of the caller, who needs the right to create one. */
  async start(call: Call, repo: ProjectRepository, work: () => Promise<Parameters>): Promise<Answer> {
    const { baseUrl } = this.records.ledger;
    const job = await repo.createResource<AsyncJob>({
      resourceType: 'AsyncJob',
      status: 'accepted',
      request: `${baseUrl.slice(0, -1)}${call.target}`,
      requestTime: new Date().toISOString(),
    });
    void this.finish(job, repo.actor.project, work);
    const url = `${baseUrl}fhir/R4/job/${job.id}/status`;
    return { ...json(202, traced(accepted(url), call.trace), FHIR_JSON), headers: { 'content-location': url } };
  }

  /** The job that a status path names. */
  async status(call: Call, repo: ProjectRepository): Promise<WithId<AsyncJob> | undefined> {
    const id = call.method === 'GET' ? STATUS.exec(call.path)?.[1] : undefined;
    return id ? repo.readResource<AsyncJob>('AsyncJob', id) : undefined;
  }

  private async finish(job: WithId<AsyncJob>, project: string, work: () => Promise<Parameters>): Promise<void> {
    const update = (fields: Partial<AsyncJob>): Promise<unknown> =>
      this.records
        .as(project)
        .updateResource<AsyncJob>({ ...job, ...fields, transactionTime: new Date().toISOString() });
    try {
      await update({ status: 'completed', output: await work() });
    } catch (error) {
      this.log.error(`job ${job.id}: ${error instanceof Error ? error.message : String(error)}`);
      await update({ status: 'error' });
    }
  }
}
