import type { AccessPolicy, AccessPolicyResource, Patient, ProjectMembership, Task } from '@medplum/fhirtypes';
import type { WithId } from '@medplum/core';
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Actor } from '../../../workbench/sandbox/server/actor.ts';
import { loadDefinitions } from '../../../workbench/sandbox/server/definitions.ts';
import { effectivePolicy } from '../../../workbench/sandbox/server/effectivepolicy.ts';
import { restoreFields, visible } from '../../../workbench/sandbox/server/fields.ts';
import { allowsWrite, searchRules, supports } from '../../../workbench/sandbox/server/policy.ts';

before(() => loadDefinitions(new URL('../../../workbench/sandbox/bundle/definitions.json.gz', import.meta.url)));

function under(...resource: AccessPolicyResource[]): Actor {
  return { project: 'p', author: {}, policy: { resourceType: 'AccessPolicy', resource } };
}

const patient: Patient = {
  resourceType: 'Patient',
  id: '1',
  birthDate: '2000-01-01',
  name: [{ family: 'X', given: ['Y'] }],
};
const draft: Task = { resourceType: 'Task', status: 'draft', intent: 'order' };

test('hidden fields are taken out, nested ones too, and the resource itself stays whole', () => {
  const actor = under({ resourceType: 'Patient', hiddenFields: ['birthDate', 'name.given'] });

  assert.deepEqual(visible(actor, patient), { resourceType: 'Patient', id: '1', name: [{ family: 'X' }] });
  assert.equal(patient.birthDate, '2000-01-01');
});

test('hidden and read-only fields are put back as they were', () => {
  const actor = under({ resourceType: 'Patient', hiddenFields: ['birthDate'], readonlyFields: ['gender'] });
  const asked: Patient = { resourceType: 'Patient', id: '1', gender: 'male' };

  assert.deepEqual(restoreFields(actor, asked, patient), { resourceType: 'Patient', id: '1', birthDate: '2000-01-01' });
});

test('a write constraint sees what was and what will be', () => {
  const forward = {
    language: 'text/fhirpath',
    expression: "%before.exists() implies %before.status = 'draft'",
  } as const;
  const actor = under({ resourceType: 'Task', writeConstraint: [forward] });
  const ready: Task = { ...draft, status: 'ready' };

  assert.equal(allowsWrite(actor, 'create', ready), true);
  assert.equal(allowsWrite(actor, 'update', ready, draft), true);
  assert.equal(allowsWrite(actor, 'update', draft, ready), false);
});

test('one rule must allow the write as a whole: two halves do not make one', () => {
  const never = { language: 'text/fhirpath', expression: 'false' } as const;
  const actor = under(
    { resourceType: 'Task', criteria: 'Task?status=draft' },
    { resourceType: 'Task', writeConstraint: [never] },
  );

  assert.equal(allowsWrite(actor, 'create', { ...draft, status: 'ready' }), false);
});

test('a star covers AccessPolicy as in 5.0.2, but no project, member or signing key', () => {
  const actor = under({ resourceType: '*' });

  assert.deepEqual(
    ['AccessPolicy', 'Patient', 'Project', 'ProjectMembership', 'Login'].map((type) => supports(actor, 'read', type)),
    [true, true, false, false, false],
  );
});

test('the rules of a search are those with the interaction', () => {
  const searching: AccessPolicyResource = {
    resourceType: 'Task',
    interaction: ['search'],
    criteria: 'Task?status=draft',
  };
  const actor = under(searching, { resourceType: 'Task', interaction: ['create'] });

  assert.deepEqual(searchRules(actor, 'Task'), [searching]);
});

test('parameters and the profile are filled into criteria, whatever they contain', () => {
  const policy: AccessPolicy = {
    resourceType: 'AccessPolicy',
    resource: [{ resourceType: 'Patient', criteria: 'Patient?organization=%org&general-practitioner=%profile' }],
  };
  const membership = {
    resourceType: 'ProjectMembership',
    id: 'm',
    project: { reference: 'Project/p' },
    user: { reference: 'Bot/b' },
    profile: { reference: 'Bot/b' },
    access: [{ policy: { reference: 'AccessPolicy/1' }, parameter: [{ name: 'org', valueString: 'a"b\\c' }] }],
  } as WithId<ProjectMembership>;

  const [rule] = effectivePolicy(membership, () => policy).resource ?? [];

  assert.equal(rule?.criteria, 'Patient?organization=a"b\\c&general-practitioner=Bot/b');
});
