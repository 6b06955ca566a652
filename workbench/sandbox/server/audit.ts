/** The AuditEvent of a bot run. */
import { createReference, isResource, type WithId } from '@medplum/core';
import type { AuditEvent, AuditEventEntity, Bot, Reference, Resource, Subscription } from '@medplum/fhirtypes';
import { tracingExtension, type Trace } from './outcomes.ts';

const MAX_DESCRIPTION = 10 * 1024;
const ROLES = {
  patient: { code: '1', display: 'Patient' },
  domain: { code: '4', display: 'Domain' },
  subscriber: { code: '9', display: 'Subscriber' },
} as const;

export interface BotRun {
  readonly bot: WithId<Bot>;
  /** Who called; absent for an anonymous webhook. */
  readonly caller: Reference | undefined;
  readonly input: unknown;
  readonly subscription: WithId<Subscription> | undefined;
  readonly started: Date;
  readonly ended: Date;
  readonly succeeded: boolean;
  readonly log: string;
  readonly trace: Trace;
}

export function auditEvent(run: BotRun): AuditEvent {
  const bot = createReference(run.bot);
  const description = run.log.slice(-MAX_DESCRIPTION);
  return {
    resourceType: 'AuditEvent',
    period: { start: run.started.toISOString(), end: run.ended.toISOString() },
    recorded: run.ended.toISOString(),
    type: { system: 'https://medplum.com/CodeSystem/audit-event', code: 'execute' },
    agent: [
      { ...(run.caller ? { who: run.caller } : {}), requestor: true },
      { who: bot, requestor: false },
    ],
    source: { observer: bot },
    entity: entities(run),
    outcome: run.succeeded ? '0' : '4',
    ...(description ? { outcomeDesc: description } : {}),
    extension: [tracingExtension(run.trace)],
  } as AuditEvent;
}

function entities(run: BotRun): AuditEventEntity[] {
  const found: AuditEventEntity[] = [{ what: createReference(run.bot) as Reference, role: ROLES.domain }];
  const { input } = run;
  if (isResource(input as Resource) && (input as Resource).id) {
    const resource = input as WithId<Resource>;
    found.push({
      what: createReference(resource) as Reference,
      role: resource.resourceType === 'Patient' ? ROLES.patient : ROLES.domain,
    });
  }
  if (run.subscription) {
    found.push({ what: createReference(run.subscription) as Reference, role: ROLES.subscriber });
  }
  return found;
}

/** Whether the bot's `auditEventTrigger` asks for an event of this run. */
export function isAudited({ bot, succeeded, log }: BotRun): boolean {
  switch (bot.auditEventTrigger) {
    case 'never':
      return false;
    case 'on-error':
      return !succeeded;
    case 'on-output':
      return log !== '';
    default:
      return true;
  }
}
