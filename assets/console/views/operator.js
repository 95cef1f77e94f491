// The operators' view: an API key opens the sections that its role may use. The key is kept for this tab only. What a
// section shows stands in operator/<section>.js; a role is found by asking, since keys do not say theirs.

import { keepOperatorKey, operatorKey, request } from '../api.js';
import { t } from '../i18n.js';
import { badge, button, card, field, fill, h, loading, problem } from '../ui.js';

/** Sections in their order, with the roles that may open them. */
const SECTIONS = [['status', ['operator', 'admin']], ['jobs', ['viewer', 'client', 'operator', 'admin']], ['codes', ['client', 'admin']], ['keys', ['admin']], ['tenants', ['admin']], ['webhooks', ['viewer', 'client', 'operator', 'admin']], ['audit', ['operator', 'admin']]];

let known = { key: null, role: null };

/** Shows the view. */
export async function mount(root, ctx) {
  if (!operatorKey()) { entry(root, ctx); return undefined; }
  fill(root, h('h1', {}, t('operator.title')), loading());
  let role;
  try {
    role = await roleOf(operatorKey(), ctx.signal);
  } catch (error) {
    if (error.code === 'ABORTED') return undefined;
    if ([401, 403].includes(error.status)) keepOperatorKey(null);
    entry(root, ctx, error);
    return undefined;
  }
  const allowed = SECTIONS.filter(([, roles]) => roles.includes(role)).map(([id]) => id);
  const section = allowed.includes(ctx.route.rest?.[0]) ? ctx.route.rest[0] : allowed[0];
  const body = h('div', { class: 'stack' }, loading());
  fill(root, head(ctx, role), navigation(allowed, section), body);
  // the row may be wider than a phone
  root.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  const api = client(ctx, role);
  const { draw } = await import(`./operator/${section}.js`);
  let end = null;
  const show = async () => {
    end?.();
    try { end = await draw(body, { ...ctx, api, role, item: ctx.route.rest?.[1], again: show }); } catch (error) {
      if (error.code !== 'ABORTED') fill(body, problem(error, { retry: show }));
    }
  };
  await show();
  return () => end?.();
}

/** Finds what a key may do, without changing anything. */
async function roleOf(key, signal) {
  if (known.key === key) return known.role;
  const may = async (path) => {
    try {
      await request('GET', path, { token: key, signal, query: { limit: path.startsWith('admin/task') || path === 'jobs' ? 1 : undefined } });
      return true;
    } catch (error) {
      if (error.code === 'AUTH_TOKEN_FORBIDDEN') return false;
      throw error;
    }
  };
  const role = !await may('jobs') ? 'viewer' : await may('admin/task-codes') ? (await may('admin/system/status') ? 'admin' : 'client') : (await may('admin/system/status') ? 'operator' : 'viewer');
  known = { key, role };
  return role;
}

/** Requests with the key; `tenant` names another tenant than the key's, for administrators. */
function client(ctx, role) {
  const send = (method) => async (path, { body, query, tenant, ...options } = {}) => (await request(method, path, {
    token: operatorKey(), signal: ctx.signal, body, query, headers: tenant && role === 'admin' ? { 'X-SS-Tenant-ID': tenant } : undefined, ...options,
  })).data;
  return { get: send('GET'), post: send('POST'), put: send('PUT'), remove: send('DELETE') };
}

function entry(root, ctx, error) {
  const key = h('input', { type: 'password', class: 'mono', autocomplete: 'off', spellcheck: 'false', placeholder: 'ssk_…', id: 'operator-key' });
  const input = field(t('operator.key'), key, { hint: t('operator.key.hint'), required: true });
  if (error) input.setError(t(`problem.${error.code}`) === `problem.${error.code}` ? error.message : t(`problem.${error.code}`));
  const enter = (event) => {
    event.preventDefault();
    if (!key.value.trim()) { input.setError(t('operator.key.missing')); key.focus(); return; }
    keepOperatorKey(key.value.trim());
    ctx.reload();
  };
  fill(root, h('div', { class: 'head' }, h('h1', {}, t('operator.title')), h('p', { class: 'lead' }, t('operator.lead'))),
    card(t('operator.enter'), {}, h('form', { class: 'stack', novalidate: true, onsubmit: enter }, input, h('div', { class: 'row' }, h('button', { type: 'submit', class: 'button button-primary', id: 'operator-enter' }, t('operator.open'))))));
}

function head(ctx, role) {
  const leave = () => { keepOperatorKey(null); known = { key: null, role: null }; ctx.go('operator'); };
  return h('div', { class: 'row operator-head' }, h('h1', {}, t('operator.title')), badge(t(`operator.role.${role}`), 'info'), button(t('operator.leave'), { kind: 'quiet', id: 'operator-leave', onclick: leave }));
}

function navigation(allowed, section) {
  return h('nav', { class: 'tabs', 'aria-label': t('operator.sections') }, allowed.map((id) => h('a', { class: 'tab', href: `#/operator/${id}`, id: `section-${id}`, 'aria-current': id === section ? 'page' : null }, t(`operator.${id}`))));
}

