// The webhooks of one analysis, with its token.

import { request, tokenOf } from '../api.js';
import { t } from '../i18n.js';
import { draw } from '../parts/webhooks.js';
import { fill, h, loading } from '../ui.js';

/** Shows the view. */
export async function mount(root, ctx) {
  const here = `job/${ctx.jobId}/webhooks`;
  const place = (id) => (id ? `${here}?webhook=${id}` : here);
  const body = h('div', { class: 'stack' }, loading());
  fill(root, h('div', { class: 'head' }, h('h1', {}, t('webhooks.title')), h('p', { class: 'lead' }, t('webhooks.lead')),
    !ctx.params.webhook && h('p', {}, h('a', { href: `#/job/${ctx.jobId}` }, `← ${t('webhooks.to_job')}`))), body);
  return draw(body, {
    path: `jobs/${encodeURIComponent(ctx.jobId)}/webhooks`, may: true, signal: ctx.signal, id: ctx.params.webhook,
    send: (method, path, options) => request(method, path, { token: tokenOf(ctx.jobId), signal: ctx.signal, ...options }),
    hrefOf: (id) => `#/${place(id)}`, go: (id) => ctx.go(place(id)),
  });
}
