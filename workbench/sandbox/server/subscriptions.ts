/** Subscriptions whose endpoint is a Bot: each matching write runs the bot, after the write is committed. */
import { resourceMatchesSubscriptionCriteria, type WithId } from '@medplum/core';
import type { Bot, Resource, Subscription } from '@medplum/fhirtypes';
import type { Authenticator } from './auth.ts';
import type { Bots } from './bots.ts';
import type { Change, Ledger } from './ledger.ts';
import type { Log } from './log.ts';
import { traceOf } from './http.ts';
import type { Records } from './records.ts';

/** Writes of these run nothing, or bots would answer to their own records. */
const SILENT = new Set(['AuditEvent', 'Binary']);
const ATTEMPTS = 3;

type Interaction = 'create' | 'update' | 'delete';

export class Subscriptions {
  private readonly records: Records;
  private readonly bots: Bots;
  private readonly authenticator: Authenticator;
  private readonly log: Log;
  private active: WithId<Subscription>[] | undefined;
  private queue = Promise.resolve();

  constructor(ledger: Ledger, records: Records, bots: Bots, authenticator: Authenticator, log: Log) {
    this.records = records;
    this.bots = bots;
    this.authenticator = authenticator;
    this.log = log;
    ledger.listen((change) => this.hear(change));
  }

  private hear(change: Change): void {
    if (change.type === 'Subscription') {
      this.active = undefined;
      this.note(change.after as Subscription | undefined);
    }
    if (SILENT.has(change.type)) {
      return;
    }
    const candidates = this.current().filter(
      (subscription) => subscription.meta?.project === change.project && subscription.criteria.startsWith(change.type),
    );
    for (const subscription of candidates) {
      this.queue = this.queue
        .then(() => this.deliver(subscription, change))
        .catch((error: unknown) => this.log.error(`subscription ${subscription.id}: ${String(error)}`));
    }
  }

  /** What is not delivered is said, lest one waits for it. */
  private note(subscription: Subscription | undefined): void {
    if (subscription?.status === 'active' && !subscription.channel.endpoint?.startsWith('Bot/')) {
      this.log.info(`subscription ${subscription.id}: only Bots are run, its endpoint is never called`);
    }
  }

  private current(): WithId<Subscription>[] {
    this.active ??= this.records
      .matching<Subscription>('Subscription', 'status', 'active')
      .filter(({ channel }) => channel.type === 'rest-hook' && channel.endpoint?.startsWith('Bot/'));
    return this.active;
  }

  private async deliver(subscription: WithId<Subscription>, change: Change): Promise<void> {
    const interaction: Interaction = change.after ? (change.before ? 'update' : 'create') : 'delete';
    const resource = (change.after ?? change.before) as WithId<Resource>;
    const matches = await resourceMatchesSubscriptionCriteria({
      resource,
      subscription,
      context: { interaction } as never,
      getPreviousResource: async () => change.before,
    });
    const bot = this.records.find<Bot>('Bot', subscription.channel.endpoint?.split('/')[1]);
    if (matches && bot) {
      await this.run(bot, subscription, resource, interaction);
    }
  }

  private async run(
    bot: WithId<Bot>,
    subscription: WithId<Subscription>,
    resource: WithId<Resource>,
    interaction: Interaction,
  ): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const trace = traceOf({});
      const membership =
        this.records.membershipOf(resource.meta?.author?.reference ?? '') ?? this.records.membershipOf(`Bot/${bot.id}`);
      const headers = {
        'Content-Type': 'application/fhir+json',
        'X-Medplum-Subscription': subscription.id,
        'X-Medplum-Interaction': interaction,
        'x-trace-id': trace.traceId,
        ...(interaction === 'delete'
          ? { 'X-Medplum-Deleted-Resource': `${resource.resourceType}/${resource.id}` }
          : {}),
      };
      const result = await this.bots.execute({
        bot,
        subscription,
        trace,
        headers,
        input: interaction === 'delete' ? {} : resource,
        contentType: 'application/fhir+json',
        caller: membership ? this.authenticator.member(membership) : undefined,
      });
      if (!result.failure) {
        return;
      }
    }
    this.log.error(`subscription ${subscription.id}: bot ${bot.id} failed ${ATTEMPTS} times`);
  }
}
