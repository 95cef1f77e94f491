// What the tables of a run call things by, in words: columns, tests and measures, and the remarks of a table's last column.
// src/render/words.rs reads the same files for reports.

import { addWords, has, t } from './i18n.js';
import names from './i18n/names.js';
import names2 from './i18n/names2.js';
import notes from './i18n/notes.js';
import { word } from './outcome.js';

addWords(names);
addWords(names2);
addWords(notes);

/** Columns of codes, among which names of variables may stand. */
const CODED = new Set(['test', 'metric', 'measure', 'effect', 'source', 'issue', 'part', 'kind', 'component', 'rule', 'estimator', 'prediction', 'side',
  'method', 'selected', 'turned', 'retained', 'portfolio', 'item', 'ratio', 'model', 'assumption', 'impact', 'quadrant']);
/** Columns of names of variables and of terms, among which codes may stand. */
const NAMING = new Set(['variable', 'term', 'row', 'column', 'new_variable', 'endogenous', 'moderator', 'marker', 'series', 'equation', 'impulse', 'response',
  'excluded']);
const REMARKS = new Set(['note', 'detail']);

/** The words of a code, or `null`; a number at its end stands for itself (`mean_group2`). */
export function named(code) {
  if (has(`col.${code}`)) return t(`col.${code}`);
  const n = /\d+$/.exec(code)?.[0];
  const numbered = n && `col.${code.slice(0, -n.length)}#`;
  return n && has(numbered) ? t(numbered, { n }) : null;
}

/** The words of a column or of a measure; of an unknown one its name with blanks. */
export const nameOf = (code) => named(code) ?? word('col', code);

const quoted = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
/** The remarks with blanks to fill in, those with more words first. */
const remarks = Object.entries(notes.en).map(([key, text]) => {
  const fixed = text.split(/\{\w\}/);
  return { key, blanks: [...text.matchAll(/\{(\w)\}/g)].map((m) => m[1]), pattern: new RegExp(`^${fixed.map(quoted).join('(.+?)')}$`), size: fixed.join('').length };
}).sort((a, b) => b.size - a.size);

/** A remark in the language of the page; an unknown one as it is. */
export function remark(text) {
  for (const { key, blanks, pattern } of remarks) {
    const found = pattern.exec(text);
    if (found) return t(key, Object.fromEntries(blanks.map((blank, i) => [blank, found[i + 1]])));
  }
  return text;
}

/** The text of a cell: of a variable of the data, of a code, or a remark. `words` are those of `wordsOf`. */
export function cellText(column, text, words) {
  if (REMARKS.has(column)) return words.has(text) ? words.variable(text) : remark(text);
  if (!CODED.has(column) && !NAMING.has(column)) return text;
  if (words.has(text)) return words.term(text);
  const known = named(text);
  if (known !== null) return known;
  return NAMING.has(column) || /\.\S/.test(text) ? words.term(text) : remark(text).replaceAll('_', ' ');
}
