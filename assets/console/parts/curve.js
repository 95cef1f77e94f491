// A specification curve: the estimates of one term over runs, lowest first, with their intervals, and below each the marks
// of what its specification has. Everything that it shows is in the list below it too.

import { differences, points, ticks } from './compareData.js';
import { t } from '../i18n.js';
import { fixed, pValue } from '../tables.js';
import { disclosure, h, s, uid } from '../ui.js';

const HIGH = 220;
const ROW = 20;
const TOP = 14;

const minus = (text) => text.replace(/^-/, '−');
const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Lines of marks: `[{head}]` or `[{label, has(column)}]`. */
function lines(varying, say) {
  return varying.flatMap(({ fact, items }) => [{ head: t(`compare.fact.${fact}`) }, ...items.map((item) => ({
    label: say.item(fact, item), has: (column) => column.facts[fact].some((other) => other.key === item.key),
  }))]);
}

/** The range of the vertical axis, with zero where it is near. */
function range(found) {
  const values = found.flatMap((p) => [p.estimate, p.low, p.high]).filter(Number.isFinite);
  let [low, high] = [Math.min(...values), Math.max(...values)];
  const span = high - low || Math.abs(high) || 1;
  if (low > 0 && low < span) low = 0;
  if (high < 0 && -high < span) high = 0;
  return [low - span * 0.04, high + span * 0.04];
}

function drawing(found, rows, { width, term }) {
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
      found.map((p, i) => row.has(p.column) && s('circle', { class: p.clear ? 'curve-mark' : 'curve-mark curve-open', cx: x(i), cy: at, r: 4 }))];
  });
  const shown = found.map((p, i) => s('g', { class: p.clear ? 'curve-point' : 'curve-point curve-open' },
    s('title', {}, `${p.column.name}: ${minus(fixed(p.estimate, 4))}`),
    p.low !== null && p.high !== null && line('curve-interval', x(i), y(p.low), x(i), y(p.high)), s('circle', { cx: x(i), cy: y(p.estimate), r: 4.5 })));
  const title = uid('curve');
  return s('svg', { class: 'curve', width: wide, height: tall, viewBox: `0 0 ${wide} ${tall}`, role: 'img', 'aria-labelledby': title },
    s('title', { id: title }, summary(found, term)), axis, marks, shown);
}

function summary(found, term) {
  if (found.length === 1) return t('compare.curve.one', { term, value: minus(fixed(found[0].estimate, 3)) });
  return t('compare.curve.said', { term, n: found.length, low: minus(fixed(found[0].estimate, 3)), high: minus(fixed(found.at(-1).estimate, 3)), clear: found.filter((p) => p.clear).length });
}

/** The list of the points: what the drawing shows, as a table. */
function asTable(found, varying, say) {
  const cell = ({ fact, items }, column) => items.filter((item) => column.facts[fact].some((other) => other.key === item.key)).map((item) => say.item(fact, item)).join(', ') || '–';
  const interval = (p) => (p.low === null || p.high === null ? '–' : `[${minus(fixed(p.low, 3))}, ${minus(fixed(p.high, 3))}]`);
  const head = ['run', 'estimate', 'interval', 'p'].map((key) => h('th', { scope: 'col', class: key === 'run' ? null : 'num' }, t(`compare.${key}`)));
  return h('div', { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': t('compare.curve.table') }, h('table', { id: 'curve-table' }, h('caption', { class: 'sr' }, t('compare.curve.table')),
    h('thead', {}, h('tr', {}, head, varying.map(({ fact }) => h('th', { scope: 'col' }, t(`compare.fact.${fact}`))))),
    h('tbody', {}, found.map((p) => h('tr', {}, h('th', { scope: 'row', class: 'nowrap' }, p.column.name), h('td', { class: 'num' }, minus(fixed(p.estimate, 3))), h('td', { class: 'num' }, interval(p)),
      h('td', { class: 'num' }, Number.isFinite(p.result.p_value) ? pValue(p.result.p_value, 3) : '–'), varying.map((group) => h('td', {}, cell(group, p.column))))))));
}

/**
 * The curve of a term over columns: `{node, draw(width)}`, or null where no column has it. `say`: `{term(key), item(fact, item)}`.
 */
export function curve(columns, key, say) {
  const found = points(columns, key);
  if (found.length === 0) return null;
  const { varying, shared } = differences(found.map((p) => p.column), key);
  const rows = lines(varying, say);
  const spot = h('div', { class: 'curve-scroll', tabindex: '0', role: 'region', 'aria-label': t('compare.curve') });
  const draw = (width) => { if (width > 0) spot.replaceChildren(drawing(found, rows, { width, term: say.term(key) })); };
  const same = shared.filter(({ fact }) => fact !== 'data').map(({ fact, items }) => t('compare.pair', { fact: t(`compare.fact.${fact}`), what: items.map((item) => say.item(fact, item)).join(', ') }));
  const node = h('figure', { class: 'stack' }, spot,
    h('figcaption', { class: 'stack' }, h('p', { id: 'curve-said' }, summary(found, say.term(key))), h('p', { class: 'hint' }, t('compare.curve.signs')),
      found.length < columns.length && h('p', { class: 'hint' }, t('compare.curve.without', { n: columns.length - found.length })),
      same.length > 0 && found.length > 1 && h('p', { class: 'hint', id: 'curve-same' }, t('compare.curve.same', { what: same.join('; ') }))),
    disclosure(t('compare.curve.table'), { id: 'curve-list' }, asTable(found, varying, say)));
  return { node, spot, draw };
}
