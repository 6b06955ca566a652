import type { OperationOutcomeError } from '@medplum/core';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Quota } from '../../../workbench/sandbox/server/quota.ts';

test('points beyond the quota are refused, and go on being counted', () => {
  const meter = new Quota(150).meter('member', 'project');
  meter.spend(100);

  const refusals = [1, 2].map(() => {
    try {
      meter.spend(100);
      return undefined;
    } catch (error) {
      return JSON.parse((error as OperationOutcomeError).outcome.issue[0]?.diagnostics ?? '{}')
        ._consumedPoints as number;
    }
  });

  assert.deepEqual(refusals, [200, 300]);
  assert.match(meter.header(), /^"fhirInteractions";r=0;t=\d+$/);
});

test('without a quota points are counted and nothing is refused', () => {
  const meter = new Quota(undefined).meter('member', 'project');
  meter.spend(49_990);

  assert.match(meter.header(), /;r=10;/);
  assert.doesNotThrow(() => meter.spend(1_000_000));
});

test('ten members share the quota of their project', () => {
  const quota = new Quota(100);
  for (let member = 0; member < 10; member += 1) {
    quota.meter(`member ${member}`, 'project').spend(100);
  }

  assert.throws(() => quota.meter('eleventh', 'project').spend(1), /Too Many Requests/);
});
