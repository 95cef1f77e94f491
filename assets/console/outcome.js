// What the views of a run, of its results and of operators say alike: names of analyses, states of attempts, checks,
// causes of failure, the history of plans, and how a frozen plan is opened again.

import { request } from './api.js';
import { addWords, duration, has, lang, num, percent, t, when } from './i18n.js';
import { remarkText } from './parts/remarks.js';
import { pValue } from './tables.js';
import { badge, button, card, copy, dialog, field, h, icon, toast } from './ui.js';
import checkWords from './i18n/checks.js';
import runWords from './i18n/run.js';
import words from './i18n/words.js';

addWords(words);
addWords(checkWords);
addWords(runWords);

/** The words of a key that the service may have more of than the console: `check.<id>`, `col.<name>`. */
export function word(prefix, key) {
  const full = `${prefix}.${key}`;
  if (has(full)) return t(full);
  const plain = key.replaceAll('_', ' ');
  return plain.length > 3 ? plain[0].toUpperCase() + plain.slice(1) : plain;
}

/** What a check found, as a sentence: a check is named after the problem that it looks for, which says nothing about its result. */
export function found(check) {
  const state = check.status === 'ok' ? 'ok' : 'not';
  return has(`found.${check.id}.${state}`) ? t(`found.${check.id}.${state}`) : word('check', check.id);
}

const metas = new Map();
/** The declaration of a template, asked once; `null` where it is not in the library any more. */
export function metaOf(template, token) {
  if (!metas.has(template)) {
    metas.set(template, request('GET', `templates/${encodeURIComponent(template)}`, { token }).then((a) => a.data.meta).catch(() => null));
  }
  return metas.get(template);
}

/** How long an attempt took, in seconds; until now while it runs. */
export const seconds = (run) => (new Date(run.ended_at ?? Date.now()) - new Date(run.started_at)) / 1000;

/** The state of an attempt. */
export const runBadge = (run) => badge(t(`status.${run.status}`), { succeeded: run.checks?.some((c) => c.status === 'warn') ? 'warn' : 'ok', failed: 'fail', cancelled: 'idle', running: 'info' }[run.status]);

/** What the value of a check is, where it is the same in every analysis. */
const VALUES = { missing_loss: 'lost', few_clusters: 'clusters', weak_iv: 'f', ar2: 'p', density_jump: 'p', overid_reject: 'p', ph_violation: 'p', serial_correlation: 'p' };

/** The value of a check with what it is; a bare number says nothing and is left out. */
export function checkValue({ id, value }) {
  const [kind, x] = [VALUES[id], Number(value)];
  if (!kind || value === null || value === '' || !Number.isFinite(x) || (kind === 'lost' && x === 0)) return '';
  return t(`check.value.${kind}`, { value: kind === 'lost' ? percent(x) : kind === 'p' ? pValue(x, 3).replace(/^<?/, (sign) => `${sign || '='} `) : num(x, 1) });
}

/** What the service adds to a check, in words of the page: a message without advice says what `found` says. */
export function advised(check) {
  const advice = check.message?.includes(': ');
  if (!has(`found.${check.id}.ok`)) return check.message ?? '';
  if (!advice) return '';
  // checks of the upload say what its remark says
  return has(`check.stop.${check.id}`) ? t(`check.stop.${check.id}`) : remarkText(check);
}

/** Checks, the ones that need a look first. */
export function checkList(checks) {
  const order = { fail: 0, warn: 1, ok: 2 };
  const sorted = [...checks].sort((a, b) => order[a.status] - order[b.status]);
  return h('ul', { class: 'checks' }, sorted.map((check) => h('li', { class: `check-${check.status}` },
    badge(t(`check.status.${check.status}`), check.status),
    h('span', { class: 'check-name' }, found(check), advised(check) && h('span', { class: 'hint' }, ` ${advised(check)}`), check.acknowledged && h('span', { class: 'hint' }, ` (${t('check.acknowledged')})`)),
    h('span', { class: 'muted check-value' }, checkValue(check)))));
}

/** What failed, with what the log says and what can be done; `can` names the actions: `{run_again(), revise_plan(), …}`. */
export function failure(run, job, can) {
  const cause = run.cause ?? 'internal';
  const doable = { reduce_data_or_terms: 'revise_plan', choose_other_template: 'revise_plan', correct_data: 'restart', run_in_stata: 'do_file', contact_operator: 'trace', report_template: 'trace', ask_operator_for_limits: 'trace', install_package: 'trace' };
  const label = { revise_plan: 'run.revise', restart: 'run.new', do_file: 'run.do_file', trace: 'run.copy_trace', run_again: 'run.again' };
  const seen = new Set();
  const todo = (run.next_actions ?? []).map((action, i) => {
    const act = doable[action] ?? action;
    const does = act === 'trace' ? () => copy(job.trace_id) : can[act];
    const first = !seen.has(act);
    seen.add(act);
    return h('li', {}, h('div', {}, h('strong', {}, t(`todo.${action}`)), h('p', { class: 'hint' }, t(`todo.${action}.help`))),
      does && first && button(t(label[act]), { kind: i === 0 ? 'primary' : 'plain', onclick: does }));
  });
  const failed = (run.checks ?? []).filter((c) => c.status === 'fail');
  // the service's own marks, and its lines for the checks, say what the checks above say
  const told = new Set(failed.flatMap((c) => [`check ${c.id} failed`, c.message]));
  const evidence = (run.evidence ?? []).filter((line) => !line.text.startsWith('SS_EVENT|') && !told.has(line.text));
  return h('div', { class: 'failure' },
    h('div', { class: 'note note-fail', role: 'status' }, icon('warn'), h('div', { class: 'note-body' },
      h('p', { class: 'problem-title' }, t(`cause.${cause}`)), h('p', {}, t(`cause.${cause}.help`)),
      run.cause_detail && h('p', { class: 'hint' }, t('run.detail', { detail: has(`check.${run.cause_detail}`) ? t(`check.${run.cause_detail}`) : run.cause_detail })))),
    failed.length > 0 && h('div', {}, h('h3', {}, t('run.failed_checks')), checkList(failed)),
    evidence.length > 0 && h('div', {}, h('h3', {}, t('run.evidence')), h('ol', { class: 'evidence' }, evidence.map((line) => h('li', {},
      h('span', { class: 'evidence-line' }, line.line > 0 ? t('run.line', { n: line.line }) : ''), h('code', {}, line.text))))),
    todo.length > 0 && h('div', {}, h('h3', {}, t('run.what_now')), h('ul', { class: 'todo' }, todo)),
    h('p', { class: 'trace' }, `${t('ui.trace')} `, h('code', {}, job.trace_id), h('button', { type: 'button', class: 'icon-button', 'aria-label': t('ui.copy_trace'), onclick: () => copy(job.trace_id) }, icon('copy'))));
}

/** The plan that an attempt carried out: the same content may have been frozen again as a later revision. */
export const planOf = (run, plans) => plans.filter((p) => p.plan_id === run.plan_id && p.frozen_at <= (run.queued_at ?? run.started_at)).at(-1) ?? plans.find((p) => p.plan_id === run.plan_id);

/** Every plan with its attempts; `choose(run)` is offered for each attempt. */
export function history(plans, runs, job, choose) {
  const rows = [...plans].reverse().map((plan) => {
    const own = runs.filter((run) => planOf(run, plans) === plan).reverse();
    return h('li', {},
      h('p', { class: 'history-plan' }, h('strong', {}, t('run.revision', { n: plan.revision })), plan.revision === job.plan?.revision && badge(t('run.current'), 'info'),
        h('span', { class: 'muted' }, plan.template_id), h('span', { class: 'muted' }, `${t('run.frozen_at')} ${when(plan.frozen_at)}`)),
      own.length === 0 ? h('p', { class: 'hint' }, t('run.none')) : h('ul', {}, own.map((run) => h('li', { class: 'history-run' },
        runBadge(run), h('span', {}, t('run.attempt', { n: run.attempt })), h('span', { class: 'muted' }, when(run.started_at)), h('span', { class: 'muted' }, run.ended_at ? duration(seconds(run)) : ''),
        run.cause && h('span', { class: 'muted' }, t(`cause.${run.cause}`)),
        choose && button(t('run.open'), { kind: 'quiet', 'aria-label': t('run.show_log', { n: run.attempt }), onclick: () => choose(run) })))));
  });
  return card(t('run.history'), { lead: t('run.history.lead'), cls: 'history' }, h('ol', {}, rows));
}

/** Asks, opens the draft of the plan again and goes there; true if it did. */
export async function revise(ctx) {
  const reason = h('input', { type: 'text', maxlength: 1000 });
  const yes = await dialog(t('run.revise.title'), () => h('div', { class: 'stack' }, h('p', {}, t('run.revise.text')), field(t('run.revise.reason'), reason)), {
    actions: (close) => [button(t('ui.cancel'), { onclick: () => close(false) }), button(t('run.revise.yes'), { kind: 'primary', onclick: () => close(true) })],
  });
  if (!yes) return false;
  await ctx.api.post('plan/revise', reason.value.trim() ? { reason: reason.value.trim() } : {});
  ctx.step('draft');
  return true;
}

/** Runs `act` and shows what it refuses as a message. */
export const orTell = (act) => async (...args) => {
  try { return await act(...args); } catch (error) {
    if (error.code !== 'ABORTED') toast(error.message || error.code, 'error');
    return undefined;
  }
};

/** Lets a table of `ui.js` stand as blocks with the names of their columns where the window is narrow. */
export function stackable(node) {
  const table = node.querySelector('table');
  const labels = [...table.querySelectorAll('thead th')].map((th) => th.textContent);
  // as blocks the cells would lose what they are to screen readers
  const roles = { TABLE: 'table', THEAD: 'rowgroup', TBODY: 'rowgroup', TR: 'row', TD: 'cell' };
  table.classList.add('stacks');
  for (const e of [table, ...table.querySelectorAll('thead, tbody, tr, td')]) e.setAttribute('role', roles[e.tagName]);
  for (const th of table.querySelectorAll('th')) th.setAttribute('role', th.scope === 'row' ? 'rowheader' : 'columnheader');
  for (const row of table.querySelectorAll('tbody tr')) {
    [...row.children].forEach((cell, i) => {
      cell.dataset.label = labels[i] ?? '';
      // as a block: the label left, what the cell has right
      if (cell.tagName === 'TD' && cell.childNodes.length > 1) cell.replaceChildren(h('span', { class: 'stacked' }, ...cell.childNodes));
    });
  }
  return node;
}

/** The name of an analysis in the language in force. */
export const titleOf = (meta, fallback) => meta?.title?.[lang()] ?? meta?.title?.en ?? fallback;
