// The checks of a run as traffic lights: red, amber and green with a sign and words, and below an amber or red one what it
// means for the results.

import { addWords, has, t } from '../i18n.js';
import { advised, checkValue, found } from '../outcome.js';
import { h, icon } from '../ui.js';
import words from '../i18n/lights.js';

addWords(words);

const ORDER = ['fail', 'warn', 'ok'];
const SIGN = { fail: 'cross', warn: 'warn', ok: 'check' };

const lamp = (status) => h('span', { class: `light light-${status}` }, icon(SIGN[status]));

function line(check) {
  const meaning = check.status !== 'ok' && has(`light.${check.id}`) && t(`light.${check.id}`);
  return h('li', { class: `check-${check.status}` }, lamp(check.status), h('div', {},
    h('p', {}, h('strong', {}, t(`light.is.${check.status}`)), ' ', h('span', { class: 'check-name' }, found(check)), ' ', h('span', { class: 'muted' }, checkValue(check)),
      check.acknowledged && h('span', { class: 'hint' }, ` (${t('check.acknowledged')})`)),
    meaning && h('p', { class: 'hint' }, meaning), check.status !== 'ok' && advised(check) && h('p', { class: 'hint' }, advised(check))));
}

/** All checks, those that need attention first, with the number of each colour. */
export function lights(checks) {
  if (checks.length === 0) return null;
  const of = (status) => checks.filter((c) => c.status === status);
  return h('div', { class: 'lights' },
    h('ul', { class: 'light-counts', 'aria-label': t('light.counts') }, ORDER.map((status) => h('li', { class: of(status).length === 0 ? 'is-off' : null }, lamp(status), h('span', {}, t(`light.count.${status}`, { n: of(status).length }))))),
    h('ul', { class: 'light-list', 'aria-label': t('light.list') }, ORDER.flatMap((status) => of(status).map(line))),
    h('p', { class: 'hint' }, t('light.text')));
}
