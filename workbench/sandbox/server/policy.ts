/** What an actor's access policy lets it do with a type, or with one resource. */
import {
  accessPolicySupportsInteraction,
  evalFhirPathTyped,
  protectedResourceTypes,
  satisfiedAccessPolicy,
  toJsBoolean,
  toTypedValue,
  type AccessPolicyInteraction,
  type TypedValue,
} from '@medplum/core';
import type { AccessPolicy, AccessPolicyResource, Resource, ResourceType } from '@medplum/fhirtypes';
import type { Actor } from './actor.ts';

const NOTHING: TypedValue = { type: 'undefined', value: undefined };
const EVERYTHING: AccessPolicyResource = { resourceType: '*' };

/** Whether an actor may do this to some resources of the type at all. */
export function supports(actor: Actor, interaction: AccessPolicyInteraction, type: string): boolean {
  const rules = rulesFor(actor, type);
  return !rules || (!protectedResourceTypes.includes(type) && some(rules, interaction, type));
}

/** The rule that lets an actor do this to this resource, or undefined. */
export function ruleFor(
  actor: Actor,
  interaction: AccessPolicyInteraction,
  resource: Resource,
): AccessPolicyResource | undefined {
  const rules = rulesFor(actor, resource.resourceType);
  return rules ? satisfiedAccessPolicy(resource, interaction, policyOf(rules)) : EVERYTHING;
}

/** The rules under which an actor may search a type; undefined means without limits. */
export function searchRules(actor: Actor, type: string): AccessPolicyResource[] | undefined {
  return rulesFor(actor, type)?.filter((rule) => some([rule], 'search', type));
}

/** Whether one rule lets the actor turn `before` into `after`, its constraints met. */
export function allowsWrite(
  actor: Actor,
  interaction: AccessPolicyInteraction,
  after: Resource,
  before?: Resource,
): boolean {
  const rules = rulesFor(actor, after.resourceType);
  return (
    !rules ||
    rules.some((rule) => {
      const alone = policyOf([rule]);
      return (
        (!before || satisfiedAccessPolicy(before, interaction, alone)) &&
        satisfiedAccessPolicy(after, interaction, alone) &&
        constraintsMet(rule, after, before)
      );
    })
  );
}

/** The actor's rules, or undefined when none bind it. In 5.0.2 `*` covers AccessPolicy; in later versions not. */
function rulesFor({ policy, superAdmin }: Actor, type: string): AccessPolicyResource[] | undefined {
  if (!policy || superAdmin) {
    return undefined;
  }
  const rules = policy.resource ?? [];
  const star = type === 'AccessPolicy' ? rules.find(({ resourceType }) => resourceType === '*') : undefined;
  return star ? [...rules, { ...star, resourceType: type }] : rules;
}

function some(rules: AccessPolicyResource[], interaction: AccessPolicyInteraction, type: string): boolean {
  return accessPolicySupportsInteraction(policyOf(rules), interaction, type as ResourceType);
}

function policyOf(resource: AccessPolicyResource[]): AccessPolicy {
  return { resourceType: 'AccessPolicy', resource };
}

function constraintsMet(rule: AccessPolicyResource, after: Resource, before: Resource | undefined): boolean {
  const variables = { '%before': before ? toTypedValue(before) : NOTHING, '%after': toTypedValue(after) };
  return (rule.writeConstraint ?? []).every(({ expression }) =>
    toJsBoolean(evalFhirPathTyped(expression as string, [variables['%after']], variables)),
  );
}
