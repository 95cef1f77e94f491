// Undo and redo of a draft: buttons that name the change, and the usual keys outside of texts.

import { t, tr } from '../i18n.js';
import { announce, button, h } from '../ui.js';
import { patchKey } from './draftStore.js';

const CARDS = { requirement: 'question', template_id: 'method', sample_if: 'sample', derived_variables: 'derived', categorical_vars: 'categorical', base_levels: 'bases', data_steps: 'steps' };

/** What a key changes, in words. */
export function changeWords(key, view) {
  if (CARDS[key]) return t(`draft.${CARDS[key]}`);
  const parameter = view.store.draft.parameters.find((p) => patchKey(p) === key);
  return parameter ? tr(parameter.label) : key.slice(key.indexOf('.') + 1);
}

/** Takes the last change back, or makes it again; `view.drawTexts(key)` draws what is typed. */
async function take(view, way) {
  view.sample?.flush();
  const what = changeWords(view.store.next(way), view);
  const key = await view.store.step(way);
  if (!key || view.ctx.signal.aborted) return;
  delete view.ctx.memory.attempts?.[key];
  view.drawTexts(key);
  announce(t(`draft.${way}.done`, { what }));
}

/** Ctrl+Z, and Ctrl+Shift+Z or Ctrl+Y, except in a text, which has its own. */
export function undoByKeys(view) {
  window.addEventListener('keydown', (e) => {
    if (!(e.ctrlKey || e.metaKey) || e.altKey || document.querySelector('dialog[open]')) return;
    if (e.target.closest?.('textarea, input:not([type=checkbox]):not([type=radio])')) return;
    const pressed = e.key.toLowerCase();
    const way = { z: e.shiftKey ? 'redo' : 'undo', y: 'redo' }[pressed];
    if (!way || !view.store.next(way)) return;
    e.preventDefault();
    take(view, way);
  }, { signal: view.ctx.signal });
}

/** The two buttons, once something was changed. */
export function undoRow(view) {
  const { store } = view;
  if (view.frozen || (!store.next('undo') && !store.next('redo'))) return null;
  const one = (way) => {
    const key = store.next(way);
    const name = key ? t(`draft.${way}.what`, { what: changeWords(key, view) }) : null;
    return button(t(`draft.${way}`), { kind: 'quiet', id: way, disabled: !key, title: name, 'aria-label': name, onclick: () => take(view, way) });
  };
  return h('div', { class: 'row', role: 'group', 'aria-label': t('draft.history') }, one('undo'), one('redo'));
}
