// Task codes: making them, shown once with a way to copy or save them, and revoking them.

import { saveBlob } from '../../api.js';
import { t, when } from '../../i18n.js';
import { stackable } from '../../outcome.js';
import { searchable } from '../../parts/searchable.js';
import { badge, button, card, confirm, copy, dialog, empty, field, fill, h, note, problem, table, toast } from '../../ui.js';

const HOW = { unused: 'ok', used: 'info', expired: 'idle', revoked: 'warn', deleted: 'idle' };

/** Draws the section. */
export async function draw(root, ctx) {
  const body = h('div', { class: 'stack' });
  const codes = [];
  /** Loads so many further pages. */
  const more = async (cursor, pages = 1) => {
    let next = cursor;
    for (let left = pages; left > 0 && (next || codes.length === 0); left -= 1) {
      const page = await ctx.api.get('admin/task-codes', { query: { limit: 50, cursor: next } });
      codes.push(...page.task_codes);
      next = page.next_cursor;
    }
    show(next);
  };
  const orToast = (promise) => promise.catch((e) => toast(e.message, 'error'));
  const show = (cursor) => {
    const columns = [
      { key: 'code_id', label: t('operator.code'), render: (c) => h('code', {}, c.code_id) },
      { key: 'status', label: t('operator.state'), render: (c) => badge(t(`operator.code.${c.status}`), HOW[c.status] ?? 'idle') },
      { key: 'tenant', label: t('operator.tenant'), render: (c) => c.tenant_id },
      { key: 'created', label: t('operator.created'), render: (c) => when(c.created_at) },
      { key: 'expires', label: t('operator.expires'), render: (c) => when(c.expires_at) },
      { key: 'job', label: t('operator.job'), render: (c) => (c.job_id ? (ctx.role === 'admin' ? h('a', { href: `#/operator/jobs/${c.job_id}?tenant=${c.tenant_id}` }, c.job_id) : c.job_id) : '–') },
      { key: 'act', label: t('operator.actions'), render: (c) => ['unused', 'used'].includes(c.status) && button(t('operator.revoke'), { kind: 'quiet', 'aria-label': t('operator.revoke_name', { name: c.code_id }), onclick: () => revoke(c) }) },
    ];
    const shown = () => stackable(table(columns, codes, { caption: t('operator.codes'), rowHeader: 'code_id', cls: 'wide' }));
    fill(body, codes.length === 0 ? empty(t('operator.no_codes'), t('operator.no_codes.text')) : searchable(shown(), { label: t('operator.search.codes'), older: cursor && (() => orToast(more(cursor, 20))) }),
      cursor && h('div', { class: 'row' }, button(t('operator.more'), { onclick: () => orToast(more(cursor)) })));
  };
  const revoke = async (code) => {
    if (!await confirm(t('operator.revoke.title'), t(code.status === 'used' ? 'operator.revoke.used' : 'operator.revoke.unused'), { yes: t('operator.revoke'), kind: 'danger' })) return;
    try {
      await ctx.api.post(`admin/task-codes/${code.code_id}/revoke`, { body: {} });
      toast(t('operator.revoked_now'));
      await ctx.again();
    } catch (error) { toast(error.message, 'error'); }
  };
  fill(root, maker(ctx), card(t('operator.codes'), {}, body));
  await more();
}

function maker(ctx) {
  const count = h('input', { type: 'number', min: 1, max: 500, value: 1, id: 'code-count' });
  const days = h('input', { type: 'number', min: 1, max: 3650, value: 30, id: 'code-days' });
  const tenant = ctx.role === 'admin' && h('input', { type: 'text', id: 'code-tenant', placeholder: 'default', autocomplete: 'off' });
  const told = h('div', {});
  const make = async (event) => {
    event.preventDefault();
    try {
      const body = { count: Number(count.value), expires_in_days: Number(days.value), ...(tenant && tenant.value.trim() ? { tenant_id: tenant.value.trim() } : {}) };
      const made = await ctx.api.post('admin/task-codes', { body });
      fill(told);
      await shownOnce(t('operator.codes.made', { n: made.task_codes.length }), made.task_codes.map((c) => c.task_code), 'task-codes.txt');
      await ctx.again();
    } catch (error) { fill(told, problem(error)); }
  };
  return card(t('operator.codes.make'), { lead: t('operator.codes.text') }, h('form', { class: 'filters', onsubmit: make },
    field(t('operator.count'), count, { hint: '1–500' }), field(t('operator.days'), days), tenant && field(t('operator.tenant'), tenant),
    h('div', { class: 'row' }, h('button', { type: 'submit', class: 'button button-primary', id: 'make-codes' }, t('operator.codes.act')))), told);
}

/** Shows secrets in a dialog, the only time that they are told; resolves when it is closed. */
export function shownOnce(title, secrets, file) {
  const text = secrets.join('\n');
  return dialog(title, () => h('div', { class: 'stack' }, note('warn', t('operator.once')), h('pre', { class: 'secrets', tabindex: '0', role: 'region', 'aria-label': title }, text)), {
    wide: true,
    actions: (close) => [button(t('operator.save_file'), { icon: 'download', onclick: () => saveBlob(new Blob([`${text}\n`], { type: 'text/plain' }), file) }),
      button(t('ui.copy'), { icon: 'copy', kind: 'primary', id: 'copy-secrets', autofocus: true, onclick: () => { copy(text); } }), button(t('ui.close'), { onclick: () => close(true) })],
  });
}
