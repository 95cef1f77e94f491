// A specification curve of the service: the estimates of one term over runs, lowest first, with their intervals, and below each
// the marks of what its specification has. Everything that it shows is in the list below it too.

import { differences, ticks } from './compareData.js';
import { t } from '../i18n.js';
import { fixed, minus, pValue } from '../tables.js';
import { disclosure, h, s, uid } from '../ui.js';

const HIGH = 220;
const ROW = 20;
const TOP = 14;

/** A text of at most so many letters. */
export const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Lines of marks: `[{head}]` or `[{label, has(point)}]`. */
const lines = (varying, fact) => varying.flatMap((group) => [{ head: fact(group.fact) }, ...group.items.map((item) => ({ label: item.label, has: (p) => item.columns.includes(p.index) }))]);

/** The range of the vertical axis, with zero where it is near. */
function range(found) {
  const values = found.flatMap((p) => [p.estimate, p.ci_low, p.ci_high]).filter(Number.isFinite);
  let [low, high] = [Math.min(...values), Math.max(...values)];
  const span = high - low || Math.abs(high) || 1;
  if (low > 0 && low < span) low = 0;
  if (high < 0 && -high < span) high = 0;
  return [low - span * 0.04, high + span * 0.04];
}

function drawing(found, rows, { width, said, name }) {
  const gutter = width < 560 ? 128 : 250;
  const most = width < 560 ? 15 : 34;
  const step = Math.max(14, Math.min(96, (width - gutter - 16) / found.length));
  const wide = gutter + step * found.length + 16;
  const x = (i) => gutter + step * (i + 0.5);
  const [low, high] = range(found);
  const y = (value) => TOP + HIGH * (1 - (value - low) / (high - low));
  const tall = TOP + HIGH + 18 + rows.length * ROW + 6;
  const line = (cls, x1, y1, x2, y2) => s('line', { class: cls, x1, y1, x2, y2 });
  const label = (cls, at, text, full = text) => s('text', { class: cls, x: gutter - 10, y: at + 4, 'text-anchor': 'end' }, text, full !== text && s('title', {}, full));
  const axis = ticks(low, high).map(({ value, digits }) => [line(Math.abs(value) < 1e-12 ? 'curve-zero' : 'curve-grid', gutter, y(value), wide - 8, y(value)), label('curve-tick', y(value), minus(fixed(Math.abs(value) < 1e-12 ? 0 : value, digits)))]);
  const marks = rows.map((row, r) => {
    const at = TOP + HIGH + 18 + ROW * (r + 0.5);
    if (row.head) return label('curve-head', at, short(row.head, most));
    return [line('curve-grid', gutter, at, wide - 8, at), label('curve-label', at, short(row.label, most), row.label),
      found.map((p, i) => row.has(p) && s('circle', { class: p.excludes_zero ? 'curve-mark' : 'curve-mark curve-open', cx: x(i), cy: at, r: 4 }))];
  });
  const shown = found.map((p, i) => s('g', { class: p.excludes_zero ? 'curve-point' : 'curve-point curve-open' },
    s('title', {}, `${name(p.index)}: ${minus(fixed(p.estimate, 4))}`),
    p.ci_low !== null && p.ci_high !== null && line('curve-interval', x(i), y(p.ci_low), x(i), y(p.ci_high)), s('circle', { cx: x(i), cy: y(p.estimate), r: 4.5 })));
  const title = uid('curve');
  return s('svg', { class: 'curve', width: wide, height: tall, viewBox: `0 0 ${wide} ${tall}`, role: 'img', 'aria-labelledby': title },
    s('title', { id: title }, said), axis, marks, shown);
}

/** The list of the points: what the drawing shows, as a table. */
function asTable(found, varying, { fact, name }) {
  const cell = ({ items }, p) => items.filter((item) => item.columns.includes(p.index)).map((item) => item.label).join(', ') || '–';
  const interval = (p) => (p.ci_low === null || p.ci_high === null ? '–' : `[${minus(fixed(p.ci_low, 3))}, ${minus(fixed(p.ci_high, 3))}]`);
  const head = ['run', 'estimate', 'interval', 'p'].map((key) => h('th', { scope: 'col', class: key === 'run' ? null : 'num' }, t(`compare.${key}`)));
  return h('div', { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': t('compare.curve.table') }, h('table', { id: 'curve-table' }, h('caption', { class: 'sr' }, t('compare.curve.table')),
    h('thead', {}, h('tr', {}, head, varying.map((group) => h('th', { scope: 'col' }, fact(group.fact))))),
    h('tbody', {}, found.map((p) => h('tr', {}, h('th', { scope: 'row', class: 'nowrap' }, name(p.index)), h('td', { class: 'num' }, minus(fixed(p.estimate, 3))), h('td', { class: 'num' }, interval(p)),
      h('td', { class: 'num' }, p.p_value === null ? '–' : pValue(p.p_value, 3)), varying.map((group) => h('td', {}, cell(group, p))))))));
}

/**
 * The curve of a comparison, drawn at the width that it has; null where no column has the term. `choices`: as the service's
 * `specification`; `fact(kind)` and `name(number)`: words for a kind of choices and for a column.
 */
export function curve({ curve: found, term, sentences, caution }, { choices, fact, name }) {
  if (found.length === 0) return null;
  const { varying, shared } = differences(choices, found.map((p) => p.index), term);
  const rows = lines(varying, fact);
  const spot = h('div', { class: 'curve-scroll', tabindex: '0', role: 'region', 'aria-label': t('compare.curve') });
  let drawn = 0;
  new ResizeObserver(() => {
    const width = spot.clientWidth;
    if (width === 0 || width === drawn) return;
    drawn = width;
    spot.replaceChildren(drawing(found, rows, { width, said: sentences[0], name }));
  }).observe(spot);
  const same = shared.filter((group) => group.fact !== 'data').map(({ fact: kind, items }) => t('compare.pair', { fact: fact(kind), what: items.map((item) => item.label).join(', ') }));
  return h('figure', { class: 'stack' }, spot,
    h('figcaption', { class: 'stack' }, h('div', { id: 'curve-said' }, sentences.filter((said) => said !== caution).map((said) => h('p', {}, minus(said)))), h('p', { class: 'hint' }, t('compare.curve.signs')),
      same.length > 0 && found.length > 1 && h('p', { class: 'hint', id: 'curve-same' }, t('compare.curve.same', { what: same.join('; ') }))),
    disclosure(t('compare.curve.table'), { id: 'curve-list' }, asTable(found, varying, { fact, name })));
}
