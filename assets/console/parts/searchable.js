// A search over the rows of a drawn list: all words must occur in a row. What is searched for stands in the address, so
// that the list can be opened again as it is.

import { t } from '../i18n.js';
import { button, h } from '../ui.js';

const query = () => new URLSearchParams(location.hash.split('?')[1] ?? '');

function keep(name, text) {
  const params = query();
  if (text) params.set(name, text); else params.delete(name);
  history.replaceState(history.state, '', `${location.hash.split('?')[0]}${params.size > 0 ? `?${params}` : ''}`);
}

/**
 * A list of `ui.js` with a search above it. `param` is its name in the address and in ids; `older()`, where there are more
 * pages, loads them and draws the list again.
 */
export function searchable(list, { param = 'q', label, older } = {}) {
  const rows = [...list.querySelectorAll('tbody tr')];
  const count = h('span', { class: 'muted', role: 'status' });
  const none = h('p', { class: 'hint', hidden: true }, t('operator.search.none'));
  const input = h('input', { type: 'search', id: `search-${param}`, value: query().get(param) ?? '', autocomplete: 'off', spellcheck: 'false', oninput: () => { keep(param, input.value.trim()); apply(); } });
  const further = older && button(t('operator.search.older'), { kind: 'quiet', id: `older-${param}`, onclick: older });
  function apply() {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const row of rows) {
      // a table of blocks has no blanks between its cells
      const text = [...row.children].map((cell) => cell.innerText || cell.textContent).join(' ').toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) found += 1;
    }
    count.textContent = words.length > 0 ? t('operator.search.found', { n: found, all: rows.length }) : '';
    none.hidden = found > 0;
    if (further) further.hidden = words.length === 0;
  }
  apply();
  return h('div', { class: 'stack' }, h('div', { class: 'search-row' }, h('label', { for: input.id }, label), input, count, further), list, none);
}
