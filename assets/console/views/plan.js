// The plan before and after it is frozen: what will be done with every value and its source, what is checked, how
// many rows are left, the do-file, and the freeze itself.

import * as api from '../api.js';
import { addWords, has, lang, num, t, tr, when } from '../i18n.js';
import { announce, badge, button, card, code, debounce, dialog, disclosure, field, fill, h, icon, loading, note, problem, sampleFlow, table, unpressed } from '../ui.js';
import { orTell, revise, stackable, word } from '../outcome.js';
import { baseReason } from '../parts/bases.js';
import { errorsText } from '../parts/columns.js';
import { mergeText } from '../parts/merge.js';
import { reasonTexts } from '../parts/reasons.js';
import { isRepair, stepText } from '../parts/remarks.js';
import { roleName, templateList, templateMeta, titleOf } from '../parts/templates.js';
import draftWords from '../i18n/draft.js';

addWords(draftWords);

export async function mount(root, ctx) {
  const body = h('div', { class: 'stack' });
  root.append(h('div', { class: 'head' }, h('h1', {}, t('plan.title')), h('p', { class: 'lead' }, t('plan.lead'))), body);
  fill(body, loading());
  await templateList(ctx.jobId).catch(() => null);
  if (ctx.job.plan && ctx.job.status !== 'draft_ready') {
    const { data } = await ctx.api.get('plan', { signal: ctx.signal });
    await frozen(body, ctx, data.plan);
    return;
  }
  const capabilities = await api.capabilities().catch(() => null);
  const view = { ctx, body, formats: ctx.memory.formats ?? [], seed: ctx.memory.seed ?? '', notes: ctx.memory.notes ?? '', acknowledged: ctx.memory.acknowledged ?? new Map(), optional: (capabilities?.output_formats ?? []).filter((f) => !['csv', 'svg', 'log', 'do'].includes(f)), parts: Object.fromEntries(['standing', 'bindings', 'flow', 'checks', 'output', 'dofile', 'side'].map((n) => [n, h('div', { class: 'part' })])) };
  view.look = debounce(() => preview(view), 250);
  view.redraw = unpressed(() => draw(view));
  await preview(view, true);
}

/** The body of preview and freeze. */
function stated(view) {
  const body = {};
  if (view.formats.length > 0) body.output_formats = ['csv', 'svg', 'log', 'do', ...view.formats];
  if (view.seed !== '') body.seed = Number(view.seed);
  if (view.notes.trim()) body.notes = view.notes.trim();
  if (view.acknowledged.size > 0) body.acknowledged_checks = [...view.acknowledged].map(([id, reason]) => ({ id, reason }));
  return body;
}

async function preview(view, first = false) {
  const { ctx, body, parts } = view;
  const turn = (view.looks = (view.looks ?? 0) + 1);
  try {
    const answer = await ctx.api.post('plan/preview', stated(view), { signal: ctx.signal });
    // a later look may be answered before an earlier one
    if (turn !== view.looks) return;
    view.data = answer.data;
    view.version = ctx.job.version;
    view.meta = await templateMeta(ctx.jobId, view.data.plan.template.template_id).catch(() => null);
    view.names ??= await dataNames(ctx);
  } catch (error) {
    if (error.code === 'ABORTED') return;
    if (first) fill(body, problem(error, { retry: () => preview(view, true), actions: button(t('plan.to_draft'), { onclick: () => ctx.step('draft') }) }));
    else fill(parts.standing, problem(error, { retry: () => view.look() }));
    return;
  }
  if (first) {
    fill(body, h('div', { class: 'columns' }, h('div', { class: 'stack' }, parts.standing, parts.bindings, parts.flow, parts.checks, parts.dofile), h('aside', { class: 'sticky stack', 'aria-label': t('plan.freeze') }, parts.output, parts.side)));
    fill(parts.output, outputs(view));
  }
  view.redraw();
}

function draw(view) {
  const { parts, data, meta, ctx } = view;
  const missing = data.missing_params_detail;
  const failed = data.checks.filter((c) => c.status === 'fail');
  fill(parts.standing, standing(view, missing, failed));
  fill(parts.bindings, bindings(data.plan, meta, view.names, (name) => ctx.step('draft', { field: name })));
  fill(parts.flow, flowCard(data.sample_flow, data.plan, view.names.nameOf));
  fill(parts.checks, checksCard(view));
  fill(parts.dofile, card(t('plan.dofile'), { lead: t('plan.dofile.lead') }, data.do_file
    ? code(data.do_file, { label: t('plan.dofile'), name: 'main.do', actions: button(t('plan.save_file'), { kind: 'quiet', icon: 'download', onclick: () => api.saveBlob(new Blob([data.do_file], { type: 'text/plain' }), 'main.do') }) })
    : h('p', { class: 'muted' }, t('plan.dofile.later'))));
  const problems = missing.length + failed.filter((c) => c.id !== 'PLAN_FREEZE_MISSING_REQUIRED' || missing.length === 0).length;
  fill(parts.side, card(t('plan.freeze'), { cls: 'status-card' },
    h('p', {}, data.ready ? badge(t('plan.ready'), 'ok') : badge(t('plan.not_ready', { n: Math.max(problems, 1) }), 'warn')),
    h('p', { class: 'hint' }, t('plan.freeze.lead')),
    button(t('plan.freeze'), { kind: 'primary', icon: 'lock', id: 'freeze', disabled: !data.ready, onclick: () => { askFreeze(view); } }),
    button(t('plan.to_draft'), { id: 'back', onclick: () => ctx.step('draft') })));
}

/* ---- what stands in the way ---- */

function standing(view, missing, failed) {
  const { ctx, data } = view;
  const go = (name) => () => ctx.step('draft', { field: name });
  const label = (name) => tr(view.meta?.parameters.find((p) => p.name === name)?.label) || roleName(name);
  if (data.ready) return note('ok', h('p', {}, h('strong', {}, t('plan.ready.title'))), h('p', {}, t('plan.ready.text', { name: titleOf(data.plan.template.template_id, data.plan.template.title) })));
  const target = (check) => (check.value?.errors?.[0]?.path ?? check.value?.path ?? '').replace(/^(parameters|roles)\./, '').split('.')[0];
  return note('warn', h('p', {}, h('strong', {}, t('plan.open'))), h('ul', { class: 'open-list' },
    missing.map((m) => h('li', {}, icon('edit'), h('button', { type: 'button', class: 'link', onclick: go(m.param) }, t('plan.missing', { name: label(m.param) })))),
    failed.filter((c) => c.id !== 'PLAN_FREEZE_MISSING_REQUIRED' || missing.length === 0).map((c) => h('li', {}, icon('edit'), h('button', { type: 'button', class: 'link', onclick: go(target(c)) }, c.id === 'min_observations' ? t('plan.check.min_observations.fail', { n: c.value ?? 0, least: data.plan.contract.constraints.min_observations }) : reasonTexts(c.message))))));
}

/* ---- the values ---- */

/** The name of the file behind the key of a data set, and of a category behind its number (`categoryOf(column, level)`). */
async function dataNames(ctx) {
  const { datasets, columns } = await ctx.api.get('inputs/preview', { query: { rows: 1, columns: 200 }, signal: ctx.signal }).then((a) => a.data).catch(() => ({ datasets: [], columns: [] }));
  const labelOf = (column, level) => columns.find((c) => c.name === column)?.categories?.find((c) => String(c.value) === level)?.label;
  return {
    nameOf: (key) => datasets.find((d) => d.dataset_key === key)?.original_name ?? key,
    categoryOf: (column, level) => { const label = labelOf(column, level); return label ? `${level} = ${label}` : level; },
  };
}

/** Every parameter with its value and where it came from. */
function bindings(plan, meta, { nameOf, categoryOf }, onedit) {
  const weighted = plan.contract.parameters.some((p) => p.name === 'weight_var' && p.value);
  // the kind of a weight that nobody named decides nothing
  const rows = plan.contract.parameters.filter((p) => p.status !== 'unused' && (p.name !== 'weight_kind' || weighted)).map((p) => ({ ...p, meta: meta?.parameters.find((m) => m.name === p.name) }));
  const value = (p) => {
    const v = p.value?.canonical ?? p.value;
    if (p.status === 'missing' || v === null || v === undefined) return h('span', { class: 'strong-warn' }, t('plan.value.missing'));
    const list = Array.isArray(v) ? v : [v];
    return list.map((x, i) => [i > 0 && ', ', typeof x === 'number' ? num(x) : p.name === 'vce' ? errorsText(x) : h('code', {}, String(x))]);
  };
  const more = [
    plan.derived_variables.length > 0 && [t('draft.derived'), plan.derived_variables.map((v) => h('div', {}, h('code', {}, `${v.name} = ${v.expression}`)))],
    plan.categorical_vars.length > 0 && [t('draft.categorical'), h('span', {}, plan.categorical_vars.map((c) => (c.base ? baseWords(c, categoryOf) : c.column ?? c)).join(lang() === 'zh' ? '，' : ', ')), onedit && plan.categorical_vars.some((c) => c.base) && h('button', { type: 'button', class: 'icon-button', 'aria-label': t('plan.change_it', { name: t('draft.bases') }), onclick: () => onedit('bases') }, icon('edit'))],
    plan.interaction_terms?.length > 0 && [t('plan.interactions'), h('code', {}, plan.interaction_terms.map((x) => x.join(' × ')).join(', '))],
    plan.panel && [t('plan.panel'), h('code', {}, [plan.panel.entity_var, plan.panel.time_var].filter(Boolean).join(' × '))],
    ...[false, true].map((repairs) => [t(repairs ? 'data.repair.list' : 'draft.steps'), plan.data_steps.filter((s) => isRepair(`${s.kind} `) === repairs).map((s) => h('div', {}, stepText(s), ' ', !repairs && h('code', {}, [nameOf(s.dataset_key), ...(s.keys ?? [])].join(' '))))]).filter(([, steps]) => steps.length > 0),
  ].filter(Boolean);
  return card(titleOf(plan.template.template_id, plan.template.title), { lead: (lang() === 'zh' && meta?.description_zh) || meta?.description },
    stackable(table([
      { key: 'name', label: t('plan.what'), render: (p) => tr(p.meta?.label) || p.name },
      { key: 'value', label: t('plan.value'), render: value },
      { key: 'source', label: t('plan.source'), render: (p) => sourceOf(p, plan) },
      onedit && { key: 'edit', align: 'end', label: h('span', { class: 'sr' }, t('plan.change')), render: (p) => h('button', { type: 'button', class: 'icon-button', 'aria-label': t('plan.change_it', { name: tr(p.meta?.label) || p.name }), onclick: () => onedit(p.name) }, icon('edit')) },
    ].filter(Boolean), rows, { caption: t('plan.bindings'), rowHeader: 'name' })),
    more.length > 0 && h('dl', { class: 'pairs' }, more.map(([name, ...content]) => [h('dt', {}, name), h('dd', {}, content)])));
}

/** A column of categories with its base, and why that is the base. */
const baseWords = ({ column, base }, categoryOf) => t('draft.base.of', { column, level: [categoryOf(column, base.level), baseReason(base)].filter(Boolean).join(lang() === 'zh' ? '，' : ', ') });

/** Who chose a value: what a draft by rules or by a model says is nobody's own choice. */
function sourceOf(p, plan) {
  if (!p.source) return '';
  const proposed = ['draft_role', 'client_parameter'].includes(p.source) && ['rules', 'model'].includes(plan.plan_source);
  return t(`plan.source.${proposed ? plan.plan_source : p.source}`);
}

function flowCard(steps, plan, nameOf) {
  const repairs = (plan.data_steps ?? []).filter((s) => isRepair(`${s.kind} `));
  const words = (step) => {
    const [kind, ...rest] = step.split(' ');
    if (isRepair(step)) return repairs.length > 0 ? stepText(repairs.shift()) : t('data.step.flow');
    return has(`plan.flow.${kind}`) ? t(`plan.flow.${kind}`, { name: nameOf(rest.join(' ')) }) : step;
  };
  const complete = steps.some((x) => x.step === 'complete_cases') || (steps.length > 1 && !plan.derived_variables.length);
  return card(t('plan.flow'), { lead: t('plan.flow.lead') }, sampleFlow(steps.map((x) => ({ label: words(x.step), rows: x.rows, note: isRepair(x.step) ? null : mergeText(x.reason, nameOf) })), { label: t('plan.flow') }), !complete && h('p', { class: 'hint' }, t('plan.flow.later')));
}

/** Lists of a check's value as words. */
const listed = (value) => Object.fromEntries(Object.entries(value ?? {}).map(([key, list]) => [key, Array.isArray(list) ? list.map((x) => [x].flat().join(' & ')).join(', ') : list]));

function checksCard(view) {
  const { data, meta } = view;
  const rows = data.checks.filter((c) => !(c.status === 'fail' && c.id === c.id.toUpperCase()));
  const text = (c) => (has(`plan.check.${c.id}.${c.status}`) ? t(`plan.check.${c.id}.${c.status}`, { ...listed(c.value), n: c.value?.n ?? (typeof c.value === 'number' ? c.value : 0), least: data.plan.contract.constraints.min_observations }) : reasonTexts(c.message));
  const later = (meta?.checks ?? []).map((c) => c.id).filter((id) => !['no_obs'].includes(id));
  return card(t('plan.checks'), {}, h('ul', { class: 'check-list' }, rows.map((c) => h('li', {}, badge(t(`plan.check.${c.status}`), c.status), h('span', {}, text(c))))),
    later.length > 0 && disclosure(t('plan.checks.run', { n: later.length }), { id: 'run-checks', open: view.acknowledged.size > 0 }, h('p', { class: 'hint' }, t('plan.checks.run.lead')), h('ul', { class: 'check-grid' }, later.map((id) => {
      const box = h('input', { type: 'checkbox', id: `ack-${id}`, checked: view.acknowledged.has(id), onchange: () => { if (box.checked) view.acknowledged.set(id, t('plan.acknowledged')); else view.acknowledged.delete(id); view.ctx.memory.acknowledged = view.acknowledged; if (data.checks.some((c) => c.id === id && c.status === 'fail')) view.look(); } });
      return h('li', { class: 'check-row' }, box, h('label', { for: `ack-${id}` }, word('check', id)));
    }))));
}

/* ---- what it makes, and the freeze ---- */

function outputs(view) {
  const { ctx } = view;
  const keep = () => { Object.assign(ctx.memory, { formats: view.formats, seed: view.seed, notes: view.notes }); view.look(); };
  const seed = h('input', { type: 'number', min: '0', max: '2147483647', step: '1', value: view.seed, oninput: () => { view.seed = seed.value; keep(); } });
  const notes = h('textarea', { rows: '2', maxlength: '4000', value: view.notes, onchange: () => { view.notes = notes.value; keep(); } });
  return card(t('plan.output'), {}, h('fieldset', {}, h('legend', {}, t('plan.formats')), h('p', { class: 'hint' }, t('plan.formats.always')), h('div', { class: 'format-grid' }, view.optional.map((f) => h('div', { class: 'check-row' }, h('input', { type: 'checkbox', id: `format-${f}`, checked: view.formats.includes(f), onchange: (e) => { view.formats = e.target.checked ? [...view.formats, f] : view.formats.filter((x) => x !== f); keep(); } }), h('label', { for: `format-${f}` }, t(`plan.format.${f}`)))))),
    disclosure(t('plan.more'), { open: Boolean(view.seed || view.notes) }, field(t('plan.seed'), seed, { id: 'seed', hint: t('plan.seed.hint') }), field(t('plan.notes'), notes, { id: 'notes', hint: t('plan.notes.hint') })));
}

async function askFreeze(view) {
  const { ctx } = view;
  const choice = await dialog(t('plan.confirm'), () => [h('p', {}, t('plan.confirm.text')), h('ul', { class: 'bullets' }, ['data', 'values', 'dofile', 'seed'].map((x) => h('li', {}, t(`plan.confirm.${x}`)))), h('p', { class: 'hint' }, t('plan.confirm.revise'))], {
    actions: (close) => [button(t('ui.cancel'), { onclick: () => close() }), button(t('plan.freeze_only'), { id: 'freeze-only', onclick: () => close('freeze') }), button(t('plan.freeze_run'), { kind: 'primary', id: 'freeze-run', icon: 'play', autofocus: true, onclick: () => close('run') })],
  });
  if (!choice) return;
  const freeze = document.getElementById('freeze');
  freeze?.busy(true);
  try {
    const job = await ctx.refresh();
    if (job.version !== view.version) { await preview(view); fill(view.parts.standing, note('warn', t('plan.changed'))); return; }
    await ctx.api.post('plan/freeze', stated(view), { ifMatch: view.version });
    if (choice === 'run') await ctx.api.post('run', {});
    announce(t('plan.frozen'));
    if (choice === 'run') ctx.step('run');
    else ctx.reload();
  } catch (error) {
    fill(view.parts.standing, problem(error, { retry: () => { view.look(); } }));
    view.parts.standing.scrollIntoView({ block: 'center' });
  } finally { freeze?.busy(false); }
}

/* ---- a frozen plan ---- */

async function frozen(body, ctx, plan) {
  const meta = await templateMeta(ctx.jobId, plan.template.template_id).catch(() => null);
  const busy = ['queued', 'running'].includes(ctx.job.status);
  const run = async () => { try { await ctx.api.post('run', {}); ctx.step('run'); } catch (error) { body.prepend(problem(error)); } };
  fill(body, h('div', { class: 'columns' }, h('div', { class: 'stack' },
    note('info', h('p', {}, h('strong', {}, t('plan.frozen'))), h('p', {}, t('plan.frozen.text', { n: plan.revision, at: when(plan.created_at) }))),
    bindings(plan, meta, await dataNames(ctx), null),
    card(t('plan.identity'), { lead: t('plan.identity.lead') }, h('dl', { class: 'pairs' }, [['plan.id', plan.plan_id], ['plan.fingerprint', plan.input_fingerprint], ['plan.template', `${plan.template.template_id} ${plan.template.version}`], ['plan.seed', plan.seed]].map(([key, value]) => [h('dt', {}, t(key)), h('dd', {}, h('code', { class: 'long' }, String(value ?? '–')))])))),
    h('aside', { class: 'sticky stack', 'aria-label': t('plan.next') }, card(t('plan.next'), { cls: 'status-card' },
      ctx.job.status === 'confirmed' && button(t('plan.run'), { kind: 'primary', icon: 'play', id: 'run', onclick: run }),
      ctx.job.status !== 'confirmed' && button(t('plan.to_run'), { kind: 'primary', onclick: () => ctx.step('run') }),
      !busy && button(t('plan.revise'), { icon: 'edit', id: 'revise', onclick: orTell(() => revise(ctx)) }), h('p', { class: 'hint' }, t('plan.revise.hint'))))));
}
