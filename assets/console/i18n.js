// Words of the console in English and Chinese, and how numbers and times are written. Words of a view stand in
// i18n/<view>.js; nothing here knows a view.

const words = { en: {}, zh: {} };
const KEY = 'ss.console.lang';

function initial() {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept === 'en' || kept === 'zh') return kept;
  } catch { /* storage may be refused */ }
  return (navigator.languages?.[0] ?? navigator.language ?? 'en').toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

let current = initial();

/** The language in force: `en` or `zh`. */
export const lang = () => current;

/** Adds the words of a file `{en: {key: text}, zh: {key: text}}`. */
export function addWords(file) {
  Object.assign(words.en, file.en);
  Object.assign(words.zh, file.zh);
}

/** Sets and keeps the language; the page says it in its `lang`. */
export function setLang(next) {
  current = next;
  try { localStorage.setItem(KEY, next); } catch { /* for this page only */ }
  document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en';
}

/** True if there is such a word in this language. */
export const has = (key) => key in words[current];

/** The text of a key, with `{name}` filled in. In English `{n|one|many}` chooses by the number `n`. */
export function t(key, vars = {}) {
  const text = words[current][key] ?? words.en[key] ?? key;
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (_, name, one, many) => {
    if (one !== undefined) return Number(vars[name]) === 1 ? one : many;
    const value = vars[name];
    return typeof value === 'number' ? num(value) : String(value ?? '');
  });
}

/** The text of `{en, zh}` as the service sends it, or of a plain text. */
export function tr(text) {
  if (text === null || text === undefined) return '';
  return typeof text === 'string' ? text : (text[current] || text.en || '');
}

const locale = () => (current === 'zh' ? 'zh-CN' : 'en');

/** A number with separators of thousands and at most `digits` decimals. */
export const num = (value, digits = 6) => new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);

/** A share as a percentage. */
export function percent(share, digits = 1) {
  if (share > 0 && share < 0.001) return current === 'zh' ? '<0.1%' : '<0.1 %'.replace(' ', '');
  return new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: digits }).format(share);
}

/** Bytes with a unit. */
export function bytes(n) {
  let value = n;
  for (const unit of ['B', 'KB', 'MB', 'GB']) {
    if (value < 1000 || unit === 'GB') return `${num(value, value < 10 && unit !== 'B' ? 1 : 0)} ${unit}`;
    value /= 1000;
  }
  return '';
}

/** A date with its time. */
export const when = (iso) => (iso ? new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso)) : '');

/** Seconds in words: `8 s`, `2 min 5 s`. */
export function duration(seconds) {
  const s = Math.round(seconds);
  const [m, min, sec] = [Math.floor(s / 60), current === 'zh' ? '分' : 'min', current === 'zh' ? '秒' : 's'];
  if (seconds < 10 && m === 0) return `${num(seconds, 1)} ${sec}`;
  const rest = s % 60 === 0 ? '' : ` ${s % 60} ${sec}`;
  return m === 0 ? `${s} ${sec}` : `${num(m)} ${min}${rest}`;
}
