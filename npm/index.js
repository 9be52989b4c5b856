/**
 * Starts `roster emulate` for a test, and speaks its control API.
 *
 * @module
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { AssertionError } from 'node:assert';

const severities = ['error', 'warning', 'info'];

/**
 * Starts the program and returns when it can be asked.
 *
 * @param {import('./index.d.ts').Options} options
 * @returns {Promise<Roster>}
 */
export async function start(options = {}) {
  const dialects = options.dialects ?? [options.dialect];
  if (!dialects[0]) throw new TypeError('start: dialect is missing, such as "kaiten"');
  const args = ['emulate', ...dialects, '--output', 'json', '--until-eof', '--users', String(options.users ?? 1000)];
  for (const name of ['seed', 'contract', 'port']) {
    if (options[name] !== undefined) args.push(`--${name}`, String(options[name]));
  }
  const binary = options.binary ?? process.env.ROSTER_BINARY ?? 'roster';
  const run = new Run(binary, [...args, ...(options.args ?? [])]);
  try {
    const roster = new Roster(run, JSON.parse(await run.firstLine(options.startTimeout ?? 30_000)));
    if (options.faults) await roster.faults.set(options.faults, { seed: options.seed });
    return roster;
  } catch (err) {
    await run.end();
    throw err;
  }
}

/** Run is a process of the program. It ends with this one, however that ends: its standard input does. */
class Run {
  constructor(binary, args) {
    this.binary = binary;
    this.child = spawn(binary, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.said = '';
    this.lines = [];
    this.exited = new Promise((resolve) => {
      this.child.once('error', (err) => resolve(err.code === 'ENOENT' ? `there is no program ${binary}` : err.message));
      this.child.once('close', (code, signal) => resolve(`it ended with ${signal ?? `exit code ${code}`}`));
    });
    this.child.stdin.on('error', () => {}); // of one that has ended
    this.child.stderr.setEncoding('utf8').on('data', (text) => {
      this.said = (this.said + text).slice(-10_000);
    });
    this.output = createInterface({ input: this.child.stdout });
    this.output.on('line', (line) => this.lines.push(line));
  }

  /** Returns the first line of output. From then on the process does not keep the test from ending. */
  async firstLine(timeout) {
    let timer;
    const line = new Promise((resolve) => this.output.once('line', resolve));
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, timeout, `it has not started after ${timeout} ms`);
    });
    const failed = await Promise.race([line.then(() => ''), this.exited, late]);
    clearTimeout(timer);
    if (failed) throw new Error(`roster: ${failed}${this.said && `: ${this.said.trim()}`}; set binary or ROSTER_BINARY`);
    this.hold('unref');
    return this.lines[0];
  }

  hold(how) {
    this.child[how]();
    for (const stream of [this.child.stdin, this.child.stdout, this.child.stderr]) stream[how]?.();
  }

  /** Ends the process and waits for it. */
  async end() {
    this.hold('ref');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    this.child.stdin.end();
    this.child.kill('SIGTERM');
    await this.exited;
    clearTimeout(timer);
    return this.lines.at(-1);
  }
}

/** Roster is what runs. */
class Roster {
  #run;
  #summary;
  #snapshots = 0;

  constructor(run, shown) {
    this.#run = run;
    this.apis = shown.apis.map((api) => ({
      dialect: api.dialect,
      title: api.title,
      baseURL: api.base_url,
      credentials: api.credentials,
    }));
    this.controlURL = shown.control_url;
    this.pid = run.child.pid;
    this.faults = {
      set: (rules, { seed } = {}) =>
        this.control('PUT', '/faults', Array.isArray(rules) ? { seed, rules } : rules).then(() => {}),
      get: () => this.control('GET', '/faults'),
      clear: () => this.control('DELETE', '/faults'),
    };
  }

  /** The first API's base URL. */
  get baseURL() {
    return this.apis[0].baseURL;
  }

  /** The first API's credentials: those that count first. */
  get credentials() {
    return this.apis[0].credentials;
  }

  /** Returns an emulated API by its dialect. */
  api(dialect) {
    const api = this.apis.find((api) => api.dialect === dialect);
    if (!api) throw new RangeError(`${dialect} is not emulated, only ${this.apis.map((a) => a.dialect).join(', ')}`);
    return api;
  }

  /** Returns the first API's credential with a name, such as "expired token"; without one the first that counts. */
  credential(name = this.credentials[0].name) {
    const found = this.credentials.find((c) => c.name === name);
    if (!found) throw new RangeError(`there is no ${name}, only ${this.credentials.map((c) => c.name).join(', ')}`);
    return found;
  }

  /** Returns the headers of a request with a credential that is carried in one. */
  headers(name) {
    const { header, value } = name === undefined ? this.credentials.find((c) => c.header) : this.credential(name);
    if (!header) throw new RangeError(`${name} is no header: sign requests by key_id and key_file`);
    return { [header]: value };
  }

  /** Puts everything back as it was at the start. */
  reset() {
    return this.control('POST', '/reset');
  }

  /** Keeps everything as it is, and returns the name to restore it by. */
  async snapshot(name = `snapshot-${(this.#snapshots += 1)}`) {
    await this.control('POST', `/snapshots/${encodeURIComponent(name)}`);
    return name;
  }

  /** Puts everything back as it was at a snapshot. */
  restore(name) {
    return this.control('POST', `/snapshots/${encodeURIComponent(name)}:restore`);
  }

  /** Has the APIs' clock show another time than the machine's, such as "-10m". */
  shiftClock(shift) {
    return this.control('PUT', '/clock', { shift });
  }

  /** Returns what was asked for, and how it was answered. */
  async requests() {
    return (await this.control('GET', '/requests')).requests;
  }

  /** Returns what the client did wrong, the worst first. */
  async findings() {
    return (await this.control('GET', '/findings')).findings;
  }

  /** Fails with an AssertionError where there are findings as bad as a severity, or worse. */
  async requireClean(failOn = 'warning') {
    const worst = severities.indexOf(failOn);
    if (worst < 0) throw new RangeError(`requireClean: ${failOn} is none of ${severities.join(', ')}`);
    const findings = (await this.findings()).filter((f) => severities.indexOf(f.severity) <= worst);
    if (findings.length === 0) return;
    const message = findings.map((f) => {
      const where = f.where ? `, ${f.where}` : '';
      return `${f.severity} ${f.rule}: ${f.operation}${where}: ${f.what} (requests ${f.requests.join(', ')})\n  fix: ${f.fix}`;
    });
    throw new AssertionError({
      message: `the client breaks rules:\n${message.join('\n')}`,
      actual: findings,
      expected: [],
      operator: 'requireClean',
    });
  }

  /** Speaks the control API below /_roster. Fails where that refuses. */
  control(method, path, body) {
    return this.#ask(method, `/_roster${path}`, body);
  }

  /** Speaks Roster's own API as the operator, such as POST /api/v1/users with a user. */
  native(method, path, body) {
    return this.#ask(method, path, body);
  }

  async #ask(method, path, body) {
    const answer = await fetch(this.controlURL + path, {
      method,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) {
      const problem = text.startsWith('{') ? JSON.parse(text) : { detail: text };
      throw new Error(`${method} ${path}: ${answer.status} ${problem.detail ?? problem.title}`, { cause: problem });
    }
    return text === '' ? undefined : JSON.parse(text);
  }

  /** Ends the program, waits for it, and returns its summary. Calling it again returns the same. */
  stop() {
    this.#summary ??= this.#run.end().then((line) => JSON.parse(line));
    return this.#summary;
  }

  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    return this.stop().then(() => {});
  }
}
