// The editor of an interaction: which effect may depend on which variable. It moves a linear regression to the analysis
// that estimates the product of both and the effect at several values, and back.

import { t } from '../i18n.js';
import { button, card, field, h, note, select } from '../ui.js';

const WITH = 'linear.interaction_margins';
const WITHOUT = 'linear.ols_robust';
const FROM = ['linear.ols_robust', 'linear.ols_cluster', 'linear.wls'];

/** Most values of a text that are groups in which an effect is shown. */
const MOST_GROUPS = 30;

/** Values that only the one analysis has: they are cleared with it. */
const cleared = (draft, names) => Object.fromEntries(names.filter((name) => draft.parameters.some((p) => p.name === name && p.source === 'client_parameter')).map((name) => [`parameters.${name}`, null]));

/** The card; null where the analysis has no place for an interaction. `variables`: all of the data. */
export function interactionCard(store, { variables, memory, disabled }) {
  const { draft } = store;
  const id = draft.template?.template_id;
  const of = (role) => draft.roles[role] ?? [];
  if (id === WITH) {
    const [x, z] = [of('focal_var')[0], of('moderator_var')[0]];
    if (!x || !z) return null;
    const remove = () => store.set('template_id', WITHOUT, { 'roles.regressors': [x, z], 'roles.focal_var': null, 'roles.moderator_var': null, ...cleared(draft, ['moderator_values', 'vce']) });
    return card(t('draft.interaction'), { id: 'interaction' }, h('p', {}, h('code', {}, `${x} × ${z}`), ' ', t(variables.find((v) => v.name === z)?.inferred_type === 'text' ? 'draft.interaction.each' : 'draft.interaction.is', { x, z })),
      !disabled && h('div', {}, button(t('draft.interaction.remove'), { icon: 'cross', id: 'interaction-remove', onclick: remove })));
  }
  const own = [...of('regressors'), ...of('controls')];
  if (disabled || !FROM.includes(id) || own.length === 0) return null;
  const others = variables.filter((v) => !of('outcome_var').includes(v.name) && (['integer', 'number', 'binary'].includes(v.inferred_type) || (v.inferred_type === 'text' && v.distinct > 1 && v.distinct <= MOST_GROUPS)));
  const pick = memory.interaction ??= {};
  const x = own.includes(pick.x) ? pick.x : own[0];
  const offered = others.filter((v) => v.name !== x);
  const z = offered.some((v) => v.name === pick.z) ? pick.z : '';
  const options = (names) => names.map((name) => ({ value: name, label: name }));
  const add = button(t('draft.interaction.add'), { icon: 'plus', id: 'interaction-add', disabled: !z, onclick: () => store.set('template_id', WITH, {
    'roles.focal_var': [x], 'roles.moderator_var': [z], 'roles.regressors': null, 'roles.controls': own.filter((name) => name !== x && name !== z), ...cleared(draft, ['vce']),
  }) });
  const again = (part) => (e) => { pick[part] = e.target.value; store.onChange(store); };
  return card(t('draft.interaction'), { id: 'interaction', lead: t('draft.interaction.lead') },
    h('div', { class: 'form-grid' }, field(t('draft.interaction.x'), select(options(own), { value: x, onchange: again('x') }), { id: 'interaction-x' }),
      field(t('draft.interaction.z'), select([{ value: '', label: t('draft.choose') }, ...options(offered.map((v) => v.name))], { value: z, onchange: again('z') }), { id: 'interaction-z' })),
    id !== WITHOUT && note('info', t('draft.interaction.moves')), h('div', {}, add));
}
