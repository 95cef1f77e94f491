// The results as sentences of the service, with the limits of the analysis below them.

import { addWords, lang, t } from '../i18n.js';
import { button, card, disclosure, h } from '../ui.js';
import words from '../i18n/findings.js';

addWords(words);

/** What limits the sentences: what they hold equal, rows left out, and the limits of the method. */
function limitsOf({ said, meta, run }) {
  const flow = run.sample_flow ?? [];
  const [first, last] = [flow[0]?.rows, flow.at(-1)?.rows];
  const own = lang() === 'zh' && meta?.limitations_zh?.length > 0 ? meta.limitations_zh : meta?.limitations ?? [];
  return [...said.notes, ...(last < first ? [t('findings.rows', { used: last, all: first })] : []), ...own];
}

/**
 * The card. `facts`: `{said, meta, run}`, where `said` is the answer of the service; `show(file)` brings a table into view;
 * `actions` stand beside the heading.
 */
export function findingsCard(facts, { show, actions }) {
  const found = facts.said.findings;
  const limits = limitsOf(facts);
  const references = facts.meta?.references ?? [];
  const line = ({ text, file }) => h('li', {}, h('span', {}, text), ' ', button(t('findings.table'), { kind: 'quiet', class: 'link small', 'aria-label': t('findings.table.of', { file }), onclick: () => show(file) }));
  return card(t('findings.title'), { id: 'findings', lead: found.length > 0 ? t('findings.lead') : t('findings.none'), actions },
    found.length > 0 && h('ul', { class: 'findings' }, found.map(line)),
    limits.length > 0 && h('h3', {}, t('findings.limits')),
    limits.length > 0 && h('ul', { class: 'bullets', id: 'caveats' }, limits.map((text) => h('li', {}, text))),
    references.length > 0 && disclosure(t('results.references'), {}, h('ul', { class: 'bullets hint' }, references.map((r) => h('li', {}, r.text, r.doi && ` doi:${r.doi}`)))));
}
