/** The way of a write: fields restored, references resolved, validated, allowed, recorded. */
import { deepEquals, forbidden, OperationOutcomeError, type AccessPolicyInteraction, type WithId } from '@medplum/core';
import type { Resource } from '@medplum/fhirtypes';
import type { Actor } from './actor.ts';
import type { Ledger } from './ledger.ts';
import { newMeta } from './meta.ts';
import { restoreFields, visible } from './fields.ts';
import { allowsWrite } from './policy.ts';
import { resolveReferences, type Find } from './references.ts';
import { withoutEmpty, withoutLinks, withoutServerMeta } from './shape.ts';
import { checkTargets } from './targets.ts';
import { validate } from './validation.ts';

export interface Write<T extends Resource> {
  readonly asked: WithId<T>;
  readonly before: WithId<T> | undefined;
  readonly interaction: AccessPolicyInteraction;
  /** Whether `before` is what the resource was when it was deleted. */
  readonly revives?: boolean;
}

/** Gives the resource as the actor sees it afterwards; unchanged content makes no version. */
export async function write<T extends Resource>(
  ledger: Ledger,
  actor: Actor,
  how: Write<T>,
  find: Find,
): Promise<WithId<T>> {
  const { asked, before, interaction, revives = false } = how;
  const kept = restoreFields(actor, withoutEmpty(withoutLinks(asked)), before) as WithId<T>;
  const resource = await resolveReferences(kept, find);
  check(ledger, actor, resource);
  if (before && !revives && deepEquals(withoutServerMeta(before), withoutServerMeta(resource))) {
    return visible(actor, before);
  }
  const meta = newMeta(resource, actor, before, crypto.randomUUID(), new Date().toISOString());
  const after = { ...resource, meta };
  if (!allowsWrite(actor, interaction, after, before)) {
    throw new OperationOutcomeError(forbidden);
  }
  const { resourceType: type, id } = after;
  ledger.record({ type, id, project: meta.project as string, before: revives ? undefined : before, after });
  return visible(actor, after);
}

/** Structure always; codes and targets of references only where the project asks for it. */
function check(ledger: Ledger, actor: Actor, resource: Resource): void {
  const project = actor.policy ? ledger.project(actor.project) : undefined;
  validate(resource, project?.features?.includes('validate-terminology'));
  if (project?.checkReferencesOnWrite) {
    checkTargets(resource, (type, id) => ledger.store.get(type, id)?.deleted === 0);
  }
}
