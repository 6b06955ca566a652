import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Faults } from '../../../workbench/sandbox/server/faults.ts';

function drawn(seed: number | undefined, conflict: number): boolean[] {
  const faults = new Faults({ conflict, fail: 0, latency: 0, seed });
  return Array.from({ length: 200 }, () => {
    try {
      faults.conflict();
      return false;
    } catch {
      return true;
    }
  });
}

test('the same seed draws the same faults, another seed others', () => {
  assert.deepEqual(drawn(7, 0.3), drawn(7, 0.3));
  assert.notDeepEqual(drawn(7, 0.3), drawn(8, 0.3));
});

test('a rate of 0 never fails, of 1 always, of 0.3 about as often', () => {
  assert.equal(drawn(1, 0).includes(true), false);
  assert.equal(drawn(1, 1).includes(false), false);
  const share = drawn(1, 0.3).filter(Boolean).length / 200;
  assert.ok(share > 0.2 && share < 0.4, `share ${share}`);
});
