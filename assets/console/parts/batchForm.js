// The choices of a batch: outcomes, sets of controls, samples, standard errors. Without a choice an axis stays as in the draft.

import { t } from '../i18n.js';
import { errorsText, manyColumns, variablesOf } from './columns.js';
import { templateMeta } from './templates.js';
import { button, checkbox, field, fill, h, problem, uid } from '../ui.js';

const ANY = { column: { kinds: ['continuous', 'count', 'binary', 'categorical'] } };

/** The form; `made(batch)` when one was made, `cells(preview)` draws what a request would make. */
export async function batchForm(ctx, { made, cells }) {
  const [draft, preview] = await Promise.all([
    ctx.api.get('draft/preview', { signal: ctx.signal }).then((a) => a.data),
    ctx.api.get('inputs/preview', { query: { rows: 1, columns: 200 }, signal: ctx.signal }).then((a) => a.data),
  ]);
  const meta = draft.template && await templateMeta(ctx.jobId, draft.template.template_id).catch(() => null);
  const variables = variablesOf(draft, preview);
  const of = (bind) => meta?.parameters.find((p) => p.bind === bind);
  const kinds = meta?.parameters.find((p) => p.name === 'vce')?.values ?? [];
  const chosen = ctx.memory.batch ??= { title: '', outcomes: [], controls: [], samples: [], kinds: [], clusters: [], skip: false };
  const parts = Object.fromEntries(['outcomes', 'controls', 'samples', 'variance', 'count', 'answer'].map((name) => [name, h('div', { class: 'stack' })]));

  const axes = () => {
    const variance = chosen.kinds.map((vce) => ({ vce, ...(vce === 'cluster' && chosen.clusters.length > 0 ? { cluster_var: chosen.clusters } : {}) }));
    const samples = chosen.samples.map(({ label, condition }) => ({ ...(label.trim() ? { label: label.trim() } : {}), condition: condition.trim() || null }));
    const all = { outcomes: chosen.outcomes, controls: chosen.controls.map((columns) => ({ columns })), samples, variance };
    return Object.fromEntries(Object.entries(all).filter(([, entries]) => entries.length > 0));
  };
  const count = () => Object.values(axes()).reduce((n, entries) => n * entries.length, Object.keys(axes()).length > 0 ? 1 : 0);
  const request = () => ({ ...(chosen.title.trim() ? { title: chosen.title.trim() } : {}), axes: axes(), skip_invalid: chosen.skip });

  const draw = () => {
    const outcome = of('outcome_var') ?? ANY;
    fill(parts.outcomes, manyColumns({ ...outcome, required: false }, variables, { value: chosen.outcomes, id: 'batch-outcomes', label: t('batches.outcomes'), onpick: (names) => { chosen.outcomes = names; draw(); } }));
    fill(parts.controls, chosen.controls.map((columns, i) => h('div', { class: 'row', role: 'group', 'aria-label': t('batches.set', { n: i + 1 }) }, h('span', {}, columns.length > 0 ? t('batches.set', { n: i + 1 }) : t('batches.no_controls')),
      manyColumns({ ...(of('controls') ?? ANY), required: false }, variables, { value: columns, id: `batch-controls-${i}`, label: t('batches.set', { n: i + 1 }), onpick: (names) => { chosen.controls[i] = names; draw(); } }),
      button(t('batches.drop'), { kind: 'quiet', 'aria-label': t('batches.drop_set', { n: i + 1 }), onclick: () => { chosen.controls.splice(i, 1); draw(); } }))),
    h('div', { class: 'row' }, button(t('batches.add_set'), { icon: 'plus', id: 'add-controls', onclick: () => { chosen.controls.push([]); draw(); } })));
    fill(parts.samples, chosen.samples.map((sample, i) => h('div', { class: 'filters', role: 'group', 'aria-label': t('batches.sample', { n: i + 1 }) },
      field(t('batches.label'), h('input', { type: 'text', id: `sample-label-${i}`, value: sample.label, maxlength: 100, oninput: (e) => { sample.label = e.target.value; } })),
      field(t('batches.condition'), h('input', { type: 'text', class: 'mono', id: `sample-if-${i}`, value: sample.condition, spellcheck: 'false', placeholder: 'age > 30', oninput: (e) => { sample.condition = e.target.value; } }), { hint: t('batches.condition.hint') }),
      h('div', { class: 'row' }, button(t('batches.drop'), { kind: 'quiet', 'aria-label': t('batches.drop_sample', { n: i + 1 }), onclick: () => { chosen.samples.splice(i, 1); draw(); } })))),
    h('div', { class: 'row' }, button(t('batches.add_sample'), { icon: 'plus', id: 'add-sample', onclick: () => { chosen.samples.push({ label: '', condition: '' }); draw(); } })));
    fill(parts.variance, kinds.length === 0 ? h('p', { class: 'hint' }, t('batches.one_variance')) : h('div', { class: 'check-grid' }, kinds.map((kind) => checkbox(errorsText(kind), { id: `vce-${kind}`, checked: chosen.kinds.includes(kind), onchange: (e) => {
      chosen.kinds = kinds.filter((k) => (k === kind ? e.target.checked : chosen.kinds.includes(k)));
      draw();
    } }))), chosen.kinds.includes('cluster') && manyColumns({ ...(of('cluster_var') ?? ANY), required: false }, variables, { value: chosen.clusters, id: 'batch-clusters', label: t('batches.clusters'), onpick: (names) => { chosen.clusters = names; draw(); } }));
    fill(parts.count, h('p', { role: 'status', id: 'batch-count' }, t('batches.count', { n: count() })));
    run.disabled = check.disabled = count() === 0;
  };
  const attempt = (act) => async () => {
    fill(parts.answer);
    try { await act(); } catch (error) {
      // the preview says the same, with the choices of each
      if (error.code === 'BATCH_CELLS_INVALID' && act !== show) await attempt(show)();
      else if (error.code !== 'ABORTED') fill(parts.answer, problem(error));
    }
  };
  const show = async () => fill(parts.answer, cells((await ctx.api.post('batch/preview', request(), { signal: ctx.signal })).data));
  const check = button(t('batches.check'), { id: 'check-batch', onclick: attempt(show) });
  const run = button(t('batches.run'), { kind: 'primary', id: 'run-batch', onclick: attempt(async () => made((await ctx.api.post('batches', request(), { signal: ctx.signal })).data)) });
  const group = (name, lead, node) => { const id = uid('axis'); return h('fieldset', { 'aria-describedby': id }, h('legend', {}, name), h('p', { class: 'hint', id }, lead), node); };
  draw();
  return h('div', { class: 'stack' },
    field(t('batches.name'), h('input', { type: 'text', id: 'batch-title', value: chosen.title, maxlength: 200, oninput: (e) => { chosen.title = e.target.value; } })),
    group(t('batches.outcomes'), t('batches.outcomes.lead'), parts.outcomes), group(t('batches.controls'), t('batches.controls.lead'), parts.controls),
    group(t('batches.samples'), t('batches.samples.lead'), parts.samples), group(t('batches.variance'), t('batches.variance.lead'), parts.variance),
    checkbox(t('batches.skip'), { id: 'batch-skip', checked: chosen.skip, hint: t('batches.skip.hint'), onchange: (e) => { chosen.skip = e.target.checked; } }),
    parts.count, h('div', { class: 'row' }, check, run), parts.answer);
}
