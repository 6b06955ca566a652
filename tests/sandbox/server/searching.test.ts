import { parseSearchRequest, type WithId } from '@medplum/core';
import type { AuditEvent, Patient, Resource } from '@medplum/fhirtypes';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemActor } from '../../../workbench/sandbox/server/actor.ts';
import { loadDefinitions } from '../../../workbench/sandbox/server/definitions.ts';
import { Faults } from '../../../workbench/sandbox/server/faults.ts';
import { Ledger } from '../../../workbench/sandbox/server/ledger.ts';
import { Log } from '../../../workbench/sandbox/server/log.ts';
import { ProjectRepository } from '../../../workbench/sandbox/server/repository.ts';
import { Store } from '../../../workbench/sandbox/server/store.ts';

const folder = mkdtempSync(join(tmpdir(), 'sandbox-'));
let repo: ProjectRepository;
let store: Store;

/** More rows than are sorted by hand, so that both ways of sorting are taken. */
const MANY = 1200;

before(async () => {
  loadDefinitions(new URL('../../../workbench/sandbox/bundle/definitions.json.gz', import.meta.url));
  store = new Store(join(folder, 'test.db'));
  const faults = new Faults({ conflict: 0, fail: 0, latency: 0, seed: 1 });
  repo = new ProjectRepository(
    new Ledger(store, faults, 'http://127.0.0.1/', new Log(join(folder, 'log'))),
    systemActor('p'),
  );
  for (let number = 0; number < MANY; number += 1) {
    const dated = number % 10 === 0 ? {} : { birthDate: `2000-01-${String(1 + ((number * 7) % 28)).padStart(2, '0')}` };
    const gender = number % 100 === 0 ? 'other' : 'male';
    await repo.createResource<Patient>({
      resourceType: 'Patient',
      ...dated,
      gender,
      identifier: [{ system: 's', value: `v${number}` }],
    });
  }
});

after(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

async function found(query: string): Promise<WithId<Patient>[]> {
  return repo.searchResources<Patient>(parseSearchRequest<Patient>(`Patient?${query}`));
}

async function paged(query: string, size: number): Promise<(string | undefined)[]> {
  const dates: (string | undefined)[] = [];
  for (let offset = 0; ; offset += size) {
    const page = await found(`${query}&_count=${size}&_offset=${offset}`);
    dates.push(...page.map(({ birthDate }) => birthDate));
    if (page.length < size) {
      return dates;
    }
  }
}

function inOrder(dates: (string | undefined)[]): (string | undefined)[] {
  return dates.toSorted((a, b) => (a ?? '9').localeCompare(b ?? '9'));
}

test('an ascending sort puts rows without a value last, page by page', async () => {
  const dates = await paged('_sort=birthdate', 100);

  assert.equal(dates.length, MANY);
  assert.deepEqual(dates, inOrder(dates));
});

test('a descending sort puts them first', async () => {
  const dates = await paged('_sort=-birthdate', 100);

  assert.equal(dates.length, MANY);
  assert.deepEqual(dates, inOrder(dates).reverse());
});

test('few rows are sorted alike', async () => {
  const dates = await paged('gender=other&_sort=birthdate', 5);

  assert.equal(dates.length, MANY / 100);
  assert.deepEqual(dates, inOrder(dates));
});

test('a rare value and a common one find the same kind of rows', async () => {
  assert.equal((await found('identifier=s|v7')).length, 1);
  assert.equal((await found('gender=male&_count=1000')).length, 1000);
  assert.equal((await found('gender=male&identifier=s|v7,s|v100')).length, 1);
});

test('a transaction that fails leaves nothing, not even the search parameters it met first', async () => {
  const account: Resource = { resourceType: 'Account', status: 'active', name: 'gone' };
  const transaction = repo.withTransaction(
    async (inner) => {
      await inner.createResource(account);
      throw new Error('undone');
    },
    { resourceTypes: 'Account' },
  );
  await assert.rejects(transaction, /undone/);
  await repo.createResource({ ...account, name: 'kept' });

  const names = (await repo.searchResources(parseSearchRequest('Account?name=gone,kept'))).map(
    (found) => 'name' in found && found.name,
  );

  assert.deepEqual(names, ['kept']);
});

test('calls at once see each other’s writes whole, and one conditional write makes one row', async () => {
  const search = parseSearchRequest<Patient>('Patient?identifier=s|once');
  const patient: Patient = { resourceType: 'Patient', identifier: [{ system: 's', value: 'once' }] };

  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () => repo.conditionalUpdate({ ...patient }, { ...search })),
  );

  assert.equal(new Set(outcomes.map(({ resource }) => resource.id)).size, 1);
});

test('the newest of a common value come first, each once, and pages by time meet every row', async () => {
  const newest = await found('gender=male&identifier=s|&_sort=-_lastUpdated&_count=1000');
  const times = newest.map(({ meta }) => meta?.lastUpdated ?? '');

  assert.deepEqual(times, times.toSorted().reverse());
  assert.equal(new Set(newest.map(({ id }) => id)).size, 1000);

  const seen = new Set<string>();
  let next: string | undefined = 'gender=male&_sort=_lastUpdated&_count=100';
  while (next) {
    const bundle = await repo.search<Patient>(parseSearchRequest<Patient>(`Patient?${next}`));
    bundle.entry?.forEach(({ resource }) => seen.add(resource?.id ?? ''));
    next = bundle.link?.find(({ relation }) => relation === 'next')?.url?.split('?')[1];
  }
  assert.equal(seen.size, MANY - MANY / 100);
});

test('a time bounds the walk along a common value', async () => {
  const [last] = await found('gender=male&_sort=-_lastUpdated&_count=1');

  assert.equal((await found(`gender=male&_lastUpdated=gt${last?.meta?.lastUpdated}`)).length, 0);
  assert.ok((await found(`gender=male&_lastUpdated=ge${last?.meta?.lastUpdated}`)).length >= 1);
});

test('the newest failures of a bot are walked alone, however many runs it and others have', async () => {
  const record = (bot: string, outcome: '0' | '8', recorded: string): Promise<WithId<AuditEvent>> =>
    repo.createResource<AuditEvent>({
      resourceType: 'AuditEvent',
      type: { code: 'execute' },
      recorded,
      agent: [{ requestor: true }],
      source: { observer: { reference: bot } },
      entity: [{ what: { reference: bot } }],
      outcome,
    });
  for (let number = 0; number < 600; number += 1) {
    await record('Bot/busy', '0', '2026-01-01T00:00:00Z');
    await record('Bot/broken', '8', '2026-01-01T00:00:00Z');
  }
  const failures = [await record('Bot/busy', '8', '2026-01-02T00:00:00Z')];
  failures.unshift(await record('Bot/busy', '8', '2026-01-03T00:00:00Z'));

  const query = (bot: string): string => `AuditEvent?entity=${bot}&outcome=8&_sort=-_lastUpdated&_count=20`;
  const ids = async (bot: string): Promise<string[]> =>
    (await repo.searchResources<AuditEvent>(parseSearchRequest<AuditEvent>(query(bot)))).map(({ id }) => id);
  const walked = store.count(
    `SELECT 1 FROM word w JOIN parameter p ON p.param = w.param WHERE p.name = 'AuditEvent.entity+outcome' AND w.value = ?`,
    'Bot/busy 8',
  );

  assert.equal(walked, 2);
  assert.deepEqual(
    await ids('Bot/busy'),
    failures.map(({ id }) => id),
  );
  assert.equal((await ids('Bot/broken')).length, 20);
  assert.deepEqual(await ids('Bot/none'), []);
});

test('a code is compared whole whatever the modifier, a boolean is true or false, a string has four operators', async () => {
  assert.equal((await found('gender:contains=othe')).length, 0);
  assert.equal((await found('gender:contains=other&_count=20')).length, 12);
  await assert.rejects(found('active=yes'), /Boolean search value must be 'true' or 'false'/);
  await assert.rejects(
    repo.searchResources(parseSearchRequest('Bot?name:not=x')),
    /Unsupported string search operator: not/,
  );
});
