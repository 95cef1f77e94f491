// Compares runs of one or several analyses, as the service compares them: one table side by side, and the curve of one term over
// the runs. The address holds what is compared; it can be kept and opened again by whoever has the tokens, or a key of the tenant.

import { knownJobs, operatorKey, request, tokenOf } from '../api.js';
import { copyTable } from '../clipboard.js';
import { addWords, lang, t, when } from '../i18n.js';
import { nameOf } from '../codes.js';
import { planOf } from '../outcome.js';
import { sideBySide } from '../parts/compareTable.js';
import { curve, short } from '../parts/curve.js';
import { announce, button, card, checkbox, copy, disclosure, empty, field, fill, h, loading, note, problem, select, unpressed } from '../ui.js';
import resultsWords from '../i18n/results.js';

addWords(resultsWords);

/** Most runs side by side. */
const MOST = 40;
const PAGE = 50;
/** Kinds of choices at the foot of the table. */
const FOOT = ['outcome', 'method', 'fixed', 'instruments', 'weights', 'sample', 'errors'];
const fact = (kind) => t(`compare.fact.${kind}`);

/* ---- the address: `JOB.1-3.JOB.2`, jobs with their attempts ---- */

/** Reads runs of an address: `[{job, attempts}]`. */
function readRuns(text) {
  const parts = (text ?? '').split('.').filter(Boolean);
  const found = [];
  for (let i = 0; i + 1 < parts.length; i += 2) found.push({ job: parts[i], attempts: parts[i + 1].split('-').map(Number).filter((n) => n > 0) });
  return found;
}

/** Writes chosen runs, `JOB.ATTEMPT` each, in their order, for an address. */
function writeRuns(keys) {
  const byJob = new Map();
  for (const [job, attempt] of keys.map((key) => key.split('.'))) byJob.set(job, [...(byJob.get(job) ?? []), attempt]);
  return [...byJob].map(([job, attempts]) => `${job}.${attempts.join('-')}`).join('.');
}

/** Shows the view. */
export async function mount(root, ctx) {
  const view = new CompareView(root, ctx);
  await view.start();
}

class CompareView {
  constructor(root, ctx) {
    const { params } = ctx;
    this.options = { decimals: ctx.memory.decimals ?? 3, stars: params.stars === '1', labels: params.labels !== '0' };
    Object.assign(this, { root, ctx, jobs: new Map(), chosen: new Set(), term: params.term ?? null, tenant: params.tenant ?? null });
    this.chooser = h('div', { class: 'stack' });
    this.shown = h('div', { class: 'stack' });
    this.redraw = unpressed(() => { if (!ctx.signal.aborted) this.show(); });
  }

  async start() {
    const { params } = this.ctx;
    const asked = readRuns(params.runs);
    const first = [...new Set([...asked.map((part) => part.job), params.job].filter(Boolean))];
    fill(this.root, h('div', { class: 'head' }, h('h1', {}, t('compare.title')), h('p', { class: 'lead' }, t('compare.lead'))), h('div', { id: 'compared' }, this.shown), this.chooser);
    fill(this.shown, loading());
    await Promise.all(first.map((id) => this.load(id)));
    // runs that cannot be read now stay in the address: with the task code they can
    for (const { job, attempts } of asked) for (const attempt of attempts) if (this.jobs.get(job).error || this.jobs.get(job).runs.some((run) => run.attempt === attempt)) this.chosen.add(`${job}.${attempt}`);
    if (!params.runs && params.job) for (const run of this.jobs.get(params.job)?.runs ?? []) this.chosen.add(`${params.job}.${run.attempt}`);
    this.chosen = new Set([...this.chosen].slice(0, MOST));
    this.drawChooser();
    await this.draw();
  }

  /** A request for a job, by its token or by the key, at the tenant of the address. */
  async get(id, rest, options = {}) {
    const own = knownJobs().some((job) => job.id === id);
    const headers = !own && this.tenant ? { 'X-SS-Tenant-ID': this.tenant } : undefined;
    return (await request('GET', `jobs/${encodeURIComponent(id)}${rest}`, { token: tokenOf(id), signal: this.ctx.signal, headers, ...options })).data;
  }

  /** Reads a job with its succeeded runs that have estimates; what refuses stands in its entry. */
  load(id) {
    const known = this.jobs.get(id);
    if (known?.loaded) return known.loaded;
    const entry = { id, runs: [], plans: [], error: null, job: null };
    this.jobs.set(id, entry);
    entry.loaded = (async () => {
      if (!tokenOf(id)) { entry.error = 'token'; return; }
      try {
        const [job, runs, plans] = await Promise.all([this.get(id, ''), this.get(id, '/runs'), this.get(id, '/plans')]);
        Object.assign(entry, { job, runs: runs.runs.filter((run) => run.status === 'succeeded' && run.results?.length > 0), plans: plans.plans });
      } catch (error) {
        if (error.code === 'ABORTED') throw error;
        Object.assign(entry, { error, loaded: null });
      }
    })();
    return entry.loaded;
  }

  titleOf(entry) {
    return entry.job?.title || short(entry.job?.requirement ?? '', 80) || entry.note || t('app.untitled');
  }

  nameOf(entry, run) {
    return `${t('run.revision', { n: planOf(run, entry.plans)?.revision ?? '?' })} · ${t('run.attempt', { n: run.attempt })}`;
  }

  /** The chosen runs that can be read: `[{id, entry, run}]`. */
  readable() {
    return [...this.chosen].map((key) => key.split('.')).map(([id, attempt]) => ({ id, entry: this.jobs.get(id), run: this.jobs.get(id)?.runs.find((run) => String(run.attempt) === attempt) })).filter(({ run }) => run);
  }

  /** Asks the service for the comparison of runs, each with the token of its job where the tab has one. */
  async compare(runs) {
    const own = (id) => knownJobs().some((job) => job.id === id);
    const asked = runs.map(({ id, run }) => ({ job_id: id, run_id: run.run_id, ...(own(id) ? { token: tokenOf(id) } : {}) }));
    // runs without a token of their own are read by the key, at the tenant of the address
    const byKey = runs.find(({ id }) => !own(id));
    const headers = byKey && this.tenant ? { 'X-SS-Tenant-ID': this.tenant } : undefined;
    const query = { language: lang(), labels: this.options.labels, term: this.term };
    return (await request('POST', 'comparisons', { token: tokenOf((byKey ?? runs[0]).id), headers, signal: this.ctx.signal, query, body: { runs: asked } })).data;
  }

  /** Reads what is chosen and draws it; a later choice overtakes an earlier one. */
  async draw() {
    const mine = Symbol('turn');
    this.turn = mine;
    this.address();
    const runs = this.readable();
    try {
      const data = runs.length > 0 ? await this.compare(runs) : null;
      if (this.turn !== mine || this.ctx.signal.aborted) return;
      Object.assign(this, { data, runs });
      this.redraw();
    } catch (error) {
      if (error.code !== 'ABORTED' && this.turn === mine) fill(this.shown, problem(error, { retry: () => this.draw() }));
    }
  }

  /** Keeps what is shown in the address, without leaving the page. */
  address() {
    const wanted = { runs: writeRuns([...this.chosen]), term: this.term, tenant: this.tenant, stars: this.options.stars ? '1' : null, labels: this.options.labels ? null : '0' };
    const params = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
    if (!wanted.runs && this.ctx.params.job) params.set('job', this.ctx.params.job);
    history.replaceState(history.state, '', `#/compare${params.size > 0 ? `?${params}` : ''}`);
  }

  /** What the page calls the run of a column. */
  columnName(index) {
    const { entry, run } = this.runs[index - 1];
    const own = this.nameOf(entry, run);
    return new Set(this.runs.map(({ id }) => id)).size > 1 ? `${this.titleOf(entry)} · ${own}` : own;
  }

  head(column) {
    const { id, run } = this.runs[column.index - 1];
    return [h('a', { href: `#/job/${id}/results?run=${run.run_id}` }, `(${column.index})`), h('span', { class: 'below' }, this.columnName(column.index))];
  }

  show() {
    const { data, options } = this;
    if (!data) { fill(this.shown, empty(t('compare.none'), t('compare.none.text'))); return; }
    const redraw = () => { this.address(); this.show(); };
    const decimals = select([0, 1, 2, 3, 4, 5, 6].map((n) => ({ value: n, label: String(n) })), { id: 'compare-decimals', value: options.decimals, onchange: (e) => { options.decimals = Number(e.target.value); this.ctx.memory.decimals = options.decimals; redraw(); } });
    const check = (key) => checkbox(t(`results.option.${key}`), { id: `compare-${key}`, checked: options[key], onchange: (e) => { options[key] = e.target.checked; if (key === 'labels') this.draw(); else redraw(); } });
    const tools = h('div', { class: 'table-options', role: 'group', 'aria-label': t('results.options') }, field(t('results.option.decimals'), decimals), check('stars'), check('labels'));
    const table = sideBySide(data, {
      options: { ...options, title: t('compare.table') }, choices: data.specification, facts: FOOT.map((kind) => ({ fact: kind, label: fact(kind) })),
      col: nameOf, head: (column) => this.head(column),
    });
    fill(this.shown, data.notes.length > 0 && note('warn', h('div', { id: 'compare-caution' }, data.notes.map((said) => h('p', {}, said)))),
      card(t('compare.table'), { cls: 'result-card', id: 'compare-table', actions: [
        button(t('ui.copy'), { kind: 'quiet', icon: 'copy', id: 'copy-compared', 'aria-label': t('results.copy_table', { name: t('compare.table') }), onclick: () => copyTable(table, t('compare.table')) }),
        button(t('compare.link'), { kind: 'quiet', id: 'copy-link', onclick: () => copy(location.href) }),
      ] }, tools, table, h('p', { class: 'hint' }, t('compare.numbers'))),
      this.curveCard());
  }

  curveCard() {
    const { data } = this;
    const choice = select(data.terms.map(({ term, label }) => ({ value: term, label })), { id: 'curve-term', value: data.term, onchange: (e) => { this.term = e.target.value; this.draw(); } });
    const drawn = curve(data, { choices: data.specification, fact, name: (index) => this.columnName(index) });
    return card(t('compare.curve'), { id: 'compare-curve', lead: t('compare.curve.lead') }, field(t('compare.curve.term'), choice),
      drawn ? [drawn, note('info', h('p', { id: 'curve-caution' }, data.caution))] : empty(t('compare.curve.none'), null));
  }

  /* ---- the choice of runs ---- */

  drawChooser() {
    const known = knownJobs().filter((job) => !this.jobs.has(job.id));
    fill(this.chooser, card(t('compare.runs'), { lead: t('compare.runs.lead', { most: MOST }), id: 'compare-runs' },
      [...this.jobs.values()].map((entry) => this.group(entry, true)),
      known.map((job) => this.group({ id: job.id, note: job.note, runs: [], plans: [], error: null, job: null }, false)),
      this.jobs.size + known.length === 0 && !operatorKey() && empty(t('compare.no_jobs'), t('compare.no_jobs.text'), h('a', { class: 'button', href: '#/' }, t('app.enter_code'))),
      operatorKey() && this.tenantJobs()));
  }

  /** A job with its runs; they are read when it is opened. */
  group(entry, open) {
    const body = h('div', { class: 'stack' });
    const title = h('span', {}, this.titleOf(entry));
    const node = disclosure([title, entry.about && h('span', { class: 'muted small' }, ` ${entry.about}`)], { open, id: `runs-${entry.id}` }, body);
    const list = () => {
      const now = this.jobs.get(entry.id) ?? entry;
      title.textContent = this.titleOf(now);
      fill(body, this.runList(now));
    };
    if (entry.job || entry.error) list();
    node.addEventListener('toggle', async () => {
      if (!node.open || this.jobs.get(entry.id)?.job) return;
      fill(body, loading());
      try { await this.load(entry.id); list(); } catch { /* the page was left */ }
    });
    return node;
  }

  runList(entry) {
    if (entry.error === 'token') return note('warn', t('compare.no_token'), h('div', {}, button(t('app.enter_code'), { onclick: () => this.ctx.go(`?${new URLSearchParams({ to: location.hash.replace(/^#\//, '') })}`) })));
    if (entry.error) return problem(entry.error, { retry: async () => { await this.load(entry.id); this.drawChooser(); await this.draw(); } });
    if (entry.runs.length === 0) return h('p', { class: 'hint' }, t('compare.no_runs'));
    const rows = entry.runs.map((run) => {
      const key = `${entry.id}.${run.attempt}`;
      const template = planOf(run, entry.plans)?.template_id ?? '';
      return checkbox(this.nameOf(entry, run), { id: `run-${key.replace('.', '-')}`, checked: this.chosen.has(key), hint: [template, when(run.ended_at)].filter(Boolean).join(' · '), onchange: (e) => this.choose(key, e.target) });
    });
    const set = async (wanted) => {
      for (const run of entry.runs) {
        const key = `${entry.id}.${run.attempt}`;
        if (!wanted) this.chosen.delete(key); else if (this.chosen.size < MOST) this.chosen.add(key);
      }
      this.drawChooser();
      await this.draw();
      announce(t('compare.now', { n: this.chosen.size }));
    };
    return [h('div', { class: 'check-grid' }, rows), h('div', { class: 'row' }, button(t('compare.all'), { kind: 'quiet', id: `all-${entry.id}`, onclick: () => set(true) }), button(t('compare.no_one'), { kind: 'quiet', id: `none-${entry.id}`, onclick: () => set(false) }), h('a', { href: `#/job/${entry.id}`, 'aria-label': `${t('compare.open')}: ${this.titleOf(entry)}` }, t('compare.open')))];
  }

  async choose(key, box) {
    if (box.checked && this.chosen.size >= MOST) { box.checked = false; announce(t('compare.most', { most: MOST })); return; }
    if (box.checked) this.chosen.add(key); else this.chosen.delete(key);
    await this.draw();
    announce(t('compare.now', { n: this.chosen.size }));
  }

  /** Further jobs of the tenant, for people with a key. */
  tenantJobs() {
    const body = h('div', { class: 'stack' });
    const found = [];
    const more = async (cursor) => {
      try {
        const { data } = await request('GET', 'jobs', { token: operatorKey(), signal: this.ctx.signal, query: { limit: PAGE, cursor }, headers: this.tenant ? { 'X-SS-Tenant-ID': this.tenant } : undefined });
        found.push(...data.jobs.filter((job) => job.latest_run && !job.removed && !this.jobs.has(job.job_id)));
        fill(body, found.length === 0 ? h('p', { class: 'hint' }, t('compare.no_further')) : h('ul', { class: 'stack', id: 'tenant-jobs' }, found.map((job) => h('li', {}, this.group({ id: job.job_id, note: job.title || short(job.requirement ?? '', 80), about: [job.selected_template_id, job.client_ref, when(job.timestamps.created_at)].filter(Boolean).join(' · '), runs: [], plans: [], error: null, job: null }, false)))),
          data.next_cursor && h('div', { class: 'row' }, button(t('compare.more'), { id: 'more-tenant-jobs', onclick: () => more(data.next_cursor) })));
      } catch (error) { if (error.code !== 'ABORTED') fill(body, problem(error, { retry: () => more(cursor) })); }
    };
    const tenant = h('input', { type: 'text', value: this.tenant ?? '', placeholder: 'default', autocomplete: 'off', spellcheck: 'false', id: 'compare-tenant' });
    const show = (event) => { event.preventDefault(); this.tenant = tenant.value.trim() || null; this.address(); found.length = 0; more(); };
    return disclosure(t('compare.tenant'), { id: 'compare-tenant-jobs' }, h('form', { class: 'filters', onsubmit: show }, field(t('compare.tenant.name'), tenant, { hint: t('compare.tenant.hint') }), h('div', { class: 'row' }, h('button', { type: 'submit', class: 'button', id: 'list-tenant' }, t('compare.tenant.show')))), body);
  }
}
