// The audit trail: events by resource, action, actor and time, each with what it changed, and the heads of the chains.

import { t } from '../../i18n.js';
import { stackable } from '../../outcome.js';
import { button, card, disclosure, empty, field, fill, h, loading, table, toast } from '../../ui.js';

const FIELDS = ['resource', 'action', 'actor'];

/** A time to the second, in UTC as the trail has it. */
const exact = (iso) => `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;

/** Draws the section. */
export async function draw(root, ctx) {
  const inputs = Object.fromEntries(FIELDS.map((key) => [key, h('input', { type: 'text', value: ctx.params[key] ?? '', id: `audit-${key}`, autocomplete: 'off', spellcheck: 'false' })]));
  for (const key of ['since', 'until']) inputs[key] = h('input', { type: 'datetime-local', value: ctx.params[key] ?? '', id: `audit-${key}` });
  const apply = (event) => {
    event.preventDefault();
    ctx.go(`operator/audit?${new URLSearchParams(Object.entries(inputs).map(([key, input]) => [key, input.value.trim()]).filter(([, v]) => v))}`);
  };
  const heads = h('div', {});
  const body = h('div', { class: 'stack' }, loading());
  fill(root, card(t('operator.audit'), { lead: t('operator.audit.text') },
    h('form', { class: 'filters', onsubmit: apply, 'aria-label': t('operator.filters') }, Object.entries(inputs).map(([key, input]) => field(t(`operator.audit.${key}`), input, { hint: FIELDS.includes(key) ? t(`operator.audit.${key}.hint`) : undefined })),
      h('div', { class: 'row' }, h('button', { type: 'submit', class: 'button button-primary', id: 'find-events' }, t('operator.find')))), heads, body));
  ctx.api.get('admin/system/status').then(({ audit_heads: list }) => fill(heads, disclosure(t('operator.heads'), {}, h('p', { class: 'hint' }, t('operator.heads.text')),
    h('ul', {}, list.map((head) => h('li', { class: 'hash' }, h('span', {}, t('operator.head', { chain: head.chain, seq: head.seq })), h('code', {}, head.hash))))))).catch(() => {});
  await events(body, ctx);
}

async function events(body, ctx) {
  const iso = (local) => (local ? new Date(local).toISOString() : undefined);
  const query = { limit: 50, resource: ctx.params.resource, action: ctx.params.action, actor: ctx.params.actor, since: iso(ctx.params.since), until: iso(ctx.params.until) };
  const found = [];
  const more = async (cursor) => {
    // a page may be short, even empty, while there is more
    let next = cursor;
    for (let pages = 0; pages < 20; pages += 1) {
      const page = await ctx.api.get('admin/audit', { query: { ...query, cursor: next } });
      found.push(...page.events);
      next = page.next_cursor;
      if (!next || page.events.length > 0) break;
    }
    show(next);
  };
  const show = (cursor) => {
    const columns = [
      { key: 'time', label: t('operator.time'), render: (e) => [h('time', { class: 'time', datetime: e.time }, exact(e.time)), h('span', { class: 'below' }, `${e.chain}/${e.seq}`)] },
      { key: 'action', label: t('operator.audit.action'), render: (e) => h('code', { class: 'nowrap' }, e.action) },
      { key: 'resource', label: t('operator.audit.resource'), render: (e) => resource(e.resource, e.tenant) },
      { key: 'actor', label: t('operator.audit.actor'), render: (e) => [e.actor?.kind, h('span', { class: 'below' }, e.actor?.id)] },
      { key: 'change', label: t('operator.change'), render: (e) => [e.before !== e.after && `${e.before ?? '–'} → ${e.after ?? '–'}`, e.reason && h('span', { class: 'below' }, e.reason)] },
      { key: 'more', label: t('operator.detail'), render: (e) => disclosure(t('operator.show'), {}, h('pre', { class: 'json' }, JSON.stringify({ ...e.detail, trace_id: e.trace_id, address: e.address, hash: e.hash, prev_hash: e.prev_hash }, null, 1))) },
    ];
    fill(body, found.length === 0 ? empty(t('operator.no_events'), t('operator.no_events.text')) : stackable(table(columns, found, { caption: t('operator.audit'), rowHeader: 'time', cls: 'wide' })),
      h('div', { class: 'row' }, h('span', { class: 'muted', role: 'status' }, t('operator.shown', { n: found.length })), cursor && button(t('operator.more'), { id: 'more-events', onclick: () => more(cursor).catch((e) => toast(e.message, 'error')) })));
  };
  await more();
}

function resource(text, tenant) {
  const job = /^job:(job_\w+)$/.exec(text ?? '');
  return job ? h('a', { href: `#/operator/jobs/${job[1]}?tenant=${encodeURIComponent(tenant ?? '')}` }, h('code', {}, text)) : h('code', {}, text);
}
