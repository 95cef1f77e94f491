// The editor of conditions and expressions: a text with what may be inserted, the place of an error marked, and
// what the service understood. The service judges; nothing is parsed here.

import { t } from '../i18n.js';
import { expectedText, reasonText } from './reasons.js';
import { button, debounce, disclosure, field, fill, h, icon, select } from '../ui.js';

const FUNCTIONS = {
  condition: ['age >= 18 & region != "North"', '!missing(x)', 'inlist(year, 2010, 2015)', 'inrange(age, 18, 65)', 'day < date("2020-01-01")', 'strpos(title, "manager")'],
  variable: ['ln(x)', 'x ^ 2', 'x / y', 'abs(x)', 'round(x, 0.1)', 'min(x, y)', 'x > 10 & !missing(y)', 'year(day)', 'lag(x)', 'diff(x)', 'group_mean(x, g)', 'group_count(x, g)', 'group(g, h)'],
};

/**
 * `kind` is `condition` or `variable`; `onchange(text)` is called when typing pauses. The node has
 * `show({error, outcome})`, where `error` may carry `context {position, expected}`, and `setVariables(names)`. `texts()` are the
 * values of the columns of words: one that stands without quotes is offered with them.
 */
export function expressionEditor({ kind, label, hint, value = '', id, variables, onchange, required, disabled, texts = () => [] }) {
  const area = h('textarea', { rows: '2', class: 'mono', spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off', disabled, value });
  const later = debounce(() => onchange(area.value.trim()), 450);
  area.addEventListener('input', () => { state('checking'); later(); });
  area.addEventListener('blur', () => later.flush());
  area.addEventListener('keydown', (e) => { if (e.key === 'Enter' && !e.shiftKey) { e.preventDefault(); later.flush(); } });
  const main = field(label, area, { id, hint, required });
  const place = h('div', { class: 'expression-place', hidden: true });
  const outcome = h('div', { class: 'expression-outcome', role: 'status' });

  function insert(text) {
    const { selectionStart: from, selectionEnd: to } = area;
    area.setRangeText(text, from, to, 'end');
    area.focus();
    area.dispatchEvent(new Event('input'));
  }
  const chooser = h('div', { class: 'insert-row' });
  function setVariables(names) {
    const pick = select([{ value: '', label: t('draft.insert.what') }, ...names.map((name) => ({ value: name, label: name, group: t('draft.insert.variables') })), ...FUNCTIONS[kind].map((text) => ({ value: text, label: text, group: t('draft.insert.forms') }))], { id: `${id}-insert`, 'aria-label': t('draft.insert.what'), disabled });
    fill(chooser, pick, button(t('draft.insert'), { kind: 'quiet', id: `${id}-put`, disabled, onclick: () => pick.value && insert(pick.value) }));
  }
  setVariables(variables);

  function state(name, nodes) {
    main.classList.toggle('is-checking', name === 'checking');
    if (name === 'checking') fill(outcome, h('span', { class: 'muted' }, t('draft.checking')));
    else fill(outcome, nodes);
  }

  const node = h('div', { class: 'expression' }, main, place, outcome, !disabled && chooser);
  node.area = area;
  node.setVariables = setVariables;
  node.show = ({ error, outcome: good }) => {
    main.setError(error ? wordsOf(error) : null);
    const { position, expected } = error?.context ?? {};
    place.hidden = position === undefined;
    if (position !== undefined) {
      const text = Array.from(area.value);
      const names = (expected ?? []).filter((e) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(e) && variables.includes(e));
      const unquoted = texts().filter((value) => startsWith(text, position, value)).sort((a, b) => b.length - a.length)[0];
      const meant = [...(unquoted ? [[`"${unquoted}"`, unquoted.length]] : []), ...names.map((name) => [name])];
      fill(place, h('code', { class: 'marked' }, text.slice(0, position).join(''), h('mark', {}, text[position] ?? '␣'), text.slice(position + 1).join('')),
        meant.length > 0 && h('span', { class: 'row' }, t('draft.meant'), meant.map(([word, length]) => button(word, { kind: 'quiet', onclick: () => { replaceWord(area, position, word, length); area.dispatchEvent(new Event('input')); later.flush(); } }))));
    }
    state('judged', error ? null : good);
  };
  node.flush = () => later.flush();
  return node;
}

/** Whether a value stands at a place, in letters of any size, as a whole. */
function startsWith(text, position, value) {
  const found = text.slice(position, position + value.length).join('');
  return found.toLowerCase() === value.toLowerCase() && !/[\p{L}\p{N}_]/u.test(text[position + value.length] ?? '');
}

function replaceWord(area, position, name, length = 0) {
  const text = Array.from(area.value);
  let end = position + length;
  while (length === 0 && end < text.length && /[\p{L}\p{N}_]/u.test(text[end])) end += 1;
  area.value = [...text.slice(0, position), name, ...text.slice(end)].join('');
  area.focus();
}

/** The words of a refusal with its place. */
function wordsOf(error) {
  const { position, expected, path } = error.context ?? {};
  const message = error.reason ?? error.message ?? '';
  const plain = path && message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message;
  if (position === undefined) return reasonText(plain);
  return t('draft.expression_error', { place: position + 1, found: reasonText(plain.split(' at position ')[0]), expected: expectedText(expected) });
}

/** What may be written, as a table that opens. */
export const grammarHelp = (kind) => disclosure(h('span', { class: 'row' }, icon('info'), t(kind === 'condition' ? 'draft.help.condition' : 'draft.help.variable')), { cls: 'help' },
  h('dl', { class: 'grammar' }, (kind === 'condition'
    ? [['== != < <= > >=', 'compare'], ['& | !', 'logic'], ['missing(x)', 'missing'], ['inrange(x, 18, 65)', 'inrange'], ['inlist(x, 1, 2)', 'inlist'], ['date("2020-01-31")', 'date'], ['strpos(x, "word")', 'strpos']]
    : [['+ - * / ^', 'arithmetic'], ['ln(x) log10(x) exp(x) sqrt(x) abs(x)', 'functions'], ['round(x, 0.1) floor(x) ceil(x)', 'rounding'], ['min(x, y) max(x, y)', 'extremes'], ['x > 10 & y == 1', 'flag'], ['year(d) month(d) quarter(d)', 'dates'], ['lag(x) lead(x) diff(x)', 'time'], ['group_mean(x, g) group_sum(x, g) group_count(x, g)', 'groups'], ['group(g, h)', 'group']]
  ).map(([text, key]) => [h('dt', {}, h('code', {}, text)), h('dd', {}, t(`draft.grammar.${key}`))])));
