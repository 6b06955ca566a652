/** Bots: deploying code, running it for a caller, recording the run. */
import { allOk, createReference, isResource, OperationOutcomeError, badRequest, type WithId } from '@medplum/core';
import type { Binary, Bot, ProjectMembership, Subscription } from '@medplum/fhirtypes';
import type { Actor } from './actor.ts';
import { auditEvent, isAudited, type BotRun } from './audit.ts';
import type { Binaries } from './binaries.ts';
import type { BotResult, Returned, Runtime } from './botjob.ts';
import type { BotPool } from './botpool.ts';
import { FHIR_JSON, JSON_UTF8, type Answer, type Headers } from './http.ts';
import type { Log } from './log.ts';
import type { Logins } from './logins.ts';
import { refuse, type Trace } from './outcomes.ts';
import type { Records } from './records.ts';
import type { ProjectRepository } from './repository.ts';

const DEFAULT_TIMEOUT_SECONDS = 10;
/** Answers to these go back as they came; every other answer is JSON. */
const ECHOED_TYPES = /^(text\/plain|x-application\/hl7-v2\+er7)$/;

export interface BotCall {
  readonly bot: WithId<Bot>;
  /** Who calls; absent for an anonymous webhook. */
  readonly caller: Actor | undefined;
  readonly input: unknown;
  readonly contentType: string | undefined;
  readonly headers: Headers;
  readonly trace: Trace;
  readonly subscription?: WithId<Subscription>;
}

export interface BotsSettings {
  readonly runtime: Runtime;
  readonly baseUrl: string;
}

export class Bots {
  private readonly records: Records;
  private readonly binaries: Binaries;
  private readonly logins: Logins;
  private readonly pool: BotPool;
  private readonly log: Log;
  private readonly settings: BotsSettings;

  constructor(records: Records, binaries: Binaries, logins: Logins, pool: BotPool, log: Log, settings: BotsSettings) {
    this.records = records;
    this.binaries = binaries;
    this.logins = logins;
    this.pool = pool;
    this.log = log;
    this.settings = settings;
  }

  /** Stores code for a bot. Nothing about the code is checked; without `code` in the body the bot keeps what it has. */
  async deploy(
    repo: ProjectRepository,
    id: string,
    body: { readonly code?: string; readonly filename?: string },
  ): Promise<void> {
    const bot = await repo.readResource<Bot>('Bot', id);
    this.demandBots(repo.actor.project);
    if (!body.code) {
      if (!bot.executableCode) {
        refuse('Bot missing executable code');
      }
      return;
    }
    const title = body.filename ?? 'index.js';
    const binary = await this.binaries.create(
      this.records.as(repo.actor.project),
      Buffer.from(body.code),
      'text/javascript',
    );
    await repo.updateResource<Bot>({
      ...bot,
      executableCode: { contentType: 'text/javascript', url: `Binary/${binary.id}`, title },
    });
    this.pool.warm();
  }

  /** Runs a bot as it is stored, of which the caller may see less (`hiddenFields`), and records its AuditEvent. */
  async execute(asked: BotCall): Promise<BotResult> {
    const call = { ...asked, bot: this.records.find<Bot>('Bot', asked.bot.id) ?? asked.bot };
    const started = new Date();
    const result = await this.run(call);
    await this.audit({
      bot: call.bot,
      caller: call.caller?.profile ? createReference(call.caller.profile) : undefined,
      input: call.input,
      subscription: call.subscription,
      started,
      ended: new Date(),
      succeeded: !result.failure,
      log: result.log,
      trace: call.trace,
    });
    return result;
  }

  private async run(call: BotCall): Promise<BotResult> {
    const { bot, trace } = call;
    const project = bot.meta?.project as string;
    const membership = this.membership(call);
    const id = crypto.randomUUID();
    if (!this.records.hasFeature(project, 'bots')) {
      return { id, log: '', failure: badRequest('Bots not enabled') };
    }
    const code = this.code(bot);
    if (code === undefined || !membership) {
      return { id, log: '', failure: badRequest(membership ? 'No executable code' : 'Bot has no membership') };
    }
    const secrets = Object.fromEntries(
      (this.records.project(project).secret ?? []).map((secret) => [secret.name, secret]),
    );
    const event = {
      bot: createReference(bot),
      input: call.input,
      contentType: call.contentType,
      secrets,
      traceId: call.caller ? trace.traceId : undefined,
      headers: call.headers,
    };
    return this.pool.run(
      {
        id,
        code,
        event: JSON.stringify(event),
        baseUrl: this.settings.baseUrl,
        token: await this.logins.botToken(membership),
        traceId: trace.traceId,
        runtime: bot.runtimeVersion === 'awslambda' ? 'awslambda' : 'vmcontext',
        timeoutMs: (bot.timeout ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
        bot: { id: bot.id, version: bot.meta?.versionId ?? '' },
        isModule: bot.executableCode?.title?.endsWith('.mjs') ?? false,
        requester: call.caller?.profile ? createReference(call.caller.profile) : undefined,
      },
      call.caller?.profile?.resourceType === 'Bot',
    );
  }

  /** A bot acts as itself; with `runAsUser`, or without a membership of its own, as its caller. */
  private membership({ bot, caller }: BotCall): WithId<ProjectMembership> | undefined {
    return bot.runAsUser ? caller?.membership : (this.records.membershipOf(`Bot/${bot.id}`) ?? caller?.membership);
  }

  private code(bot: Bot): string | undefined {
    const id = bot.executableCode?.url?.split('/')[1];
    const binary = this.records.find<Binary>('Binary', id);
    return binary ? Buffer.from(this.binaries.content(binary)).toString('utf8') : undefined;
  }

  private demandBots(project: string): void {
    if (!this.records.hasFeature(project, 'bots')) {
      throw new OperationOutcomeError(badRequest('Bots not enabled'));
    }
  }

  private async audit(run: BotRun): Promise<void> {
    if (!isAudited(run)) {
      return;
    }
    const event = auditEvent(run);
    const destinations: readonly string[] = run.bot.auditEventDestination ?? ['resource'];
    if (destinations.includes('resource')) {
      await this.records.as(run.bot.meta?.project as string).createResource(event);
    }
    if (destinations.includes('log')) {
      this.log.info(`audit ${JSON.stringify({ ...event, outcomeDesc: undefined })}`);
    }
  }
}

/** The HTTP answer to a run: always 200 or 400, whatever the bot meant. */
export function botAnswer(result: BotResult, contentType: string | undefined): Answer {
  if (result.failure) {
    return { status: 400, type: JSON_UTF8, body: JSON.stringify(result.failure) };
  }
  const type = contentType && ECHOED_TYPES.test(contentType) ? `${contentType}; charset=utf-8` : JSON_UTF8;
  const returned = result.returned as Returned;
  switch (returned.kind) {
    case 'nothing':
      return { status: 200, type: JSON_UTF8, body: JSON.stringify(allOk) };
    case 'null':
      return { status: 200, type, body: '' };
    case 'unserialisable':
      return { status: 500, type: JSON_UTF8, body: JSON.stringify({ msg: 'Internal Server Error' }) };
    default:
      return {
        status: 200,
        type: returned.kind === 'json' && returnedBinary(returned.text) ? FHIR_JSON : type,
        body: returned.text,
      };
  }
}

/** The Binary that a bot returned, if that is what the JSON text holds. */
export function returnedBinary(text: string): Binary | undefined {
  if (!text.includes('"Binary"')) {
    return undefined;
  }
  const value = JSON.parse(text) as Binary;
  return isResource(value, 'Binary') ? value : undefined;
}
