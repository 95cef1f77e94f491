// Webhooks of a job or of a tenant: the list, one with its settings and actions. Its log is in webhookLog.js, forms are in
// webhookForms.js.

import { addWords, t, when } from '../i18n.js';
import { stackable } from '../outcome.js';
import { announce, badge, button, card, confirm, empty, fill, h, icon, note, table, toast } from '../ui.js';
import { fieldsOf, formDialog, refusal, rotate, showSecret } from './webhookForms.js';
import { logOf } from './webhookLog.js';
import words from '../i18n/webhooks.js';

addWords(words);

/** Why the service disabled a webhook. */
function stopped(reason) {
  const hours = /failed for (\d+) hours/.exec(reason);
  if (hours) return t('webhooks.stopped.hours', { hours: hours[1] });
  return /410/.test(reason) ? t('webhooks.stopped.gone') : reason;
}

const stateOf = (hook) => (!hook.enabled ? badge(t(hook.disabled_because ? 'webhooks.state.stopped' : 'webhooks.state.off'), hook.disabled_because ? 'fail' : 'idle')
  : hook.failing_since ? badge(t('webhooks.state.failing'), 'warn') : badge(t('webhooks.state.on'), 'ok'));
const eventsOf = (hook) => (hook.event_types.length === 0 ? t('webhooks.all_events') : hook.event_types.flatMap((event, i) => [i > 0 && ', ', h('code', {}, event)]));

/**
 * Draws the webhooks of one place. `where`: `{path, may, signal, id, send(method, path, options), hrefOf(id), jobLink(id)}`:
 * `path` of the list, `id` of the webhook that is open, if one is. Answers a function that ends it.
 */
export async function draw(root, where) {
  return where.id ? one(root, where) : list(root, where);
}

async function list(root, where) {
  const { webhooks } = (await where.send('GET', where.path)).data;
  const columns = [
    { key: 'url', label: t('webhooks.url'), render: (hook) => [h('a', { class: 'file-name', href: where.hrefOf(hook.webhook_id) }, hook.url), h('span', { class: 'below' }, hook.webhook_id)] },
    { key: 'events', label: t('webhooks.events'), render: (hook) => h('span', {}, eventsOf(hook)) },
    { key: 'state', label: t('webhooks.state'), render: stateOf },
    { key: 'changed', label: t('webhooks.changed'), render: (hook) => when(hook.updated_at) },
  ];
  fill(root, card(t('webhooks.list'), { id: 'webhooks' }, webhooks.length === 0 ? empty(t('webhooks.none'), t('webhooks.none.text')) : stackable(table(columns, webhooks, { caption: t('webhooks.list'), rowHeader: 'url' }))),
    where.may ? maker(where) : note('info', t('webhooks.readonly')));
  return undefined;
}

function maker(where) {
  const fields = fieldsOf();
  const trouble = h('div', { 'aria-live': 'polite' });
  const create = button(t('webhooks.create'), { kind: 'primary', id: 'create-webhook', onclick: async () => {
    fill(trouble);
    const body = fields.read();
    if (!body) return;
    try {
      const { data } = await where.send('POST', where.path, { body });
      await showSecret(data);
      where.go(data.webhook_id);
    } catch (error) {
      if (error.code !== 'ABORTED' && !fields.refuse(error)) fill(trouble, refusal(error));
    }
  } });
  return card(t('webhooks.new'), {}, h('form', { class: 'stack', novalidate: true, onsubmit: (event) => { event.preventDefault(); create.click(); } }, fields.nodes, trouble, h('div', { class: 'row' }, create)));
}

async function one(root, where) {
  const back = h('p', {}, h('a', { href: where.hrefOf(null), id: 'all-webhooks' }, `← ${t('webhooks.back')}`));
  const settings = h('div', {});
  const path = `webhooks/${encodeURIComponent(where.id)}`;
  let hook;
  try {
    hook = (await where.send('GET', path)).data;
  } catch (error) {
    if (error.code !== 'WEBHOOK_NOT_FOUND') throw error;
    fill(root, back, refusal(error));
    return undefined;
  }
  const log = logOf(where, hook);
  const show = () => fill(settings, settingsCard(where, hook, { change, remove, test, renew }));
  const trouble = (error) => { if (error.code !== 'ABORTED') fill(settings, refusal(error, { retry: again })); };
  const again = async () => {
    try { hook = (await where.send('GET', path)).data; show(); await log.load(); } catch (error) { trouble(error); }
  };
  const or = (act) => async () => { try { await act(); } catch (error) { trouble(error); } };
  const patch = async (body, done) => {
    hook = (await where.send('PATCH', path, { body, ifMatch: hook.version })).data;
    show();
    toast(t(done));
    await log.load();
  };
  const change = {
    edit: async () => {
      const fields = fieldsOf(hook);
      const saved = await formDialog(t('webhooks.edit.title'), fields.nodes, { yes: t('webhooks.save'), wide: true, refuse: fields.refuse, act: async () => {
        const body = fields.read();
        return body && (await where.send('PATCH', path, { body, ifMatch: hook.version })).data;
      } });
      if (saved) { hook = saved; show(); toast(t('webhooks.saved')); } else await again();
    },
    enable: or(() => patch({ enabled: true }, 'webhooks.enabled_now')),
    disable: or(async () => {
      if (await confirm(t('webhooks.disable.title'), t('webhooks.disable.text'), { yes: t('webhooks.disable'), kind: 'danger' })) await patch({ enabled: false }, 'webhooks.disabled_now');
    }),
  };
  const remove = or(async () => {
    if (!await confirm(t('webhooks.delete.title'), h('div', { class: 'stack' }, h('p', { class: 'file-name' }, hook.url), h('p', {}, t('webhooks.delete.text'))), { yes: t('webhooks.delete'), kind: 'danger' })) return;
    await where.send('DELETE', path);
    toast(t('webhooks.deleted'));
    where.go(null);
  });
  const test = or(async () => {
    await where.send('POST', `${path}/test`, { body: {} });
    announce(t('webhooks.tested'));
    await log.load();
  });
  const renew = async () => {
    const renewed = await rotate(async (body) => (await where.send('POST', `${path}/rotate-secret`, { body })).data);
    if (!renewed) return;
    const { secret, ...settled } = renewed;
    hook = settled;
    await showSecret({ ...settled, secret });
    show();
  };
  show();
  fill(root, back, settings, log.node);
  await log.load();
  return log.stop;
}

function settingsCard(where, hook, { change, remove, test, renew }) {
  const facts = [['events', h('span', {}, eventsOf(hook))], ['created', when(hook.created_at)], ['changed', when(hook.updated_at)], ['version', String(hook.version)], ['old_secret', when(hook.previous_secret_until)]];
  return card(h('span', { class: 'file-name' }, hook.url), { id: 'webhook', actions: stateOf(hook) },
    h('p', { class: 'hint' }, h('code', {}, hook.webhook_id)),
    hook.disabled_because && note('fail', t('webhooks.stopped', { reason: stopped(hook.disabled_because) })),
    hook.enabled && hook.failing_since && note('warn', t('webhooks.failing', { at: when(hook.failing_since) })),
    h('dl', { class: 'fact-list fact-list-wide' }, facts.filter(([, value]) => value).map(([key, value]) => h('div', {}, h('dt', {}, t(`webhooks.${key}`)), h('dd', {}, value)))),
    where.may ? h('div', { class: 'row' },
      hook.enabled && button(t('webhooks.test'), { kind: 'primary', id: 'test-webhook', onclick: test }),
      !hook.enabled && button(t('webhooks.enable'), { kind: 'primary', id: 'enable-webhook', onclick: change.enable }),
      button(t('webhooks.edit'), { icon: 'edit', id: 'edit-webhook', onclick: change.edit }),
      button(t('webhooks.rotate'), { icon: 'lock', id: 'rotate-webhook', onclick: renew }),
      hook.enabled && button(t('webhooks.disable'), { id: 'disable-webhook', onclick: change.disable }),
      button(t('webhooks.delete'), { kind: 'danger', id: 'delete-webhook', onclick: remove })) : h('p', { class: 'row muted' }, icon('info'), t('webhooks.readonly')));
}
