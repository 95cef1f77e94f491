// The log of an attempt, live: whole lines as they come, a lock on the end, a pause, a search. It knows how lines are
// shown and searched; where they come from is the caller's `job`.

import { t } from './i18n.js';
import { announce, button, checkbox, h, icon, uid } from './ui.js';

/** Most lines that are kept on the page; the file has all of them. */
const MOST_LINES = 20_000;

const isMark = (line) => line.startsWith('SS_EVENT|');
const kindOf = (line) => {
  if (isMark(line)) return 'log-mark';
  if (/^r\(\d+\);/.test(line)) return 'log-error';
  return line.startsWith('. ') || line === '.' ? 'log-command' : null;
};

/**
 * Shows the log of `runId` and follows it until the attempt ends. The node has `stop()`; `onend(status)` hears the end.
 */
export function logView(job, runId, { onend } = {}) {
  const stopping = new AbortController();
  const state = { paused: false, locked: true, waiting: [], count: 0, dropped: 0, found: [], at: -1 };
  const body = h('div', { class: 'log-body', tabindex: '0', role: 'log', 'aria-live': 'off', 'aria-label': t('log.label'), onscroll: scrolled });
  const told = h('span', { class: 'muted', role: 'status' }, t('log.connecting'));
  const more = button('', { kind: 'quiet', onclick: () => setPaused(false) });
  more.hidden = true;
  const pause = button(t('log.pause'), { kind: 'quiet', 'aria-pressed': 'false', onclick: () => setPaused(!state.paused) });
  const bottom = button(t('log.to_end'), { kind: 'quiet', icon: 'down', onclick: () => { state.locked = true; toEnd(); } });
  const marks = checkbox(t('log.marks'), { onchange: (e) => body.classList.toggle('hide-marks', !e.target.checked) });
  body.classList.add('hide-marks');
  const search = searchBox(body, state);

  function setPaused(is) {
    state.paused = is;
    pause.setAttribute('aria-pressed', String(is));
    pause.querySelector('span').textContent = t(is ? 'log.resume' : 'log.pause');
    if (is) return;
    append(state.waiting.splice(0));
    more.hidden = true;
  }

  function scrolled() {
    const left = body.scrollHeight - body.scrollTop - body.clientHeight;
    state.locked = left < 24;
  }

  function toEnd() {
    body.scrollTop = body.scrollHeight;
  }

  function take(text) {
    const lines = text.split('\n');
    if (!state.paused) return append(lines);
    state.waiting.push(...lines);
    more.querySelector('span').textContent = t('log.more', { n: state.waiting.length });
    more.hidden = false;
  }

  function append(lines) {
    const piece = document.createDocumentFragment();
    for (const line of lines) {
      state.count += 1;
      piece.append(h('div', { class: ['log-line', kindOf(line)].filter(Boolean).join(' ') }, line || ' '));
    }
    body.append(piece);
    while (body.childElementCount > MOST_LINES) {
      body.firstElementChild.remove();
      state.dropped += 1;
    }
    search.again();
    if (state.locked) toEnd();
    tell('following');
  }

  function tell(how) {
    const key = { following: 'log.following', waiting: 'log.waiting', ended: 'log.ended' }[how];
    told.textContent = t(key, { n: state.count });
    told.dataset.state = how;
    if (state.dropped > 0) told.textContent += ` ${t('log.dropped', { n: state.dropped })}`;
  }

  job.stream(`runs/${encodeURIComponent(runId)}/log`, {
    query: { follow: 'true' },
    signal: stopping.signal,
    onState: (how) => tell(how === 'open' ? 'following' : 'waiting'),
    onEvent: ({ event, data }) => {
      if (event === 'log') take(data);
      if (event !== 'log.end') return true;
      setPaused(false);
      tell('ended');
      onend?.(JSON.parse(data).status);
      return false;
    },
  }).catch((error) => { told.textContent = error.message; });

  const node = h('div', { class: 'log' },
    h('div', { class: 'log-tools' }, search.node, h('div', { class: 'row' }, pause, bottom, more)),
    body,
    h('div', { class: 'log-foot' }, told, marks));
  node.stop = () => stopping.abort();
  return node;
}

/** A field that finds text in the lines, with the number of places and a way from one to the next. */
function searchBox(body, state) {
  const id = uid('find');
  const input = h('input', { type: 'search', id, placeholder: t('log.find'), autocomplete: 'off', spellcheck: 'false',
    oninput: () => look(true), onkeydown: (e) => { if (e.key === 'Enter') { e.preventDefault(); step(e.shiftKey ? -1 : 1); } } });
  const count = h('span', { class: 'muted', role: 'status' });
  const arrow = (way, label, name) => h('button', { type: 'button', class: 'icon-button', 'aria-label': label, onclick: () => step(way) }, icon(name));

  function look(first) {
    const wanted = input.value.toLowerCase();
    for (const line of state.found) line.classList.remove('log-found', 'log-current');
    state.found = wanted === '' ? [] : [...body.children].filter((line) => line.textContent.toLowerCase().includes(wanted));
    for (const line of state.found) line.classList.add('log-found');
    count.textContent = wanted === '' ? '' : t('log.found', { n: state.found.length });
    if (first) { state.at = -1; if (state.found.length > 0) step(1, false); }
  }

  function step(way, say = true) {
    if (state.found.length === 0) return;
    state.found[state.at]?.classList.remove('log-current');
    state.at = (state.at + way + state.found.length) % state.found.length;
    const line = state.found[state.at];
    state.locked = false;
    line.classList.add('log-current');
    line.scrollIntoView({ block: 'center', inline: 'nearest' });
    count.textContent = t('log.found_at', { at: state.at + 1, n: state.found.length });
    if (say) announce(`${count.textContent}: ${line.textContent}`);
  }

  return {
    node: h('div', { class: 'log-search' }, h('label', { for: id, class: 'sr' }, t('log.find')), input, count, arrow(-1, t('log.previous'), 'up'), arrow(1, t('log.next'), 'down')),
    again: () => { if (input.value !== '') look(false); },
  };
}
