// The webhooks of a tenant, for people with a key.

import { operatorKey, request } from '../../api.js';
import { t } from '../../i18n.js';
import { draw as drawWebhooks } from '../../parts/webhooks.js';
import { field, fill, h, loading } from '../../ui.js';

/** Draws the section. */
export async function draw(root, ctx) {
  const tenant = ctx.role === 'admin' ? ctx.params.tenant || 'default' : null;
  const query = tenant ? `?${new URLSearchParams({ tenant })}` : '';
  const place = (id) => `operator/webhooks${id ? `/${id}` : ''}${query}`;
  const body = h('div', { class: 'stack' }, loading());
  fill(root, h('p', { class: 'lead' }, t('webhooks.lead.tenant')), tenant && !ctx.item && tenantForm(ctx, tenant), body);
  return drawWebhooks(body, {
    path: 'webhooks', may: ['client', 'admin'].includes(ctx.role), signal: ctx.signal, id: ctx.item,
    send: (method, path, { headers, ...options } = {}) => request(method, path, { token: operatorKey(), signal: ctx.signal, headers: { ...headers, ...(tenant ? { 'X-SS-Tenant-ID': tenant } : {}) }, ...options }),
    hrefOf: (id) => `#/${place(id)}`, go: (id) => ctx.go(place(id)),
    jobLink: (id) => (['operator', 'admin'].includes(ctx.role) ? h('a', { class: 'file-name', href: `#/operator/jobs/${id}${query}` }, id) : h('span', { class: 'file-name' }, id)),
  });
}

function tenantForm(ctx, tenant) {
  const name = h('input', { type: 'text', value: tenant, autocomplete: 'off', spellcheck: 'false', id: 'webhook-tenant' });
  const show = (event) => { event.preventDefault(); ctx.go(`operator/webhooks?${new URLSearchParams({ tenant: name.value.trim() || 'default' })}`); };
  return h('form', { class: 'filters', onsubmit: show }, field(t('webhooks.tenant'), name), h('div', { class: 'row' }, h('button', { type: 'submit', class: 'button', id: 'show-tenant' }, t('webhooks.tenant.show'))));
}
