/** The policy that a membership amounts to: all it refers to, filled in, and what everybody and admins may. */
import type { WithId } from '@medplum/core';
import type { AccessPolicy, AccessPolicyResource, ProjectMembership, Reference } from '@medplum/fhirtypes';

const ALWAYS_READABLE: AccessPolicyResource[] = [
  { resourceType: 'SearchParameter', readonly: true },
  { resourceType: 'StructureDefinition', readonly: true },
];

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
