// What a merge found, in words of the page; the service writes it as one English sentence.

import words from '../i18n/remarks.js';
import { addWords, num, t } from '../i18n.js';

addWords(words);

const SENTENCE = /^(\S+) by (.+): (\d+) matched, (\d+) only in the data before, (\d+) only in (.+); kept: (matched|master|all)$/;

/** `{type, keys, matched, before, there, dataset, kept}` of the sentence; null for any other. */
export function mergeFacts(text) {
  const found = SENTENCE.exec(text ?? '');
  if (!found) return null;
  const [, type, keys, matched, before, there, dataset, kept] = found;
  return { type, keys, matched, before, there, dataset, kept };
}

/** The sentence with the file's name for the data set (`nameOf(key)`); other texts as they came. */
export function mergeText(text, nameOf) {
  const found = mergeFacts(text);
  if (!found) return text;
  const [matched, before, there] = [found.matched, found.before, found.there].map((n) => num(Number(n)));
  return t('data.step.merged', { matched, before, there, name: nameOf(found.dataset) });
}
