/** The routes of bots: `$deploy`, `$execute` in every form of its path, and the anonymous webhook. */
import { allOk, type WithId } from '@medplum/core';
import type { Bot, Parameters, ProjectMembership } from '@medplum/fhirtypes';
import type { Actor } from './actor.ts';
import type { BotResult } from './botjob.ts';
import { botAnswer, returnedBinary, type Bots } from './bots.ts';
import { FHIR_JSON, html, json, parseBody, type Answer, type Call } from './http.ts';
import { wantsAsync, type Jobs } from './jobs.ts';
import { refuse, traced } from './outcomes.ts';
import type { Records } from './records.ts';
import { ProjectRepository } from './repository.ts';

const EXECUTE = /^\/fhir\/R4\/Bot(?:\/([^/$]+))?\/\$execute(?:\/.*)?$/;
const DEPLOY = /^\/fhir\/R4\/Bot\/([^/]+)\/\$deploy$/;
const WEBHOOK = /^\/webhook\/([^/]+)$/;

export class BotApi {
  private readonly records: Records;
  private readonly bots: Bots;
  private readonly jobs: Jobs;

  constructor(records: Records, bots: Bots, jobs: Jobs) {
    this.records = records;
    this.bots = bots;
    this.jobs = jobs;
  }

  /** The answer to a bot route that needs credentials. */
  async answer(call: Call, actor: Actor): Promise<Answer | undefined> {
    const repo = new ProjectRepository(this.records.ledger, actor);
    const deploy = DEPLOY.exec(call.path);
    if (deploy?.[1] && call.method === 'POST') {
      await this.bots.deploy(repo, deploy[1], parseBody(call) as { code?: string; filename?: string });
      return json(200, traced(allOk, call.trace), FHIR_JSON);
    }
    const execute = EXECUTE.exec(call.path);
    if (execute && (call.method === 'POST' || call.method === 'GET')) {
      const input = call.method === 'GET' ? call.query : parseBody(call);
      const bot = await this.addressed(call, repo, execute[1]);
      const run = (): Promise<BotResult> =>
        this.bots.execute({
          bot,
          caller: actor,
          input,
          contentType: call.contentType,
          headers: call.headers,
          trace: call.trace,
        });
      if (wantsAsync(call)) {
        return this.jobs.start(call, repo, async () => asParameters(await run()));
      }
      const result = await run();
      const answer = botAnswer(result, call.contentType);
      return call.headers['prefer']?.includes('return=minimal') && answer.status === 200
        ? { ...answer, body: '' }
        : answer;
    }
    return undefined;
  }

  /** `POST /webhook/<membership>`: no credentials, so the bot must allow it and have a policy. */
  async webhook(call: Call): Promise<Answer | undefined> {
    const id = WEBHOOK.exec(call.path)?.[1];
    if (!id || call.method !== 'POST') {
      return undefined;
    }
    const membership = this.records.read<ProjectMembership>('ProjectMembership', id);
    if (!membership.profile?.reference?.startsWith('Bot/')) {
      return html(403, 'ProjectMembership must be for a Bot resource');
    }
    if (!membership.accessPolicy && !membership.access) {
      return html(403, 'ProjectMembership must have an Access Policy');
    }
    const bot = this.records.readReference<Bot>(membership.profile);
    if (!bot.publicWebhook) {
      return html(403, 'Bot is not configured for public webhook access');
    }
    const result = await this.bots.execute({
      bot,
      caller: undefined,
      input: parseBody(call),
      contentType: call.contentType,
      headers: call.headers,
      trace: call.trace,
    });
    return webhookAnswer(result, call.contentType);
  }

  private async addressed(call: Call, repo: ProjectRepository, id: string | undefined): Promise<WithId<Bot>> {
    if (id) {
      return repo.readResource<Bot>('Bot', id);
    }
    const identifier = call.query['identifier'];
    const [bot] =
      typeof identifier === 'string' && identifier !== ''
        ? await repo.searchResources<Bot>({
            resourceType: 'Bot',
            count: 1,
            filters: [{ code: 'identifier', operator: 'eq', value: identifier }],
          })
        : [];
    return bot ?? refuse('Must specify bot ID or identifier.');
  }
}

/** As `$execute`, but a Binary goes out as its bytes. */
function webhookAnswer(result: BotResult, contentType: string | undefined): Answer {
  const binary = result.returned?.kind === 'json' ? returnedBinary(result.returned.text) : undefined;
  if (!binary) {
    return botAnswer(result, contentType);
  }
  return { status: 200, type: `${binary.contentType}; charset=utf-8`, body: Buffer.from(binary.data ?? '', 'base64') };
}

function asParameters({ returned, failure }: BotResult): Parameters {
  const text = returned && 'text' in returned ? returned.text : failure ? JSON.stringify(failure) : '';
  return { resourceType: 'Parameters', parameter: [{ name: 'responseBody', valueString: text }] };
}
