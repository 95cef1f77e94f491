// The analysis as it is stated: the question, the method, the variables, the sample, the options. Every change is
// sent at once and judged by the service; what is wrong stands at its field.

import * as api from '../api.js';
import { t, tr } from '../i18n.js';
import { announce, badge, button, card, checkbox, confirm, disclosure, empty, field, fill, h, icon, loading, note, problem, select, unpressed } from '../ui.js';
import { errorsText, manyColumns, oneColumn, rowsLeft, variablesOf } from '../parts/columns.js';
import { basesCard, firstBase } from '../parts/bases.js';
import { DraftStore, patchKey, statedBases } from '../parts/draftStore.js';
import { changedElsewhere } from '../parts/elsewhere.js';
import { expressionEditor, grammarHelp } from '../parts/expression.js';
import { interactionCard } from '../parts/interaction.js';
import { reasonTexts } from '../parts/reasons.js';
import { choiceOf, reasonOf, suggestedCard, suggestion } from '../parts/suggested.js';
import { aboutTemplate, browse, candidates, roleName, templateList, templateMeta, titleOf } from '../parts/templates.js';
import { undoByKeys, undoRow } from '../parts/undo.js';
import { categoricalCard, derivedCard, inputsCard, stepsCard } from '../parts/variables.js';
import { matters, remarks } from '../parts/remarks.js';

export async function mount(root, ctx) {
  const head = h('div', { class: 'head' }, h('h1', {}, t('draft.title')), h('p', { class: 'lead' }, t('draft.lead')));
  const body = h('div', { class: 'stack' });
  root.append(head, body);
  if (!ctx.job.inputs && !ctx.job.draft) {
    fill(body, empty(t('draft.no_data'), t('draft.no_data.text'), button(t('draft.to_data'), { kind: 'primary', onclick: () => ctx.step('data') })));
    return undefined;
  }
  fill(body, loading());
  const draft = await firstDraft(body, ctx);
  return draft ? edit(body, ctx, draft) : undefined;
}

/** The draft that is there, the model's when one is configured, else the one that rules make of the question. */
async function firstDraft(body, ctx) {
  const plain = () => ctx.api.put('draft', { draft_text: '' }).then((a) => a.data);
  const own = () => (ctx.job.requirement ? suggestion(ctx, true).then((s) => s.submitted_draft) : plain());
  if (ctx.job.draft) return (await ctx.api.get('draft/preview', { signal: ctx.signal })).data;
  const { llm } = await api.capabilities().catch(() => ({ llm: { configured: false } }));
  if (llm.configured && ctx.job.requirement && ctx.job.data_sharing !== 'none') {
    const answer = await byModel(body, ctx, own);
    await ctx.refresh();
    return answer;
  }
  const draft = await own();
  await ctx.refresh();
  return draft;
}

/** Waits for the model; the person may state the analysis themselves at any time. */
function byModel(body, ctx, own) {
  const stop = new AbortController();
  ctx.signal.addEventListener('abort', () => stop.abort());
  return new Promise((resolve, reject) => {
    const instead = button(t('draft.model.myself'), { onclick: () => { stop.abort(); return own().then(resolve, reject); } });
    fill(body, card(t('draft.model.working'), { lead: t('draft.model.working.text') }, loading(t('draft.model.wait')), h('div', {}, instead)));
    ctx.api.poll('draft/preview', { signal: stop.signal }).then((a) => { announce(t('draft.model.ready')); resolve(a.data); }, (error) => {
      if (error.code === 'ABORTED') return;
      const again = async () => { await ctx.api.post('draft/preview', {}); byModel(body, ctx, own).then(resolve, reject); };
      fill(body, problem(error, { retry: again, actions: instead }));
    });
  });
}

async function edit(body, ctx, draft) {
  const frozen = !['created', 'draft_ready'].includes(ctx.job.status);
  const [preview, , meta, suggested] = await Promise.all([
    ctx.api.get('inputs/preview', { query: { rows: 1, columns: 200 } }).then((a) => a.data).catch(() => null),
    templateList(ctx.jobId).catch(() => null),
    draft.template && templateMeta(ctx.jobId, draft.template.template_id).catch(() => null),
    // the same question and data give the same reasons
    draft.source === 'rules' && !draft.stale && suggestion(ctx).catch(() => null),
  ]);
  const parts = Object.fromEntries(['remarks', 'question', 'rules', 'method', 'roles', 'interaction', 'extra', 'sample', 'derived', 'marks', 'bases', 'steps', 'options', 'status'].map((name) => [name, h('div', { class: 'part' })]));
  const llm = await api.capabilities().then((c) => c.llm.configured, () => false);
  const view = { ctx, parts, frozen, preview, llm: llm && ctx.job.data_sharing !== 'none', meta, suggested: suggested || null, sample: null, derived: null };
  view.redraw = unpressed(() => update(view));
  view.store = new DraftStore(ctx, draft, view.redraw, ctx.memory);
  view.store.onElsewhere = (...given) => changedElsewhere(view, ...given);
  view.variables = () => variablesOf(view.store.draft, view.preview);
  const aside = h('aside', { class: 'sticky stack', 'aria-label': t('draft.status') }, parts.status);
  fill(body, frozen && note('info', h('p', {}, t('draft.frozen')), h('div', {}, button(t('data.to_plan'), { onclick: () => ctx.step('plan') }))),
    parts.remarks,
    h('div', { class: 'columns' }, h('div', { class: 'stack' }, parts.question, parts.rules, parts.method, parts.steps, parts.roles, parts.interaction, parts.marks, parts.bases, parts.sample, parts.derived, parts.extra, parts.options), aside));
  drawQuestion(view);
  fill(parts.rules, view.suggested && suggestedCard(view.suggested, meta));
  drawSample(view);
  drawDerived(view);
  view.drawTexts = (key) => drawTexts(view, key);
  update(view);
  focusField(ctx.params.field, view);
  const unsaved = (event) => { if (view.picking || view.store.saving || view.store.failed) event.preventDefault(); };
  window.addEventListener('beforeunload', unsaved);
  if (!frozen) undoByKeys(view);
  // what was not saved while the connection was lost is sent once it is back
  window.addEventListener('online', () => view.store.failed?.again(), { signal: ctx.signal });
  return () => { view.sample?.flush(); window.removeEventListener('beforeunload', unsaved); };
}

function update(view) {
  const { store, parts } = view;
  if (!parts.status.isConnected) return;
  const id = store.draft.template?.template_id;
  if (id && view.meta?.id !== id) {
    templateMeta(view.ctx.jobId, id).then((meta) => { view.meta = meta; view.redraw(); }).catch(() => {});
  }
  const own = store.draft.derived_variables.map(({ name, expression, label }) => ({ name, expression, ...(label ? { label } : {}) }));
  const derive = async (variable) => { await store.set('derived_variables', [...own, variable]); view.drawTexts('derived_variables'); };
  fill(parts.remarks, remarks(view.preview?.warnings.filter(matters) ?? [], { derived: () => own, derive, steps: () => store.draft.data_steps, set: (steps) => store.set('data_steps', steps), error: () => store.errors.get('data_steps'), disabled: view.frozen }, view.preview?.datasets));
  drawMethod(view);
  drawParameters(view);
  fill(parts.interaction, interactionCard(store, { variables: view.variables(), memory: view.ctx.memory, disabled: view.frozen }));
  fill(parts.marks, categoricalCard(store, { variables: view.variables(), disabled: view.frozen }));
  if (!typing(parts.bases, view)) fill(parts.bases, basesCard(store, { variables: view.variables(), memory: view.ctx.memory, disabled: view.frozen }));
  const ownInputs = inputsCard(store, view.meta, { disabled: view.frozen });
  fill(parts.steps, ownInputs, (!ownInputs || store.draft.data_steps.length > 0) && stepsCard(store, { disabled: view.frozen }));
  view.derived?.update();
  updateSample(view);
  drawStatus(view);
}

/* ---- question and method ---- */

function drawQuestion(view) {
  const { ctx, store } = view;
  const text = h('textarea', { rows: '2', value: ctx.job.requirement, disabled: view.frozen, maxlength: '20000' });
  const out = h('div', {});
  const save = async () => {
    if (text.value.trim() === ctx.job.requirement) return;
    fill(out);
    try {
      // a preview of the draft to the earlier question would be refused
      await store.rest();
      const requirement = text.value.trim();
      const { data } = await store.meeting({ requirement }, () => ctx.api.patch('', { requirement }, { ifMatch: store.draft.version }));
      store.draft.version = data.version;
      if (store.draft.source === 'rules' && text.value.trim()) {
        // nobody changed the draft by rules yet: the new question gets a new one
        await suggestion(ctx, true);
        delete ctx.memory.history;
        await ctx.refresh();
        ctx.reload();
        return;
      }
      await store.set('draft_text', text.value.trim());
      await ctx.refresh();
      fill(out, h('p', { class: 'hint' }, t('draft.question.saved')));
    } catch (error) { if (error.code !== 'ABORTED') fill(out, problem(error, { retry: save })); }
  };
  text.addEventListener('change', save);
  const renew = async () => {
    if (!await confirm(t('draft.model.again'), h('p', {}, t('draft.model.again.text')), { yes: t('draft.model.again') })) return;
    try { await ctx.api.post('draft/preview', {}); await ctx.api.poll('draft/preview'); delete ctx.memory.history; ctx.reload(); } catch (error) { fill(out, problem(error)); }
  };
  const ask = view.llm && !view.frozen && ctx.job.requirement && button(t('draft.model.again'), { kind: 'quiet', id: 'ask-again', onclick: renew });
  fill(view.parts.question, card(t('draft.question'), { id: 'question-card', actions: [store.draft.source === 'model' && badge(t('draft.model.by'), 'info'), store.draft.source === 'rules' && !view.suggested && badge(t('draft.rules.by'), 'info'), ask] }, field(t('draft.question.label'), text, { id: 'question', hint: view.frozen ? null : t('draft.question.hint') }), out,
    store.draft.source === 'model' && store.draft.draft_text && disclosure(t('draft.model.why'), { open: true }, h('p', { class: 'prose' }, store.draft.draft_text))));
}

function drawMethod(view) {
  const { ctx, store, parts, meta } = view;
  const { draft } = store;
  const error = store.errors.get('template_id');
  const pick = async (id) => {
    const next = await templateMeta(ctx.jobId, id).catch(() => null);
    const names = new Set((next?.parameters ?? []).map((p) => p.name));
    const gone = Object.fromEntries(draft.parameters.filter((p) => patchKey(p).startsWith('parameters.') && p.source === 'client_parameter' && !names.has(p.name)).map((p) => [`parameters.${p.name}`, null]));
    view.tried = id;
    await store.set('template_id', id, gone);
    if (!store.errors.has('template_id')) announce(t('draft.method.now', { name: titleOf(id) }));
  };
  const anew = () => store.set('template_id', view.tried, Object.fromEntries(Object.keys(draft.roles).map((r) => [`roles.${r}`, null])));
  fill(parts.method, card(t('draft.method'), { id: 'method', actions: !view.frozen && button(t('draft.browse'), { kind: 'quiet', icon: 'search', id: 'browse', onclick: () => { browse(ctx, draft.template?.template_id).then((id) => id && pick(id)); } }) },
    ['ranking', 'rules'].includes(draft.template?.chosen_by) && draft.template_candidates.length > 0 && h('p', { class: 'lead' }, t('draft.method.suggested')),
    draft.template_candidates.length === 0 && !draft.template && note('warn', t('draft.method.none')),
    !view.frozen && candidates(draft, { onpick: pick, disabled: false }),
    view.frozen && h('p', {}, h('strong', {}, titleOf(draft.template?.template_id, draft.template?.title))),
    error && h('div', {}, problem(told(error), { actions: error.code === 'TEMPLATE_NOT_APPLICABLE' && Object.keys(draft.roles).length > 0 && button(t('draft.method.anew'), { onclick: anew }) })),
    meta && meta.id === draft.template?.template_id && aboutTemplate(meta)));
}

/** A refusal of a method with its reasons in words. */
const told = (error) => (error.code === 'TEMPLATE_NOT_APPLICABLE' ? Object.assign(Object.create(error), { message: reasonTexts(error.message) }) : error);

/* ---- parameters ---- */

const isColumn = (p) => p.type === 'varname' || p.type === 'varlist';

/** True while a text is typed in a part that was not sent yet: drawing it anew would lose it. */
function typing(part, view) {
  const at = document.activeElement;
  const text = part.contains(at) && at.tagName === 'INPUT' && ['text', 'number', 'date'].includes(at.type) && at.value !== at.defaultShown;
  if (text) at.addEventListener('blur', view.redraw, { once: true });
  return text;
}

function drawParameters(view) {
  const { parts, store } = view;
  if (view.picking || typing(parts.options, view)) return;
  // the declaration says how many variables a parameter takes
  const declared = new Map((view.meta?.parameters ?? []).map((p) => [p.name, p]));
  const all = store.draft.parameters.map((p) => ({ ...declared.get(p.name), ...p }));
  const bound = (p) => p.status === 'bound' || p.status === 'invalid';
  const main = all.filter((p) => isColumn(p) && (p.required || p.bind === 'controls'));
  const extra = all.filter((p) => isColumn(p) && !main.includes(p));
  const options = all.filter((p) => !isColumn(p) && !(p.type === 'condition' && p.bind === 'sample'));
  const binds = new Set(all.map((p) => p.bind));
  const unused = Object.keys(store.draft.roles).filter((role) => !binds.has(role));
  fill(parts.roles, all.length > 0 && card(t('draft.variables'), { id: 'variables' }, main.map((p) => control(p, view)),
    main.length === 0 && h('p', { class: 'hint' }, t('draft.variables.none')),
    unused.map((role) => note('warn', h('p', {}, t('draft.unused', { role: roleName(role), columns: store.draft.roles[role].join(', ') })), !view.frozen && h('div', {}, button(t('draft.unused.drop'), { onclick: () => store.set(`roles.${role}`, null) }))))));
  const extraOpen = view.extraOpen ?? extra.some((p) => bound(p) || p.required);
  fill(parts.extra, extra.length > 0 && folded('extra-open', t('draft.extra'), t('draft.extra.lead'), extraOpen, (o) => { view.extraOpen = o; }, extra.map((p) => control(p, view))));
  const optionsOpen = view.optionsOpen ?? options.some((p) => bound(p) || p.status === 'missing');
  fill(parts.options, options.length > 0 && folded('options-open', t('draft.options'), t('draft.options.lead'), optionsOpen, (o) => { view.optionsOpen = o; }, h('div', { class: 'form-grid' }, options.map((p) => control(p, view)))));
}

function folded(id, title, lead, open, ontoggle, ...children) {
  const details = h('details', { class: 'disclosure', open }, h('summary', { id }, h('h2', { class: 'inline' }, title), h('span', { class: 'muted' }, ` ${lead}`)), h('div', { class: 'disclosure-body' }, children));
  details.addEventListener('toggle', () => ontoggle(details.open));
  return h('section', { class: 'card' }, details);
}

/** Letters typed on a select go on choosing for a second: it is neither sent nor drawn anew between them. */
function unhurried(view, set) {
  let [pressed, timer, chosen] = [0, null, null];
  const end = () => {
    if (timer === null) return;
    clearTimeout(timer);
    const take = chosen;
    [timer, chosen, view.picking] = [null, null, false];
    if (take) set(take.value); else view.redraw();
  };
  const wait = () => { clearTimeout(timer); timer = setTimeout(end, 1000); view.picking = true; };
  return {
    pick(value) { chosen = { value }; wait(); if (Date.now() - pressed > 1000) end(); else drawStatus(view); },
    watch(node) {
      node.addEventListener('keydown', (e) => { if (e.key !== 'Tab') { pressed = Date.now(); wait(); } });
      node.addEventListener('blur', end);
    },
  };
}

/** The field of one parameter, with its own error from the service. */
function control(p, view) {
  const { store } = view;
  const key = patchKey(p);
  const id = `p-${p.name}`;
  const label = tr(p.label);
  let input = null;
  const set = (value) => { if (input) input.defaultShown = input.value; (view.ctx.memory.attempts ??= {})[key] = value; store.set(key, value); };
  const { pick, watch } = unhurried(view, set);
  const attempt = store.errors.has(key) || p.status === 'invalid' ? view.ctx.memory.attempts?.[key] : undefined;
  const value = attempt !== undefined ? attempt : p.status === 'default' || p.status === 'unused' || p.status === 'missing' ? null : p.value;
  const fallback = p.status === 'default' && p.value !== null ? tr(String(Array.isArray(p.value) ? p.value.join(', ') : p.value)) : null;
  const chosen = choiceOf(view.suggested, p);
  const hint = [p.help && tr(p.help), chosen && reasonOf(chosen), fallback !== null && p.type !== 'enum' && p.type !== 'boolean' && t('draft.default', { value: fallback }), limits(p)].filter(Boolean).join(' · ') || null;
  const disabled = view.frozen;
  if (p.type === 'varname') input = oneColumn(p, view.variables(), { value, onpick: pick, disabled });
  else if (p.type === 'varlist' && p.max_items === 1) input = oneColumn(p, view.variables(), { value: Array.isArray(value) ? value[0] : value, onpick: (v) => pick(v ? [v] : null), disabled });
  else if (p.type === 'varlist') return manyField(p, view, { id, label, hint, value, set, disabled });
  else if (p.type === 'enum') input = select([...(fallback === null ? [{ value: '', label: t(p.required ? 'draft.choose' : 'draft.none') }] : []), ...(p.values ?? []).map((v) => ({ value: v, label: [p.name === 'vce' ? errorsText(v) : v, v === fallback && `(${t('draft.usual')})`].filter(Boolean).join(' ') }))], { value: value ?? fallback ?? '', disabled, onchange: (e) => pick(e.target.value === fallback || e.target.value === '' ? null : e.target.value) });
  else if (p.type === 'boolean') {
    const row = checkbox(label, { id, hint, checked: (value ?? p.value) === true || (value ?? p.value) === 'true', disabled, onchange: (e) => set(e.target.checked) });
    return row;
  } else if (p.type === 'number' || p.type === 'int') input = h('input', { type: 'number', step: p.type === 'int' ? '1' : 'any', min: p.min, max: p.max, value: value ?? '', placeholder: fallback ?? '', disabled, onchange: (e) => set(e.target.value === '' ? null : Number(e.target.value)) });
  else input = h('input', { type: p.type === 'date' ? 'date' : 'text', value: value ?? '', placeholder: fallback ?? '', disabled, onchange: (e) => set(e.target.value.trim() === '' ? null : e.target.value.trim()) });
  input.defaultShown = input.value;
  if (input.tagName === 'SELECT') watch(input);
  const wrong = store.problemOf(key) ?? store.problemOf(`parameters.${p.name}`);
  return field(label, input, { id, hint, required: p.required, error: wrong && reasonTexts(wrong.reason ?? wrong.message) });
}

function manyField(p, view, { id, label, hint, value, set, disabled }) {
  const picker = manyColumns(p, view.variables(), { value, id, label, disabled, ordered: p.bind === 'regressors', onpick: (names) => set(names.length > 0 ? names : null) });
  const wrong = view.store.problemOf(patchKey(p)) ?? view.store.problemOf(`parameters.${p.name}`);
  const node = field(label, picker.target, { id, hint, required: p.required, error: wrong && reasonTexts(wrong.reason ?? wrong.message) });
  node.insertBefore(picker, node.querySelector('.field-error'));
  picker.append(picker.target);
  return node;
}

function limits(p) {
  if (p.min !== null && p.max !== null && p.min !== undefined && p.max !== undefined) return t('draft.between', { min: p.min, max: p.max });
  if (p.min !== null && p.min !== undefined) return t('draft.at_least', { min: p.min });
  return p.max !== null && p.max !== undefined ? t('draft.at_most', { max: p.max }) : null;
}

/* ---- sample ---- */

function drawSample(view) {
  const { store } = view;
  view.sample = expressionEditor({ kind: 'condition', label: t('draft.sample.label'), hint: t('draft.sample.hint'), value: view.ctx.memory.sample ?? store.draft.sample_if ?? '', id: 'sample-if', variables: view.variables().map((v) => v.name), disabled: view.frozen, texts: () => view.variables().filter((v) => v.inferred_type === 'text').flatMap((v) => (v.categories ?? []).map((c) => c.value)), onchange: (text) => {
    if (text === (store.draft.sample_if ?? '') && !store.errors.has('sample_if')) updateSample(view);
    else store.set('sample_if', text === '' ? null : text);
  } });
  // what was refused is still there after a change of language or page
  if (view.ctx.memory.sample) store.set('sample_if', view.ctx.memory.sample);
  fill(view.parts.sample, card(t('draft.sample'), { lead: t('draft.sample.lead'), id: 'sample' }, view.sample, grammarHelp('condition')));
}

function updateSample(view) {
  const { store, sample } = view;
  if (!sample) return;
  const names = view.variables().map((v) => v.name);
  if (names.join() !== view.sampleNames && !sample.contains(document.activeElement)) { sample.setVariables(names); view.sampleNames = names.join(); }
  const error = store.errors.get('sample_if') ?? (sample.area.value.trim() ? store.problemOf('sample_if') : null);
  if (store.errors.has('sample_if')) view.ctx.memory.sample = sample.area.value.trim(); else if (!store.saving) delete view.ctx.memory.sample;
  const flow = store.preview?.sample_flow ?? [];
  const at = flow.findIndex((f) => f.step === 'sample_if');
  let outcome = null;
  if (store.draft.sample_if && sample.area.value.trim() === store.draft.sample_if) {
    outcome = at > 0 ? h('span', { class: 'row' }, badge(t('draft.understood'), flow[at].rows > 0 ? 'ok' : 'warn'), rowsLeft(flow[at].rows, flow[at - 1].rows))
      : h('span', { class: 'row' }, badge(t('draft.understood'), 'ok'), store.preview && h('span', { class: 'muted' }, t('draft.counted_later')));
  }
  const odd = (store.preview?.checks ?? []).filter((c) => c.id === 'absent_value' && c.value.path === 'sample_if');
  if (outcome && odd.length > 0) outcome = [outcome, odd.map((c) => note('warn', h('p', {}, reasonTexts(c.message))))];
  sample.show({ error, outcome });
}

/** Texts are drawn by the person who types them; after a change of theirs was taken back they are drawn again. */
function drawTexts(view, key) {
  if (key === 'sample_if') { delete view.ctx.memory.sample; drawSample(view); updateSample(view); }
  if (key === 'derived_variables') { delete view.ctx.memory.derived; drawDerived(view); view.derived.update(); }
}

function drawDerived(view) {
  view.derived = derivedCard(view.store, { variables: view.variables, memory: view.ctx.memory, disabled: view.frozen });
  fill(view.parts.derived, view.derived);
}

/* ---- status ---- */

function drawStatus(view) {
  const { store, ctx, parts } = view;
  const { draft, preview } = store;
  // a field that is wrong in two ways is settled once
  const open = draft.open_unknowns.filter((u, i, all) => u.blocking && all.findIndex((o) => o.blocking && o.field === u.field) === i);
  const other = draft.open_unknowns.filter((u) => !u.blocking);
  const named = (u) => draft.parameters.find((p) => p.bind === u.field || p.name === u.field || `parameters.${p.name}` === u.field);
  const wrong = (preview?.checks ?? []).filter((c) => c.status === 'fail' && c.id !== 'min_observations' && !open.length);
  const ready = open.length === 0 && draft.template && store.errors.size === 0;
  fill(parts.status, card(t('draft.status'), { cls: 'status-card' },
    h('p', { class: 'save-state', role: 'status' }, store.failed ? badge(t('draft.not_saved'), 'fail') : store.errors.size > 0 && !store.saving ? badge(t('draft.held'), 'warn') : store.saving || view.picking ? h('span', { class: 'row muted' }, h('span', { class: 'spinner', 'aria-hidden': 'true' }), t('draft.saving')) : badge(t('draft.saved'), 'ok')),
    store.failed && problem(store.failed.error, { retry: store.failed.again }),
    undoRow(view),
    draft.stale && !view.frozen && note('warn', h('p', {}, t('draft.stale')), h('div', {}, button(t('draft.stale.renew'), { onclick: () => store.set('draft_text', ctx.job.requirement || draft.draft_text || '') }))),
    open.length > 0 && h('div', {}, h('h3', {}, t('draft.open', { n: open.length })), h('ul', { class: 'open-list' }, open.map((u) => { const p = named(u); return h('li', {}, icon('warn'), h('button', { type: 'button', class: 'link', onclick: () => settle(u, p, view) }, p ? tr(p.label) : reasonTexts(u.description))); }))),
    other.length > 0 && h('div', {}, h('h3', {}, t('draft.unsure')), h('ul', { class: 'open-list' }, other.map((u) => h('li', {}, icon('info'), h('div', {}, h('p', {}, u.description), u.impact && h('p', { class: 'hint' }, u.impact), !view.frozen && named(u) && u.candidates.length > 0 && h('div', { class: 'row' }, u.candidates.slice(0, 4).map((c) => button(t('draft.answer', { name: c }), { kind: 'quiet', onclick: () => { const p = named(u); store.set(patchKey(p), p.type === 'varlist' ? [c] : c); } })))))))),
    wrong.length > 0 && h('ul', { class: 'open-list' }, wrong.map((c) => h('li', {}, icon('warn'), h('span', {}, reasonTexts(c.message))))),
    ready && open.length === 0 && h('p', { class: 'row' }, badge(t('draft.complete'), 'ok')),
    button(t(view.frozen ? 'data.to_plan' : 'draft.to_plan'), { kind: 'primary', id: 'to-plan', onclick: async () => { view.sample?.flush(); await store.idle(); ctx.step('plan'); } })));
}

/** Leads to the field of what is open; a base of a variable that the analysis left has none, and goes. */
function settle(unknown, parameter, view) {
  const column = /^base_levels\.(.+)$/.exec(unknown.field)?.[1];
  if (column && !document.getElementById(`base-${column}`)) view.store.set('base_levels', statedBases(view.store.draft));
  else focusField(parameter?.name ?? (column ? `base-${column}` : unknown.field), view);
}

/** Brings a field into view and focuses it. */
function focusField(name, view) {
  if (!name) return;
  const p = view.store.draft.parameters.find((x) => x.name === name || x.bind === name || `parameters.${x.name}` === name || `roles.${x.bind}` === name);
  if (p) for (const part of ['extra', 'options']) { const d = view.parts[part].querySelector('details'); if (d && d.querySelector(`#p-${p.name}`)) d.open = true; }
  const node = name === 'bases' ? firstBase() : document.getElementById(p ? `p-${p.name}` : { sample_if: 'sample-if', derived_variables: 'derived-add', template_id: 'browse', data_steps: document.getElementById('step-add') ? 'step-add' : 'remarks-open', remarks: 'remarks-open' }[name] ?? name);
  if (!node) return;
  setTimeout(() => { node.scrollIntoView({ block: 'center' }); node.focus({ preventScroll: true }); }, 30);
}
