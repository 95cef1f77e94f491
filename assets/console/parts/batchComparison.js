// The comparison of a batch as the service makes it: the curve with its numbers, the table, the files.

import { t } from '../i18n.js';
import { nameOf } from '../codes.js';
import { button, card, checkbox, field, fill, h, note, problem, select } from '../ui.js';
import { errorsText } from './columns.js';
import { sideBySide } from './compareTable.js';
import { curve } from './curve.js';

const FORMATS = ['xlsx', 'docx', 'pdf', 'tex', 'csv', 'svg', 'png'];

/** The node; `json(query)` and `save(query, name)` ask the service. */
export async function comparison({ json, save, signal, language }) {
  const node = h('div', { class: 'stack' });
  const options = { term: null, stars: false };
  const query = (format) => ({ format, language, term: options.term, stars: options.stars || null });
  const draw = async () => {
    const data = await json(query('json'));
    if (signal.aborted) return;
    const again = (change) => (event) => { change(event.target); draw().catch((error) => { if (error.code !== 'ABORTED') fill(node, problem(error, { retry: draw })); }); };
    const choices = choicesOf(data.columns);
    const axis = (name) => t(`batches.axis.${name}`);
    const drawn = curve(data, { choices, fact: axis, name: (index) => `(${index}) ${data.columns.find((column) => column.index === index).name}` });
    const files = h('div', { class: 'row', role: 'group', 'aria-label': t('batches.files') }, FORMATS.filter((format) => drawn || !['svg', 'png'].includes(format)).map((format) => button(format.toUpperCase(), { kind: 'quiet', icon: 'download', id: `save-${format}`, onclick: () => save(query(format), `comparison.${format}`) })));
    const term = field(t('batches.term'), select(data.terms.map(({ term: key, label }) => ({ value: key, label })), { id: 'batch-term', value: data.term, onchange: again((control) => { options.term = control.value; }) }));
    const table = sideBySide(data, {
      options: { decimals: 3, stars: options.stars, title: t('batches.side'), id: 'batch-table' }, choices,
      facts: [...new Set(choices.map((choice) => choice.fact))].map((name) => ({ fact: name, label: axis(name) })), col: nameOf, head: (column) => `(${column.index})`,
    });
    fill(node, card(t('batches.curve'), { id: 'batch-curve' }, data.terms.length > 0 && term, drawn,
      note('info', h('p', { id: 'batch-caution' }, data.caution)), data.notes.length > 0 && note('warn', h('ul', {}, data.notes.map((said) => h('li', {}, said))))),
    card(t('batches.side'), { id: 'batch-side', actions: files }, checkbox(t('batches.stars'), { id: 'batch-stars', checked: options.stars, onchange: again((control) => { options.stars = control.checked; }) }), table));
  };
  await draw();
  return node;
}

/** A choice in words of the page; names of variables and conditions as they are. */
export function choiceText({ axis, label }) {
  if (label === 'no controls') return t('batches.no_controls');
  if (label === 'all rows') return t('batches.all_rows');
  if (axis !== 'variance') return label;
  const by = /^cluster by (.+)$/.exec(label);
  return by ? t('results.se.cluster', { by: by[1] }) : errorsText(label);
}

/** The choices of the cells, each once, with the columns that have it. */
function choicesOf(columns) {
  const found = new Map();
  for (const { index, choices } of columns) {
    for (const { axis, label } of choices) {
      const key = JSON.stringify([axis, label]);
      if (!found.has(key)) found.set(key, { fact: axis, key: label, label: choiceText({ axis, label }), columns: [] });
      found.get(key).columns.push(index);
    }
  }
  return [...found.values()];
}
