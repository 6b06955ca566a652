import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turn } from '../../../workbench/sandbox/server/turn.ts';

test('work in turn never overlaps, and keeps its order', async () => {
  const turn = new Turn();
  const seen: string[] = [];
  const work = (name: string) =>
    turn.use(async () => {
      seen.push(`${name} begins`);
      await Promise.resolve();
      seen.push(`${name} ends`);
    });

  await Promise.all([work('a'), work('b'), work('c')]);

  assert.deepEqual(seen, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('work that fails gives its turn back', async () => {
  const turn = new Turn();

  await assert.rejects(
    turn.use(() => Promise.reject(new Error('boom'))),
    /boom/,
  );

  assert.equal(await turn.use(() => Promise.resolve('next')), 'next');
});
