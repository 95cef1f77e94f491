// A comparison of the service side by side: a row for each term, a column for each run, and below what each run is.

import { t } from '../i18n.js';
import { fixed, minus, stars, wholeOrFixed } from '../tables.js';
import { h, uid } from '../ui.js';

const FIT = [['r2', 3], ['r2_a', 3], ['r2_within', 3], ['r2_p', 3]];

function estimate(result, column, options) {
  if (!result) return column.reason === null ? '–' : t(`batches.status.${column.status}`);
  if (!Number.isFinite(result.estimate)) return t('results.omitted');
  return [h('span', {}, minus(fixed(result.estimate, options.decimals)) + (options.stars ? stars(result.p_value ?? null) : '')),
    Number.isFinite(result.std_error) && h('span', { class: 'below' }, `(${fixed(result.std_error, options.decimals)})`)];
}

/**
 * The table of a comparison. `options`: `{decimals, stars, title, id}`, `facts`: the kinds of choices at the foot, `[{label, fact}]`,
 * `choices`: as the service's `specification`, `col(name)`: words for a measure, `head(column)`: what stands above a column.
 */
export function sideBySide({ columns, terms }, { options, facts, choices, col, head }) {
  const notes = uid('notes');
  const row = (name, cells) => h('tr', {}, h('th', { scope: 'row' }, name), cells.map((cell) => h('td', { class: 'num' }, cell)));
  const has = (fact, column) => choices.filter((choice) => choice.fact === fact && choice.columns.includes(column.index)).map((choice) => choice.label).join(', ');
  const below = facts.filter(({ fact }) => choices.some((choice) => choice.fact === fact)).map(({ label, fact }) => row(label, columns.map((column) => h('span', { class: 'words' }, has(fact, column) || '–'))));
  const n = row(col('N'), columns.map((column) => (column.observations === null ? '–' : wholeOrFixed(column.observations, 0))));
  const fit = FIT.filter(([name]) => columns.some((column) => Number.isFinite(column.fit[name]))).map(([name, digits]) => row(col(name), columns.map((column) => (Number.isFinite(column.fit[name]) ? fixed(column.fit[name], digits) : '–'))));
  const said = [t('results.note.se'), options.stars && '* p < 0.10, ** p < 0.05, *** p < 0.01'].filter(Boolean);
  return h('div', { class: 'result-table' },
    h('div', { class: 'table-scroll grid-scroll', tabindex: '0', role: 'region', 'aria-label': options.title }, h('table', { class: 'grid compare-grid', id: options.id, 'aria-describedby': notes }, h('caption', { class: 'sr' }, options.title),
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, col('term')), columns.map((column) => h('th', { scope: 'col', class: 'num' }, head(column))))),
      h('tbody', {}, terms.map(({ label, results }) => row(label, results.map((result, i) => estimate(result, columns[i], options))))), h('tbody', { class: 'grid-foot' }, below, n, fit))),
    h('p', { class: 'hint table-notes', id: notes }, said.map((text) => h('span', {}, text))));
}
