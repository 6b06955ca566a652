/** Access policies: which apply to a membership, and what they let an actor read, write and see. */
import {
  accessPolicySupportsInteraction,
  AccessPolicyInteraction,
  deepClone,
  evalFhirPathTyped,
  projectAdminResourceTypes,
  protectedResourceTypes,
  satisfiedAccessPolicy,
  toJsBoolean,
  toTypedValue,
  type TypedValue,
  type WithId,
} from '@medplum/core';
import type {
  AccessPolicy,
  AccessPolicyResource,
  ProjectMembership,
  Reference,
  Resource,
  ResourceType,
} from '@medplum/fhirtypes';
import type { Actor } from './actor.ts';

type Fields = Record<string, unknown>;

const NOTHING: TypedValue = { type: 'undefined', value: undefined };
const ALWAYS_READABLE: AccessPolicyResource[] = [
  { resourceType: 'SearchParameter', readonly: true },
  { resourceType: 'StructureDefinition', readonly: true },
];
/** 5.0.2 lets `*` cover AccessPolicy; later versions of core do not. */
const COVERED_BY_STAR: AccessPolicyResource = { resourceType: 'AccessPolicy' };

/** The one policy made of all that a membership refers to, as `/auth/me` shows it. */
export function effectivePolicy(
  membership: WithId<ProjectMembership>,
  readPolicy: (reference: Reference) => AccessPolicy,
): AccessPolicy {
  const parts: { readonly reference: Reference; readonly policy: AccessPolicy }[] = [];
  if (membership.accessPolicy) {
    parts.push({
      reference: membership.accessPolicy,
      policy: fillIn(readPolicy(membership.accessPolicy), membership, []),
    });
  }
  for (const access of membership.access ?? []) {
    parts.push({
      reference: access.policy,
      policy: fillIn(readPolicy(access.policy), membership, access.parameter ?? []),
    });
  }
  const resource = parts.flatMap(({ policy }) => policy.resource ?? []).map(withInteractions);
  if (parts.length === 0) {
    resource.push({ resourceType: '*' });
  }
  const ipAccessRule = parts.flatMap(({ policy }) => policy.ipAccessRule ?? []);
  return {
    resourceType: 'AccessPolicy',
    basedOn: parts.map(({ reference }) => ({ reference: reference.reference })),
    resource: [...resource, ...ALWAYS_READABLE, ...(membership.admin ? adminRules(membership) : [])],
    ...(ipAccessRule.length > 0 ? { ipAccessRule } : {}),
  } as AccessPolicy;
}

function withInteractions(rule: AccessPolicyResource): AccessPolicyResource {
  return rule.readonly && !rule.interaction ? { ...rule, interaction: ['search', 'read', 'history', 'vread'] } : rule;
}

function adminRules(membership: ProjectMembership): AccessPolicyResource[] {
  const project = membership.project?.reference?.split('/')[1] ?? '';
  return [
    {
      resourceType: 'Project',
      criteria: `Project?_id=${project}`,
      readonlyFields: ['features', 'link', 'systemSetting'],
      hiddenFields: ['superAdmin', 'systemSecret', 'strictMode'],
    },
    { resourceType: 'ProjectMembership', readonlyFields: ['project', 'user'] },
    { resourceType: 'UserSecurityRequest', readonly: true },
    {
      resourceType: 'User',
      hiddenFields: ['passwordHash', 'mfaSecret'],
      readonlyFields: ['email', 'emailVerified', 'mfaEnrolled', 'project'],
    },
  ];
}

/** Replaces `%profile`, `%profile.id` and the membership's parameters in the text of a policy. */
function fillIn(
  policy: AccessPolicy,
  membership: ProjectMembership,
  parameters: NonNullable<NonNullable<ProjectMembership['access']>[number]['parameter']>,
): AccessPolicy {
  const values = new Map<string, string>([['profile', membership.profile?.reference ?? '']]);
  for (const { name, valueString, valueReference } of parameters) {
    values.set(name, valueString ?? valueReference?.reference ?? '');
  }
  if (!values.has('patient') && membership.profile?.reference?.startsWith('Patient/')) {
    values.set('patient', membership.profile.reference);
  }
  let text = JSON.stringify(policy);
  for (const [name, value] of values) {
    text = text.replaceAll(`%${name}.id`, quoted(value.split('/')[1] ?? value)).replaceAll(`%${name}`, quoted(value));
  }
  return JSON.parse(text) as AccessPolicy;
}

function quoted(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

/** Whether an actor may do this to some resources of the type at all. */
export function supports(actor: Actor, interaction: AccessPolicyInteraction, type: string): boolean {
  if (!actor.policy || actor.superAdmin) {
    return true;
  }
  return (
    !protectedResourceTypes.includes(type) &&
    (accessPolicySupportsInteraction(actor.policy, interaction, type as ResourceType) ||
      accessPolicySupportsInteraction(starred(actor.policy, type), interaction, type as ResourceType))
  );
}

function starred(policy: AccessPolicy, type: string): AccessPolicy {
  const star =
    type === 'AccessPolicy' && projectAdminResourceTypes.includes(type)
      ? policy.resource?.find((rule) => rule.resourceType === '*')
      : undefined;
  return { resourceType: 'AccessPolicy', resource: star ? [{ ...star, ...COVERED_BY_STAR }] : [] };
}

/** The rule that lets an actor do this to this resource, or undefined. */
export function ruleFor(
  actor: Actor,
  interaction: AccessPolicyInteraction,
  resource: Resource,
): AccessPolicyResource | undefined {
  if (!actor.policy || actor.superAdmin) {
    return { resourceType: '*' };
  }
  return (
    satisfiedAccessPolicy(resource, interaction, actor.policy) ??
    satisfiedAccessPolicy(resource, interaction, starred(actor.policy, resource.resourceType))
  );
}

/** The rules under which an actor may search a type; undefined means without limits. */
export function searchRules(actor: Actor, type: string): AccessPolicyResource[] | undefined {
  if (!actor.policy || actor.superAdmin) {
    return undefined;
  }
  const rules = [...(actor.policy.resource ?? []), ...(starred(actor.policy, type).resource ?? [])];
  return rules.filter((rule) =>
    accessPolicySupportsInteraction(
      { resourceType: 'AccessPolicy', resource: [rule] },
      AccessPolicyInteraction.SEARCH,
      type as ResourceType,
    ),
  );
}

/** Whether some rule lets the actor turn `before` into `after`, its constraints met. */
export function allowsWrite(
  actor: Actor,
  interaction: AccessPolicyInteraction,
  after: Resource,
  before?: Resource,
): boolean {
  if (!actor.policy || actor.superAdmin) {
    return true;
  }
  const rules = [...(actor.policy.resource ?? []), ...(starred(actor.policy, after.resourceType).resource ?? [])];
  return rules.some((rule) => {
    const alone: AccessPolicy = { resourceType: 'AccessPolicy', resource: [rule] };
    return (
      (!before || satisfiedAccessPolicy(before, interaction, alone)) &&
      satisfiedAccessPolicy(after, interaction, alone) &&
      constraintsMet(rule, after, before)
    );
  });
}

function constraintsMet(rule: AccessPolicyResource, after: Resource, before: Resource | undefined): boolean {
  const variables = { '%before': before ? toTypedValue(before) : NOTHING, '%after': toTypedValue(after) };
  return (rule.writeConstraint ?? []).every(({ expression }) =>
    toJsBoolean(evalFhirPathTyped(expression as string, [variables['%after']], variables)),
  );
}

/** The resource as the actor may see it: without the hidden fields of the rule that lets them read it. */
export function visible<T extends Resource>(actor: Actor, resource: T): T {
  const rule =
    ruleFor(actor, AccessPolicyInteraction.READ, resource) ?? ruleFor(actor, AccessPolicyInteraction.SEARCH, resource);
  if (!rule?.hiddenFields?.length) {
    return resource;
  }
  const copy = deepClone(resource);
  rule.hiddenFields.forEach((field) => removeField(copy as unknown as Fields, field.split('.')));
  return copy;
}

/** What the actor may not change, put back as it was: hidden and read-only fields. */
export function restoreFields(actor: Actor, after: Resource, before: Resource | undefined): Resource {
  const rule = ruleFor(
    actor,
    before ? AccessPolicyInteraction.UPDATE : AccessPolicyInteraction.CREATE,
    before ?? after,
  );
  const fields = [...(rule?.readonlyFields ?? []), ...(rule?.hiddenFields ?? [])];
  if (fields.length === 0) {
    return after;
  }
  const copy = deepClone(after);
  for (const field of fields) {
    const path = field.split('.');
    const held = path.length === 1 && before ? (before as unknown as Fields)[field] : undefined;
    if (held === undefined) {
      removeField(copy as unknown as Fields, path);
    } else {
      (copy as unknown as Fields)[field] = held;
    }
  }
  return copy;
}

function removeField(target: unknown, path: readonly string[]): void {
  if (Array.isArray(target)) {
    target.forEach((element) => removeField(element, path));
    return;
  }
  const [head, ...rest] = path;
  if (!head || typeof target !== 'object' || target === null) {
    return;
  }
  const fields = target as Fields;
  if (rest.length > 0) {
    removeField(fields[head], rest);
    return;
  }
  for (const key of Object.keys(fields)) {
    // `value[x]`: a hidden `value` hides every typed form of it, and the extension beside a primitive.
    if (
      key === head ||
      key === `_${head}` ||
      (key.startsWith(head) && /^[A-Z]/.test(key.slice(head.length)) && head === 'value')
    ) {
      delete fields[key];
    }
  }
}
