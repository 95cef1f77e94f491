// Shows the Markdown that the service writes (headings, paragraphs, lists, tables, code in backquotes); everything
// else is text. Nothing of it is read as markup of the page.

import { h } from './ui.js';

const entities = { '&lt;': '<', '&gt;': '>', '&amp;': '&' };
const unescape = (text) => text.replace(/&(lt|gt|amp);/g, (e) => entities[e]).replace(/\\([\[\]|!#\\])/g, '$1');

function inline(text) {
  return text.split(/(`[^`]+`)/).filter(Boolean).map((piece) => (/^`.*`$/.test(piece) ? h('code', {}, unescape(piece.slice(1, -1))) : unescape(piece)));
}

const cells = (line) => line.replace(/^\||\|$/g, '').split(/(?<!\\)\|/).map((cell) => cell.trim());

/** The document as nodes; its first heading has `level`. */
export function markdown(text, level = 3) {
  const lines = text.split('\n');
  const nodes = [];
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i];
    const heading = /^(#{1,4}) (.*)$/.exec(line);
    if (heading) nodes.push(h(`h${Math.min(6, level + heading[1].length - 1)}`, {}, inline(heading[2])));
    else if (line.startsWith('- ')) {
      const items = [];
      for (; lines[i]?.startsWith('- '); i += 1) items.push(h('li', {}, inline(lines[i].slice(2))));
      i -= 1;
      nodes.push(h('ul', { class: 'bullets' }, items));
    } else if (line.startsWith('|')) {
      const rows = [];
      for (; lines[i]?.startsWith('|'); i += 1) rows.push(lines[i]);
      i -= 1;
      const [head, , ...body] = rows;
      nodes.push(h('div', { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': cells(head).join(', ') }, h('table', {},
        h('thead', {}, h('tr', {}, cells(head).map((c) => h('th', { scope: 'col' }, inline(c))))),
        h('tbody', {}, body.map((row) => h('tr', {}, cells(row).map((c) => h('td', {}, inline(c)))))))));
    } else if (line.trim() !== '') nodes.push(h('p', {}, inline(line)));
  }
  return nodes;
}
