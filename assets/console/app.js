// The frame: the address decides the view (`#/`, `#/job/<id>/<step>`, `#/operator`), the steps of
// the journey, the language, and what is said when the connection is lost. Views stand in views/<name>.js.

import * as api from './api.js';
import { addWords, lang, setLang, t, when } from './i18n.js';
import { announce, badge, button, empty, fill, h, icon, loading, note, problem } from './ui.js';
import shellWords from './i18n/shell.js';

/** The steps of an analysis, in order. */
export const STEPS = ['data', 'draft', 'plan', 'run', 'results', 'downloads'];
const VIEWS = new Set(['start', 'operator', 'compare', 'webhooks', 'batches', ...STEPS]);

addWords(shellWords);
const byId = (id) => document.getElementById(id);
const memories = new Map();
let shown = null;

/** The steps that the state of a job allows to open. */
export function openSteps(job) {
  const open = ['data'];
  if (job.inputs || job.draft || job.plan) open.push('draft');
  if (job.draft || job.plan) open.push('plan');
  if (job.plan) open.push('run');
  if (job.latest_run && !['starting', 'running', 'queued'].includes(job.latest_run.status)) open.push('results', 'downloads');
  return open;
}

/** Where a person goes on: the step that the job's first next action belongs to. */
export function resumeStep(job) {
  const step = { upload_inputs: 'data', state_draft: 'draft', freeze_plan: 'draft', run: 'run', revise_plan: 'run', artifacts: 'results', cancel: 'run' }[job.next_actions[0]?.action];
  if (step === 'draft' && job.status === 'created' && !job.inputs) return 'data';
  if (job.status === 'failed' && job.latest_run) return 'run';
  return step ?? (job.latest_run ? 'results' : 'data');
}

function parse() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  const params = Object.fromEntries(new URLSearchParams(query ?? ''));
  if (parts.length === 0) return { view: 'start', params };
  if (parts[0] === 'operator' || parts[0] === 'compare') return { view: parts[0], rest: parts.slice(1), params };
  if (parts[0] === 'job' && parts[1]) return { view: parts[2] ?? null, jobId: parts[1], rest: parts.slice(3), params };
  return { view: 'unknown', params };
}

/** Goes to an address of the console: `''`, `job/<id>/data?field=x`. */
export function go(to) {
  const hash = `#/${to}`;
  if (location.hash === hash) render();
  else location.hash = hash;
}

function memoryOf(key) {
  if (!memories.has(key)) memories.set(key, {});
  return memories.get(key);
}

function leave() {
  if (!shown) return;
  shown.abort.abort();
  try { shown.unmount?.(); } catch (error) { console.error(error); }
  shown = null;
}

async function render({ keepFocus = false } = {}) {
  leave();
  const route = parse();
  const abort = new AbortController();
  const mine = { abort, route, keepFocus };
  shown = mine;
  const main = byId('main');
  header(null);
  fill(main, loading());
  try {
    let job = null;
    if (route.jobId) {
      if (!api.tokenOf(route.jobId)) { noToken(main); return; }
      job = (await api.jobApi(route.jobId).get('', { signal: abort.signal })).data;
      if (shown !== mine) return;
      api.knownJobs().some((j) => j.id === job.job_id) && api.keepJob({ id: job.job_id, note: job.title || job.requirement, status: job.status });
      if (!route.view) { location.replace(`#/job/${job.job_id}/${resumeStep(job)}`); return; }
    }
    if (!VIEWS.has(route.view) || (['webhooks', 'batches'].includes(route.view) && !route.jobId)) { unknown(main); return; }
    const [view, words] = await Promise.all([import(`./views/${route.view}.js`), import(`./i18n/${route.view}.js`)]);
    if (shown !== mine) return;
    addWords(words.default);
    await show(main, mine, view, job);
  } catch (error) {
    if (shown !== mine || error.code === 'ABORTED') return;
    failed(main, error);
  }
  arrived(mine);
}

/** Names the page after its heading and, once for each address, moves the focus there. */
function arrived(mine) {
  const heading = byId('main').querySelector('h1');
  if (shown !== mine || !heading) return;
  document.title = `${heading.textContent} · ${t('app.name')}`;
  if (mine.keepFocus) return;
  mine.keepFocus = true;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

async function show(main, mine, view, job) {
  const { route, abort } = mine;
  const root = h('div', { class: `view view-${route.view}` });
  const ctx = {
    route, params: route.params, job, jobId: route.jobId, signal: abort.signal, go,
    api: route.jobId ? api.jobApi(route.jobId) : null,
    /** Kept while the page is open, also across views and languages; for unsaved input. */
    memory: memoryOf(`${route.jobId ?? ''}/${route.view}`),
    /** Goes to another step of this analysis. */
    step: (name, params) => go(`job/${route.jobId}/${name}${params ? `?${new URLSearchParams(params)}` : ''}`),
    /** Reads the job again and draws the steps anew; the view decides what else to do. */
    async refresh() {
      const { data } = await ctx.api.get('', { signal: abort.signal });
      // an older answer may come after a newer one
      if (data.version >= ctx.job.version) ctx.job = data;
      if (shown === mine) header(ctx.job, route.view);
      return ctx.job;
    },
    reload: () => render(),
  };
  header(job, route.view);
  const mark = job?.trial && !job.removed && (await import('./parts/trial.js')).trialMark(job);
  if (shown !== mine) return;
  fill(main, job?.removed && note('warn', t('app.removed', { at: when(job.removed.at) })), mark, root);
  const mounted = view.mount(root, ctx);
  // the heading is there at once, what has to be asked for comes later
  arrived(mine);
  mine.unmount = await mounted;
  // an address may lead to a place within the view, which then has the focus
  if (root.contains(document.activeElement)) mine.keepFocus = true;
  arrived(mine);
  if (abort.signal.aborted) mine.unmount?.();
}

/* ---- pages that are no views ---- */

const page = (title, ...content) => h('div', { class: 'view' }, h('h1', {}, title), content);

function noToken(main) {
  fill(main, page(t('app.no_token'), h('p', { class: 'lead' }, t('app.no_token.text')), button(t('app.enter_code'), { kind: 'primary', id: 'enter-code', onclick: () => go(`?${new URLSearchParams({ to: location.hash.replace(/^#\//, '') })}`) })));
}

function unknown(main) {
  fill(main, page(t('app.not_found'), empty(t('app.not_found.text'), null, button(t('app.home'), { onclick: () => go('') }))));
}

function failed(main, error) {
  // a view's script that cannot be loaded is a lost connection too
  const lostScript = /module/i.test(error.message ?? '') && error instanceof TypeError;
  const known = error instanceof api.ApiError ? error : new api.ApiError(0, null, lostScript ? 'OFFLINE' : 'INTERNAL_ERROR');
  if (known.code === 'INTERNAL_ERROR' && known !== error) console.error(error);
  const lost = [401, 403, 404].includes(known.status);
  fill(main, page(t('app.name'), problem(known, { retry: lost ? undefined : () => render(), actions: button(t(lost ? 'app.enter_code' : 'app.home'), { kind: lost ? 'primary' : 'plain', onclick: () => go('') }) })));
}

/* ---- header, steps, footer ---- */

function header(job, view) {
  const languages = h('div', { class: 'lang', role: 'group', 'aria-label': t('app.language') }, [['en', 'English'], ['zh', '中文']].map(([code, name]) => h('button', {
    type: 'button', lang: code, 'aria-pressed': String(lang() === code), id: `lang-${code}`,
    onclick: () => { setLang(code); render({ keepFocus: true }).then(() => announce(name)); },
  }, name)));
  fill(byId('top'),
    h('div', { class: 'top-line' },
      h('a', { class: 'brand', href: '#/', id: 'brand' }, h('img', { src: new URL('icon.svg', import.meta.url).href, alt: '', width: 28, height: 28 }), h('span', {}, t('app.name'))),
      job && h('span', { class: 'job-title', title: job.requirement }, job.title || job.requirement || t('app.untitled')),
      job && jobBadge(job), languages),
    job && stepper(job, view));
  foot(foot.last, job);
  byId('skip').textContent = t('app.skip');
}

/** The state of a job as a badge. */
export const jobBadge = (job) => badge(t(`status.${job.status}`), { succeeded: 'ok', failed: 'fail', cancelled: 'warn', running: 'info', queued: 'info' }[job.status] ?? 'idle');

function stepper(job, view) {
  const open = openSteps(job);
  const reached = STEPS.indexOf(open[open.length - 1]);
  return h('nav', { class: 'steps', 'aria-label': t('steps.label') }, h('ol', {}, STEPS.map((step, i) => {
    const current = step === view;
    // a run that failed or was cancelled has no results
    const done = open.includes(step) && i < reached && !(step === 'results' && ['failed', 'cancelled'].includes(job.status));
    const inner = [h('span', { class: 'step-mark', 'aria-hidden': 'true' }, done && !current ? icon('check') : String(i + 1)), h('span', { class: 'step-name' }, t(`step.${step}`))];
    const state = h('span', { class: 'sr' }, ` (${t(current ? 'step.current' : done ? 'step.done' : open.includes(step) ? 'step.current' : 'step.later')})`);
    return h('li', { class: [current && 'is-current', done && 'is-done', !open.includes(step) && 'is-later'].filter(Boolean).join(' ') },
      open.includes(step)
        ? h('a', { href: `#/job/${job.job_id}/${step}`, id: `step-${step}`, 'aria-current': current ? 'step' : null }, inner, done && !current && state)
        : h('span', { class: 'step-off' }, inner, state));
  })));
}

function foot(capabilities, job = foot.job) {
  // a link that is drawn anew while it is pressed loses the press
  const key = `${lang()} ${capabilities?.version} ${job?.job_id}`;
  if (foot.key === key) return;
  Object.assign(foot, { last: capabilities, job, key });
  fill(byId('foot'), capabilities && h('span', {}, t('app.foot', { version: capabilities.version, engine: t(`app.engine.${capabilities.engine}`) })),
    h('nav', { 'aria-label': t('app.name') }, job && h('a', { href: `#/compare?job=${job.job_id}`, id: 'to-compare' }, t('app.compare')), job && h('a', { href: `#/job/${job.job_id}/batches`, id: 'to-batches' }, t('app.batches')), job && h('a', { href: `#/job/${job.job_id}/webhooks`, id: 'to-webhooks' }, t('app.webhooks')), h('a', { href: new URL('docs', api.base).href }, t('app.api')), h('a', { href: '#/operator' }, t('app.operator'))));
}

/* ---- connection ---- */

function notice(text, kind = 'warn') {
  const bar = byId('notice');
  bar.className = text ? `notice-bar is-shown notice-${kind}` : 'notice-bar';
  fill(bar, text && icon(kind === 'ok' ? 'check' : 'warn'), text && h('span', {}, text));
}

window.addEventListener('offline', () => notice(t('app.offline')));
window.addEventListener('online', () => { notice(t('app.online'), 'ok'); setTimeout(() => notice(''), 4000); });
api.onWaiting(({ waiting }) => {
  if (!navigator.onLine) return;
  notice(waiting > 0 ? t('app.waiting', { seconds: Math.ceil(waiting) }) : '');
});
window.addEventListener('hashchange', () => render());
byId('skip').addEventListener('click', (event) => {
  event.preventDefault();
  byId('main').focus();
});

setLang(lang());
foot(null);
api.capabilities().then((can) => foot(can)).catch(() => {});
render({ keepFocus: true });
