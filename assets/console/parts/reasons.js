// What the service says of a value, in the language in force. The service writes its reasons in English; the common ones
// are told in words of this page, every other one as it came.

import { addWords, has, lang, t } from '../i18n.js';
import words from '../i18n/reasons.js';

addWords(words);

/** Pattern of the service's words → key of the page's, with the groups as `{a}`, `{b}`, `{c}`. */
const KNOWN = [
  [/^there is no column `(.+)`$/, 'no_column'],
  [/^found the end$/, 'found_end'],
  [/^found (.+)$/, 'found'],
  [/^(.+) does not continue the expression$/, 'not_on'],
  [/^`(.+)` is not a function here$/, 'no_function'],
  [/^`(.+)` does not hold (dates|numbers|text)$/, 'not_holding'],
  [/^`(.+)` takes (\d+) to (\d+) arguments, not \d+$/, 'arguments'],
  [/^(?:`.+`, )?an? (\w+),? is compared with an? (\w+)(?:: .+)?$/, 'compared'],
  [/^(.+) has no value (.+), so that .+: (?:did you mean|its values are) (.+?)\??$/, 'absent'],
  [/^(\w+) = .+ has no value in any row: (.+)$/, 'never'],
  [/^(\w+) = .+ is (\S+) in every row that has a value$/, 'always'],
  [/^correct the expression, or use another variable$/, 'correct'],
  [/^two constants are compared$/, 'constants'],
  [/^two comparisons in a row are joined by &.*$/, 'chain'],
  [/^`(.+)` is written (!|&|\||\^|==|!=|>=|<=)(?: here| before a condition in parentheses)?$/, 'written'],
  [/^a list of values is written (.+)$/, 'written_list'],
  [/^the natural logarithm is written (\S+), the decimal one (\S+)$/, 'logarithm'],
  [/^a (?:logarithm to the base 2|power) is written (.+)$/, 'written_this'],
  [/^the (?:mean|sum) of a group is written (.+)$/, 'written_this'],
  [/^a variable of 0 and 1 is the comparison alone.*$/, 'choice'],
  [/^a range is written (.+)$/, 'written_range'],
  [/^a value that is absent is found by (missing\(column\)).*$/, 'written_missing'],
  [/^a part of a text is found by (.+)$/, 'written_part'],
  [/^a percent sign has no meaning in an expression.*$/, 'percent'],
  [/^a number has no sign for thousands, and a point for decimals.*$/, 'number_form'],
  [/^a text stands between double quotes, "a"$/, 'text_quotes'],
  [/^a column is written by its name alone, without quotes around it$/, 'bare_name'],
  [/^the condition begins without `if`$/, 'no_if'],
  [/^a condition ends without a semicolon$/, 'no_semicolon'],
  [/^'(.)' is a full-width sign: write (.+) on the Latin keyboard$/, 'full_width'],
  [/^(\S+) would be a difference of numbers; a date is written (.+)$/, 'date_form'],
  [/^a condition is no value$/, 'condition_value'],
  [/^a value is no condition$/, 'value_condition'],
  [/^the text has no closing quote$/, 'quote'],
  [/^an empty text is missing$/, 'empty_text'],
  [/^there is a column `(.+)` already$/, 'name_taken'],
  [/^"?(.+?)"? cannot name a variable$/, 'bad_name'],
  [/^`(.+)` is ([\w ()]+), needed is (.+)$/, 'kind'],
  [/^a date is no amount: derive the time between two dates \(derived_variables\), such as (.+)$/, 'no_amount'],
  [/^it has two values: derive a variable of 0 and 1 .* such as (.+), and use that$/, 'two_values'],
  [/^`(.+)` has (\d+) distinct values?, at least (\d+) are needed$/, 'few_values'],
  [/^`(.+)` has (\d+) distinct values?, at most (\d+) are taken$/, 'many_values'],
  [/^`(.+)` has no value at all$/, 'no_value'],
  [/^([\d.]+) % of `(.+)` are missing, at most ([\d.]+) % are taken$/, 'missing_share'],
  [/^`(.+)` is listed twice$/, 'twice'],
  [/^`(.+)` is in (\w+) and in (\w+)$/, 'both'],
  [/^at least (\d+) columns are needed, (\d+) given$/, 'few_columns'],
  [/^at most (\d+) columns are taken, (\d+) given$/, 'many_columns'],
  [/^(.+) is outside the limits: ((?:at least|at most) .+): (.+), if per cent are meant$/, 'percent_meant'],
  [/^(.+) is outside the limits: (at least|at most) (.+)$/, 'outside'],
  [/^a (?:whole|finite) number is needed: (.+) without quotes$/, 'unquoted'],
  [/^the name of a new variable stands in `name`.*$/, 'assigned'],
  [/^a whole number is needed$/, 'whole'],
  [/^a finite number is needed$/, 'number'],
  [/^no column can be (.+) \((\w+)\)$/, 'nobody'],
  [/^the data have (\d+) rows, at least (\d+) are needed$/, 'few_rows'],
  [/^at most (\d+) of (\d+) rows can be used, at least (\d+) are needed$/, 'usable_rows'],
  [/^the template needs a further data set to (\w+)$/, 'further'],
];

const listed = (text) => text.split(' or ').map((word) => wordOf(word)).join(lang() === 'zh' ? '、' : ', ');
const wordOf = (word) => (has(`draft.word.${word}`) ? t(`draft.word.${word}`) : word);

/** One reason in words, without the path in front of it. */
export function reasonText(message) {
  const plain = (message ?? '').replace(/^(?:[a-z_]+(?:\.[a-z_0-9]+)*): /, '');
  for (const [pattern, key] of KNOWN) {
    const hit = plain.match(pattern);
    if (hit) return t(`draft.why.${key}`, { a: listed(hit[1] ?? ''), b: listed(hit[2] ?? ''), c: listed(hit[3] ?? '') });
  }
  return plain;
}

/** Several reasons that stand behind each other. */
export const reasonTexts = (message) => (message ?? '').replace(/^\S+ cannot be used here: /, '').split('; ').map(reasonText).join(lang() === 'zh' ? '；' : '; ');

/** What could stand at a place of an expression. */
export const expectedText = (expected) => (expected ?? []).slice(0, 5).map(wordOf).join(lang() === 'zh' ? '、' : ', ');
