// The real service as specs use it: its own data directory, the open engine, task codes, and a way to end and
// start it again on the same port. Requests of the arrangement go past the browser.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The bootstrap key of an administrator. */
export const ADMIN_KEY = 'ssk_root_0123456789abcdef0123456789abcdef';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** The path of a data set of the library. */
export function dataset(name) {
  return join(ROOT, 'assets/stata_do_library/datasets', name);
}

/** The rows so many times; each copy has `spread`, a column, a thousandth higher, so that its values do not tie. */
function repeated(csv, times, spread) {
  const [head, ...rows] = csv.trimEnd().split('\n');
  const at = head.split(',').indexOf(spread);
  const copy = (i) => rows.map((row) => row.split(',').map((cell, c) => (c === at && cell !== '' ? String(Number(cell) + i / 1000) : cell)).join(','));
  return `${[head, ...Array.from({ length: times }, (_, i) => copy(i)).flat()].join('\n')}\n`;
}

export class Service {
  /** Starts the program; `env` are further settings. */
  static async start(env = {}) {
    const service = new Service();
    service.folder = await mkdtemp(join(tmpdir(), 'ss-browser-'));
    service.env = env;
    service.listen = '127.0.0.1:0';
    await service.#open();
    return service;
  }

  async #open() {
    const settings = {
      PATH: process.env.PATH,
      HOME: this.folder,
      SS_BOOTSTRAP_ADMIN_KEY: ADMIN_KEY,
      SS_DISK__LOW_MB: '0',
      SS_LOG: 'warn',
      ...this.env,
    };
    const args = ['serve', '--listen', this.listen, '--data-dir', join(this.folder, 'data')];
    this.child = spawn(process.env.SS_BROWSER_PROGRAM, args, { env: settings, stdio: ['ignore', 'pipe', 'pipe'] });
    this.output = '';
    this.child.stderr.on('data', (piece) => (this.output += piece));
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.ended = ended;
    const lines = createInterface({ input: this.child.stdout });
    const ready = new Promise((resolve) => {
      lines.on('line', (line) => {
        if (line.startsWith('{"event":"ready"')) resolve(JSON.parse(line).address);
      });
    });
    const address = await Promise.race([ready, ended.then(() => null)]);
    if (!address) throw new Error(`the service did not start:\n${this.output}`);
    this.listen = address;
    this.base = `http://${address}`;
  }

  /** Ends it as an operator would. */
  async stop() {
    this.child.kill('SIGTERM');
    await this.ended;
  }

  /** Ends it without warning. */
  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** Starts it again on the same port and data. */
  async again() {
    await this.#open();
  }

  async close() {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** A request; returns the JSON of a success and throws on anything else. */
  async call(method, path, body, credential = ADMIN_KEY) {
    const headers = { authorization: `Bearer ${credential}` };
    if (body !== undefined && !(body instanceof FormData)) headers['content-type'] = 'application/json';
    const sent = body === undefined || body instanceof FormData ? body : JSON.stringify(body);
    const answer = await fetch(this.base + path, { method, headers, body: sent });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  /** Whether the files of a job are still being read. */
  async #reading(path, token) {
    const answer = await fetch(`${this.base + path}/inputs/preview?rows=1&columns=1`, { headers: { authorization: `Bearer ${token}` } });
    return answer.status === 409 && (await answer.json()).context?.reason === 'ingesting';
  }

  /** Waits for the end of a job's run and returns the job; asks so seldom that no limit of requests is met. */
  async runEnded(job_id, token) {
    for (;;) {
      const seen = await this.call('GET', `/v1/jobs/${job_id}`, undefined, token);
      if (['succeeded', 'failed', 'cancelled'].includes(seen.status)) return seen;
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
  }

  /** A fresh task code. */
  async code() {
    const made = await this.call('POST', '/v1/admin/task-codes', { count: 1 });
    return made.task_codes[0].task_code;
  }

  /** An API key of a role. */
  async key(role) {
    return (await this.call('POST', '/v1/admin/api-keys', { role, label: `spec ${role}` })).api_key;
  }

  /** A job as far as `upTo`: `redeemed`, `uploaded`, `drafted`, `frozen`, `queued` or `ended`;
   * `times` repeats the rows of the file with `spread` a bit higher each time, for runs that take a while. */
  async job(upTo, { file = 'pay.csv', times = 1, spread, requirement = 'What goes with higher pay?', draft, formats, acknowledged_checks } = {}) {
    const task_code = await this.code();
    const redeemed = await this.call('POST', '/v1/task-codes/redeem', { task_code, requirement });
    const job = { job_id: redeemed.job_id, token: redeemed.token, task_code };
    const path = `/v1/jobs/${job.job_id}`;
    const call = (method, rest, body) => this.call(method, path + rest, body, job.token);
    const steps = {
      redeemed: async () => {},
      uploaded: async () => {
        const form = new FormData();
        form.append('file', new Blob([repeated(await readFile(dataset(file), 'utf8'), times, spread)]), file);
        form.append('role', 'primary_dataset');
        await call('POST', '/inputs/upload', form);
        // on a busy machine the upload is answered before the file was read
        while (await this.#reading(path, job.token)) await new Promise((resolve) => { setTimeout(resolve, 50); });
      },
      drafted: () => call('PUT', '/draft', draft ?? {
        template_id: 'linear.ols_robust', outcome_var: 'log_pay', roles: { regressors: ['schooling', 'years_work'] },
      }),
      frozen: () => call('POST', '/plan/freeze', { ...(formats && { output_formats: formats }), ...(acknowledged_checks && { acknowledged_checks }) }),
      queued: () => call('POST', '/run', {}),
      ended: async () => { job.seen = await this.runEnded(job.job_id, job.token); },
    };
    for (const [name, step] of Object.entries(steps)) {
      await step();
      if (name === upTo) return job;
    }
    throw new Error(`a job does not go as far as ${upTo}`);
  }
}
