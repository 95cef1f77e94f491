// Parts of the draft that are lists of their own: derived variables, categorical marks, and the combination with
// further data sets.

import { num, t } from '../i18n.js';
import { badge, button, card, field, fill, h, icon, note, select } from '../ui.js';
import { reasonText } from './reasons.js';
import { chooseColumns } from './columns.js';
import { expressionEditor, grammarHelp } from './expression.js';
import { mergeFacts, mergeText } from './merge.js';
import { isRepair } from './remarks.js';

/** The editor of derived variables. Rows that are not complete yet live here; complete ones are sent as they are typed. */
export function derivedCard(store, { variables, memory, disabled }) {
  const body = h('div', { class: 'stack' });
  const held = !disabled && memory.derived;
  let rows = held || store.draft.derived_variables.map((v) => ({ ...v }));
  const stated = () => rows.filter((r) => r.name.trim() && r.expression.trim()).map((r) => ({ name: r.name.trim(), expression: r.expression.trim(), ...(r.label ? { label: r.label } : {}) }));
  const send = () => store.set('derived_variables', stated());
  const views = new Map();

  function row(entry) {
    const at = rows.indexOf(entry);
    const id = `derived-${at}`;
    const name = h('input', { type: 'text', class: 'mono', value: entry.name, maxlength: '32', spellcheck: 'false', autocapitalize: 'off', disabled, onchange: () => { entry.name = name.value.trim(); if (entry.expression.trim()) send(); } });
    const label = h('input', { type: 'text', value: entry.label ?? '', maxlength: '80', disabled, onchange: () => { entry.label = label.value.trim(); if (entry.name && entry.expression.trim()) send(); } });
    const nameField = field(t('draft.derived.name'), name, { id: `${id}-name`, required: true });
    const editor = expressionEditor({ kind: 'variable', label: t('draft.derived.expression'), value: entry.expression, id: `${id}-expression`, variables: variables().map((v) => v.name).filter((n) => n !== entry.name), required: true, disabled, onchange: (text) => {
      entry.expression = text;
      if (!entry.name.trim() && text) { nameField.setError(t('draft.derived.need_name')); editor.show({}); } else if (text) send();
    } });
    views.set(entry, { nameField, editor });
    return h('div', { class: 'derived', role: 'group', 'aria-label': entry.name || t('draft.derived.new') },
      h('div', { class: 'derived-names' }, nameField, field(t('draft.derived.label'), label, { id: `${id}-label` })), editor,
      !disabled && button(t('draft.derived.drop'), { kind: 'quiet', icon: 'cross', id: `${id}-remove`, onclick: () => { rows = rows.filter((r) => r !== entry); views.delete(entry); draw(); send(); document.getElementById('derived-add')?.focus(); } }));
  }

  function draw() {
    fill(body, rows.map(row), !disabled && h('div', {}, button(t('draft.derived.add'), { icon: 'plus', id: 'derived-add', onclick: () => {
      rows.push({ name: '', expression: '', label: '' });
      draw();
      document.getElementById(`derived-${rows.length - 1}-name`)?.focus();
    } })), rows.length > 0 && grammarHelp('variable'));
    node.update();
  }

  const node = card(t('draft.derived'), { lead: t('draft.derived.lead'), id: 'derived' }, body);
  /** Shows what the service says of each row. */
  node.update = () => {
    const error = store.errors.get('derived_variables');
    const [, at, what] = error?.context?.path?.match(/^derived_variables\.(\d+)\.(\w+)/) ?? [];
    const sent = rows.filter((r) => r.name.trim() && r.expression.trim());
    if (error || sent.length < rows.length) memory.derived = rows; else if (!store.saving) delete memory.derived;
    for (const [entry, { nameField, editor }] of views) {
      const mine = at !== undefined && sent[Number(at)] === entry;
      const known = store.draft.derived_variables.find((v) => v.name === entry.name && v.expression === entry.expression);
      if (entry.name) nameField.setError(mine && what === 'name' ? reasonText(error.message.split(': ').slice(1).join(': ').split(' at position')[0]) : null);
      if (mine && what === 'name') editor.show({});
      else if (mine || (error && at === undefined && !known && entry.expression)) editor.show({ error });
      else editor.show({ outcome: known && h('span', { class: 'row' }, badge(t('draft.understood'), 'ok'), h('span', { class: 'muted' }, t(`draft.kind.${known.type}`)), known.canonical !== known.expression && h('code', {}, known.canonical)) });
    }
  };
  draw();
  if (held && stated().length > 0) send();
  return node;
}

/** Variables whose numbers are names of groups: only those that the analysis uses as regressors and the like. */
export function categoricalCard(store, { variables, disabled }) {
  const { draft } = store;
  const used = new Set(draft.parameters.filter((p) => p.type === 'varlist' && p.column?.kinds?.includes('categorical') && p.column.kinds.includes('continuous')).flatMap((p) => p.value ?? []));
  const marked = new Set(draft.categorical_vars);
  const offered = variables.filter((v) => (used.has(v.name) && !v.derived && (v.inferred_type === 'text' || (v.inferred_type === 'integer' && (v.distinct ?? 0) <= 200))) || marked.has(v.name));
  if (offered.length === 0) return null;
  return card(t('draft.categorical'), { lead: t('draft.categorical.lead'), id: 'categorical' }, h('div', { class: 'check-grid' }, offered.map((v) => {
    const id = `categorical-${v.name}`;
    const words = v.inferred_type === 'text';
    return h('div', { class: 'check-row' }, h('input', { type: 'checkbox', id, checked: words || marked.has(v.name), disabled: disabled || words, onchange: (e) => {
      const next = e.target.checked ? [...marked, v.name] : [...marked].filter((n) => n !== v.name);
      store.set('categorical_vars', next);
    } }), h('label', { for: id }, h('code', {}, v.name), v.distinct !== undefined && h('span', { class: 'muted' }, ` ${t('draft.values', { n: v.distinct })}`), words && h('span', { class: 'muted' }, ` · ${t('draft.categorical.words')}`)));
  })));
}

/** Rows that a merge leaves out because they have no partner. */
function lostText(reason) {
  const found = mergeFacts(reason);
  const lost = found?.kept === 'matched' ? Number(found.before) : 0;
  return lost > 0 && note('warn', h('p', {}, t('draft.steps.lost', { n: lost, all: num(lost + Number(found.matched)) })));
}

/** Merging and appending further data sets, in order; only where there are any. */
export function stepsCard(store, { disabled }) {
  const others = store.draft.data_sources.filter((d) => d.role !== 'primary_dataset');
  if (others.length === 0) return null;
  const steps = store.draft.data_steps;
  const set = (next) => store.set('data_steps', next);
  const columns = (key) => store.draft.column_candidates_v2.filter((c) => c.dataset_key === key).map((c) => c.name);
  const main = store.draft.data_sources.find((d) => d.role === 'primary_dataset');
  const nameOf = (key) => others.find((d) => d.dataset_key === key)?.original_name ?? key;
  const change = (i, part) => set(steps.map((step, j) => (j === i ? { ...step, ...part } : step)));

  function row(step, i) {
    const own = new Set(columns(main?.dataset_key));
    const shared = columns(step.dataset_key).filter((n) => own.has(n)).map((name) => ({ name, inferred_type: store.draft.variable_types.find((v) => v.name === name)?.inferred_type ?? 'text' }));
    const keys = button(step.keys?.length ? step.keys.join(', ') : t('draft.choose'), { id: `step-${i}-keys`, disabled, onclick: async () => {
      const picked = await chooseColumns({ max_items: 20 }, shared, step.keys ?? [], t('draft.steps.keys'));
      if (picked) change(i, { keys: picked });
    } });
    const flow = store.preview?.sample_flow?.find((f) => f.step === `${step.kind} ${step.dataset_key}`);
    return h('li', { class: 'data-step' }, h('div', { class: 'row' }, h('strong', {}, t(`draft.steps.${step.kind}`)), h('span', {}, nameOf(step.dataset_key)),
      !disabled && h('button', { type: 'button', class: 'icon-button', id: `step-${i}-remove`, 'aria-label': t('draft.remove', { name: nameOf(step.dataset_key) }), onclick: () => set(steps.filter((_, j) => j !== i)) }, icon('cross'))),
      step.kind === 'merge' && h('div', { class: 'form-grid' }, field(t('draft.steps.keys'), keys, { id: `step-${i}-keys`, hint: t('draft.steps.keys.hint') }),
        field(t('draft.steps.type'), select(['1:1', 'm:1', '1:m'].map((v) => ({ value: v, label: t(`draft.steps.${v}`) })), { value: step.merge_type, disabled, onchange: (e) => change(i, { merge_type: e.target.value }) }), { id: `step-${i}-type` }),
        field(t('draft.steps.keep'), select(['master', 'matched', 'all'].map((v) => ({ value: v, label: t(`draft.steps.keep.${v}`) })), { value: step.keep ?? 'master', disabled, onchange: (e) => change(i, { keep: e.target.value }) }), { id: `step-${i}-keep` })),
      flow && h('p', { class: 'hint' }, t('draft.steps.rows', { rows: num(flow.rows) }), flow.reason && ` · ${mergeText(flow.reason, nameOf)}`),
      flow && lostText(flow.reason));
  }

  const what = select(others.flatMap((d) => ['merge', 'append'].map((kind) => ({ value: `${kind}|${d.dataset_key}`, label: `${t(`draft.steps.${kind}`)}: ${d.original_name}` }))), { id: 'step-what', 'aria-label': t('draft.steps.add'), disabled });
  const add = button(t('draft.steps.add'), { icon: 'plus', id: 'step-add', disabled, onclick: async () => {
    const [kind, dataset_key] = what.value.split('|');
    if (kind === 'append') { set([...steps, { kind, dataset_key }]); return; }
    const own = new Set(columns(main?.dataset_key));
    const shared = columns(dataset_key).filter((n) => own.has(n)).map((name) => ({ name, inferred_type: store.draft.variable_types.find((v) => v.name === name)?.inferred_type ?? 'text' }));
    const keys = await chooseColumns({ max_items: 20 }, shared, shared.length === 1 ? [shared[0].name] : [], t('draft.steps.keys'));
    if (keys?.length) set([...steps, { kind, dataset_key, keys, merge_type: 'm:1', keep: 'master' }]);
  } });
  const error = store.errors.get('data_steps');
  return card(t('draft.steps'), { lead: t('draft.steps.lead'), id: 'data-steps' }, steps.some((s) => !isRepair(`${s.kind} `)) && h('ol', { class: 'stack' }, steps.map((step, i) => !isRepair(`${step.kind} `) && row(step, i))), error && note('fail', error.message), !disabled && h('div', { class: 'insert-row' }, what, add));
}

/** Which table stands for each further input that the analysis itself asks for; null where it asks for none. */
export function inputsCard(store, meta, { disabled }) {
  const wanted = (meta?.inputs ?? []).filter((input) => input.role !== 'main');
  if (wanted.length === 0 || meta.id !== store.draft.template?.template_id) return null;
  const others = store.draft.data_sources.filter((d) => d.role !== 'primary_dataset');
  const bound = store.preview?.plan?.input_bindings ?? {};
  const current = Object.fromEntries(wanted.filter((i) => bound[i.name]).map((i) => [i.name, bound[i.name]]));
  const choose = (input) => select([{ value: '', label: t(input.required ? 'draft.choose' : 'draft.none') }, ...others.map((d) => ({ value: d.dataset_key, label: d.original_name }))], { value: bound[input.name] ?? '', disabled, onchange: (e) => {
    const next = { ...current, [input.name]: e.target.value };
    if (!e.target.value) delete next[input.name];
    store.set('inputs', next);
  } });
  return card(t('draft.inputs'), { lead: t('draft.inputs.lead'), id: 'further-inputs' },
    others.length === 0 && note('warn', h('p', {}, t('draft.inputs.missing'))),
    others.length > 0 && h('div', { class: 'form-grid' }, wanted.map((input, i) => field(t('draft.inputs.table', { n: i + 2 }), choose(input), { id: `input-${i}`, required: input.required }))),
    store.errors.has('inputs') && note('fail', store.errors.get('inputs').message));
}
