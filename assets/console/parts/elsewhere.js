// A draft that was changed elsewhere: what differs, and the choice between both.

import { ApiError } from '../api.js';
import { t } from '../i18n.js';
import { button, dialog, h, note, table, toast } from '../ui.js';
import { stackable } from '../outcome.js';
import { stepText } from './remarks.js';
import { titleOf } from './templates.js';
import { changeWords } from './undo.js';
import { patchKey, valuesOf } from './draftStore.js';

const PLAIN = ['requirement', 'template_id', 'sample_if', 'categorical_vars', 'base_levels', 'data_steps', 'derived_variables'];

/** What a draft states, by the key of a change. */
function statements(draft) {
  const keys = [...PLAIN, ...Object.keys(draft.roles).map((r) => `roles.${r}`), ...draft.parameters.map(patchKey)];
  return valuesOf(draft, Object.fromEntries(keys.map((key) => [key, null])));
}

const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/**
 * Asks which of two changed drafts counts, and does it. Returns where nothing differs: the change can be sent again.
 * Throws `ABORTED` where the page is drawn anew, `error` where nobody chose.
 */
export async function changedElsewhere(view, theirs, updates, error) {
  const { ctx, store } = view;
  const anew = async () => {
    for (const kept of ['history', 'sample', 'derived', 'attempts']) delete ctx.memory[kept];
    await ctx.refresh();
    ctx.reload();
    throw new ApiError(0, null, 'ABORTED');
  };
  const job = await ctx.refresh();
  if (!['created', 'draft_ready'].includes(job.status)) {
    toast(t('draft.elsewhere.frozen'), 'warn');
    await anew();
  }
  const [before, now] = [statements(store.draft), statements(theirs)];
  // the question of a draft is that of the job when it was made
  now.requirement = job.requirement;
  const wanted = Object.assign({}, ...store.queue.map((change) => change.updates), updates);
  delete wanted.draft_text;
  const changed = Object.keys({ ...before, ...now }).filter((key) => !same(before[key], now[key]));
  const replaced = theirs.stale && !store.draft.stale && same(now.requirement, before.requirement);
  if (changed.length === 0 && !replaced) return;
  const mine = { ...before, ...wanted };
  const keys = [...new Set([...changed, ...Object.keys(wanted)])].filter((key) => !same(mine[key], now[key]));
  const apart = Object.keys(wanted).every((key) => !changed.includes(key) || same(wanted[key], now[key]));
  const choice = keys.length === 0 ? 'theirs' : await ask(view, keys, mine, now, replaced, apart);
  if (!choice) throw error;
  const sent = choice === 'theirs' ? {} : choice === 'both' ? wanted : Object.fromEntries(keys.map((key) => [key, mine[key] ?? null]));
  store.queue = [];
  const { requirement, ...fields } = sent;
  if (requirement !== undefined) Object.assign(fields, { draft_text: requirement });
  const answer = requirement !== undefined && await ctx.api.patch('', { requirement }, { ifMatch: theirs.version });
  if (Object.keys(fields).length > 0) await ctx.api.post('draft/patch', { field_updates: fields }, { ifMatch: answer ? answer.data.version : theirs.version });
  await anew();
}

function ask(view, keys, mine, now, replaced, apart) {
  const one = (value) => (value?.expression ? `${value.name} = ${value.expression}` : value?.kind ? stepText(value) : value instanceof Object ? Object.entries(value).map(([column, level]) => t('draft.base.of', { column, level })).join(', ') : String(value));
  const shown = (key, value) => ((value ?? []).length === 0 ? '–' : key === 'template_id' ? titleOf(value) : [value].flat().map(one).join(', '));
  const column = (key, render) => ({ key, label: t(`draft.elsewhere.${key}`), render });
  const rows = table([column('what', (key) => changeWords(key, view)), column('here', (key) => shown(key, mine[key])), column('there', (key) => shown(key, now[key]))], keys, { caption: t('draft.elsewhere'), rowHeader: 'what' });
  return dialog(t('draft.elsewhere'), () => [h('p', {}, t('draft.elsewhere.text')), replaced && note('warn', h('p', {}, t('draft.stale'))), stackable(rows)], {
    actions: (close) => ['theirs', 'mine', apart && 'both'].filter(Boolean).map((way) => button(t(`draft.keep.${way}`), { kind: way === 'both' ? 'primary' : undefined, onclick: () => close(way) })),
  });
}
