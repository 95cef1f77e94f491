// Forms of webhooks: address and events, the secret that is shown once, a new secret, and refusals in words.

import { saveBlob } from '../api.js';
import { t } from '../i18n.js';
import { button, checkbox, copy, dialog, field, fill, h, note, problem, uid } from '../ui.js';

/** Events in the order of a job's life, as docs/webhooks.md has them. */
const EVENTS = ['job.created', 'inputs.ready', 'draft.ready', 'draft.failed', 'plan.frozen', 'plan.revised', 'run.queued', 'run.started', 'run.succeeded', 'run.failed', 'run.cancelled', 'batch.completed', 'job.cancelled', 'job.deleted'];

/** Reasons for which the service refuses an address, by a part of its text. */
const REASONS = [[/may not reach/, 'private'], [/https:/, 'scheme'], [/user or a password/, 'user'], [/fragment/, 'fragment'], [/no URL|no host/, 'unreadable'], [/at most/, 'long']];

/** A refusal with the words of webhooks instead of general ones. */
export function refusal(error, options) {
  const { quota } = error.context;
  const code = error.code === 'JOB_VERSION_CONFLICT' ? 'WEBHOOK_CHANGED' : quota === 'webhooks' ? 'WEBHOOK_QUOTA' : quota === 'webhook_secrets' ? 'WEBHOOK_SECRETS' : error.code;
  // the service says the same in English
  return problem(Object.assign(error, code === error.code ? {} : { code, message: '' }), options);
}

/** The fields of a webhook: `{nodes, read(), refuse(error)}`; `read` answers null and marks the field where one is missing. */
export function fieldsOf({ url = '', event_types: chosen = [] } = {}) {
  const address = h('input', { type: 'url', value: url, class: 'mono', autocomplete: 'off', spellcheck: 'false', id: uid('webhook-url'), oninput: () => addressField.setError(null) });
  const addressField = field(t('webhooks.url'), address, { hint: t('webhooks.url.hint'), required: true });
  const missing = h('p', { class: 'field-error', role: 'alert', hidden: true }, t('webhooks.events.missing'));
  const boxes = EVENTS.map((event) => checkbox(h('code', {}, event), { checked: chosen.includes(event), value: event, hint: t(`webhooks.event.${event}`), onchange: () => { missing.hidden = true; } }));
  const list = h('div', { class: 'check-grid', hidden: chosen.length === 0 }, boxes);
  const all = checkbox(t('webhooks.all_events'), { checked: chosen.length === 0, hint: t('webhooks.all_events.hint'), onchange: () => { list.hidden = all.control.checked; missing.hidden = true; } });
  const events = h('fieldset', {}, h('legend', {}, t('webhooks.events')), all, list, missing);
  const wanted = () => (all.control.checked ? [] : boxes.filter((box) => box.control.checked).map((box) => box.control.value));
  return {
    nodes: [addressField, events],
    read() {
      if (!address.value.trim()) { addressField.setError(t('webhooks.url.missing')); address.focus(); return null; }
      if (!all.control.checked && wanted().length === 0) { missing.hidden = false; boxes[0].control.focus(); return null; }
      return { url: address.value.trim(), event_types: wanted() };
    },
    /** Shows at the address why it was refused; false for any other refusal. */
    refuse(error) {
      if (error.code !== 'WEBHOOK_ADDRESS_REFUSED') return false;
      const known = REASONS.find(([pattern]) => pattern.test(error.context.reason ?? ''));
      addressField.setError(known ? t(`webhooks.url.${known[1]}`) : error.message);
      address.focus();
      return true;
    },
  };
}

/**
 * A dialog with a form: `act()` answers the result, or null where a field is missing; what it throws is shown in the dialog,
 * unless `refuse(error)` shows it. Resolves with the result, or null.
 */
export function formDialog(title, nodes, { yes, act, refuse = () => false, wide }) {
  const trouble = h('div', { 'aria-live': 'polite' });
  let end = null;
  const save = button(yes, { kind: 'primary', id: 'dialog-save', onclick: async () => {
    fill(trouble);
    try {
      const result = await act();
      if (result) end(result);
    } catch (error) {
      if (error.code !== 'ABORTED' && !refuse(error)) fill(trouble, refusal(error)).scrollIntoView({ block: 'nearest' });
    }
  } });
  return dialog(title, (close) => {
    end = close;
    return h('form', { class: 'stack', novalidate: true, onsubmit: (event) => { event.preventDefault(); save.click(); } }, nodes, trouble);
  }, { wide, actions: (close) => [button(t('ui.cancel'), { onclick: () => close() }), save] });
}

/** Shows a secret, the only time that it is there. */
export const showSecret = ({ secret, webhook_id: id }) => dialog(t('webhooks.secret'), () => h('div', { class: 'stack' },
  note('warn', t('webhooks.once')), h('pre', { class: 'secrets', tabindex: '0', role: 'region', 'aria-label': t('webhooks.secret') }, secret)), {
  wide: true,
  actions: (close) => [
    button(t('webhooks.save_file'), { icon: 'download', onclick: () => saveBlob(new Blob([`${secret}\n`], { type: 'text/plain' }), `${id}-secret.txt`) }),
    button(t('webhooks.copy_secret'), { icon: 'copy', kind: 'primary', id: 'copy-secret', autofocus: true, onclick: () => { copy(secret); } }),
    button(t('ui.close'), { id: 'close-secret', onclick: () => close(true) })],
});

/** Asks for the overlap and replaces the secret; resolves with the webhook and its new secret, or null. */
export function rotate(post) {
  const hours = h('input', { type: 'number', min: 0, max: 720, step: 1, value: 24, id: 'overlap-hours' });
  const input = field(t('webhooks.rotate.hours'), hours, { hint: t('webhooks.rotate.hint') });
  return formDialog(t('webhooks.rotate.title'), [h('p', {}, t('webhooks.rotate.text')), input], {
    yes: t('webhooks.rotate'),
    act() {
      const overlap = Number(hours.value);
      if (hours.value === '' || !Number.isInteger(overlap) || overlap < 0 || overlap > 720) { input.setError(t('webhooks.rotate.range')); hours.focus(); return null; }
      return post({ overlap_hours: overlap });
    },
  });
}
