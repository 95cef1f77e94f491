// Copies a drawn table so that it keeps its form: as HTML with the rules of a journal for word processors, with cells
// that a spreadsheet takes as they are printed, and as tab-separated text for everything else.

import { t } from './i18n.js';
import { toast } from './ui.js';

const escape = (text) => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }[c]));
const plain = (text) => text.trim().replaceAll('−', '-');
const RULE = '1.5pt solid black';
const THIN = '0.75pt solid black';

/** A spreadsheet would read (0.006) as a negative number and a star as text of a formula: such cells are text. */
const kept = (text) => (/^[-+]?[\d.]+(e[-+]?\d+)?$/i.test(text) || text === '' ? '' : ' mso-number-format:"\\@";');

/** The lines of a row: its cells, and below them the errors in brackets where it has some. */
function linesOf(row) {
  const cells = [...row.children].map((cell) => {
    const below = cell.querySelector('.below');
    const text = [...cell.childNodes].filter((n) => n !== below).map((n) => n.textContent).join(' ');
    return { text: plain(text), below: below ? plain(below.textContent) : '', number: cell.classList.contains('num'), span: cell.colSpan };
  });
  const first = cells.map(({ text, number, span }) => ({ text, number, span }));
  const second = cells.map(({ below, number, span }) => ({ text: below, number, span }));
  return second.some((c) => c.text !== '') ? [first, second] : [first];
}

function htmlRow(cells, { top, bottom, head }) {
  const tag = head ? 'th' : 'td';
  return `<tr>${cells.map((c) => {
    const rules = [top && `border-top:${top};`, bottom && `border-bottom:${bottom};`].filter(Boolean).join(' ');
    const style = `padding:1pt 8pt; font-weight:${head ? 'bold' : 'normal'}; text-align:${c.number ? 'right' : 'left'}; ${rules}${kept(c.text)}`;
    return `<${tag}${c.span > 1 ? ` colspan="${c.span}"` : ''} style='${style}'>${escape(c.text)}</${tag}>`;
  }).join('')}</tr>`;
}

/** A drawn table as `{html, text}`, with its title above and its notes below. */
export function forms(node, title) {
  const head = [...node.querySelectorAll('thead tr')].flatMap(linesOf);
  const parts = [...node.querySelectorAll('tbody')].map((part) => [...part.rows].flatMap(linesOf)).filter((lines) => lines.length > 0);
  const notes = [...node.querySelectorAll('.table-notes span')].map((n) => n.textContent.trim());
  const width = Math.max(...head.map((cells) => cells.length), 1);
  const rows = [
    ...head.map((cells, i) => htmlRow(cells, { head: true, top: i === 0 && RULE, bottom: i === head.length - 1 && THIN })),
    ...parts.flatMap((lines, p) => lines.map((cells, i) => htmlRow(cells, { top: p > 0 && i === 0 && THIN, bottom: p === parts.length - 1 && i === lines.length - 1 && RULE }))),
  ];
  const line = (text, style) => `<tr><td colspan="${width}" style="${style}">${escape(text)}</td></tr>`;
  const html = `<html><head><meta charset="utf-8"></head><body><table style="border-collapse:collapse; font-family:serif; font-size:11pt">${line(title, 'font-weight:bold; padding:1pt 8pt')}${rows.join('')}${notes.length > 0 ? line(notes.join(' '), 'font-size:9pt; padding:1pt 8pt') : ''}</table></body></html>`;
  const text = [title, ...[...head, ...parts.flat()].map((cells) => cells.map((c) => c.text).join('\t')), ...notes].join('\n');
  return { html, text };
}

/** Copies a drawn table and says so. The event takes both forms as they are; an asynchronous clipboard would clean the HTML. */
export function copyTable(node, title) {
  const { html, text } = forms(node, title);
  const before = document.activeElement;
  const area = document.createElement('textarea');
  area.className = 'sr';
  area.value = text;
  document.body.append(area);
  area.select();
  const put = (event) => {
    event.clipboardData.setData('text/html', html);
    event.clipboardData.setData('text/plain', text);
    event.preventDefault();
  };
  document.addEventListener('copy', put, { once: true });
  const done = document.execCommand('copy');
  document.removeEventListener('copy', put);
  area.remove();
  before?.focus({ preventScroll: true });
  toast(t(done ? 'results.copied' : 'results.not_copied'), done ? 'ok' : 'error');
}
