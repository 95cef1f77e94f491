// The state of the service: readiness with its checks, violated rules of the gate with what to do, queue and workers,
// the store, heads of the audit chains, and the reload of settings.

import { base } from '../../api.js';
import { bytes, duration, has, num, t, when } from '../../i18n.js';
import { stackable } from '../../outcome.js';
import { badge, button, card, copy, disclosure, fill, h, icon, note, table, toast, unpressed } from '../../ui.js';

const HOW = { ok: 'ok', degraded: 'warn', draining: 'warn', not_ready: 'fail', failed: 'fail' };

/** Draws the section, and again every ten seconds. */
export async function draw(root, ctx) {
  let report = null;
  let latest = null;
  const show = unpressed(() => {
    if (ctx.signal.aborted) return;
    const [status, numbers] = latest;
    fill(root, health(status), gate(status), work(status, numbers), store(status, numbers), reload(ctx, status, report, (told) => { report = told; return read(); }));
  });
  const read = async () => {
    latest = await Promise.all([ctx.api.get('admin/system/status'), metrics(ctx.signal)]);
    show();
  };
  await read();
  const timer = setInterval(() => { if (!document.hidden) read().catch(() => {}); }, 10_000);
  return () => clearInterval(timer);
}

/** The samples of /metrics without labels, and the sums of those with; empty where it cannot be read. */
async function metrics(signal) {
  try {
    const answer = await fetch(new URL('../metrics', base), { signal, cache: 'no-store', credentials: 'omit' });
    const found = new Map();
    for (const line of (await answer.text()).split('\n')) {
      const parts = /^(ss_\w+)(?:\{[^}]*\})? ([-+.\deE]+)/.exec(line);
      if (parts) found.set(parts[1], (found.get(parts[1]) ?? 0) + Number(parts[2]));
    }
    return found;
  } catch { return new Map(); }
}

function health({ health: report, version, engine, started_at, uptime_seconds, draining, llm_configured }) {
  const rows = Object.entries(report.checks).map(([name, check]) => ({ name, ...check }));
  const columns = [
    { key: 'name', label: t('operator.check'), render: (c) => (has(`operator.check.${c.name}`) ? t(`operator.check.${c.name}`) : c.name) },
    { key: 'status', label: t('operator.state'), render: (c) => badge(t(`operator.health.${c.status}`), HOW[c.status] ?? 'idle') },
    { key: 'detail', label: t('operator.detail'), render: (c) => detail(c.detail) },
    { key: 'checked_at', label: t('operator.checked'), render: (c) => when(c.checked_at) },
    { key: 'latency_ms', label: t('operator.latency'), align: 'end', render: (c) => num(c.latency_ms, 2) },
  ];
  return card(t('operator.health'), { actions: badge(t(`operator.health.${report.status}`), HOW[report.status] ?? 'idle') },
    h('dl', { class: 'fact-list fact-list-wide' }, [['version', version], ['engine', t(`app.engine.${engine}`)], ['model', t(llm_configured ? 'operator.yes' : 'operator.no')], ['since', when(started_at)], ['uptime', duration(uptime_seconds)], ['draining', t(draining ? 'operator.yes' : 'operator.no')]]
      .map(([key, value]) => h('div', {}, h('dt', {}, t(`operator.fact.${key}`)), h('dd', {}, value)))),
    stackable(table(columns, rows, { caption: t('operator.health'), rowHeader: 'name' })));
}

const detail = (text) => text.replace(/\d{7,}/g, (n) => bytes(Number(n))).replace(/ bytes free/, '');

function gate({ health: report }) {
  const violations = report.violations ?? [];
  if (!report.checks.gate) return card(t('operator.gate'), {}, note('info', t('operator.gate.off')));
  if (violations.length === 0) return card(t('operator.gate'), {}, note('ok', t('operator.gate.holds')));
  return card(t('operator.gate'), { lead: t('operator.gate.violated', { n: violations.length }) }, h('ul', { class: 'todo' }, violations.map((v) => h('li', {}, h('div', {},
    h('p', {}, badge(v.id, 'fail')), h('p', {}, v.detail), h('p', { class: 'hint' }, h('strong', {}, `${t('operator.gate.remedy')}: `), v.remedy))))));
}

function work(status, numbers) {
  const number = (key) => numbers.get(key);
  const age = number('ss_queue_oldest_age_seconds');
  const tiles = [
    ['queue', number('ss_queue_depth') ?? status.jobs.queued ?? 0], ['oldest', age > 0 ? duration(age) : '–'],
    ['running', number('ss_worker_inflight_jobs') ?? status.jobs.running ?? 0], ['workers', number('ss_worker_up')],
  ].filter(([, value]) => value !== undefined);
  const states = Object.entries(status.jobs).filter(([, n]) => n > 0);
  return card(t('operator.work'), {}, h('ul', { class: 'tiles' }, tiles.map(([key, value]) => h('li', {}, h('span', { class: 'tile-value' }, typeof value === 'number' ? num(value) : value), h('span', { class: 'muted' }, t(`operator.tile.${key}`))))),
    states.length > 0 && h('ul', { class: 'row' }, states.map(([state, n]) => h('li', {}, h('a', { href: `#/operator/jobs?status=${state}` }, `${t(`status.${state}`)}: ${num(n)}`)))));
}

function store({ store: facts, audit_heads: heads }, numbers) {
  const free = numbers.get('ss_disk_free_bytes');
  const backup = numbers.get('ss_backup_last_success_timestamp_seconds');
  const rows = [['sequence', num(facts.sequence)], ['waiting', num(facts.waiting_commits)], ['quarantined', num(facts.quarantined_records)],
    ['disk', free !== undefined && bytes(free)], ['backup', backup !== undefined && (backup > 0 ? when(new Date(backup * 1000).toISOString()) : t('operator.never'))]];
  return card(t('operator.store'), { actions: badge(facts.fault ? t('operator.health.failed') : t('operator.health.ok'), facts.fault ? 'fail' : 'ok') },
    facts.fault && note('fail', facts.fault), facts.damaged_tables?.length > 0 && note('fail', facts.damaged_tables.join(', ')),
    h('dl', { class: 'fact-list fact-list-wide' }, rows.filter(([, value]) => value).map(([key, value]) => h('div', {}, h('dt', {}, t(`operator.fact.${key}`)), h('dd', {}, value)))),
    disclosure(t('operator.heads'), { id: 'heads' }, h('p', { class: 'hint' }, t('operator.heads.text')), h('ul', {}, heads.map((head) => h('li', { class: 'hash' }, h('span', {}, t('operator.head', { chain: head.chain, seq: head.seq })), h('code', {}, head.hash),
      h('button', { type: 'button', class: 'icon-button', 'aria-label': t('operator.copy_head', { chain: head.chain }), onclick: () => copy(head.hash) }, icon('copy')))))));
}

function reload(ctx, { last_reload: last }, report, done) {
  const told = report ?? last;
  const list = (key) => told?.[key]?.length > 0 && h('div', {}, h('h3', {}, t(`operator.reload.${key}`)), h('ul', { class: 'bullets' }, told[key].map((text) => h('li', {}, h('code', {}, text)))));
  const act = async () => {
    try {
      const answer = await ctx.api.post('admin/system/reload');
      toast(t('operator.reload.done'));
      await done({ at: new Date().toISOString(), problems: [], ...answer });
    } catch (error) {
      if (error.code !== 'CONFIG_RELOAD_FAILED') { toast(error.message, 'error'); return; }
      await done({ ok: false, at: new Date().toISOString(), problems: error.context.problems ?? [error.message] });
    }
  };
  return card(t('operator.reload'), { lead: t('operator.reload.text'), actions: ctx.role === 'admin' && button(t('operator.reload.act'), { id: 'reload-settings', onclick: act }) },
    told ? [note(told.ok ? 'ok' : 'fail', t(told.ok ? 'operator.reload.ok' : 'operator.reload.refused', { at: when(told.at) })), list('problems'), list('applied'), list('restart_needed')] : h('p', { class: 'muted' }, t('operator.reload.never')));
}
