// The view of results: what the run was judged by, its tables and figures, how the sample came about, what the plan
// was, a reading in words where a model is configured, and a comparison with an earlier run.

import { capabilities, tokenOf } from '../api.js';
import { copyTable } from '../clipboard.js';
import { figureCard } from '../parts/figures.js';
import { findingsCard } from '../parts/findingsCard.js';
import { lights } from '../parts/lights.js';
import { mergeText } from '../parts/merge.js';
import { isRepair, stepText } from '../parts/remarks.js';
import { duration, lang, num, t, tr, when } from '../i18n.js';
import { markdown } from '../markdown.js';
import { nameOf } from '../codes.js';
import { history, metaOf, orTell, planOf, revise, seconds, titleOf, word } from '../outcome.js';
import { compared, tablesOf, wordsOf } from '../resulttables.js';
import { fixed, stars, wholeOrFixed } from '../tables.js';
import { announce, badge, button, card, checkbox, copy, empty, field, fill, h, icon, loading, note, problem, sampleFlow, select } from '../ui.js';

/** Shows the view. */
export async function mount(root, ctx) {
  const view = new ResultsView(root, ctx);
  await view.start();
  return () => view.stop();
}

/** A step of the sample: `loaded`, or a data step with its data set, `merge data_2`. */
function stepWords(step, fileOf) {
  const [kind, dataset] = step.split(' ');
  return dataset ? `${word('sample', kind)}: ${fileOf(dataset)}` : word('sample', step);
}

/** How tables are printed; kept while the page is open. */
const options = { decimals: 3, stars: false, labels: true };

class ResultsView {
  constructor(root, ctx) {
    Object.assign(this, { root, ctx, blobs: [], fileOf: (key) => key });
  }

  stop() {
    for (const href of this.blobs) URL.revokeObjectURL(href);
  }

  async start() {
    const { api, signal, job, params } = this.ctx;
    const [runs, plans, artifacts] = await Promise.all([api.get('runs', { signal }), api.get('plans', { signal }), api.get('artifacts', { signal })]);
    this.runs = runs.data.runs;
    this.plans = plans.data.plans;
    this.artifacts = artifacts.data.artifacts;
    this.run = this.runs.find((r) => r.run_id === params.run) ?? this.runs.filter((r) => r.status === 'succeeded').at(-1);
    if (!this.run || this.run.status !== 'succeeded') { this.none(); return; }
    [this.plan, this.meta, this.columns] = await Promise.all([this.frozen(this.run), metaOf(job.selected_template_id, tokenOf(job.job_id)), this.labelled()]);
    this.outputs = new Map((this.plan.contract.outputs ?? []).map((o) => [o.file, this.described(o)]));
    this.draw();
    await Promise.all([this.loadFindings(), this.loadTables(), this.loadFigures()]);
    if (params.show) this.show(params.show);
    await this.loadReading();
  }

  none() {
    fill(this.root, h('h1', {}, t('results.title')), empty(t('results.none'), t('results.none.text'), button(t('step.run'), { kind: 'primary', onclick: () => this.ctx.step('run') })));
  }

  async frozen(run) {
    const path = run.plan_id === this.ctx.job.plan?.plan_id ? 'artifacts/plan.json' : `artifacts/plans/${run.plan_id}.json`;
    return (await this.ctx.api.get(`artifacts/${path}`, { signal: this.ctx.signal })).data;
  }

  /** Columns with their labels; without the data there are none. */
  async labelled() {
    try {
      const { columns, datasets } = (await this.ctx.api.get('inputs/preview', { query: { rows: 1, columns: 200 }, signal: this.ctx.signal })).data;
      this.fileOf = (key) => datasets.find((d) => d.dataset_key === key)?.original_name ?? key;
      return columns;
    } catch { return []; }
  }

  described(output) {
    const own = this.meta?.outputs?.find((o) => o.file === output.file);
    return { en: output.description, zh: own?.description_zh ?? output.description };
  }

  filesOf(kind) {
    return this.artifacts.filter((a) => a.kind === kind && a.meta?.run_id === this.run.run_id && !a.rel_path.includes('/renderings/'));
  }

  draw() {
    const { run, plan } = this;
    const later = this.runs.at(-1);
    this.findings = h('div', {}, loading());
    this.tables = h('div', { class: 'stack' });
    this.figures = h('div', { class: 'figures' });
    this.reading = h('div', {});
    fill(this.root,
      h('div', { class: 'head' }, h('h1', {}, t('results.title')),
        h('p', { class: 'lead' }, `${titleOf(this.meta, plan.template.title)} · ${t('run.revision', { n: plan.revision })} · ${t('run.attempt', { n: run.attempt })}`)),
      later !== run && note('warn', t('results.earlier', { n: run.attempt }), h('div', {}, button(t('step.run'), { onclick: () => this.ctx.step('run') }))),
      this.findings, this.verdict(), this.tables, this.figures, this.reading,
      h('div', { class: 'columns results-facts' }, h('div', { class: 'stack' }, this.sample(), this.compare()), this.facts()),
      history(this.plans, this.runs, this.ctx.job, null));
  }

  verdict() {
    const checks = this.run.checks ?? [];
    const open = checks.filter((c) => c.status !== 'ok');
    return card(null, {}, h('div', { class: `verdict ${open.length > 0 ? 'verdict-warn' : 'verdict-ok'}` }, icon(open.length > 0 ? 'warn' : 'check'),
      h('div', {}, h('h2', {}, t(open.length > 0 ? 'results.verdict.warned' : 'results.verdict.ok')))),
    lights(checks),
    h('div', { class: 'row' }, button(t('results.download'), { kind: 'primary', icon: 'download', id: 'to-downloads', onclick: () => this.ctx.step('downloads') }),
      button(t('run.revise'), { icon: 'edit', id: 'revise', onclick: orTell(() => revise(this.ctx)) })));
  }

  async loadTables() {
    const files = this.filesOf('stata.export.table').filter((a) => a.rel_path.endsWith('.csv'));
    const order = [...this.outputs.keys()];
    const name = (a) => a.rel_path.split('/').at(-1);
    files.sort((a, b) => order.indexOf(name(a)) - order.indexOf(name(b)));
    try {
      const texts = await Promise.all(files.map(async (a) => [name(a), (await this.ctx.api.get(`artifacts/${a.rel_path}`, { as: 'text', signal: this.ctx.signal })).data]));
      const words = (labels) => wordsOf(this.plan, this.columns, labels, this.run);
      const tables = tablesOf({ run: this.run, plan: this.plan, texts, outputs: this.outputs, words });
      this.drawTables(tables, new Map(files.map((a) => [name(a), a])));
    } catch (error) {
      if (error.code === 'ABORTED') return;
      fill(this.tables, problem(error, { retry: () => this.loadTables() }));
    }
  }

  async loadFindings() {
    const { run, meta } = this;
    const open = (run.checks ?? []).filter((c) => c.status !== 'ok').length;
    try {
      const said = (await this.ctx.api.get(`runs/${run.run_id}/findings`, { query: { language: lang() }, signal: this.ctx.signal })).data;
      fill(this.findings, findingsCard({ said, meta, run }, {
        show: (file) => this.show(file),
        actions: badge(open > 0 ? t('results.to_check', { n: open }) : t('results.all_passed'), open > 0 ? 'warn' : 'ok'),
      }));
    } catch (error) {
      if (error.code !== 'ABORTED') fill(this.findings, problem(error, { retry: () => this.loadFindings() }));
    }
  }

  /** Copies the address of a table or figure of this run; who opens it needs the task code. */
  linkButton(file, name) {
    const to = new URL(`#/job/${this.ctx.jobId}/results?${new URLSearchParams({ run: this.run.run_id, show: file })}`, location.href);
    return button(t('results.link'), { kind: 'quiet', 'aria-label': t('results.link_of', { name }), onclick: () => copy(to.href) });
  }

  /** Brings the card of a table or figure into view; a table at the foot of others has none. */
  show(file) {
    const found = [...this.root.querySelectorAll('[data-file]')].find((e) => e.dataset.file === file) ?? this.tables.querySelector('[data-file]');
    const heading = found?.querySelector('h2');
    if (!heading) return;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    found.scrollIntoView({ block: 'start' });
  }

  drawTables(tables, files) {
    if (tables.length === 0) { fill(this.tables); return; }
    const spots = tables.map((table) => {
      const spot = h('div', {});
      const file = files.get(table.file);
      return { table, spot, node: card(table.title, { cls: 'result-card', actions: [
        button(t('ui.copy'), { kind: 'quiet', icon: 'copy', 'aria-label': t('results.copy_table', { name: table.title }), onclick: () => copyTable(spot, table.title) }),
        this.linkButton(table.file, table.title),
        button('CSV', { kind: 'quiet', icon: 'download', 'aria-label': t('results.csv', { name: table.title }), onclick: orTell(() => this.ctx.api.download(`artifacts/${file.rel_path}`, table.file)) }),
      ] }, spot) };
    });
    for (const { table, node } of spots) node.dataset.file = table.file;
    const redraw = () => spots.forEach(({ table, spot }) => fill(spot, table.draw(options)));
    const decimals = select([0, 1, 2, 3, 4, 5, 6].map((n) => ({ value: n, label: String(n) })), { value: options.decimals, onchange: (e) => { options.decimals = Number(e.target.value); redraw(); } });
    const check = (key) => checkbox(t(`results.option.${key}`), { checked: options[key], onchange: (e) => { options[key] = e.target.checked; redraw(); } });
    const tools = h('div', { class: 'table-options', role: 'group', 'aria-label': t('results.options') }, field(t('results.option.decimals'), decimals), check('stars'), check('labels'));
    redraw();
    fill(this.tables, h('div', { class: 'row results-head' }, h('h2', {}, t('results.tables')), tools), spots.map((s) => s.node));
  }

  async loadFigures() {
    const files = this.filesOf('stata.export.figure').filter((a) => a.rel_path.endsWith('.svg'));
    const shown = await Promise.all(files.map((a) => this.figure(a).catch((error) => (error.code === 'ABORTED' ? null : problem(error)))));
    if (this.ctx.signal.aborted || shown.length === 0) return;
    fill(this.figures, h('h2', {}, t('results.figures')), h('div', {}, shown));
  }

  async figure(artifact) {
    const file = artifact.rel_path.split('/').at(-1);
    const text = (await this.ctx.api.get(`artifacts/${artifact.rel_path}`, { as: 'text', signal: this.ctx.signal })).data;
    const behind = this.artifacts.find((a) => a.meta?.run_id === this.run.run_id && a.meta.data_of === file);
    const { node, src } = figureCard(file, text, tr(this.outputs.get(file)), {
      more: (title) => this.linkButton(file, title),
      data: (title) => behind && button('CSV', { kind: 'quiet', icon: 'download', 'aria-label': t('results.figure_data', { name: title }), onclick: orTell(() => this.ctx.api.download(`artifacts/${behind.rel_path}`, behind.rel_path.split('/').at(-1))) }),
    });
    this.blobs.push(src);
    return node;
  }

  async loadReading() {
    const able = await capabilities().catch(() => null);
    if (this.ctx.signal.aborted) return;
    const done = this.artifacts.filter((a) => a.kind === 'stata.report.interpretation').at(-1);
    if (!able?.llm?.configured && !done) return;
    const spot = h('div', { class: 'reading', 'aria-live': 'polite' });
    const ask = async (renew) => {
      const body = { language: lang(), ...(renew ? { renew: true } : {}) };
      for (;;) {
        const answer = (await this.ctx.api.post('interpretation', body, { signal: this.ctx.signal })).data;
        if (answer.status === 'ready') {
          this.artifacts.push(answer.artifact);
          await this.loadReading();
          announce(t('results.reading'));
          return;
        }
        delete body.renew;
        fill(spot, loading(t('results.reading.working')));
        await new Promise((resolve) => setTimeout(resolve, 1000 * (answer.retry_after_seconds ?? 2)));
      }
    };
    const begin = (renew) => async () => { try { await ask(renew); } catch (error) { if (error.code !== 'ABORTED') fill(spot, problem(error, { retry: begin(true) })); } };
    fill(this.reading, card(t('results.reading'), { lead: t('results.reading.text'), actions: able?.llm?.configured && button(t(done ? 'results.reading.again' : 'results.reading.ask'), { id: 'ask-reading', onclick: begin(Boolean(done)) }) }, spot));
    if (done) await this.showReading(spot, done);
  }

  async showReading(spot, artifact) {
    const text = (await this.ctx.api.get(`artifacts/${artifact.rel_path}`, { as: 'text', signal: this.ctx.signal })).data;
    fill(spot, markdown(text));
  }

  sample() {
    const steps = this.run.sample_flow ?? [];
    if (steps.length === 0) return null;
    const part = (text) => (text.startsWith('missing:') ? t('results.missing', { columns: text.slice(8).trim() }) : text.startsWith('not in the estimation') ? t('results.dropped', { n: text.split(': ').at(-1) }) : mergeText(text, this.fileOf));
    const reason = (text) => text?.split('; not ').map((piece, i) => part(i > 0 ? `not ${piece}` : piece)).join(lang() === 'zh' ? '；' : '; ');
    // the plan has the repairs in the order of the flow
    const repairs = (this.plan?.data_steps ?? []).filter((s) => isRepair(`${s.kind} `));
    const shown = (s) => (isRepair(s.step) ? { step: s.step, label: t('data.step.flow'), rows: s.rows, note: repairs.length > 0 ? stepText(repairs.shift()) : s.reason } : { step: s.step, label: stepWords(s.step, this.fileOf), rows: s.rows, note: reason(s.reason) });
    return card(t('results.sample'), { lead: t('results.sample.text') }, sampleFlow(steps.map(shown), { label: t('results.sample') }));
  }

  facts() {
    const { run, plan } = this;
    const metric = (name) => run.metrics?.[name];
    const hash = (text) => h('span', { class: 'hash' }, h('code', { title: text }, text.slice(0, 12)), h('button', { type: 'button', class: 'icon-button', 'aria-label': t('results.copy_hash', { text: text.slice(0, 12) }), onclick: () => copy(text) }, icon('copy')));
    const engine = [t(`app.engine.${run.engine?.kind}`), run.engine?.edition, run.engine?.version].filter(Boolean).join(' ');
    const rows = [
      ['template', `${plan.template.template_id} ${plan.template.version}`],
      ['observations', metric('n_used') !== undefined && num(metric('n_used'))],
      ['condition', plan.sample_if && h('code', {}, plan.sample_if.text ?? plan.sample_if.canonical)],
      ['seed', String(plan.seed)],
      ['engine', engine],
      ['plan', hash(plan.plan_id)],
      ['data', hash(plan.input_fingerprint)],
      ['run', hash(run.run_id)],
      ['trace', hash(this.ctx.job.trace_id)],
      ['when', when(run.ended_at)],
      ['took', duration(seconds(run))],
    ];
    return card(t('results.facts'), { lead: t('results.facts.text') }, h('dl', { class: 'fact-list' }, rows.filter(([, value]) => value).map(([key, value]) => h('div', {}, h('dt', {}, t(`results.fact.${key}`)), h('dd', {}, value)))));
  }

  compare() {
    const others = this.runs.filter((r) => r !== this.run && r.status === 'succeeded' && r.results?.length > 0).reverse();
    if (others.length === 0 || !this.run.results?.length) return null;
    const revision = (run) => planOf(run, this.plans)?.revision ?? '?';
    const label = (run) => `${t('run.revision', { n: revision(run) })} · ${t('run.attempt', { n: run.attempt })}`;
    const words = wordsOf(this.plan, this.columns, options.labels, { results: [...this.run.results, ...others.flatMap((r) => r.results)] });
    const spot = h('div', {});
    const shown = (r) => (r ? [h('span', {}, fixed(r.estimate, options.decimals) + (options.stars ? stars(r.p_value) : '')), r.std_error !== null && h('span', { class: 'below' }, `(${fixed(r.std_error, options.decimals)})`)] : '–');
    const show = (other) => {
      const rows = compared(other, this.run).map(({ term, a, b }) => h('tr', {}, h('th', { scope: 'row' }, words.term(term)), h('td', { class: 'num' }, shown(a)), h('td', { class: 'num' }, shown(b))));
      const n = (run) => h('td', { class: 'num' }, wholeOrFixed(run.metrics?.n_used ?? NaN, 0));
      fill(spot, h('div', { class: 'table-scroll grid-scroll', tabindex: '0', role: 'region', 'aria-label': t('results.compare') }, h('table', { class: 'grid' }, h('caption', { class: 'sr' }, t('results.compare')),
        h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, nameOf('term')), h('th', { scope: 'col', class: 'num' }, label(other)), h('th', { scope: 'col', class: 'num' }, label(this.run)))),
        h('tbody', {}, rows), h('tbody', { class: 'grid-foot' }, h('tr', {}, h('th', { scope: 'row' }, nameOf('N')), n(other), n(this.run))))));
    };
    const choice = select(others.map((run) => ({ value: run.run_id, label: label(run) })), { onchange: (e) => show(others.find((r) => r.run_id === e.target.value)) });
    show(others[0]);
    return card(t('results.compare'), { lead: t('results.compare.text'), actions: h('a', { id: 'compare-more', href: `#/compare?job=${this.ctx.jobId}` }, t('results.compare.more')) }, field(t('results.compare.with'), choice), spot);
  }
}
