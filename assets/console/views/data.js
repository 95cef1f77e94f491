// The data of an analysis: choose and send files, see what was read of them, choose sheet and header row.

import * as api from '../api.js';
import { bytes, duration, has, lang, num, percent, t } from '../i18n.js';
import { categoriesOf } from '../parts/columns.js';
import { remarks } from '../parts/remarks.js';
import { sendFiles } from '../parts/uploading.js';
import { announce, badge, button, card, empty, field, fill, h, icon, loading, note, problem, progress, select, table, tabs, write } from '../ui.js';

const ROLES = ['primary_dataset', 'secondary_dataset', 'auxiliary_data'];
const ENDINGS = ['csv', 'tsv', 'txt', 'xlsx', 'xlsb', 'xls', 'ods', 'dta', 'sav', 'zsav', 'xpt', 'sas7bdat', 'rds', 'rda', 'rdata', 'parquet'];
const locked = (job) => !['created', 'draft_ready'].includes(job.status);

export async function mount(root, ctx) {
  const upload = h('div', { class: 'stack' });
  const preview = h('div', { class: 'stack' });
  const state = { ctx, upload, preview, files: ctx.memory.files ?? [], limits: null, dataset: ctx.memory.dataset ?? null };
  root.append(h('div', { class: 'head' }, h('h1', {}, t('data.title')), h('p', { class: 'lead' }, t('data.lead'))), preview, upload);
  state.limits = await api.capabilities().then((c) => c.upload).catch(() => null);
  drawUpload(state);
  if (ctx.job.inputs) await showPreview(state);
  else if (ctx.job.status === 'created') await resumeIngest(state);
}

/** An upload may still be read when the page is opened again. */
async function resumeIngest(state) {
  const { status, data } = await state.ctx.api.get('draft/preview', { signal: state.ctx.signal });
  if (status === 202 && data.reason === 'ingesting') await showPreview(state);
}

/* ---- choosing and sending ---- */

function drawUpload(state) {
  const { ctx, files } = state;
  ctx.memory.files = files;
  if (locked(ctx.job)) {
    fill(state.upload, note('info', h('p', {}, t('data.locked')), h('div', {}, button(t('data.to_plan'), { onclick: () => ctx.step('plan') }))));
    return;
  }
  const input = h('input', { type: 'file', multiple: true, class: 'sr', tabindex: '-1', 'aria-hidden': 'true', accept: ENDINGS.map((e) => `.${e}`).join(','), id: 'file-input', onchange: () => take(state, [...input.files]) });
  const most = state.limits ? bytes(state.limits.max_bytes) : null;
  const drop = h('button', { type: 'button', class: 'drop', id: 'drop', onclick: () => input.click() },
    icon('up', 'drop-icon'), h('span', { class: 'drop-title' }, t(files.length || ctx.job.inputs ? 'data.drop.more' : 'data.drop')),
    h('span', { class: 'hint' }, t('data.drop.hint', { formats: 'CSV · Excel · OpenDocument · Stata · SPSS · SAS · R · Parquet' }), most && ` · ${t('data.drop.limit', { size: most })}`));
  const over = (on) => (e) => { e.preventDefault(); drop.classList.toggle('is-over', on); };
  for (const kind of ['dragenter', 'dragover']) drop.addEventListener(kind, over(true));
  drop.addEventListener('dragleave', over(false));
  drop.addEventListener('drop', (e) => { over(false)(e); take(state, [...e.dataTransfer.files]); });
  state.trouble ??= h('div', {});
  fill(state.upload, card(t(ctx.job.inputs ? 'data.replace' : 'data.choose'), { lead: ctx.job.inputs && files.length > 0 ? t('data.replace.lead') : null },
    input, drop, files.length > 0 && fileList(state), state.trouble, files.length > 0 && sendRow(state)));
}

function take(state, chosen) {
  fill(state.trouble);
  const wrong = chosen.filter((f) => !ENDINGS.includes(f.name.split('.').pop().toLowerCase()));
  const total = [...state.files.map((f) => f.file), ...chosen].reduce((sum, f) => sum + f.size, 0);
  if (wrong.length > 0) fill(state.trouble, note('fail', t('data.wrong_format', { name: wrong[0].name })));
  else if (state.limits && total > state.limits.max_bytes) fill(state.trouble, note('fail', t('data.too_large', { size: bytes(state.limits.max_bytes) })));
  else {
    const primary = state.files.some((f) => f.role === ROLES[0]);
    state.files.push(...chosen.map((file, i) => ({ file, role: primary || i > 0 ? ROLES[1] : ROLES[0] })));
    if (state.files.length === 1 && !state.ctx.job.inputs) { drawUpload(state); send(state); return; }
  }
  drawUpload(state);
}

const fileList = (state) => h('ul', { class: 'files' }, state.files.map((entry, i) => h('li', {}, icon('file'),
  h('span', { class: 'file-name' }, entry.file.name, h('span', { class: 'muted' }, ` ${bytes(entry.file.size)}`)),
  select(ROLES.map((role) => ({ value: role, label: t(`data.role.${role}`) })), { value: entry.role, id: `role-${i}`, 'aria-label': t('data.role', { name: entry.file.name }), onchange: (e) => {
    if (e.target.value === ROLES[0]) state.files.forEach((f) => { if (f.role === ROLES[0]) f.role = ROLES[1]; });
    entry.role = e.target.value;
    drawUpload(state);
  } }),
  h('button', { type: 'button', class: 'icon-button', 'aria-label': t('data.remove', { name: entry.file.name }), onclick: () => { state.files.splice(i, 1); drawUpload(state); document.getElementById('drop')?.focus(); } }, icon('cross')))));

function sendRow(state) {
  const primary = state.files.filter((f) => f.role === ROLES[0]).length === 1;
  return h('div', { class: 'row' }, button(t('data.send', { n: state.files.length }), { kind: 'primary', id: 'send', disabled: !primary, onclick: () => send(state) }), !primary && h('p', { class: 'hint' }, t('data.need_primary')));
}

async function send(state) {
  const { ctx } = state;
  const stop = new AbortController();
  ctx.signal.addEventListener('abort', () => stop.abort());
  const bar = progress(t('data.sending'), 0);
  const told = h('span', { class: 'muted', id: 'sending' }, t('data.sending'));
  fill(state.upload, card(t('data.sending'), {}, h('p', {}, state.files.map((f) => f.file.name).join(', ')), bar, h('div', { class: 'row' }, told, button(t('ui.cancel'), { id: 'stop-sending', onclick: () => stop.abort() }))));
  announce(t('data.sending'));
  state.trouble = h('div', {});
  const began = performance.now();
  let now = { sent: 0, total: 0, kept: 0, waiting: 0 };
  const tell = () => {
    bar.set(now.total > 0 && now.sent < now.total ? now.sent / now.total : null);
    write(told, now.total > 0 ? pace(now, (performance.now() - began) / 1000) : t('data.sending'));
  };
  const clock = setInterval(tell, 1000);
  try {
    await sendFiles(ctx.jobId, state.files, { threshold: state.limits?.multipart_threshold, signal: stop.signal, onProgress: (is) => { now = is; tell(); } });
    state.dataset = null;
    fill(state.upload);
    if (!await showPreview(state)) return;
    state.files = [];
    await ctx.refresh();
    announce(t('data.done'));
  } catch (error) {
    if (ctx.signal.aborted) return;
    // stopped after its last byte: the service may be reading it already
    if (error.code === 'ABORTED' && now.total > 0 && now.sent >= now.total) await cancelReading(state);
    else if (error.code === 'ABORTED') fill(state.trouble, note('info', t(now.total >= (state.limits?.multipart_threshold ?? Infinity) ? 'data.stopped.kept' : 'data.stopped')));
    else fill(state.trouble, refused(error, () => send(state)));
  } finally { clearInterval(clock); }
  drawUpload(state);
}

/** Ends the reading of the upload at the service; what it had become before is shown. */
async function cancelReading(state) {
  const { ctx } = state;
  state.files = [];
  try {
    const { data } = await ctx.api.post('inputs/cancel', {}, { signal: ctx.signal });
    if (data.status === 'cancelled') {
      fill(state.trouble, note('info', t('data.cancelled')));
      if (!ctx.job.inputs) return;
    }
    if (data.status === 'inputs_missing') return;
    await ctx.refresh();
    await showPreview(state);
  } catch (error) { fill(state.trouble, refused(error)); }
}

/** How much of an upload is sent, the time so far, and what is left at the same pace. */
function pace({ sent, total, kept, waiting }, passed) {
  if (waiting > 0) return [t('data.sent', { sent: bytes(sent), total: bytes(total) }), t('data.broken')].join(' · ');
  const so_far = t('data.so_far', { time: duration(Math.floor(passed)) });
  if (sent >= total) return `${t('data.reading')} ${so_far}`;
  const fresh = sent - kept;
  const left = fresh > 0 && passed >= 2 ? t('data.left', { time: duration(Math.ceil(passed * (total - sent) / fresh)) }) : null;
  return [t('data.sent', { sent: bytes(sent), total: bytes(total) }), so_far, left].filter(Boolean).join(' · ');
}

/** How much of the files is read, the time so far, and what is left at the same pace. */
function howFar(progress, passed) {
  const { read_bytes: read, total_bytes: total, elapsed_seconds: elapsed, remaining_seconds: left } = progress ?? {};
  return [read > 0 && t('data.sent', { sent: bytes(read), total: bytes(total) }),
    t('data.so_far', { time: duration(Math.floor(Math.max(passed, elapsed ?? 0))) }),
    left > 0 && t('data.left', { time: duration(left) })].filter(Boolean).join(' · ');
}

/** A file that cannot be read is told with the place in it. */
function refused(error, retry) {
  const { row, column, reason, sheets } = error.context;
  const key = `data.refused.${error.code}`;
  if (!has(key)) return problem(error, { retry });
  return note('fail', h('p', { class: 'problem-title' }, t(key)), row && h('p', {}, t('data.refused.where', { row, column: column ?? '' })), (reason || lang() === 'en') && h('p', {}, reason ?? error.message), sheets && h('p', {}, sheets.join(', ')));
}

/* ---- what was read ---- */

/** Draws what was read of the files; false where the reading was cancelled, here or elsewhere. */
async function showPreview(state) {
  const { ctx } = state;
  let left = false;
  const other = button(t('data.stop_reading'), { id: 'stop-reading', onclick: async () => {
    left = true;
    state.trouble = h('div', {});
    fill(state.preview);
    await cancelReading(state);
    drawUpload(state);
    document.getElementById('drop').focus();
  } });
  // the clock runs beside the words that are read aloud: they are said once
  const time = h('span', { 'aria-live': 'off' });
  const waiting = loading(t('data.reading'));
  waiting.append(time);
  const began = performance.now();
  let progress = null;
  const tell = () => { time.textContent = howFar(progress, (performance.now() - began) / 1000); };
  const clock = setInterval(() => (waiting.isConnected ? tell() : clearInterval(clock)), 1000);
  fill(state.preview, waiting);
  for (;;) {
    try {
      const { data } = await ctx.api.get('inputs/preview', { query: { dataset_key: state.dataset, rows: 20, columns: 200 }, signal: ctx.signal });
      if (left) return false;
      drawPreview(state, data);
      return true;
    } catch (error) {
      if (left) return false;
      if (error.context?.reason === 'ingest_cancelled') {
        fill(state.preview);
        state.trouble = note('info', t('data.cancelled'));
        drawUpload(state);
        return false;
      }
      if (error.context?.reason === 'ingesting') {
        // without it another server reads the file
        progress = error.context.progress ?? progress;
        tell();
        // a file that was not meant need not be waited for
        if (!other.isConnected) state.preview.append(h('div', { class: 'row' }, other));
        await api.sleep(1000 * (error.retryAfter ?? 1), ctx.signal);
      } else {
        fill(state.preview, refused(error, () => showPreview(state)));
        if (error.code.startsWith('INPUT_')) throw error;
        return true;
      }
    }
    if (left) return false;
  }
}

function drawPreview(state, data) {
  const { ctx } = state;
  const brief = data.datasets.find((d) => d.dataset_key === data.dataset_key);
  const choose = data.datasets.length > 1 && h('div', { class: 'segments', role: 'group', 'aria-label': t('data.datasets') }, data.datasets.map((d) => h('button', { type: 'button', 'aria-pressed': String(d.dataset_key === data.dataset_key), id: `set-${d.dataset_key}`, onclick: () => { state.dataset = ctx.memory.dataset = d.dataset_key; showPreview(state); } }, d.original_name, h('span', { class: 'muted' }, ` ${t(`data.role.${d.role}`)}`))));
  const hidden = data.column_count - data.columns.length;
  fill(state.preview, card(t('data.read'), { actions: badge(t('data.read.ok'), 'ok') }, choose,
    h('dl', { class: 'facts' }, fact(t('data.file'), brief?.original_name), fact(t('data.rows'), num(data.row_count)), fact(t('data.columns'), num(data.column_count)), fact(t('data.size'), brief && bytes(brief.size_bytes))),
    (data.sheet_names.length > 0 || data.warnings.some((w) => HEADER.includes(w.type))) && sheetForm(state, data),
    remarks(data.warnings.filter((w) => !w.dataset_key || w.dataset_key === data.dataset_key), locked(ctx.job) ? null : { go: () => ctx.step('draft', { field: 'remarks' }) }),
    tabs([
      { id: 'columns', label: t('data.tab.columns'), render: () => columnTable(data) },
      { id: 'rows', label: t('data.tab.rows'), render: () => rowTable(data) },
    ], { label: t('data.read') }),
    hidden > 0 && h('p', { class: 'hint' }, t('data.more_columns', { shown: data.columns.length, all: data.column_count })),
    h('div', { class: 'actions-end' }, button(t('data.next'), { kind: 'primary', id: 'next', onclick: () => ctx.step(locked(ctx.job) ? 'plan' : 'draft') }))));
}

const fact = (name, value) => h('div', {}, h('dt', {}, name), h('dd', {}, value ?? '–'));

const labelOf = (c) => c.label ?? (c.original_name !== c.name ? c.original_name : '');

const columnTable = (data) => table([
  { key: 'name', label: t('data.col.name'), render: (c) => h('code', {}, c.name) },
  { key: 'type', label: t('data.col.type'), render: (c) => t(`type.${c.inferred_type}`) },
  { key: 'missing', label: t('data.col.missing'), align: 'end', render: (c) => h('span', { class: c.missing_share >= 0.2 ? 'strong-warn' : null }, percent(c.missing_share)) },
  { key: 'distinct', label: t('data.col.distinct'), align: 'end', render: (c) => (c.distinct_is_lower_bound ? '≥ ' : '') + num(c.distinct) },
  data.columns.some((c) => c.categories) && { key: 'categories', label: t('data.col.categories'), render: (c) => categoriesOf(c) },
  data.columns.some((c) => labelOf(c)) && { key: 'label', label: t('data.col.label'), render: labelOf },
].filter(Boolean), data.columns, { caption: t('data.tab.columns'), rowHeader: 'name', cls: 'variables' });

function rowTable(data) {
  if (data.sample_rows.length === 0) return empty(t('data.no_rows'));
  const columns = data.columns.map((c, i) => ({ key: c.name, label: c.name, align: ['integer', 'number', 'binary'].includes(c.inferred_type) ? 'end' : undefined, render: (row) => (row[i] === null ? h('span', { class: 'missing', title: t('data.missing') }, '·') : typeof row[i] === 'number' ? num(row[i], 8).replace(/,/g, '') : String(row[i])) }));
  return table(columns, data.sample_rows, { caption: t('data.tab.rows'), cls: 'cells' });
}

/** Remarks on the row of the names, which a text file has too. */
const HEADER = ['second_header_row', 'header_is_data', 'rows_above_header'];

function sheetForm(state, data) {
  const sheet = select(data.sheet_names.map((name) => ({ value: name, label: name })), { value: data.selected_sheet });
  const row = h('input', { type: 'number', min: '1', step: '1', value: data.header_row ?? 1 });
  const rowField = field(t('data.header_row'), row, { id: 'header-row', hint: t('data.header_row.hint') });
  const out = h('div', {});
  const apply = button(t('data.read_again'), { onclick: async () => {
    const stop = button(t('data.stop_sheet'), { id: 'stop-sheet', onclick: () => state.ctx.api.post('inputs/cancel', {}, { signal: state.ctx.signal }).catch((error) => fill(out, refused(error))) });
    fill(out, loading(t('data.reading')), stop);
    apply.disabled = true;
    try {
      const rest = state.dataset && state.dataset !== 'main' ? `inputs/datasets/${encodeURIComponent(state.dataset)}/sheet` : 'inputs/primary/sheet';
      // of another sheet the row is found again, unless it was named
      const header_row = Math.max(1, Number(row.value) || 1);
      const named = sheet.value === (data.selected_sheet ?? '') || header_row !== (data.header_row ?? 1);
      const answer = await state.ctx.api.post(rest, { ...(sheet.value && { sheet_name: sheet.value }), ...(named && { header_row }) });
      await state.ctx.refresh();
      drawPreview(state, answer.data);
      announce(t('data.done'));
    } catch (error) {
      fill(out, error.context?.reason === 'ingest_cancelled' ? note('info', t('data.sheet_stopped')) : refused(error));
    } finally { apply.disabled = false; }
  } });
  if (locked(state.ctx.job)) for (const control of [sheet, row, apply]) control.disabled = true;
  return h('div', { class: 'sheet-form' }, data.sheet_names.length > 0 && field(t('data.sheet'), sheet, { id: 'sheet' }), rowField, apply, out);
}
