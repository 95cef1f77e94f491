// The category that the others of a variable are compared with: the usual one with its reason, or one that the person names.

import { has, num, t } from '../i18n.js';
import { card, field, h, select } from '../ui.js';
import { statedBases } from './draftStore.js';
import { reasonTexts } from './reasons.js';

/** Why a category is the base, where nobody named it. */
export const baseReason = ({ reason }) => (has(`draft.base.why.${reason}`) ? t(`draft.base.why.${reason}`) : '');

/** The first choice of a base; `draft/…?field=bases` leads to it. */
export const firstBase = () => document.querySelector('#bases select, #bases input');

/** A field for each variable of categories; null where there is none. `variables`: those of the data. */
export function basesCard(store, { variables, memory, disabled }) {
  const { draft } = store;
  const bases = draft.category_bases ?? [];
  if (bases.length === 0) return null;
  // what is usual is known as long as nothing else is stated
  const usual = memory.usualBases ??= {};
  for (const base of bases) if (base.reason !== 'stated') usual[base.column] = base;
  const set = (column, level) => {
    const next = statedBases(draft);
    if (level) next[column] = level; else delete next[column];
    store.set('base_levels', Object.keys(next).length > 0 ? next : null);
  };
  const one = (base) => {
    const { column } = base;
    const own = base.reason === 'stated' ? base.level : '';
    const known = usual[column];
    // a base is a text, also of a variable of numbers
    const categories = (variables.find((v) => v.name === column)?.categories ?? []).map((c) => ({ ...c, value: String(c.value) }));
    const label = (c) => `${c.value}${c.label === null ? '' : ` = ${c.label}`}${c.rows === null ? '' : ` (${num(c.rows)})`}`;
    const of = (level) => label(categories.find((c) => c.value === level) ?? { value: level, label: null, rows: null });
    const free = categories.map((c) => c.value).filter((level) => level !== known?.level);
    const gone = own && !free.includes(own) ? [own] : [];
    const input = categories.length > 0
      ? select([{ value: '', label: known ? `${of(known.level)} – ${t('draft.usual')}` : t('draft.base.usual') }, ...[...free, ...gone].map((level) => ({ value: level, label: of(level) }))], { value: own, disabled, onchange: (e) => set(column, e.target.value) })
      : h('input', { type: 'text', value: own, placeholder: known?.level ?? '', disabled, onchange: (e) => set(column, e.target.value.trim()) });
    const wrong = store.problemOf(`base_levels.${column}`);
    return field(t('draft.base.field', { column }), input, { id: `base-${column}`, hint: baseReason(base), error: wrong && reasonTexts(wrong.reason ?? wrong.message) });
  };
  return card(t('draft.bases'), { lead: t('draft.bases.lead'), id: 'bases' }, h('div', { class: 'form-grid' }, bases.map(one)));
}
