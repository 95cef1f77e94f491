// Several specifications on the data of one analysis: defined, followed while they run, compared. `?batch=<id>` opens one.

import { jobApi, saveBlob, sleep } from '../api.js';
import { addWords, duration, lang, num, t, when } from '../i18n.js';
import { batchForm } from '../parts/batchForm.js';
import { choiceText, comparison } from '../parts/batchComparison.js';
import { reasonTexts } from '../parts/reasons.js';
import { roleName } from '../parts/templates.js';
import { stackable, word } from '../outcome.js';
import { announce, badge, button, card, confirm, empty, fill, h, loading, note, problem, progress, table, unpressed } from '../ui.js';
import compareWords from '../i18n/compare.js';
import draftWords from '../i18n/draft.js';
import resultsWords from '../i18n/results.js';

for (const words of [compareWords, draftWords, resultsWords]) addWords(words);

const KIND = { succeeded: 'ok', partly_succeeded: 'warn', failed: 'fail', refused: 'fail', cancelled: 'idle', running: 'info', queued: 'idle' };
const state = (status) => badge(t(`batches.status.${status}`), KIND[status] ?? 'idle');
const choicesOf = (cell) => cell.choices.map(choiceText).join(' · ');
/** The field of a refusal by its name on the page. */
const fieldOf = (path) => (path === 'sample_if' ? t('batches.axis.sample') : path?.startsWith('roles.') ? roleName(path.slice(6)) : path);
const reasonOf = (cell) => (cell.refusals ?? []).map((r) => [fieldOf(r.path), reasonTexts(r.message.replace(/ at position \d+(?:; expected .*)?$/, ''))].filter(Boolean).join(lang() === 'zh' ? '：' : ': ')).join(lang() === 'zh' ? '；' : '; ') || (cell.cause ? word('cause', cell.cause) : '');

/** Shows the view. */
export async function mount(root, ctx) {
  const body = h('div', { class: 'stack' }, loading());
  fill(root, h('div', { class: 'head' }, h('h1', {}, t('batches.title')), h('p', { class: 'lead' }, t('batches.lead')),
    h('p', {}, h('a', { href: ctx.params.batch ? `#/job/${ctx.jobId}/batches` : `#/job/${ctx.jobId}` }, `← ${t(ctx.params.batch ? 'batches.all' : 'batches.to_job')}`))), body);
  try {
    await (ctx.params.batch ? one(body, ctx, ctx.params.batch) : all(body, ctx));
  } catch (error) {
    if (error.code !== 'ABORTED') fill(body, problem(error, { retry: () => ctx.reload() }));
  }
}

/* ---- the list, and a new batch ---- */

async function all(body, ctx) {
  const { data } = await ctx.api.get('batches', { signal: ctx.signal });
  const list = data.batches.length > 0
    ? stackable(table([
      { key: 'title', label: t('batches.name'), render: (b) => h('a', { href: `#/job/${ctx.jobId}/batches?batch=${b.batch_id}` }, b.title || t('batches.untitled')) },
      { key: 'status', label: t('batches.state'), render: (b) => state(b.status) },
      { key: 'total', label: t('batches.cells'), align: 'end', render: (b) => num(b.counts.total) },
      { key: 'created_at', label: t('batches.made'), render: (b) => when(b.created_at) },
    ], data.batches, { caption: t('batches.all'), rowHeader: 'title' }))
    : empty(t('batches.none'), null);
  const made = (batch) => ctx.go(`job/${ctx.jobId}/batches?batch=${batch.batch_id}`);
  const form = ctx.job.draft && ctx.job.inputs ? await batchForm(ctx, { made, cells: preview }) : empty(t('batches.no_draft'), t('batches.no_draft.text'), button(t('step.draft'), { kind: 'primary', onclick: () => ctx.step('draft') }));
  fill(body, card(t('batches.new'), { id: 'new-batch', lead: t('batches.new.lead') }, form), card(t('batches.all'), { id: 'batches' }, list));
}

/** What a request would make. */
const preview = (data) => h('div', { class: 'stack', id: 'batch-preview' },
  note(data.ready ? 'ok' : 'warn', h('p', {}, data.refused > 0 ? t('batches.refused', { n: data.refused, total: data.total }) : t('batches.fine', { n: data.total })),
    data.estimated_seconds !== null && h('p', {}, t('batches.takes', { time: duration(data.estimated_seconds) }))),
  data.refused > 0 && cellsTable(data.cells.filter((cell) => cell.status === 'refused')));

function cellsTable(cells) {
  return stackable(table([
    { key: 'index', label: t('batches.number'), align: 'end' },
    { key: 'choices', label: t('batches.choices'), render: choicesOf },
    { key: 'status', label: t('batches.state'), render: (cell) => state(cell.status) },
    { key: 'reason', label: t('batches.reason'), render: (cell) => reasonOf(cell) || '–' },
    { key: 'time', label: t('batches.time'), align: 'end', render: (cell) => (cell.engine_ms ? duration(cell.engine_ms / 1000) : '–') },
  ], cells, { caption: t('batches.cells'), rowHeader: 'choices' }));
}

/* ---- one batch ---- */

async function one(body, ctx, id) {
  const path = `batches/${encodeURIComponent(id)}`;
  const parts = { head: h('div', { class: 'stack' }), result: h('div', { class: 'stack' }), cells: h('div', { class: 'stack' }) };
  fill(body, parts.head, parts.result, parts.cells);
  let seen = null;
  const change = (rest) => async () => {
    try { seen = (await ctx.api.post(`${path}/${rest}`, rest === 'cancel' ? {} : undefined, { signal: ctx.signal })).data; redraw(); follow(); } catch (error) { if (error.code !== 'ABORTED') fill(parts.result, problem(error)); }
  };
  const redraw = unpressed(() => {
    if (ctx.signal.aborted) return;
    const { counts, progress: far } = seen;
    const again = seen.status !== 'running' && counts.failed + counts.cancelled > 0 && !seen.removed;
    fill(parts.head, card(seen.title || t('batches.untitled'), { id: 'batch', actions: [
      seen.status === 'running' && !seen.cancel_requested && button(t('batches.cancel'), { kind: 'danger', id: 'cancel-batch', onclick: async () => { if (await confirm(t('batches.cancel'), h('p', {}, t('batches.cancel.text')), { yes: t('batches.cancel'), kind: 'danger' })) await change('cancel')(); } }),
      again && button(t('batches.again', { n: counts.failed + counts.cancelled }), { id: 'run-again', onclick: change('run') }),
    ] }, h('div', { class: 'row' }, state(seen.status), h('span', { id: 'batch-counts' }, t('batches.counts', { ended: far.ended, total: far.total, succeeded: counts.succeeded, failed: counts.failed + counts.cancelled, refused: counts.refused })),
      far.seconds_left !== null && h('span', { class: 'muted' }, t('batches.left', { time: duration(far.seconds_left) }))),
    seen.status === 'running' && progress(t('batches.progress'), far.fraction)));
    fill(parts.cells, card(t('batches.cells'), { id: 'batch-cells' }, cellsTable(seen.cells)));
  });
  let following = false;
  let compared = null;
  async function compare() {
    if (seen.counts.succeeded === 0 || seen.removed || compared === seen.version) return;
    compared = seen.version;
    const node = await comparison({
      signal: ctx.signal, language: lang(),
      json: async (query) => (await ctx.api.get(`${path}/comparison`, { signal: ctx.signal, query })).data,
      save: async (query, name) => saveBlob((await jobApi(ctx.jobId).get(`${path}/comparison`, { query, as: 'blob' })).data, name),
    });
    if (!ctx.signal.aborted) fill(parts.result, node);
  }
  async function follow() {
    if (following) return;
    following = true;
    try {
      for (;;) {
        const { data } = await ctx.api.get(path, { signal: ctx.signal });
        if (!seen || data.version >= seen.version) seen = data;
        redraw();
        if (seen.status !== 'running') break;
        await sleep(1000, ctx.signal);
      }
      announce(t(`batches.status.${seen.status}`));
      await compare();
    } catch (error) {
      if (error.code !== 'ABORTED' && !ctx.signal.aborted) fill(parts.result, problem(error, { retry: () => follow() }));
    } finally { following = false; }
  }
  await follow();
}
