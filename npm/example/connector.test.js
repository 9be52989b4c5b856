import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { start } from '@roster/test';
import { members } from './connector.js';

let roster;
before(async () => {
  roster = await start({ dialect: 'kaiten', users: 250 });
});
beforeEach(() => roster.reset());
after(() => roster?.stop());

test('all members are read', async () => {
  const all = await members(roster.baseURL, roster.headers());
  assert.ok(all.length > 200);
  assert.equal(new Set(all.map((user) => user.id)).size, all.length);
  await roster.requireClean();
});

test('a vendor that is not well loses nobody', async () => {
  const healthy = await members(roster.baseURL, roster.headers());
  await roster.faults.set([
    { kind: 'status', status: 503, requests: [2] },
    { kind: 'truncate', requests: [4] },
  ]);
  assert.deepEqual(await members(roster.baseURL, roster.headers()), healthy);
  await roster.requireClean();
});

test('a token that has expired is an error, and no retry', async () => {
  await assert.rejects(members(roster.baseURL, roster.headers('expired token')), /^Error: 401 Invalid token/);
  assert.equal((await roster.requests()).length, 1);
});
