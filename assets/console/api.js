// The HTTP API as the console uses it: credentials of this tab, requests with typed errors, waiting, uploads,
// event streams and downloads. Nothing here touches the page.

/** `…/v1/` of the service, wherever it is mounted. */
export const base = new URL('../', import.meta.url);

/** A refusal, or no answer at all. `code` is an error code of the service, or `OFFLINE`, `ABORTED`, `UNREADABLE`. */
export class ApiError extends Error {
  constructor(status, body, fallback) {
    super(body?.message ?? body?.detail ?? fallback ?? '');
    this.status = status;
    this.code = body?.error_code ?? fallback ?? 'UNREADABLE';
    this.context = body?.context ?? {};
    this.traceId = body?.trace_id ?? null;
    this.retryable = body?.retryable ?? status === 0;
    this.retryAfter = body?.retry_after_seconds ?? null;
  }
}

/* ---- credentials: kept for this tab only ---- */

const TOKENS = 'ss.console.jobs';
const OPERATOR = 'ss.console.operator';

function stored(key) {
  try { return JSON.parse(sessionStorage.getItem(key)) ?? null; } catch { return null; }
}
function store(key, value) {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(value));
  } catch { memory[key] = value; }
}
const memory = {};
const read = (key) => stored(key) ?? memory[key] ?? null;

/** The analyses that this tab has a token for, the latest first: `{id, token, expires_at, note}`. */
export const knownJobs = () => read(TOKENS) ?? [];
export function keepJob(job) {
  const others = knownJobs().filter((j) => j.id !== job.id);
  const before = knownJobs().find((j) => j.id === job.id) ?? {};
  store(TOKENS, [{ ...before, ...job }, ...others].slice(0, 20));
}
export const forgetJob = (id) => store(TOKENS, knownJobs().filter((j) => j.id !== id));
export const tokenOf = (id) => knownJobs().find((j) => j.id === id)?.token ?? operatorKey();
/** The key of an operator, for `#/operator`. */
export const operatorKey = () => read(OPERATOR)?.key ?? null;
export const keepOperatorKey = (key) => store(OPERATOR, key === null ? null : { key });

/* ---- requests ---- */

const listeners = new Set();
/** Calls `fn({waiting: seconds | 0, code})` while a request waits for another attempt. */
export const onWaiting = (fn) => { listeners.add(fn); return () => listeners.delete(fn); };
const tell = (event) => listeners.forEach((fn) => fn(event));

export const sleep = (ms, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, ms);
  signal?.addEventListener('abort', () => { clearTimeout(timer); reject(new ApiError(0, null, 'ABORTED')); }, { once: true });
});

/** An absolute URL of a path at the service: `jobs/…`, `/v1/jobs/…`. */
export function url(path, query) {
  const target = new URL(path.replace(/^\/v1\//, '').replace(/^\//, ''), base);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') target.searchParams.set(name, value);
  }
  return target;
}

function headersOf(token, options) {
  const headers = new Headers(options.headers);
  if (token) headers.set('Authorization', `Bearer ${token}`);
  if (options.body !== undefined) headers.set('Content-Type', 'application/json');
  if (options.ifMatch) headers.set('If-Match', `"v${options.ifMatch}"`);
  return headers;
}

async function problemOf(response) {
  let body = null;
  try { body = await response.json(); } catch { /* an answer of something in between */ }
  const error = new ApiError(response.status, body, `HTTP_${response.status}`);
  const wait = Number(response.headers.get('Retry-After'));
  if (!error.retryAfter && wait > 0) error.retryAfter = wait;
  if (response.status === 429 || response.status === 503 || response.status === 502) error.retryable = body?.retryable ?? true;
  error.traceId ??= response.headers.get('X-Trace-Id');
  return error;
}

/**
 * One request; answers `{status, data, etag, headers}`. GETs and POSTs (which carry an `Idempotency-Key`) are sent
 * again up to three times when the service is out of reach, busy or asks to wait.
 * options: `body`, `query`, `token`, `ifMatch`, `signal`, `headers`, `as: 'json'|'text'|'blob'`, `attempts`.
 */
export async function request(method, path, options = {}) {
  const headers = headersOf(options.token, options);
  if (method === 'POST') headers.set('Idempotency-Key', crypto.randomUUID?.() ?? String(Math.random()).slice(2) + Date.now());
  const attempts = options.attempts ?? (method === 'DELETE' ? 1 : 3);
  for (let attempt = 1; ; attempt += 1) {
    let error;
    try {
      const response = await fetch(url(path, options.query), {
        method, headers, signal: options.signal, cache: 'no-store', credentials: 'omit',
        body: options.body === undefined ? undefined : JSON.stringify(options.body),
      });
      if (response.ok || response.status === 304) {
        tell({ waiting: 0 });
        return { status: response.status, etag: response.headers.get('ETag'), headers: response.headers, data: await content(response, options.as) };
      }
      error = await problemOf(response);
      // given up while the refusal was read: what it says is not known
      if (options.signal?.aborted) throw new ApiError(0, null, 'ABORTED');
    } catch (cause) {
      if (cause instanceof ApiError) throw cause;
      error = new ApiError(0, null, options.signal?.aborted ? 'ABORTED' : 'OFFLINE');
    }
    const again = error.code === 'OFFLINE' || (error.retryable && [429, 502, 503].includes(error.status) && !error.code.startsWith('LLM_'));
    const wait = error.retryAfter ?? 0.6 * 2 ** attempt;
    if (!again || attempt >= attempts || wait > 20) {
      tell({ waiting: 0 });
      throw error;
    }
    tell({ waiting: wait, code: error.code });
    await sleep(wait * 1000, options.signal);
  }
}

async function content(response, as) {
  if (response.status === 204 || response.status === 304) return null;
  if (as === 'blob') return response.blob();
  if (as === 'text') return response.text();
  const text = await response.text();
  try { return text === '' ? null : JSON.parse(text); } catch { throw new ApiError(response.status, null, 'UNREADABLE'); }
}

/** Repeats a GET while it answers 202, at `Retry-After`; `onPending(data)` hears each. */
export async function poll(path, options = {}) {
  for (;;) {
    const answer = await request('GET', path, options);
    if (answer.status !== 202) return answer;
    options.onPending?.(answer.data);
    await sleep(1000 * (Number(answer.headers.get('Retry-After')) || 1), options.signal);
  }
}

/* ---- one job ---- */

/** The requests of one job, with its token. */
export function jobApi(id) {
  const path = (rest) => `jobs/${encodeURIComponent(id)}${rest ? `/${rest}` : ''}`;
  const send = (method) => (rest, body, options = {}) => request(method, path(rest), { token: tokenOf(id), body, ...options });
  const job = {
    id,
    get: (rest, options = {}) => request('GET', path(rest), { token: tokenOf(id), ...options }),
    poll: (rest, options = {}) => poll(path(rest), { token: tokenOf(id), ...options }),
    post: send('POST'),
    put: send('PUT'),
    patch: send('PATCH'),
    remove: (options = {}) => request('DELETE', path(''), { token: tokenOf(id), ...options }),
    /** A signed URL for GET: `scope` is `events`, `log` (with `run_id`), `artifact` (with `rel_path`) or `capsule`. */
    link: async (body) => new URL((await job.post('links', body)).data.url.replace(/^\/v1\//, ''), base).href,
    stream: (rest, options) => stream(path(rest), { token: tokenOf(id), ...options }),
    download: (rest, name) => download(path(rest), name, tokenOf(id)),
  };
  return job;
}

/** Sends a form or bytes; `onProgress(sent, total)`. Answers as `request`, tries once. */
export function send(method, path, body, { token, onProgress, signal }) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) { reject(new ApiError(0, null, 'ABORTED')); return; }
    const xhr = new XMLHttpRequest();
    xhr.open(method, url(path));
    if (token) xhr.setRequestHeader('Authorization', `Bearer ${token}`);
    xhr.upload.addEventListener('progress', (e) => e.lengthComputable && onProgress?.(e.loaded, e.total));
    xhr.addEventListener('load', () => {
      let body = null;
      try { body = JSON.parse(xhr.responseText); } catch { /* below */ }
      if (xhr.status >= 200 && xhr.status < 300 && body) resolve({ status: xhr.status, data: body });
      else reject(new ApiError(xhr.status, body, `HTTP_${xhr.status}`));
    });
    xhr.addEventListener('error', () => reject(new ApiError(0, null, 'OFFLINE')));
    xhr.addEventListener('abort', () => reject(new ApiError(0, null, 'ABORTED')));
    const give_up = () => xhr.abort();
    signal?.addEventListener('abort', give_up, { once: true });
    xhr.addEventListener('loadend', () => signal?.removeEventListener('abort', give_up));
    xhr.send(body);
  });
}

/**
 * Follows server-sent events with the credential in a header, and comes back after a break with `Last-Event-ID`.
 * `onEvent({event, data, id})`; `onState('open' | 'waiting')`. Ends when `signal` aborts, when `onEvent` answers
 * `false`, or with an `ApiError` that another attempt would not change.
 */
export async function stream(path, { token, signal, onEvent, onState, lastId, query }) {
  let last = lastId ?? null;
  for (let failures = 0; !signal?.aborted; ) {
    try {
      const headers = headersOf(token, { headers: { Accept: 'text/event-stream', ...(last ? { 'Last-Event-ID': last } : {}) } });
      const response = await fetch(url(path, query), { headers, signal, cache: 'no-store', credentials: 'omit' });
      if (!response.ok) throw await problemOf(response);
      onState?.('open');
      failures = 0;
      // no pipe: the error of one that `signal` ends has no catch
      const reader = response.body.getReader();
      const decoder = new TextDecoder();
      for (let rest = ''; ; ) {
        const { done, value } = await reader.read();
        if (done) break;
        rest += decoder.decode(value, { stream: true });
        const blocks = rest.split(/\r?\n\r?\n/);
        rest = blocks.pop();
        for (const block of blocks) {
          const event = parseEvent(block);
          if (event.id !== null) last = event.id;
          if (event.data !== null && onEvent(event) === false) { await reader.cancel(); return; }
        }
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof ApiError && !error.retryable) throw error;
    }
    failures += 1;
    onState?.('waiting');
    try { await sleep(Math.min(1000 * failures, 10_000), signal); } catch { return; }
  }
}

function parseEvent(block) {
  const event = { event: 'message', data: null, id: null };
  for (const line of block.split(/\r?\n/)) {
    const at = line.indexOf(':');
    if (at === 0) continue;
    const [name, value] = at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1).replace(/^ /, '')];
    if (name === 'data') event.data = event.data === null ? value : `${event.data}\n${value}`;
    else if (name === 'event' || name === 'id') event[name] = value;
  }
  return event;
}

/** Fetches a file and saves it under `name`. */
export async function download(path, name, token) {
  const { data } = await request('GET', path, { token, as: 'blob' });
  saveBlob(data, name);
}

/** Saves a blob under `name`. */
export function saveBlob(blob, name) {
  const href = URL.createObjectURL(blob);
  const a = Object.assign(document.createElement('a'), { href, download: name });
  document.body.append(a);
  a.click();
  a.remove();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

let capabilitiesOnce = null;
/** What the service can do; asked once. */
export function capabilities() {
  capabilitiesOnce ??= request('GET', 'capabilities').then((a) => a.data).catch((e) => { capabilitiesOnce = null; throw e; });
  return capabilitiesOnce;
}
