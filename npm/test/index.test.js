import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { start } from '@roster/test';

const users = '/api/latest/company/users?for_members_section=true&limit=2';

/** Starts what a test needs, and ends it with the test. */
async function started(t, options) {
  const roster = await start({ users: 5, ...options });
  t.after(() => roster.stop());
  return roster;
}

async function get(roster, path, name) {
  const answer = await fetch(roster.baseURL + path, { headers: roster.headers(name) });
  return { status: answer.status, text: await answer.text() };
}

test('what was started answers, and says at the end what was asked for', async (t) => {
  const roster = await started(t, { dialect: 'kaiten' });
  const { status, text } = await get(roster, users);
  assert.equal(status, 200);
  assert.equal(JSON.parse(text).length, 2);
  const summary = await roster.stop();
  assert.deepEqual(summary.requests, [
    { dialect: 'kaiten', method: 'GET', path: '/api/latest/company/users', status: 200, requests: 1 },
  ]);
  assert.equal(await roster.stop(), summary);
  await gone(roster.controlURL);
});

test('several APIs at the same time', async (t) => {
  const roster = await started(t, { dialects: ['sixeye', 'fipto'], contract: 'live', seed: 7 });
  assert.equal(roster.baseURL, roster.api('sixeye').baseURL);
  assert.notEqual(roster.baseURL, roster.api('fipto').baseURL);
  assert.ok(roster.api('fipto').credentials[0].key_file);
  assert.throws(() => roster.api('kaiten'), /kaiten is not emulated, only sixeye, fipto/);
});

test('credentials of every kind', async (t) => {
  const roster = await started(t, { dialect: 'flxpoint' });
  assert.equal(roster.credential().status, 200);
  for (const credential of roster.credentials) {
    assert.equal((await get(roster, '/account', credential.name)).status, credential.status, credential.name);
  }
  assert.throws(() => roster.headers('golden token'), /there is no golden token, only account token/);
});

test('faults happen, and stop happening', async (t) => {
  const roster = await started(t, { dialect: 'd3lay', faults: [{ kind: 'status', status: 503 }] });
  assert.equal((await get(roster, '/users')).status, 503);
  await roster.faults.set([{ kind: 'html', name: 'proxy', requests: [2] }], { seed: 3 });
  assert.deepEqual((await roster.faults.get()).plan.seed, 3);
  assert.match((await get(roster, '/users')).text, /^\[/);
  assert.match((await get(roster, '/users')).text, /<h1>Maintenance/);
  assert.deepEqual((await roster.faults.get()).happened, [{ rule: 'proxy', requests: 1 }]);
  await roster.faults.clear();
  assert.match((await get(roster, '/users')).text, /^\[/);
  await assert.rejects(roster.faults.set([{ kind: 'rest' }]), /PUT \/_roster\/faults: 400 .*must be one of latency/);
});

test('everything goes back', async (t) => {
  const roster = await started(t, { dialect: 'd3lay', users: 0 });
  const total = async () => JSON.parse((await get(roster, '/users')).text).length;
  const add = (name) => roster.native('POST', '/api/v1/users', { name, email: `${name}@example.com` });
  await add('ada');
  const one = await roster.snapshot();
  await add('ben');
  assert.equal(await total(), 2);
  await roster.restore(one);
  assert.equal(await total(), 1);
  await roster.reset();
  assert.equal(await total(), 0);
  assert.equal((await roster.requests()).length, 1);
  const { shift } = await roster.shiftClock('-1h0m0s');
  assert.equal(shift, '-1h0m0s');
});

test('what the client did wrong', async (t) => {
  const roster = await started(t, { dialect: 'kaiten' });
  await get(roster, users + '&limits=3');
  const requests = await roster.requests();
  assert.equal(requests.length, 1);
  assert.deepEqual(requests[0].findings, ['parameter-unknown']);
  assert.equal(requests[0].header.Authorization[0], 'Bearer ***');
  assert.equal((await roster.findings())[0].where, 'limits');
  await roster.requireClean('error');
  await assert.rejects(roster.requireClean(), {
    name: 'AssertionError',
    message: /warning parameter-unknown: GET .*, limits: .*limit is much like it \(requests 1\)\n {2}fix: /,
  });
  await assert.rejects(roster.requireClean('warn'), /warn is none of error, warning, info/);
});

test('what can not be started says why', async () => {
  await assert.rejects(start({ dialect: 'kaiten', binary: '/none' }), /there is no program \/none; set binary/);
  await assert.rejects(start({ dialect: 'nobody' }), /it ended with exit code 2: .*must be one of .*, not "nobody"/);
  await assert.rejects(start({}), /dialect is missing/);
  await assert.rejects(start(), /dialect is missing/);
  await assert.rejects(start({ dialect: 'd3lay', users: 5, faults: [{ kind: 'rest' }] }), /must be one of latency/);
});

/** Waits until nobody listens any more. */
async function gone(url) {
  for (const end = Date.now() + 20_000; Date.now() < end; await sleep(10)) {
    try {
      await (await fetch(`${url}/_roster`)).text();
    } catch (err) {
      if (err.cause?.code === 'ECONNREFUSED') return;
    }
  }
  assert.fail(`${url} still answers`);
}

for (const [how, code] of Object.entries({
  'is killed': "process.kill(process.pid, 'SIGKILL')",
  'throws': "throw new Error('on purpose')",
  'exits': 'process.exit(3)',
  'forgets to stop': '',
})) {
  test(`no process stays behind where the test ${how}`, async () => {
    const script = `import { start } from '@roster/test';
      const roster = await start({ dialect: 'd3lay', users: 5 });
      await new Promise((resolve) => process.stdout.write(roster.controlURL + '\\n', resolve));
      ${code}`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: new URL('..', import.meta.url),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let url = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (url += text));
    await once(child, 'close');
    assert.match(url, /^http:.*\n$/);
    await gone(url.trim());
  });
}

test('the types say what there is', async (t) => {
  const roster = await started(t, { dialect: 'd3lay' });
  const types = await readFile(new URL('../index.d.ts', import.meta.url), 'utf8');
  const body = /export interface Roster \{([\s\S]*?)\n\}/.exec(types)[1];
  const declared = [...body.matchAll(/^ {2}(?:readonly )?(\w+)[(:?]/gm)].map(([, name]) => name).sort();
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(roster)).filter((name) => name !== 'constructor');
  assert.deepEqual([...Object.keys(roster), ...methods].sort(), declared);
});
