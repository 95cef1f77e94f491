// API keys of programs and personal tokens of administrators: made and shown once, rotated, revoked.

import { t, when } from '../../i18n.js';
import { stackable } from '../../outcome.js';
import { searchable } from '../../parts/searchable.js';
import { badge, button, card, confirm, dialog, empty, field, fill, h, problem, select, table, toast } from '../../ui.js';
import { shownOnce } from './codes.js';

const ROLES = ['viewer', 'client', 'operator', 'admin'];

/** Draws the section. */
export async function draw(root, ctx) {
  const [{ api_keys: keys }, { tokens }] = await Promise.all([ctx.api.get('admin/api-keys'), ctx.api.get('admin/tokens')]);
  fill(root, keyMaker(ctx), keyCard(ctx, keys), tokenMaker(ctx), tokenCard(ctx, tokens));
}

const state = (k) => (k.revoked_at ? badge(t('operator.revoked'), 'warn') : k.expires_at && new Date(k.expires_at) < new Date() ? badge(t('operator.code.expired'), 'idle') : badge(t('operator.works'), 'ok'));
const works = (k) => !k.revoked_at && !(k.expires_at && new Date(k.expires_at) < new Date());

async function attempt(ctx, act, done) {
  try {
    const answer = await act();
    if (done) toast(done);
    return answer ?? true;
  } catch (error) {
    toast(error.message, 'error');
    return null;
  }
}

const revoking = (ctx, path, name) => async () => {
  if (!await confirm(t('operator.revoke.title'), t('operator.revoke.key', { name }), { yes: t('operator.revoke'), kind: 'danger' })) return;
  if (await attempt(ctx, () => ctx.api.post(`${path}/revoke`, { body: {} }), t('operator.revoked_now'))) await ctx.again();
};

function keyCard(ctx, keys) {
  const rotate = async (key) => {
    const hours = h('input', { type: 'number', min: 0, max: 720, value: 24 });
    const yes = await dialog(t('operator.rotate.title'), () => h('div', { class: 'stack' }, h('p', {}, t('operator.rotate.text')), field(t('operator.rotate.hours'), hours, { hint: t('operator.rotate.hint') })), {
      actions: (close) => [button(t('ui.cancel'), { onclick: () => close(false) }), button(t('operator.rotate'), { kind: 'primary', onclick: () => close(true) })],
    });
    if (!yes) return;
    const made = await attempt(ctx, () => ctx.api.post(`admin/api-keys/${key.key_id}/rotate`, { body: { overlap_hours: Number(hours.value) } }));
    if (made) { await shownOnce(t('operator.key.made'), [made.api_key], 'api-key.txt'); await ctx.again(); }
  };
  const columns = [
    { key: 'label', label: t('operator.label'), render: (k) => [k.label || '–', h('span', { class: 'below' }, k.key_id)] },
    { key: 'role', label: t('operator.role'), render: (k) => t(`operator.role.${k.role}`) },
    { key: 'tenant', label: t('operator.tenant'), render: (k) => k.tenant_id },
    { key: 'state', label: t('operator.state'), render: state },
    { key: 'created', label: t('operator.created'), render: (k) => when(k.created_at) },
    { key: 'expires', label: t('operator.expires'), render: (k) => when(k.expires_at) || t('operator.never') },
    { key: 'used', label: t('operator.last_used'), render: (k) => when(k.last_used_at) || t('operator.never') },
    { key: 'act', label: t('operator.actions'), render: (k) => works(k) && h('span', { class: 'nowrap' }, button(t('operator.rotate'), { kind: 'quiet', 'aria-label': t('operator.rotate_name', { name: k.label || k.key_id }), onclick: () => rotate(k) }),
      button(t('operator.revoke'), { kind: 'quiet', 'aria-label': t('operator.revoke_name', { name: k.label || k.key_id }), onclick: revoking(ctx, `admin/api-keys/${k.key_id}`, k.label || k.key_id) })) },
  ];
  return card(t('operator.api_keys'), {}, keys.length === 0 ? empty(t('operator.no_keys'), t('operator.no_keys.text')) : searchable(stackable(table(columns, keys, { caption: t('operator.api_keys'), rowHeader: 'label', cls: 'wide' })), { label: t('operator.search.keys') }));
}

function maker(title, lead, fields, act, id) {
  const told = h('div', {});
  const submit = async (event) => {
    event.preventDefault();
    try { await act(); } catch (error) { fill(told, problem(error)); }
  };
  return card(title, { lead }, h('form', { class: 'filters', onsubmit: submit }, fields, h('div', { class: 'row' }, h('button', { type: 'submit', class: 'button button-primary', id }, t('operator.make')))), told);
}

function keyMaker(ctx) {
  const label = h('input', { type: 'text', maxlength: 200, id: 'key-label' });
  const role = select(ROLES.map((r) => ({ value: r, label: t(`operator.role.${r}`) })), { value: 'client', id: 'key-role' });
  const tenant = h('input', { type: 'text', placeholder: 'default', id: 'key-tenant', autocomplete: 'off' });
  const days = h('input', { type: 'number', min: 1, max: 3650, id: 'key-days' });
  const act = async () => {
    const body = { role: role.value, ...(label.value.trim() && { label: label.value.trim() }), ...(tenant.value.trim() && { tenant_id: tenant.value.trim() }), ...(days.value && { expires_in_days: Number(days.value) }) };
    const made = await ctx.api.post('admin/api-keys', { body });
    await shownOnce(t('operator.key.made'), [made.api_key], 'api-key.txt');
    await ctx.again();
  };
  return maker(t('operator.key.make'), t('operator.key.make.text'), [field(t('operator.label'), label), field(t('operator.role'), role), field(t('operator.tenant'), tenant), field(t('operator.days'), days, { hint: t('operator.days.never') })], act, 'make-key');
}

function tokenMaker(ctx) {
  const label = h('input', { type: 'text', maxlength: 200, id: 'token-label' });
  const days = h('input', { type: 'number', min: 1, max: 3650, value: 90, id: 'token-days' });
  const act = async () => {
    const made = await ctx.api.post('admin/tokens', { body: { ...(label.value.trim() && { label: label.value.trim() }), expires_in_days: Number(days.value) } });
    await shownOnce(t('operator.token.made'), [made.token], 'personal-token.txt');
    await ctx.again();
  };
  return maker(t('operator.token.make'), t('operator.token.make.text'), [field(t('operator.label'), label), field(t('operator.days'), days)], act, 'make-token');
}

function tokenCard(ctx, tokens) {
  const columns = [
    { key: 'label', label: t('operator.label'), render: (k) => [k.label || '–', h('span', { class: 'below' }, k.token_id)] },
    { key: 'owner', label: t('operator.owner'), render: (k) => k.owner },
    { key: 'state', label: t('operator.state'), render: state },
    { key: 'expires', label: t('operator.expires'), render: (k) => when(k.expires_at) || t('operator.never') },
    { key: 'used', label: t('operator.last_used'), render: (k) => when(k.last_used_at) || t('operator.never') },
    { key: 'act', label: t('operator.actions'), render: (k) => works(k) && button(t('operator.revoke'), { kind: 'quiet', 'aria-label': t('operator.revoke_name', { name: k.label || k.token_id }), onclick: revoking(ctx, `admin/tokens/${k.token_id}`, k.label || k.token_id) }) },
  ];
  return card(t('operator.tokens'), {}, tokens.length === 0 ? empty(t('operator.no_tokens'), null) : searchable(stackable(table(columns, tokens, { caption: t('operator.tokens'), rowHeader: 'label', cls: 'wide' })), { param: 'tokens', label: t('operator.search.tokens') }));
}
