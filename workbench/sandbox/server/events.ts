/** The event a handler gets: HL7 v2 bodies come as messages, and go back as text. */
import { ContentType, Hl7Message } from '@medplum/core';
import type { BotJob } from './botjob.ts';

interface Event {
  readonly input: unknown;
  readonly contentType?: string;
}

export function readEvent(job: BotJob): Event {
  const event = JSON.parse(job.event) as Event;
  const isMessage = event.contentType === ContentType.HL7_V2 && typeof event.input === 'string' && event.input !== '';
  return isMessage ? { ...event, input: Hl7Message.parse(event.input as string) } : event;
}

export function asSent(value: unknown): unknown {
  return value instanceof Hl7Message ? value.toString() : value;
}
