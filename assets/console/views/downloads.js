// The view of downloads: reports of a run in the formats that people use, the capsule with everything that is needed to
// repeat it, and every file of the analysis with its size and hash.

import { tokenOf } from '../api.js';
import { bytes, lang, t, when } from '../i18n.js';
import { history, metaOf, orTell, stackable, titleOf } from '../outcome.js';
import { button, card, checkbox, copy, disclosure, empty, field, fill, h, icon, note, problem, progress, select, table, toast } from '../ui.js';

/** Groups of kinds of artifacts, in the order in which people look for them. */
const GROUPS = [
  ['results', ['stata.export.table', 'stata.export.figure', 'stata.export.dataset', 'stata.export.report', 'stata.report.interpretation', 'stata.export.other']],
  ['program', ['stata.do', 'stata.log', 'do_template.source', 'do_template.meta', 'do_template.params']],
  ['plan', ['plan.json', 'do_template.selection.stage1', 'do_template.selection.candidates', 'do_template.selection.stage2']],
  ['run', ['run.meta.json', 'run.stdout', 'run.stderr', 'run.error.json']],
  ['model', ['llm.prompt', 'llm.response', 'llm.meta']],
  ['data', ['inputs.dataset', 'inputs.manifest']],
];

const REPORTS = ['docx', 'xlsx', 'pdf', 'tex', 'png', 'dta'];
/** Files up to so many bytes are fetched with the credential; larger ones are opened by a signed link. */
const BY_BLOB = 20_000_000;

const chosen = { formats: new Set(['docx', 'xlsx']), stars: false, labels: true, decimals: 3 };

/** Shows the view. */
export async function mount(root, ctx) {
  const { api, signal, job } = ctx;
  const [runs, plans] = await Promise.all([api.get('runs', { signal }), api.get('plans', { signal })]);
  const run = runs.data.runs.filter((r) => r.status === 'succeeded').at(-1) ?? null;
  const meta = job.selected_template_id ? await metaOf(job.selected_template_id, tokenOf(job.job_id)) : null;
  const files = h('div', { class: 'stack' });
  const redraw = async () => fill(files, fileCards(ctx, (await api.get('artifacts', { signal })).data.artifacts, runs.data.runs));
  fill(root,
    h('div', { class: 'head' }, h('h1', {}, t('downloads.title')), h('p', { class: 'lead' }, titleOf(meta, job.selected_template_id ?? ''))),
    run ? reports(ctx, run, redraw) : note('info', t('downloads.no_run')),
    capsule(ctx), files, history(plans.data.plans, runs.data.runs, job, null));
  await redraw();
}

/* ---- reports ---- */

function reports(ctx, run, redraw) {
  const out = h('div', { class: 'stack', 'aria-live': 'polite' });
  const formats = h('fieldset', {}, h('legend', {}, t('downloads.formats')), h('div', { class: 'form-grid' }, REPORTS.map((format) => checkbox(t(`downloads.format.${format}`), {
    checked: chosen.formats.has(format), hint: t(`downloads.format.${format}.hint`), id: `format-${format}`,
    onchange: (e) => { if (e.target.checked) chosen.formats.add(format); else chosen.formats.delete(format); },
  }))));
  const language = select([{ value: 'en', label: 'English' }, { value: 'zh', label: '中文' }], { value: lang() });
  const decimals = select([0, 1, 2, 3, 4, 5, 6].map((n) => ({ value: n, label: String(n) })), { value: chosen.decimals, onchange: (e) => { chosen.decimals = Number(e.target.value); } });
  const check = (key) => checkbox(t(`downloads.${key}`), { checked: chosen[key], onchange: (e) => { chosen[key] = e.target.checked; } });
  const make = button(t('downloads.make'), { kind: 'primary', id: 'make-reports', busyLabel: t('downloads.making'), onclick: async () => {
    const wanted = REPORTS.filter((f) => chosen.formats.has(f));
    if (wanted.length === 0) { toast(t('downloads.choose'), 'warn'); return; }
    fill(out, progress(t('downloads.making')));
    try {
      const body = { formats: wanted, stars: chosen.stars, labels: chosen.labels, decimals: chosen.decimals, language: language.value };
      const made = await rendered(ctx, run, body);
      fill(out, madeFiles(ctx, made));
      await redraw();
    } catch (error) {
      if (error.code !== 'ABORTED') fill(out, problem(error));
    }
  } });
  return card(t('downloads.reports'), { lead: t('downloads.reports.text'), id: 'reports' }, formats,
    h('div', { class: 'table-options' }, field(t('downloads.language'), language), field(t('downloads.decimals'), decimals), check('stars'), check('labels')),
    h('div', { class: 'row' }, make), out);
}

/** Asks until the files are there: 202 while they are being made. */
async function rendered(ctx, run, body) {
  for (;;) {
    const answer = await ctx.api.post(`runs/${run.run_id}/render`, body, { signal: ctx.signal });
    if (answer.status !== 202) return answer.data;
    await new Promise((resolve) => setTimeout(resolve, 1000 * (answer.data.retry_after_seconds ?? 1)));
    if (ctx.signal.aborted) throw Object.assign(new Error(), { code: 'ABORTED' });
  }
}

function madeFiles(ctx, { artifacts, skipped }) {
  return [
    note('ok', t('downloads.made', { n: artifacts.length })),
    h('ul', { class: 'made' }, artifacts.map((a) => h('li', {}, icon('file'), h('span', {}, nameOf(a)), h('span', { class: 'muted' }, bytes(a.size_bytes)), saveButton(ctx, a)))),
    skipped.length > 0 && note('info', skipped.map((s) => h('p', {}, `${s.format}: ${s.reason}`))),
  ];
}

/* ---- the capsule ---- */

function capsule(ctx) {
  if (!ctx.job.plan) return null;
  const data = checkbox(t('downloads.capsule.data'), { checked: true, hint: t('downloads.capsule.data.hint') });
  const model = checkbox(t('downloads.capsule.model'), { checked: true, hint: t('downloads.capsule.model.hint') });
  const fetch = orTell(async () => {
    const parts = { data: data.control.checked ? 'include' : 'hash', llm: model.control.checked ? 'include' : 'exclude' };
    open(await ctx.api.link({ scope: 'capsule', ttl_seconds: 900, ...parts }), `${ctx.job.job_id}.zip`);
  });
  return card(t('downloads.capsule'), { lead: t('downloads.capsule.text'), id: 'capsule' }, data, model,
    h('div', { class: 'row' }, button(t('downloads.capsule.get'), { icon: 'download', id: 'get-capsule', onclick: fetch })));
}

/* ---- files ---- */

const nameOf = (artifact) => artifact.meta?.original_name ?? artifact.rel_path.split('/').at(-1);

function open(href, name) {
  const a = h('a', { href, download: name });
  document.body.append(a);
  a.click();
  a.remove();
}

function saveButton(ctx, artifact) {
  const name = nameOf(artifact);
  return button(t('downloads.save'), { kind: 'quiet', icon: 'download', 'aria-label': t('downloads.save_name', { name }), onclick: orTell(async () => {
    if (artifact.size_bytes <= BY_BLOB) await ctx.api.download(`artifacts/${artifact.rel_path}`, name);
    else open(await ctx.api.link({ scope: 'artifact', rel_path: artifact.rel_path, ttl_seconds: 900 }), name);
  }) });
}

function fileCards(ctx, artifacts, runs) {
  if (artifacts.length === 0) return empty(t('downloads.none'), t('downloads.none.text'));
  const attempt = (a) => runs.find((r) => r.run_id === a.meta?.run_id)?.attempt;
  const columns = [
    { key: 'name', label: t('downloads.file'), render: (a) => [h('span', { class: 'file-name' }, nameOf(a)), h('span', { class: 'below' }, [t(`downloads.kind.${a.meta?.data_of ? 'data_of_figure' : a.kind}`), attempt(a) && t('run.attempt', { n: attempt(a) }), formOf(a)].filter(Boolean).join(' · '))] },
    { key: 'size', label: t('downloads.size'), align: 'end', render: (a) => bytes(a.size_bytes) },
    { key: 'created', label: t('downloads.created'), render: (a) => when(a.created_at) },
    { key: 'sha256', label: 'SHA-256', render: (a) => h('span', { class: 'hash' }, h('code', { title: a.sha256 }, a.sha256.slice(0, 10)), h('button', { type: 'button', class: 'icon-button', 'aria-label': t('downloads.copy_hash', { name: nameOf(a) }), onclick: () => copy(a.sha256) }, icon('copy'))) },
    { key: 'save', label: t('downloads.save'), render: (a) => saveButton(ctx, a) },
  ];
  const known = new Set(GROUPS.flatMap(([, kinds]) => kinds));
  const groups = [...GROUPS, ['other', [...new Set(artifacts.map((a) => a.kind).filter((kind) => !known.has(kind)))]]];
  const own = (kinds) => artifacts.filter((a) => kinds.includes(a.kind)).sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || b.created_at.localeCompare(a.created_at));
  const shown = groups.map(([id, kinds]) => [id, own(kinds)]).filter(([, list]) => list.length > 0);
  return card(t('downloads.files'), { lead: t('downloads.files.text'), cls: 'all-files' }, shown.map(([id, list], i) => disclosure(`${t(`downloads.group.${id}`)} (${list.length})`, { open: i === 0 },
    stackable(table(columns, list, { caption: t(`downloads.group.${id}`), rowHeader: 'name' })))));
}

function formOf(artifact) {
  const form = artifact.meta?.form;
  return form ? t(`downloads.form.${form}`) : null;
}

