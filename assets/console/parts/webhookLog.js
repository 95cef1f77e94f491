// The log of a webhook: deliveries with their attempts, one sent again, all that failed since a time sent again. While one
// waits for its next attempt the log is read again.

import { lang, t, when } from '../i18n.js';
import { stackable } from '../outcome.js';
import { badge, button, card, disclosure, empty, field, fill, h, table, toast, unpressed } from '../ui.js';
import { refusal } from './webhookForms.js';

const PAGE = 25;
const HOW = { pending: 'info', delivered: 'ok', failed: 'fail' };
/** Shortest and longest pause before the log is read again, in milliseconds. */
const PAUSE = [1500, 30_000];

/** Reasons of failed attempts, by a part of their text. */
const ERRORS = [[/connection was refused/, 'refused'], [/no response within|within the time/, 'silent'], [/cannot be resolved/, 'name'], [/TLS/, 'tls'], [/may not reach/, 'address'], [/redirects/, 'redirect'], [/broke/, 'broke'], [/no connection/, 'none'], [/key of the secret/, 'key']];

/** A time with its seconds: repetitions begin after five. */
const exact = (iso) => (iso ? new Intl.DateTimeFormat(lang() === 'zh' ? 'zh-CN' : 'en', { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(iso)) : '');

function errorWords(attempt) {
  if (!attempt.error || /returned status \d+$/.test(attempt.error)) return '';
  const known = ERRORS.find(([pattern]) => pattern.test(attempt.error));
  return known ? t(`webhooks.error.${known[1]}`) : attempt.error;
}

/** What a receiver answered: its status and why that is no success. */
const answer = (attempt) => [attempt.status_code !== null && t('webhooks.status', { code: String(attempt.status_code) }), errorWords(attempt)].filter(Boolean).join(': ');

const attemptList = (d) => h('ol', { class: 'attempts' }, [...d.attempts].reverse().map((a) => h('li', {}, badge(answer(a) || '–', a.error ? 'fail' : 'ok'), ' ', h('span', { class: 'muted' }, `${exact(a.at)} · ${t('webhooks.took', { ms: a.duration_ms })}`))));

/** The log of a webhook of the page `where`, as of parts/webhooks.js: `{node, load(), stop()}`. */
export function logOf(where, hook) {
  const body = h('div', { class: 'stack' });
  const trouble = h('div', { 'aria-live': 'polite' });
  let [pages, timer, turn, shown] = [1, null, 0, null];

  async function load() {
    clearTimeout(timer);
    const mine = (turn += 1);
    const found = [];
    let cursor = null;
    for (let page = 0; page < pages && (page === 0 || cursor); page += 1) {
      const { data } = await where.send('GET', `webhooks/${hook.webhook_id}/deliveries`, { query: { limit: PAGE, cursor } });
      found.push(...data.deliveries);
      cursor = data.next_cursor;
    }
    if (mine !== turn || where.signal.aborted) return;
    shown = { found, cursor };
    draw();
    const due = found.filter((d) => d.status === 'pending').map((d) => new Date(d.next_attempt_at) - Date.now());
    if (due.length > 0) timer = setTimeout(() => load().catch(() => {}), Math.min(PAUSE[1], Math.max(PAUSE[0], Math.min(...due) + 500)));
  }
  const orShow = (act) => async () => {
    fill(trouble);
    try { await act(); } catch (error) { if (error.code !== 'ABORTED') fill(trouble, refusal(error)); }
  };
  const replay = (d) => orShow(async () => {
    await where.send('POST', `webhooks/${hook.webhook_id}/deliveries/${d.delivery_id}/replay`, { body: {} });
    toast(t('webhooks.replayed'));
    await load();
  });
  const columns = () => [
    { key: 'event', label: t('webhooks.event'), render: (d) => [h('code', {}, d.event_type), h('span', { class: 'below' }, t(`webhooks.event.${d.event_type}`))] },
    !hook.job_id && { key: 'job', label: t('webhooks.job'), render: (d) => (d.job_id ? where.jobLink(d.job_id) : '–') },
    { key: 'state', label: t('webhooks.state'), render: (d) => badge(t(`webhooks.delivery.${d.status}`), HOW[d.status]) },
    { key: 'made', label: t('webhooks.made'), render: (d) => when(d.created_at) },
    { key: 'attempts', label: t('webhooks.attempts'), render: (d) => (d.attempts.length === 0 ? t('webhooks.no_attempts') : disclosure(t('webhooks.attempts_of', { n: d.attempts.length }), { id: `attempts-${d.delivery_id}` }, attemptList(d))) },
    { key: 'response', label: t('webhooks.response'), render: (d) => (d.attempts.length > 0 ? answer(d.attempts.at(-1)) : '–') },
    { key: 'next', label: t('webhooks.next'), render: (d) => exact(d.next_attempt_at) || '–' },
    where.may && { key: 'act', label: t('webhooks.actions'), render: (d) => button(t('webhooks.replay'), { kind: 'quiet', class: 'button button-quiet nowrap', id: `replay-${d.delivery_id}`, 'aria-label': t('webhooks.replay_name', { event: d.event_type, at: when(d.created_at) }), onclick: replay(d) }) },
  ].filter(Boolean);
  const draw = unpressed(() => {
    const { found, cursor } = shown;
    fill(body, found.length === 0 ? empty(t('webhooks.log.none'), t('webhooks.log.none.text')) : stackable(table(columns(), found, { caption: t('webhooks.log'), rowHeader: 'event', cls: 'deliveries' })),
      cursor && h('div', { class: 'row' }, button(t('webhooks.more'), { id: 'more-deliveries', onclick: orShow(() => { pages += 1; return load(); }) })));
  });
  const node = card(t('webhooks.log'), { lead: t('webhooks.log.text'), id: 'deliveries', actions: button(t('webhooks.refresh'), { kind: 'quiet', id: 'refresh-log', onclick: orShow(load) }) }, trouble, body, where.may && since(where, hook, load));
  return { node, load, stop: () => clearTimeout(timer) };
}

/** The form that sends again what failed since a time; a day ago where nothing is entered. */
function since(where, hook, load) {
  const local = (at) => new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  const from = h('input', { type: 'datetime-local', value: local(Date.now() - 86_400_000), id: 'replay-since' });
  const input = field(t('webhooks.since'), from);
  const told = h('div', { 'aria-live': 'polite' });
  const send = button(t('webhooks.replay_failed'), { id: 'replay-failed', onclick: async () => {
    input.setError(null);
    if (!from.value) { input.setError(t('webhooks.since.missing')); from.focus(); return; }
    try {
      const { data } = await where.send('POST', `webhooks/${hook.webhook_id}/replay`, { body: { since: new Date(from.value).toISOString() } });
      const words = data.replayed === 0 ? 'replayed_none' : data.more ? 'replayed_more' : 'replayed_many';
      fill(told, h('p', { id: 'replayed' }, t(`webhooks.${words}`, { n: data.replayed })));
      await load();
    } catch (error) { if (error.code !== 'ABORTED') fill(told, refusal(error)); }
  } });
  return disclosure(t('webhooks.replay_failed'), { id: 'replay-form' }, h('p', { class: 'hint' }, t('webhooks.replay_failed.text')),
    h('form', { class: 'filters', novalidate: true, onsubmit: (event) => { event.preventDefault(); send.click(); } }, input, h('div', { class: 'row' }, send)), told);
}
