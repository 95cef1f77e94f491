// The draft that the service made by rules from the words of the question, with its reasons. It is a start to
// change, and says that no language model took part.

import { lang, percent, t, tr } from '../i18n.js';
import { badge, card, h } from '../ui.js';
import { roleName } from './templates.js';

/** The suggestion for the present question and data; `submit` makes it the draft. */
export const suggestion = (ctx, submit = false) => ctx.api.post('draft/suggest', { submit }).then((a) => a.data);

/** The choice behind a parameter, as long as its columns are still those of the rules. */
export function choiceOf(suggested, parameter) {
  const fields = [`roles.${parameter.bind}`, `parameters.${parameter.name}`];
  const choice = suggested?.choices.find((c) => fields.includes(c.field));
  if (!choice || parameter.status !== 'bound') return null;
  const now = Array.isArray(parameter.value) ? parameter.value : [String(parameter.value)];
  return now.join() === choice.columns.join() ? choice : null;
}

/** The reason of a choice in one sentence, with the other columns that the words could mean. */
export function reasonOf(choice) {
  const others = choice.alternatives.length > 0 ? t('draft.rules.others', { names: choice.alternatives.join(', ') }) : '';
  return [tr(choice.reason), others].filter(Boolean).join(lang() === 'zh' ? '。' : '. ');
}

/** The name of a field as the field itself has it, where the analysis has one of it. */
const nameOf = (field, meta) => {
  const name = field.replace(/^(parameters|roles)\./, '');
  const own = meta?.parameters.find((p) => (field.startsWith('p') ? p.name : p.bind) === name);
  return own ? tr(own.label) : roleName(name);
};

/** What the rules chose and why, and what the question leaves open. */
export function suggestedCard(suggested, meta) {
  const { method } = suggested;
  const sure = (confidence) => h('span', { class: 'muted small' }, t('draft.rules.sure', { share: percent(confidence, 0) }));
  return card(t('draft.rules.title'), { id: 'rules', lead: t('draft.rules.lead'), actions: badge(t('draft.rules.by'), 'info') },
    h('ul', { class: 'bullets', id: 'rules-reasons' },
      method && h('li', {}, h('strong', {}, tr(method.title)), ': ', tr(method.reason), ' ', sure(method.confidence)),
      suggested.choices.map((c) => h('li', {}, h('strong', {}, nameOf(c.field, meta)), c.columns.length > 0 && [' ', h('code', {}, c.columns.join(', '))], ': ', reasonOf(c), ' ', sure(c.confidence)))),
    suggested.open_questions.length > 0 && h('div', {}, h('h3', {}, t('draft.rules.open')),
      h('ul', { class: 'bullets', id: 'rules-open' }, suggested.open_questions.map((q) => h('li', {}, tr(q.question))))));
}
