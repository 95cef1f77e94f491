// Choosing an analysis: the candidates that the service ranked, with reasons, and the whole library to search.

import { request, tokenOf } from '../api.js';
import { has, lang, t, tr } from '../i18n.js';
import { reasonText } from './reasons.js';
import { badge, button, debounce, dialog, disclosure, fill, h, loading, problem, select, uid } from '../ui.js';

const metas = new Map();
let listed = null;

/** The whole declaration of a template; asked once. */
export async function templateMeta(jobId, id) {
  if (!metas.has(id)) metas.set(id, (await request('GET', `templates/${encodeURIComponent(id)}`, { token: tokenOf(jobId) })).data.meta);
  return metas.get(id);
}

/** All templates in short; asked once. */
export async function templateList(jobId) {
  listed ??= (await request('GET', 'templates', { token: tokenOf(jobId) })).data.templates;
  return listed;
}

/** The name of a template in the language in force, as far as the list is there. */
export const titleOf = (id, fallback) => tr(listed?.find((x) => x.template_id === id)?.title ?? fallback ?? id);

/** A reason of the ranking in words of the language in force; unknown ones as they came. */
export function reasonWords(reason) {
  const open = reason.match(/^(\w+) is not stated; (\d+) columns? fits?$/);
  if (open) return t('draft.reason.open', { role: roleName(open[1]) });
  const unused = reason.match(/^(\w+) would be unused$/);
  if (unused) return t('draft.reason.unused', { role: roleName(unused[1]) });
  const words = reason.match(/^matches (.+)$/);
  // two characters of which one only joins others or asks are no word: 的影, 么影
  const told = words?.[1].split(', ').filter((word) => !/^(?:[的了和与对在是].|.[的了和与对在是])$|[么什怎哪吗呢]/.test(word)) ?? [];
  if (words) return told.length > 0 ? t('draft.reason.words', { words: told.slice(0, 4).join(', ') }) : '';
  if (reason === 'answers this kind of question') return t('draft.reason.question');
  return reason;
}

export const roleName = (role) => (has(`draft.role.${role}`) ? t(`draft.role.${role}`) : role.replace(/_vars?$/, '').replace(/_/g, ' '));

/** The candidates as a group of radio buttons; `onpick(template_id)`. */
export function candidates(draft, { onpick, disabled, limit = 4 }) {
  const all = draft.template_candidates;
  const chosen = draft.template?.template_id;
  const shown = all.filter((c, i) => i < limit || c.template_id === chosen);
  if (chosen && !shown.some((c) => c.template_id === chosen)) shown.push({ template_id: chosen, title: draft.template.title, reasons: [], blockers: [], applicable: true });
  if (draft.template?.chosen_by === 'rules') shown.sort((a, b) => (b.template_id === chosen) - (a.template_id === chosen));
  const name = uid('tpl');
  return h('fieldset', { class: 'candidates' }, h('legend', { class: 'sr' }, t('draft.method')), shown.map((c, i) => {
    const id = `candidate-${c.template_id.replace(/\W/g, '-')}`;
    const reasons = c.reasons.map(reasonWords).filter(Boolean);
    return h('div', { class: `candidate${c.template_id === chosen ? ' is-chosen' : ''}${c.applicable ? '' : ' is-blocked'}` },
      h('input', { type: 'radio', name, id, value: c.template_id, checked: c.template_id === chosen, disabled: disabled || !c.applicable, onchange: () => onpick(c.template_id) }),
      h('div', {}, h('div', { class: 'row' }, h('label', { for: id }, titleOf(c.template_id, c.title)), all.length > 0 && c.applicable && (draft.template?.chosen_by === 'rules' ? c.template_id === chosen : i === 0) && badge(t('draft.best'), 'ok')),
        reasons.length > 0 && h('p', { class: 'hint' }, reasons.join(' · ')),
        c.blockers.length > 0 && h('p', { class: 'hint blocked' }, t('draft.blocked'), ' ', c.blockers.map(reasonText).join('; '))));
  }));
}

/** What an analysis does, its limits and its sources. */
export function aboutTemplate(meta) {
  const limits = (lang() === 'zh' && meta.limitations_zh) || meta.limitations || [];
  return h('div', { class: 'stack about' }, h('p', {}, (lang() === 'zh' && meta.description_zh) || meta.description),
    disclosure(t('draft.about'), { id: `about-${meta.id.replace(/\W/g, '-')}` }, limits.length > 0 && [h('h3', {}, t('draft.limits')), h('ul', { class: 'bullets' }, limits.map((l) => h('li', {}, l)))],
      (meta.references ?? []).length > 0 && [h('h3', {}, t('draft.sources')), h('ul', { class: 'bullets' }, meta.references.map((r) => h('li', {}, r.text, r.doi && h('span', { class: 'muted' }, ` doi:${r.doi}`))))],
      h('p', { class: 'hint' }, h('code', {}, `${meta.id} ${meta.version}`))));
}

/** The library in a dialog with search and families. Resolves with a template id or null. */
export function browse(ctx, chosen) {
  return dialog(t('draft.browse'), (close) => {
    const list = h('div', { class: 'library' });
    const search = h('input', { type: 'search', id: 'library-search', 'aria-label': t('draft.search'), placeholder: t('draft.search'), oninput: () => { later(); } });
    const family = h('div', {});
    const count = h('p', { class: 'hint', role: 'status' });
    let all = [];
    let within = '';
    const later = debounce(draw, 180);
    async function draw() {
      const q = search.value.trim();
      let found = all;
      try {
        if (q) {
          const ids = new Set((await request('GET', 'templates', { token: tokenOf(ctx.jobId), query: { q } })).data.templates.map((x) => x.template_id));
          if (q !== search.value.trim()) return;
          found = all.filter((x) => ids.has(x.template_id));
        }
      } catch (error) { fill(list, problem(error)); return; }
      found = found.filter((x) => !within || x.family === within);
      count.textContent = t('draft.found', { n: found.length });
      fill(list, found.map((x) => h('article', { class: 'library-item' },
        h('div', {}, h('h3', {}, tr(x.title)), h('p', { class: 'hint' }, (lang() === 'zh' && x.description_zh) || x.description), h('p', { class: 'muted small' }, familyName(x.family), ' · ', h('code', {}, x.template_id))),
        button(x.template_id === chosen ? t('draft.is_chosen') : t('draft.use'), { disabled: x.template_id === chosen, 'aria-label': `${t('draft.use')}: ${tr(x.title)}`, onclick: () => close(x.template_id) }))));
    }
    fill(list, loading());
    templateList(ctx.jobId).then((templates) => {
      all = templates;
      const families = [...new Set(all.map((x) => x.family))].sort();
      fill(family, select([{ value: '', label: t('draft.all_families') }, ...families.map((f) => ({ value: f, label: familyName(f) }))], { 'aria-label': t('draft.family'), id: 'library-family', onchange: (e) => { within = e.target.value; draw(); } }));
      draw();
    }).catch((error) => fill(list, problem(error)));
    return [h('div', { class: 'library-filter' }, search, family), count, list];
  }, { wide: true });
}

const familyName = (family) => (has(`draft.family.${family}`) ? t(`draft.family.${family}`) : family);
