// Jobs for operators: a list with filters and pages, one job with its attempts, and what may be done with it.

import { operatorKey, request, saveBlob } from '../../api.js';
import { bytes, duration, num, t, when } from '../../i18n.js';
import { checkList, failure, runBadge, seconds, stackable } from '../../outcome.js';
import { searchable } from '../../parts/searchable.js';
import { badge, button, card, copy, dialog, disclosure, empty, field, fill, h, icon, note, problem, select, table, toast } from '../../ui.js';

const STATUSES = ['created', 'draft_ready', 'confirmed', 'queued', 'running', 'succeeded', 'failed', 'cancelled'];
const HOW = { succeeded: 'ok', failed: 'fail', cancelled: 'warn', running: 'info', queued: 'info' };
const PAGE = 25;

/** Draws the list, or the job that the address names. */
export const draw = (root, ctx) => (ctx.item ? one(root, ctx) : list(root, ctx));

const may = (ctx) => ['operator', 'admin'].includes(ctx.role);
const stateOf = (job) => badge(t(`status.${job.status}`), HOW[job.status] ?? 'idle');

/* ---- the list ---- */

async function list(root, ctx) {
  const filters = { status: ctx.params.status ?? '', client_ref: ctx.params.client_ref ?? '', after: ctx.params.after ?? '', before: ctx.params.before ?? '' };
  const status = select([{ value: '', label: t('operator.any') }, ...STATUSES.map((s) => ({ value: s, label: t(`status.${s}`) }))], { value: filters.status, id: 'filter-status' });
  const ref = h('input', { type: 'text', value: filters.client_ref, id: 'filter-ref', autocomplete: 'off' });
  const after = h('input', { type: 'date', value: filters.after, id: 'filter-after' });
  const before = h('input', { type: 'date', value: filters.before, id: 'filter-before' });
  const apply = (event) => {
    event.preventDefault();
    const wanted = { status: status.value, client_ref: ref.value.trim(), after: after.value, before: before.value, q: new URLSearchParams(location.hash.split('?')[1]).get('q') };
    ctx.go(`operator/jobs?${new URLSearchParams(Object.entries(wanted).filter(([, v]) => v))}`);
  };
  const form = h('form', { class: 'filters', onsubmit: apply, 'aria-label': t('operator.filters') }, field(t('operator.state'), status), field(t('operator.client_ref'), ref), field(t('operator.after'), after), field(t('operator.before'), before),
    h('div', { class: 'row' }, h('button', { type: 'submit', class: 'button button-primary', id: 'apply-filters' }, t('operator.apply'))));
  const body = h('div', { class: 'stack' });
  fill(root, card(t('operator.jobs'), {}, form, body));
  const query = { limit: PAGE, status: filters.status, client_ref: filters.client_ref, created_after: filters.after && `${filters.after}T00:00:00Z`, created_before: filters.before && `${filters.before}T00:00:00Z` };
  const jobs = [];
  /** Loads so many further pages. */
  const more = async (cursor, pages = 1) => {
    let next = cursor;
    for (let left = pages; left > 0 && (next || jobs.length === 0); left -= 1) {
      const page = await ctx.api.get(may(ctx) ? 'admin/jobs' : 'jobs', { query: { ...query, cursor: next } });
      jobs.push(...page.jobs);
      next = page.next_cursor;
    }
    show(next);
  };
  const orToast = (promise) => promise.catch((e) => toast(e.message, 'error'));
  const show = (cursor) => {
    if (jobs.length === 0) { fill(body, empty(t('operator.no_jobs'), t('operator.no_jobs.text'))); return; }
    const columns = [
      { key: 'job_id', label: t('operator.job'), render: (j) => [may(ctx) ? h('a', { href: `#/operator/jobs/${j.job_id}?tenant=${encodeURIComponent(j.tenant_id)}` }, title(j)) : title(j), h('span', { class: 'below' }, j.job_id)] },
      { key: 'status', label: t('operator.state'), render: stateOf },
      { key: 'template', label: t('operator.template'), render: (j) => j.selected_template_id ?? '–' },
      { key: 'tenant', label: t('operator.tenant'), render: (j) => j.tenant_id },
      { key: 'ref', label: t('operator.client_ref'), render: (j) => j.client_ref ?? '–' },
      { key: 'created', label: t('operator.created'), render: (j) => when(j.timestamps.created_at) },
      { key: 'updated', label: t('operator.updated'), render: (j) => when(j.timestamps.updated_at) },
    ];
    const shown = stackable(table(columns, jobs, { caption: t('operator.jobs'), rowHeader: 'job_id', cls: 'wide' }));
    fill(body, searchable(shown, { label: t('operator.search.jobs'), older: cursor && (() => orToast(more(cursor, 20))) }),
      h('div', { class: 'row' }, h('span', { class: 'muted', role: 'status' }, t('operator.shown', { n: jobs.length })), cursor && button(t('operator.more'), { id: 'more-jobs', onclick: () => orToast(more(cursor)) })));
  };
  await more();
}

const title = (job) => job.title || job.requirement?.slice(0, 80) || t('app.untitled');

/* ---- one job ---- */

async function one(root, ctx) {
  const { tenant } = ctx.params;
  const path = `admin/jobs/${encodeURIComponent(ctx.item)}`;
  const { job, runs, token } = await ctx.api.get(path, { tenant });
  const files = h('div', {});
  const facts = [['job', job.job_id], ['tenant', job.tenant_id], ['client_ref', job.client_ref], ['template', job.selected_template_id], ['created', when(job.timestamps.created_at)], ['updated', when(job.timestamps.updated_at)],
    ['expires', when(job.timestamps.expires_at)], ['code', token && `${token.code_id}${token.revoked ? ` (${t('operator.revoked')})` : ''}`], ['token_until', token && when(token.expires_at)], ['version', String(job.version)], ['trace', job.trace_id]];
  fill(root,
    h('p', {}, h('a', { href: '#/operator/jobs' }, `← ${t('operator.all_jobs')}`)),
    card(title(job), { actions: stateOf(job) },
      job.removed && note('warn', t('app.removed', { at: when(job.removed.at) })),
      job.requirement && title(job) !== job.requirement && h('p', {}, job.requirement),
      h('dl', { class: 'fact-list fact-list-wide' }, facts.filter(([, v]) => v).map(([key, value]) => h('div', {}, h('dt', {}, t(`operator.fact.${key}`)), h('dd', {}, value)))),
      h('div', { class: 'row' }, actions(ctx, job, path, tenant), button(t('operator.artifacts'), { id: 'job-artifacts', onclick: () => artifacts(files, ctx, job, path, tenant) }),
        h('a', { class: 'button', id: 'job-compare', href: `#/compare?${new URLSearchParams({ job: job.job_id, ...(tenant ? { tenant } : {}) })}` }, t('app.compare')),
        h('a', { class: 'button', id: 'job-webhooks', href: `#/job/${job.job_id}/webhooks` }, t('app.webhooks')),
        h('a', { class: 'button', href: `#/operator/audit?resource=${encodeURIComponent(`job:${job.job_id}`)}` }, t('operator.trail')))),
    files,
    card(t('operator.attempts'), {}, runs.length === 0 ? empty(t('run.none'), null) : h('ol', { class: 'history-list' }, [...runs].reverse().map((run) => attempt(run, job)))));
  // while something is under way it is looked at again
  if (!['queued', 'running'].includes(job.status)) return undefined;
  const timer = setTimeout(() => ctx.again(), 1500);
  return () => clearTimeout(timer);
}

function attempt(run, job) {
  const facts = [run.engine?.kind && t(`app.engine.${run.engine.kind}`), run.resources?.peak_memory_mb && `${num(run.resources.peak_memory_mb, 0)} MB`, run.timings && Object.entries(run.timings).filter(([, v]) => v !== null).map(([k, v]) => `${k.replace('_ms', '')} ${num(v)} ms`).join(', ')];
  return h('li', {}, disclosure(h('span', { class: 'row-inline' }, t('run.attempt', { n: run.attempt }), ' ', runBadge(run), ' ', h('span', { class: 'muted' }, when(run.started_at), run.ended_at && ` · ${duration(seconds(run))}`)), { open: run.status === 'failed' },
    h('p', { class: 'hint' }, facts.filter(Boolean).join(' · ')), h('p', { class: 'hint' }, h('code', {}, run.run_id)),
    run.status === 'failed' ? failure({ ...run, next_actions: [] }, job, {}) : run.checks?.length > 0 && checkList(run.checks)));
}

function actions(ctx, job, path, tenant) {
  const ask = async (key, act) => {
    const reason = h('input', { type: 'text', maxlength: 1000, id: 'reason' });
    const yes = await dialog(t(`operator.${key}.title`), () => h('div', { class: 'stack' }, h('p', {}, t(`operator.${key}.text`)), field(t('operator.reason'), reason)), {
      actions: (close) => [button(t('ui.cancel'), { onclick: () => close(false) }), button(t(`operator.${key}`), { kind: key === 'retry' ? 'primary' : 'danger', id: `confirm-${key}`, onclick: () => close(true) })],
    });
    if (!yes) return;
    try {
      await act(reason.value.trim() ? { reason: reason.value.trim() } : {});
      toast(t(`operator.${key}.done`));
      await ctx.again();
    } catch (error) { toast(error.message, 'error'); }
  };
  const can = { retry: ['failed', 'cancelled'].includes(job.status) && job.plan, cancel: !['succeeded', 'failed', 'cancelled'].includes(job.status), remove: job.status !== 'running' && !job.removed };
  return [
    can.retry && button(t('operator.retry'), { kind: 'primary', id: 'job-retry', onclick: () => ask('retry', (body) => ctx.api.post(`${path}/retry`, { body, tenant })) }),
    can.cancel && button(t('operator.cancel'), { kind: 'danger', id: 'job-cancel', onclick: () => ask('cancel', (body) => ctx.api.post(`${path}/cancel`, { body, tenant })) }),
    can.remove && button(t('operator.remove'), { kind: 'danger', id: 'job-remove', onclick: () => ask('remove', () => ctx.api.remove(`jobs/${encodeURIComponent(job.job_id)}`, { tenant })) }),
  ];
}

async function artifacts(root, ctx, job, path, tenant) {
  try {
    const { artifacts: files } = await ctx.api.get(`${path}/artifacts`, { tenant });
    const save = async (a) => {
      const answer = await request('GET', `jobs/${job.job_id}/artifacts/${a.rel_path}`, { token: operatorKey(), as: 'blob', headers: tenant && ctx.role === 'admin' ? { 'X-SS-Tenant-ID': tenant } : undefined });
      saveBlob(answer.data, a.rel_path.split('/').at(-1));
    };
    const columns = [
      { key: 'rel_path', label: t('operator.file'), render: (a) => [h('span', { class: 'file-name' }, a.rel_path), h('span', { class: 'below' }, a.kind)] },
      { key: 'size', label: t('operator.size'), align: 'end', render: (a) => bytes(a.size_bytes) },
      { key: 'sha256', label: 'SHA-256', render: (a) => h('span', { class: 'hash' }, h('code', { title: a.sha256 }, a.sha256.slice(0, 10)), h('button', { type: 'button', class: 'icon-button', 'aria-label': t('operator.copy_hash', { name: a.rel_path }), onclick: () => copy(a.sha256) }, icon('copy'))) },
      { key: 'save', label: t('operator.download'), render: (a) => button(t('operator.download'), { kind: 'quiet', 'aria-label': `${t('operator.download')} ${a.rel_path}`, onclick: () => save(a).catch((e) => toast(e.message, 'error')) }) },
    ];
    fill(root, card(t('operator.artifacts'), {}, files.length === 0 ? empty(t('operator.no_artifacts'), null) : stackable(table(columns, files, { caption: t('operator.artifacts'), rowHeader: 'rel_path' }))));
  } catch (error) {
    fill(root, problem(error));
  }
}
