// Runs side by side: a row for each term, a column for each run, and below what each run is.

import { resultOf, termsOf } from './compareData.js';
import { t } from '../i18n.js';
import { fixed, stars, wholeOrFixed } from '../tables.js';
import { h, uid } from '../ui.js';

/** Facts at the foot of the table, where a run has them. */
const FOOT = ['outcome', 'method', 'fixed', 'instruments', 'weights', 'sample', 'errors'];
const FIT = [['r2', 3], ['r2_a', 3], ['r2_within', 3], ['r2_p', 3]];

const minus = (text) => text.replace(/^(\(?)-/, '$1−');

function estimate(result, options) {
  if (!result) return '–';
  if (!Number.isFinite(result.estimate)) return t('results.omitted');
  return [h('span', {}, minus(fixed(result.estimate, options.decimals)) + (options.stars ? stars(result.p_value ?? null) : '')),
    Number.isFinite(result.std_error) && h('span', { class: 'below' }, `(${fixed(result.std_error, options.decimals)})`)];
}

/**
 * The table of columns `{n, name, href, run, facts}`; `options`: `{decimals, stars, labels}`, `say`: `{term(key), item(fact, item), col(name)}`.
 */
export function sideBySide(columns, options, say) {
  const runs = columns.map((column) => column.run);
  const notes = uid('notes');
  const row = (head, cells, cls) => h('tr', { class: cls }, h('th', { scope: 'row' }, head), cells);
  const terms = termsOf(runs).map((key) => row(say.term(key), runs.map((run) => h('td', { class: 'num' }, estimate(resultOf(run, key), options)))));
  const facts = FOOT.filter((fact) => columns.some((column) => column.facts[fact].length > 0)).map((fact) => row(t(`compare.fact.${fact}`), columns.map((column) => h('td', { class: 'num' }, h('span', { class: 'words' }, column.facts[fact].map((item) => say.item(fact, item)).join(', ') || '–')))));
  const n = row(say.col('N'), runs.map((run) => h('td', { class: 'num' }, Number.isFinite(run.metrics?.n_used) ? wholeOrFixed(run.metrics.n_used, 0) : '–')));
  const fit = FIT.filter(([name]) => runs.some((run) => Number.isFinite(run.metrics?.[name]))).map(([name, digits]) => row(say.col(name), runs.map((run) => h('td', { class: 'num' }, Number.isFinite(run.metrics?.[name]) ? fixed(run.metrics[name], digits) : '–'))));
  const said = [t('results.note.se'), options.stars && '* p < 0.10, ** p < 0.05, *** p < 0.01'].filter(Boolean);
  return h('div', { class: 'result-table' },
    h('div', { class: 'table-scroll grid-scroll', tabindex: '0', role: 'region', 'aria-label': t('compare.table') }, h('table', { class: 'grid compare-grid', 'aria-describedby': notes }, h('caption', { class: 'sr' }, t('compare.table')),
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, say.col('term')), columns.map((column) => h('th', { scope: 'col', class: 'num' }, h('a', { href: column.href }, `(${column.n})`), h('span', { class: 'below' }, column.name))))),
      h('tbody', {}, terms), h('tbody', { class: 'grid-foot' }, facts, n, fit))),
    h('p', { class: 'hint table-notes', id: notes }, said.map((text) => h('span', {}, text))));
}
