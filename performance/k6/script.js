// The whole journey under load: redeem, upload, draft, freeze, run, verdict, table.
//   ADMIN_KEY=ssk_… k6 run performance/k6/script.js
//   BASE_URL=https://staging.example.org ADMIN_KEY=ssk_… PROFILE=load SUMMARY=out.json k6 run performance/k6/script.js
// Profiles: smoke (2 users, 15 s), load (20 users, 5 min), soak (10 users, 1 h), stress (to 100 users in 10 min).
// Thresholds: p95 of requests below 500 ms, errors below 1 %, every verdict "succeeded". k6 ends with 99 when one is
// crossed. SUMMARY names a file for the figures as JSON, SECONDS shortens smoke, load and soak, P95_MS is another threshold of p95.
// scripts/load-test.sh calls it.
import http from 'k6/http';
import exec from 'k6/execution';
import { check, sleep } from 'k6';
import { Counter, Rate, Trend } from 'k6/metrics';

const BASE = (__ENV.BASE_URL || 'http://127.0.0.1:8080').replace(/\/$/, '');
const KEY = __ENV.ADMIN_KEY || '';
const PROFILES = {
  smoke: { executor: 'constant-vus', vus: 2, duration: '15s' },
  load: { executor: 'constant-vus', vus: 20, duration: '5m' },
  soak: { executor: 'constant-vus', vus: 10, duration: '1h' },
  stress: {
    executor: 'ramping-vus',
    startVUs: 1,
    stages: [{ duration: '8m', target: 100 }, { duration: '2m', target: 0 }],
  },
};
const profile = PROFILES[__ENV.PROFILE || 'smoke'];
if (__ENV.SECONDS && profile.duration) profile.duration = `${__ENV.SECONDS}s`;

export const options = {
  scenarios: { journey: profile },
  summaryTrendStats: ['avg', 'min', 'med', 'p(95)', 'p(99)', 'max'],
  thresholds: {
    http_req_duration: [`p(95)<${__ENV.P95_MS || 500}`],
    http_req_failed: ['rate<0.01'],
    checks: ['rate>0.99'],
    journey_succeeded: ['rate>0.99'],
    verdicts: ['count>0'],
  },
};

const succeeded = new Rate('journey_succeeded');
const verdicts = new Counter('verdicts');
const untilVerdict = new Trend('run_to_verdict', true);
const rows = Array.from({ length: 200 }, (_, i) => `${((i * 7919) % 101) + i / 10},${i},${i % 3}`);
const csv = `y,x,g\n${rows.join('\n')}\n`;

export function setup() {
  if (!KEY) throw new Error('ADMIN_KEY is needed: an admin key of the service');
  const ready = http.get(`${BASE}/health/ready`);
  if (ready.status !== 200) throw new Error(`the service is not ready: ${ready.status} ${ready.body}`);
}

function send(method, path, token, body, name) {
  const headers = { Authorization: `Bearer ${token}` };
  let data = body;
  if (body !== null && !(typeof body === 'object' && body.file)) {
    headers['Content-Type'] = 'application/json';
    data = JSON.stringify(body);
  }
  // one name for all jobs, so that requests of a kind are counted together
  return http.request(method, `${BASE}${path}`, data, { headers, tags: { name: name || path } });
}

function step(response, name, statuses) {
  const holds = check(response, { [name]: (r) => statuses.includes(r.status) });
  if (!holds) console.error(`${name}: ${response.status} ${String(response.body).slice(0, 300)}`);
  return holds;
}

function journey() {
  const made = send('POST', '/v1/admin/task-codes', KEY, { count: 1 });
  if (!step(made, 'task code', [201])) return false;
  const redeemed = http.post(
    `${BASE}/v1/task-codes/redeem`,
    JSON.stringify({ task_code: made.json('task_codes.0.task_code'), requirement: 'What is the effect of x on y?' }),
    { headers: { 'Content-Type': 'application/json' }, tags: { name: '/v1/task-codes/redeem' } },
  );
  if (!step(redeemed, 'redeem', [200])) return false;
  const token = redeemed.json('token');
  const job = `/v1/jobs/${redeemed.json('job_id')}`;
  const ask = (method, path, body) => send(method, `${job}${path}`, token, body, `/v1/jobs/{job_id}${path}`);

  const file = { file: http.file(csv, 'load.csv', 'text/csv') };
  if (!step(ask('POST', '/inputs/upload', file), 'upload', [200, 202])) return false;
  const draft = { template_id: 'linear.ols_robust', outcome_var: 'y', roles: { regressors: ['x'] } };
  if (!step(ask('PUT', '/draft', draft), 'draft', [200])) return false;
  if (!step(ask('POST', '/plan/freeze', {}), 'freeze', [200])) return false;
  if (!step(ask('POST', '/run', {}), 'run', [200])) return false;

  const started = Date.now();
  let state = 'queued';
  while (['queued', 'running'].includes(state) && Date.now() - started < 120000) {
    sleep(0.2);
    state = ask('GET', '', null).json('status');
  }
  verdicts.add(1);
  untilVerdict.add(Date.now() - started);
  if (!check(state, { 'verdict is succeeded': (s) => s === 'succeeded' })) return false;
  const listed = ask('GET', '/artifacts', null);
  const table = listed.json('artifacts').find((a) => a.kind === 'stata.export.table');
  const got = http.get(`${BASE}${job}/artifacts/${table.rel_path}`, {
    headers: { Authorization: `Bearer ${token}` },
    tags: { name: '/v1/jobs/{job_id}/artifacts/{rel_path}' },
  });
  return check(got, { 'table is there': (r) => r.status === 200 && r.body.length > 0 });
}

export default function run() {
  succeeded.add(journey());
  if (exec.scenario.progress < 1) sleep(0.1);
}

export function handleSummary(data) {
  const lines = Object.entries(data.metrics)
    .filter(([name]) => ['http_req_duration', 'http_req_failed', 'http_reqs', 'checks', 'run_to_verdict', 'verdicts',
      'journey_succeeded', 'iterations'].includes(name))
    .map(([name, m]) => `${name}: ${JSON.stringify(m.values)} ${JSON.stringify(m.thresholds || {})}`);
  const out = { stdout: `${lines.join('\n')}\n` };
  if (__ENV.SUMMARY) out[__ENV.SUMMARY] = JSON.stringify(data, null, 1);
  return out;
}
