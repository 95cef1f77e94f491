// The elements that all views share. They know neither the API's routes nor a view.

import { has, num, t } from './i18n.js';

const SVG = 'http://www.w3.org/2000/svg';
const asProperty = new Set(['value', 'checked', 'disabled', 'selected', 'open', 'indeterminate', 'required', 'multiple', 'hidden', 'readOnly', 'innerText']);

/** Builds an element: `h('p', {class: 'hint', onclick: fn}, 'text', node, [nodes])`. False and null are left out. */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (asProperty.has(name)) node[name] = value;
    else node.setAttribute(name, value === true ? '' : value);
  }
  add(node, children);
  return node;
}

function add(node, children) {
  for (const child of children.flat(4)) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
}

/** As `h`, for SVG. */
export function s(tag, props, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value);
  }
  add(node, children);
  return node;
}

const paths = {
  check: 'M5 12.5l4.5 4.5L19 7.5', cross: 'M6 6l12 12M18 6L6 18', warn: 'M12 4l9 16H3zM12 10v4.5M12 17.4v.1', info: 'M12 3a9 9 0 100 18 9 9 0 000-18zM12 11v5.5M12 7.6v.1',
  file: 'M6 3h8l5 5v13H6zM14 3v5h5', up: 'M12 19V6M6 11.5L12 5.5l6 6', down: 'M12 5v13M6 12.5l6 6 6-6', copy: 'M9 9h11v11H9zM5 15H4V4h11v1', plus: 'M12 5v14M5 12h14',
  edit: 'M4 20l1-4L16.5 4.5l3 3L8 19zM14 7l3 3', lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 017 0v3', search: 'M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L20 20', play: 'M8 5l11 7-11 7z', dot: 'M12 10a2 2 0 100 4 2 2 0 000-4z', download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
};
/** A small picture that says nothing by itself: screen readers pass over it. */
export const icon = (name, cls = '') => s('svg', { class: `icon ${cls}`, viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' }, s('path', { d: paths[name] ?? paths.dot }));

let last = 0;
/** A new id for labels and descriptions. */
export const uid = (prefix = 'e') => `${prefix}-${(last += 1)}`;

/** The way from `root` down to a node, and what it is called there. */
function placeOf(root, node) {
  const path = [];
  for (let at = node; at !== root; at = at.parentElement) path.unshift([...at.parentElement.children].indexOf(at));
  return { path, called: calledOf(node) };
}

const calledOf = (node) => `${node.tagName} ${node.getAttribute('aria-label') ?? ''} ${node.textContent}`;

/** The node at that place, where one of the same name stands there again. */
function atPlace(root, { path, called }) {
  const node = path.reduce((at, i) => at?.children[i], root);
  return node && calledOf(node) === called ? node : null;
}

/**
 * Puts nodes in place of what is in `root`. The focus stays on the element with the same id, or without one on the element
 * of the same name at the same place; what was open stays open.
 */
export function fill(root, ...nodes) {
  const opened = new Map([...root.querySelectorAll('details[id]')].map((d) => [d.id, d.open]));
  const focused = root.contains(document.activeElement) ? document.activeElement : null;
  const [id, from, to] = [focused?.id, focused?.selectionStart, focused?.selectionEnd];
  const place = focused && !id ? placeOf(root, focused) : null;
  root.replaceChildren();
  add(root, nodes);
  if (opened.size > 0) for (const d of root.querySelectorAll('details[id]')) d.open = opened.get(d.id) ?? d.open;
  if (!focused) return root;
  const again = id ? document.getElementById(id) : atPlace(root, place);
  if (again && root.contains(again)) {
    again.focus({ preventScroll: true });
    if (from !== null && from !== undefined) try { again.setSelectionRange(from, to); } catch { /* no text field */ }
  }
  return root;
}

/** Writes a text where it differs, so that what is read or selected stays. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Says something to screen readers without showing it. */
export function announce(text) {
  const live = document.getElementById('live');
  live.textContent = '';
  setTimeout(() => { live.textContent = text; }, 60);
}

/** A short message that goes away; kinds `ok`, `info`, `warn`, `error`. */
export function toast(text, kind = 'ok') {
  const close = () => node.remove();
  const node = h('div', { class: `toast toast-${kind}` }, icon(kind === 'ok' ? 'check' : kind === 'info' ? 'info' : 'warn'), h('span', {}, text),
    h('button', { type: 'button', class: 'icon-button', 'aria-label': t('ui.close'), onclick: close }, icon('cross')));
  const root = document.getElementById('toasts');
  root.append(node);
  while (root.children.length > 3) root.firstChild.remove();
  setTimeout(close, kind === 'error' ? 12_000 : 6000);
}

/** A button. Where `onclick` answers a promise the button is busy until it ends. kinds: `primary`, `plain`, `quiet`, `danger`. */
export function button(label, { kind = 'plain', icon: picture, onclick, busyLabel, ...props } = {}) {
  const text = h('span', {}, label);
  const node = h('button', { type: 'button', class: `button button-${kind}`, ...props }, picture && icon(picture), text);
  node.busy = (is) => {
    node.setAttribute('aria-busy', is ? 'true' : 'false');
    node.classList.toggle('is-busy', is);
    text.textContent = is && busyLabel ? busyLabel : label;
  };
  node.addEventListener('click', async (event) => {
    if (node.getAttribute('aria-busy') === 'true') { event.preventDefault(); return; }
    const result = onclick?.(event);
    if (!(result instanceof Promise)) return;
    node.busy(true);
    try { await result; } finally { node.busy(false); }
  });
  return node;
}

/**
 * A labelled field: `control` is an input, select or textarea, or a function that gets `{id}`. The node has
 * `setError(text | null)` and `setHint(text)`, both tied to the control by `aria-describedby`.
 */
export function field(label, control, { hint, required, error, id = control.id || uid('f') } = {}) {
  control.id = id;
  const hintNode = h('p', { class: 'hint', id: `${id}-hint`, hidden: !hint }, hint ?? '');
  const errorNode = h('p', { class: 'field-error', id: `${id}-error`, hidden: true });
  const node = h('div', { class: 'field' },
    h('label', { for: id }, label, required && h('span', { class: 'required', title: t('ui.required') }, ' *', h('span', { class: 'sr' }, ` ${t('ui.required')}`))),
    hintNode, control, errorNode);
  const describe = () => {
    const ids = [!hintNode.hidden && hintNode.id, !errorNode.hidden && errorNode.id].filter(Boolean).join(' ');
    if (ids) control.setAttribute('aria-describedby', ids); else control.removeAttribute('aria-describedby');
  };
  node.setError = (text) => {
    errorNode.hidden = !text;
    errorNode.replaceChildren(...(text ? [icon('warn'), h('span', {}, text)] : []));
    if (text) control.setAttribute('aria-invalid', 'true'); else control.removeAttribute('aria-invalid');
    node.classList.toggle('has-error', Boolean(text));
    describe();
  };
  node.setHint = (text) => { hintNode.hidden = !text; hintNode.textContent = text ?? ''; describe(); };
  node.control = control;
  node.setError(error ?? null);
  return node;
}

/** A select of `[{value, label, disabled?, group?}]`. */
export function select(options, { value, ...props } = {}) {
  const node = h('select', props);
  const groups = new Map();
  for (const o of options) {
    let parent = node;
    if (o.group) {
      if (!groups.has(o.group)) groups.set(o.group, node.appendChild(h('optgroup', { label: o.group })));
      parent = groups.get(o.group);
    }
    parent.append(h('option', { value: o.value, disabled: o.disabled }, o.label));
  }
  if (value !== undefined && value !== null) node.value = value;
  return node;
}

/** A checkbox with its label beside it. */
export function checkbox(label, { hint, ...props } = {}) {
  const id = props.id ?? uid('c');
  const input = h('input', { type: 'checkbox', ...props, id, 'aria-describedby': hint ? `${id}-hint` : null });
  const node = h('div', { class: 'check-row' }, input, h('div', {}, h('label', { for: id }, label), hint && h('p', { class: 'hint', id: `${id}-hint` }, hint)));
  node.control = input;
  return node;
}

/** A card with a heading (`h2` unless `level`), an optional lead text and actions beside the heading. */
export function card(title, { lead, actions, level = 2, id, cls = '' } = {}, ...children) {
  const heading = id ? `${id}-title` : uid('h');
  return h('section', { class: `card ${cls}`, id, 'aria-labelledby': title ? heading : null },
    title && h('div', { class: 'card-head' }, h(`h${level}`, { id: heading }, title), actions && h('div', { class: 'card-actions' }, actions)),
    lead && h('p', { class: 'lead' }, lead), children);
}

/** A table; `columns`: `[{key, label, align?: 'end', render?(row), sub?}]`. It scrolls by itself and by keyboard. */
export function table(columns, rows, { caption, cls = '', rowHeader } = {}) {
  const cell = (c, row) => (c.render ? c.render(row) : row[c.key]);
  return h('div', { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    h('table', { class: cls }, caption && h('caption', { class: 'sr' }, caption),
      h('thead', {}, h('tr', {}, columns.map((c) => h('th', { scope: 'col', class: c.align === 'end' ? 'num' : null }, c.label, c.sub)))),
      h('tbody', {}, rows.map((row) => h('tr', {}, columns.map((c) => h(c.key === rowHeader ? 'th' : 'td', { scope: c.key === rowHeader ? 'row' : null, class: c.align === 'end' ? 'num' : null }, cell(c, row))))))));
}

/** A word with a colour and a sign: `ok`, `warn`, `fail`, `info`, `idle`. */
export const badge = (text, kind = 'idle') => h('span', { class: `badge badge-${kind}` }, icon({ ok: 'check', warn: 'warn', fail: 'cross', info: 'info' }[kind] ?? 'dot'), h('span', {}, text));

/** A remark in a box; kinds as `badge`. */
export const note = (kind, ...children) => h('div', { class: `note note-${kind}` }, icon({ ok: 'check', warn: 'warn', fail: 'warn', info: 'info' }[kind] ?? 'info'), h('div', { class: 'note-body' }, children));

/** Something that is not there yet, with what to do about it. */
export const empty = (title, text, ...actions) => h('div', { class: 'empty' }, h('p', { class: 'empty-title' }, title), text && h('p', {}, text), actions.length > 0 && h('div', { class: 'row' }, actions));

/** Shown while something is loaded. */
export const loading = (text = t('ui.loading')) => h('div', { class: 'loading', role: 'status' }, h('span', { class: 'spinner', 'aria-hidden': 'true' }), h('span', {}, text));

/** Something that opens: a native disclosure. */
export const disclosure = (summary, { open = false, cls = '', id } = {}, ...children) => h('details', { class: `disclosure ${cls}`, open, id }, h('summary', { id: id && `${id}-open` }, summary), h('div', { class: 'disclosure-body' }, children));

/** A progress bar with a name; `value` of 0 to 1, or null where nobody knows. */
export function progress(label, value = null) {
  const bar = h('progress', { max: '1', 'aria-label': label });
  bar.set = (v) => { if (v === null) bar.removeAttribute('value'); else bar.value = v; };
  bar.set(value);
  return bar;
}

/** Tabs: `[{id, label, render()}]`; arrows move between them (ARIA tabs pattern). */
export function tabs(items, { label, selected = items[0]?.id, onselect } = {}) {
  const prefix = uid('tab');
  const panel = h('div', { class: 'tab-panel', role: 'tabpanel', tabindex: '0', id: `${prefix}-panel` });
  const buttons = items.map((item) => h('button', { type: 'button', role: 'tab', id: `${prefix}-${item.id}`, 'aria-controls': panel.id, class: 'tab', onclick: () => show(item.id) }, item.label));
  const list = h('div', { class: 'tabs', role: 'tablist', 'aria-label': label, onkeydown: (e) => {
    const at = items.findIndex((i) => i.id === selected);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: items.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    const next = (to + items.length) % items.length;
    show(items[next].id);
    buttons[next].focus();
  } }, buttons);
  function show(id) {
    selected = id;
    items.forEach((item, i) => { buttons[i].setAttribute('aria-selected', String(item.id === id)); buttons[i].tabIndex = item.id === id ? 0 : -1; });
    panel.setAttribute('aria-labelledby', `${prefix}-${id}`);
    fill(panel, items.find((i) => i.id === id)?.render());
    onselect?.(id);
  }
  if (selected) show(selected);
  const node = h('div', { class: 'tabbed' }, list, panel);
  node.show = show;
  return node;
}

/**
 * A dialog by `<dialog>`: `build(close)` answers its content, `actions(close)` its buttons. Resolves with what
 * `close` was given, or null when it was left. Focus goes back to where it was.
 */
export function dialog(title, build, { actions, wide = false } = {}) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const heading = uid('d');
    let answer = null;
    const close = (value = null) => { answer = value; node.close(); };
    const node = h('dialog', { class: wide ? 'dialog dialog-wide' : 'dialog', 'aria-labelledby': heading });
    node.append(
      h('div', { class: 'dialog-head' }, h('h2', { id: heading, tabindex: '-1' }, title), h('button', { type: 'button', class: 'icon-button', 'aria-label': t('ui.close'), onclick: () => close() }, icon('cross'))),
      h('div', { class: 'dialog-body' }, build(close)));
    const buttons = actions?.(close);
    if (buttons) node.append(h('div', { class: 'dialog-actions' }, buttons));
    node.addEventListener('click', (e) => { if (e.target === node) close(); });
    node.addEventListener('close', () => { node.remove(); if (before?.isConnected) before.focus(); resolve(answer); });
    window.addEventListener('hashchange', () => node.open && close(), { once: true });
    document.body.append(node);
    node.showModal();
    (node.querySelector('[autofocus]') ?? node.querySelector('.dialog-body input, .dialog-body select, .dialog-body textarea') ?? node.querySelector('h2')).focus();
  });
}

/** Asks yes or no; `body` may be nodes. */
export const confirm = (title, body, { yes = t('ui.ok'), no = t('ui.cancel'), kind = 'primary' } = {}) => dialog(title, () => h('div', {}, body), {
  actions: (close) => [button(no, { onclick: () => close(false) }), button(yes, { kind, onclick: () => close(true), autofocus: true })],
}).then(Boolean);

/** Copies a text and says so. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h('textarea', { class: 'sr', 'aria-hidden': 'true' });
    area.value = text;
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  toast(t('ui.copied'));
}

/** A text with line numbers and a button that copies it; numbers are not copied. */
export function code(text, { label, name, actions } = {}) {
  const lines = text.replace(/\n$/, '').split('\n');
  return h('div', { class: 'code' },
    h('div', { class: 'code-head' }, h('span', { class: 'code-name' }, name ?? label), h('span', { class: 'muted' }, t('ui.lines', { n: lines.length })), h('div', { class: 'code-actions' }, actions, button(t('ui.copy'), { kind: 'quiet', icon: 'copy', onclick: () => copy(text) }))),
    h('div', { class: 'code-body', tabindex: '0', role: 'region', 'aria-label': label }, h('ol', {}, lines.map((line) => h('li', { class: /^\s*(\*|\/\/)/.test(line) ? 'comment' : null }, h('span', {}, line || ' '))))));
}

/**
 * Rows that are left after each step: `[{step, label, rows, note?}]`, as a list with bars. The numbers are text;
 * the bars only repeat them.
 */
export function sampleFlow(steps, { label }) {
  const most = Math.max(1, ...steps.map((x) => x.rows));
  return h('ol', { class: 'flow', 'aria-label': label }, steps.map((step, i) => {
    const lost = i > 0 ? steps[i - 1].rows - step.rows : 0;
    const bar = s('svg', { class: 'flow-bar', viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      s('rect', { class: 'flow-track', width: 100, height: 6, rx: 0 }), s('rect', { class: 'flow-fill', width: (100 * step.rows) / most, height: 6 }));
    const change = lost > 0 ? `−${num(lost)}` : lost < 0 ? `+${num(-lost)}` : '';
    return h('li', {}, h('div', { class: 'flow-line' }, h('span', { class: 'flow-step' }, step.label), h('span', { class: 'flow-lost' }, change), h('span', { class: 'flow-rows' }, num(step.rows))), bar, step.note && h('p', { class: 'hint' }, step.note));
  }));
}

/** The words for an error: `{title, next}` in the language in force. */
export function explain(error) {
  const code = `problem.${error.code}`;
  const vars = { ...error.context, seconds: error.retryAfter ?? '' };
  const nextCode = `${code}.next`;
  return {
    title: has(code) ? t(code, vars) : t(error.status >= 500 ? 'problem.server' : 'problem.refused'),
    next: has(nextCode) ? t(nextCode, vars) : t(error.retryable ? 'problem.retry' : 'problem.mend'),
  };
}

/** An error with what to do next, a retry and the trace id to copy. */
export function problem(error, { retry, actions } = {}) {
  const words = explain(error);
  const details = error.context?.errors ?? [];
  return h('div', { class: 'problem', role: 'alert' }, icon('warn'), h('div', { class: 'problem-body' },
    h('p', { class: 'problem-title' }, words.title),
    error.message && error.message !== words.title && error.status !== 0 && h('p', { class: 'problem-detail' }, error.message),
    details.length > 1 && h('ul', {}, details.map((d) => h('li', {}, h('code', {}, d.path), ' ', d.reason))),
    h('p', {}, words.next),
    h('div', { class: 'row' }, retry && button(t('ui.retry'), { onclick: retry }), actions, [401, 403].includes(error.status) && h('a', { href: '#/' }, t('app.enter_code')),
      error.traceId && h('span', { class: 'trace' }, `${t('ui.trace')} `, h('code', {}, error.traceId.slice(0, 12)), h('button', { type: 'button', class: 'icon-button', 'aria-label': t('ui.copy_trace'), onclick: () => copy(error.traceId) }, icon('copy'))))));
}

/* ---- drawing while a pointer is down or the focus moves ---- */

/** Longest time that drawing waits for the release of a pointer, in milliseconds: a menu of the browser may swallow it. */
const LONGEST_PRESS = 1000;
const hands = { pressing: false, moving: false, longest: null, held: new Set() };

function drawHeld() {
  if (hands.pressing || hands.moving) return;
  const held = [...hands.held];
  hands.held.clear();
  for (const fn of held) fn();
}

// the click follows the release within the same task, the new focus the old one's loss
const released = () => { clearTimeout(hands.longest); setTimeout(() => { hands.pressing = false; drawHeld(); }); };
window.addEventListener('pointerdown', (event) => {
  if (event.button !== 0) return;
  hands.pressing = true;
  clearTimeout(hands.longest);
  hands.longest = setTimeout(released, LONGEST_PRESS);
}, true);
for (const type of ['pointerup', 'pointercancel']) window.addEventListener(type, released, true);
window.addEventListener('blur', () => {
  hands.moving = true;
  setTimeout(() => { hands.moving = false; drawHeld(); });
}, true);

/**
 * `fn`, which draws, but not between the press and the release of a pointer nor while the focus moves: the element under
 * them would be replaced, and its click or its focus lost.
 */
export const unpressed = (fn) => () => { if (hands.pressing || hands.moving) hands.held.add(fn); else fn(); };

/** Runs `fn` once nothing has called for `ms`; `.flush()` runs it at once. */
export function debounce(fn, ms) {
  let timer = null;
  let args = [];
  const run = () => { timer = null; return fn(...args); };
  const later = (...given) => { args = given; clearTimeout(timer); timer = setTimeout(run, ms); };
  later.flush = () => { if (timer === null) return undefined; clearTimeout(timer); return run(); };
  later.cancel = () => { clearTimeout(timer); timer = null; };
  return later;
}
