// Pickers of variables: they know the variables of the data with their types, and which ones fit a parameter.

import dataWords from '../i18n/data.js';
import { addWords, has, num, percent, t } from '../i18n.js';
import { button, dialog, fill, h, icon, select, uid } from '../ui.js';

addWords(dataWords);

/** A kind of standard errors in words. */
export const errorsText = (kind) => (has(`data.vce.${kind}`) ? t(`data.vce.${kind}`) : kind);

const NUMERIC = new Set(['integer', 'number', 'binary']);

/** Facts on all variables that a draft may name: `[{name, inferred_type, missing_share?, distinct?, label?, derived}]`. */
export function variablesOf(draft, preview) {
  const facts = new Map((preview?.columns ?? []).map((c) => [c.name, c]));
  const made = new Set(draft.derived_variables.map((v) => v.name));
  return draft.variable_types.map((v) => ({ ...facts.get(v.name), ...v, derived: made.has(v.name) }));
}

/** The first values of a column of categories with their labels and rows: `1 = male (40)`; empty for other columns. */
export function categoriesOf(column, most = 6) {
  const all = column.categories ?? [];
  const one = (c) => `${c.value}${c.label === null ? '' : ` = ${c.label}`}${c.rows === null ? '' : ` (${num(c.rows)})`}`;
  return all.slice(0, most).map(one).join(', ') + (all.length > most ? ' …' : '');
}

/** True if a variable can serve; by the service's candidates where it names them, else by type. */
export function fits(parameter, variable) {
  if (parameter.candidates?.length > 0 && parameter.candidates.length < 20) return parameter.candidates.includes(variable.name);
  const kinds = parameter.column?.kinds ?? [];
  if (variable.inferred_type === 'empty') return false;
  if (kinds.length === 0 || kinds.includes('id')) return true;
  if (variable.inferred_type === 'text') return kinds.includes('text') || kinds.includes('categorical');
  if (variable.inferred_type === 'date' || variable.inferred_type === 'datetime') return kinds.includes('date');
  if ((parameter.column.min_distinct ?? 0) > (variable.distinct ?? Infinity)) return false;
  return NUMERIC.has(variable.inferred_type) && (variable.inferred_type !== 'binary' || kinds.some((k) => k !== 'continuous' && k !== 'text'));
}

/** A select of one variable, those that fit first. `onpick(name | null)`. */
export function oneColumn(parameter, variables, { value, id, onpick, disabled }) {
  const option = (v, group) => ({ value: v.name, label: `${v.name} — ${t(`type.${v.inferred_type}`)}${v.label ? ` — ${v.label}` : ''}`, group });
  const good = variables.filter((v) => fits(parameter, v) || v.name === value);
  const rest = variables.filter((v) => !good.includes(v));
  const gone = value && !variables.some((v) => v.name === value) ? [{ value, label: `${value} — ${t('draft.gone')}` }] : [];
  return select([{ value: '', label: parameter.required ? t('draft.choose') : t('draft.none') }, ...gone, ...good.map((v) => option(v, t('draft.fits'))), ...rest.map((v) => option(v, t('draft.fits_not')))], {
    value: value ?? '', id, disabled, onchange: (e) => onpick(e.target.value || null),
  });
}

/** Chosen variables as a list in order, with a button that opens a dialog to choose. `onpick(names)`. */
export function manyColumns(parameter, variables, { value, id, label, onpick, disabled, ordered }) {
  const names = Array.isArray(value) ? value : value ? [value] : [];
  const open = button(names.length > 0 ? t('draft.change') : t('draft.choose'), { icon: 'plus', id, disabled, 'aria-haspopup': 'dialog', onclick: async () => {
    const picked = await chooseColumns(parameter, variables, names, label);
    if (picked) onpick(picked);
  } });
  const move = (from, to) => { const next = [...names]; next.splice(to, 0, next.splice(from, 1)[0]); onpick(next); };
  const chip = (name, i) => h('li', { class: 'chip' }, h('code', {}, name), ordered && i === 0 && h('span', { class: 'chip-note' }, t('draft.first')),
    !disabled && ordered && i > 0 && h('button', { type: 'button', class: 'icon-button', id: `${id}-first-${name}`, 'aria-label': t('draft.make_first', { name }), title: t('draft.make_first', { name }), onclick: () => move(i, 0) }, icon('up')),
    !disabled && h('button', { type: 'button', class: 'icon-button', id: `${id}-drop-${name}`, 'aria-label': t('draft.remove', { name }), onclick: () => onpick(names.filter((n) => n !== name)) }, icon('cross')));
  const node = h('div', { class: 'picker' }, names.length > 0 && h('ul', { class: 'chips', 'aria-label': label }, names.map(chip)), open);
  node.target = open;
  return node;
}

/** The dialog: search, check boxes with what is known of each variable. Resolves with names or null. */
export function chooseColumns(parameter, variables, chosen, label) {
  const most = parameter.max_items ?? Infinity;
  let picked = [...chosen];
  return dialog(label, () => {
    const count = h('p', { class: 'hint', role: 'status' });
    const list = h('div', { class: 'column-list', role: 'group', 'aria-label': label });
    const search = h('input', { type: 'search', placeholder: t('draft.search_variables'), 'aria-label': t('draft.search_variables'), oninput: draw });
    function draw() {
      const words = search.value.trim().toLowerCase();
      const shown = variables.filter((v) => !words || `${v.name} ${v.label ?? ''}`.toLowerCase().includes(words));
      const order = [...shown].sort((a, b) => fits(parameter, b) - fits(parameter, a));
      fill(list, order.map((v) => row(v)), order.length === 0 && h('p', { class: 'hint' }, t('draft.nothing_found')));
      tell();
    }
    const tell = () => { count.textContent = t('draft.chosen', { n: picked.length }); };
    function row(v) {
      const id = uid('v');
      const box = h('input', { type: 'checkbox', id, checked: picked.includes(v.name), onchange: () => {
        if (box.checked && picked.length >= most) picked = most === 1 ? [] : picked.slice(0, most - 1);
        picked = box.checked ? [...picked, v.name] : picked.filter((n) => n !== v.name);
        if (most === 1) draw(); else tell();
      } });
      return h('div', { class: fits(parameter, v) ? 'column-row' : 'column-row is-unfit' }, box, h('label', { for: id }, h('code', {}, v.name), v.label && h('span', { class: 'muted' }, ` ${v.label}`)),
        h('span', { class: 'column-facts' }, [t(`type.${v.inferred_type}`), v.distinct !== undefined && t('draft.values', { n: v.distinct }), categoriesOf(v), v.missing_share > 0 && t('draft.missing', { share: percent(v.missing_share) }), v.derived && t('draft.made'), !fits(parameter, v) && t('draft.unfit')].filter(Boolean).join(' · ')));
    }
    draw();
    return [search, count, list];
  }, { actions: (close) => [button(t('ui.cancel'), { onclick: () => close() }), button(t('draft.take'), { kind: 'primary', onclick: () => close(picked) })] });
}

/** How many rows a step leaves, in words. */
export const rowsLeft = (rows, of) => t('draft.rows_left', { rows: num(rows), all: num(of), share: percent(of > 0 ? rows / of : 0) });
