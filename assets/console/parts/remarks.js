// Remarks on the data in the language in force, and the repairs that the service offers for them: each is one press, and can be
// taken back.

import { addWords, has, lang, t } from '../i18n.js';
import { badge, button, disclosure, h, note } from '../ui.js';
import words from '../i18n/remarks.js';

addWords(words);

/** Pattern of the service's sentence → key of the page's, with the groups as `{a}` to `{e}`. */
const KNOWN = [
  [/^(.+) in (.+) \((\d+) cells?, first in row (\d+)\) (?:is|are) the only negative numbers? \(all others: (.+)\): .*$/, 'negative'],
  [/^(.+) holds codes whose labels say that there is no answer: (.+); \d+ values are read as numbers$/, 'no_answer'],
  [/^the rows may be the cells of a table: there is about one for each combination of (.+), and (.+) may say how many .*$/, 'counted'],
  [/^the table may lie on its side: .*$/, 'on_its_side'],
  [/^an empty column stands between (.+) and (.+): the sheet may .*$/, 'side_by_side'],
  [/^(.+) holds whole numbers of more than 15 digits; .*$/, 'digits'],
  [/^(.+) holds (\d+) whole numbers in exponential form.*$/, 'exponents'],
  [/^(.+) writes two levels under several words: (.+); and (.+); each word .*$/, 'synonyms'],
  [/^(.+) holds several answers in one cell, separated by "(.+)" \((.+)\): (\d+) combinations of (\d+) answers .*$/, 'several'],
  [/^(\d+) rows? in the table (?:has|have) no value in any column \(the first is row (\d+)\).*$/, 'empty_rows'],
  [/^(.+) holds whole numbers \((.+) to (.+)\) that (?:are all|look like) .*; they are kept as numbers.*$/, 'number_dates'],
  [/^(.+) writes numbers in two ways, (".*") in row (\d+) and (".*") in row (\d+): .*$/, 'two_ways'],
  [/^(.+) writes numbers in several units, (.+); it is kept as text$/, 'units'],
  [/^(.+) holds months whose year has two digits \((.+)\), .*$/, 'months'],
  [/^(.+) holds \d+ dates? with the year first \((.+)\) and \d+ dates? with .+ \((.+)\); it is kept as text\. .*$/, 'year_first'],
  [/^(.+) holds dates \((.+)\) and numbers such as the days of a spreadsheet \((.+)\); .*$/, 'days_too'],
  [/^(.+) holds dates in the order .+; no date: (.+); it is kept as text$/, 'no_date'],
  [/^(.+) holds pairs of years \((.+)\), as school years.*$/, 'years'],
  [/^(.+) holds pairs of years \((.+)\) and (".*") in row (\d+), which is none; .*$/, 'years_but'],
  [/^row (\d+) holds .+, and in (.+) the (?:sums|means).* of the rows .*: a row of totals; .*$/, 'sums'],
  [/^(.+) has (\d+) merged cells? down the column \(the first in rows (\d+) to (\d+)\).* in (\d+) rows?$/, 'merged'],
  [/^(\d+) cells hold a formula error; .*$/, 'formula'],
  [/^row (\d+), taken as the header, .*: it may be the first observation$/, 'no_header'],
  [/^(\d+) more columns have this remark$/, 'more'],
  [/^(.+): numbers .+ were read as negative ones.*$/, 'minus'],
  [/^(.+): points were read as thousands separators .*$/, 'points'],
  [/^(.+): (?:full-width digits were|digits of another script were|invisible signs were) .*$/, 'spelt'],
  [/^(.+): every number fits two readings; .*$/, 'either'],
  [/^(.+) holds texts of up to (\d+) bytes$/, 'long'],
  [/^only the first (\d+) value labels of (.+) are kept$/, 'labels_cut'],
  [/^column "" is named (.+) here$/, 'unnamed'],
  [/^column "(.+)" is named (.+) here$/, 'renamed'],
  [/^the text was read as (.+), which is a guess$/, 'encoding'],
  [/^(.+): commas were read as decimal commas \(.*$/, 'decimal_comma'],
  [/^(.+): commas were read as thousands separators \(.*$/, 'thousands'],
  [/^(.+): percentages were read as the number in front of the sign .*$/, 'percent'],
  [/^(.+): true and false were read as 1 and 0$/, 'truth'],
  [/^(.+): dates were read (day|month) first, the only order that fits every row$/, 'order'],
  [/^(.+): (\d+) cells? such as NA, N\/A, NULL or - (?:was|were) read as .*$/, 'missing_words'],
  [/^(.+): (\d+) cells? holds? (None|NA), which is kept as a category$/, 'none_kept'],
  [/^(.+) mixes (\d+) numbers? with (\d+) other values?(?: \(first in row (\d+)\))?; it is kept as text$/, 'mixed'],
  [/^(.+) holds (?:numbers written like )("[^"]*") in row (\d+); it is kept as text$/, 'numbers_like'],
  [/^(.+) holds numbers(?: .*)?; no number: (.+); it is kept as text(?:$|;).*$/, 'numbers_but'],
  [/^(.+) holds dates in more than one order: (\d+) of \d+ cells fit (\w+), and (".*") in row (\d+) does not; .*$/, 'mixed_orders'],
  [/^row (\d+) holds (.+) above columns of numbers: a second row .*header_row (\d+)$/, 'second_header'],
  [/^row (\d+) holds the names of the columns once more \((.+)\); .*$/, 'header_again'],
  [/^row (\d+) was taken as the header[;:] .*$/, 'header_row'],
  [/^the sheet "(.+)" was read: (.+) before it holds no table$/, 'sheet_chosen'],
  [/^(.+) holds (?:ranges|times) such as (.+); they are kept as text$/, 'kept'],
  [/^(.+) holds codes; they are kept as text .*$/, 'codes'],
  [/^(.+) holds dates that can be read (?:day first or month first|in the orders .*); (?:it is|they are) kept as text$/, 'two_orders'],
  [/^(.+) holds dates in the order (\w+) .*kept as text$/, 'short_dates'],
  [/^(.+) holds (\d+) percentages? \((.+) in row (\d+)\) and \d+ numbers? without a percent sign \((.+) in row \d+\).*$/, 'two_styles'],
  [/^(\S+(?: and \S+)*) in (.+) \((\d+) cells?, first in row (\d+)\) lies? far from all other values \((.+)\): .*$/, 'code'],
  [/^(.+) has (\d+) values? that no number can hold, such as inf(?: \(first in row (\d+)\))?.*$/, 'infinite'],
  [/^row (\d+) holds "(.*)" in (.+): (?:a row of totals|a row of statistics|\d+ rows below|the last).*$/, 'total'],
  [/^row (\d+) holds "(.*)": a note below the table.*$/, 'note'],
  [/^(.+) holds a yes and a no as words \("(.*)"\); it is kept as text, and can be read as 0 and 1 .*$/, 'yes_and_no'],
  [/^(.+) has levels that differ only in capital letters.*: (.+); each spelling is a level of its own$/, 'spellings'],
  [/^(\d+) cells of (.+) have blanks around the text .*$/, 'blanks'],
  [/^(?:at least )?(\d+) rows? repeats? an earlier row \(the first is data row (\d+)\)$/, 'duplicated'],
  [/^(.+) holds no value$/, 'empty'],
  [/^(.+) has the same value in every row that has one$/, 'constant'],
  [/^(.+) is missing in ([\d.]+) % of the rows$/, 'missing_share'],
  [/^(.+) numbers the rows of the file and measures nothing.*$/, 'row_numbers'],
  [/^(.+) and (.+) are two parts of one time: where .*, derive a variable by (.+)$/, 'time_in_parts'],
  [/^(.+) holds years from (\d+) to (\d+), as the Buddhist calendar counts them$/, 'buddhist'],
  [/^(.+) holds dates of years from 1300 to 1499, .*$/, 'islamic'],
  [/^the file has one column, "(.+)": where blanks .*$/, 'one_column'],
  [/^(.+) has values that the file declares missing; here (.+)$/, 'user_missing'],
  [/^the file declares these texts of (.+) missing, here they are empty: (.+)$/, 'user_missing_text'],
  [/^the texts of (.+) have labels, which only numbers can have here: (.+)$/, 'text_labels'],
  [/^(.+) is a duration; it is a number of seconds here$/, 'duration'],
  [/^(.+) is a duration; it is a number of (.+) here$/, 'duration_in_units'],
  [/^column "(.*)" is left out: (.+)$/, 'left_out'],
  [/^(.+) has no time zone; the times here are those of UTC, R shows those of its session$/, 'no_zone'],
  [/^(.+) has the time zone (.+); the times here are those of UTC$/, 'zone'],
  [/^(.+) has values that are no dates of the years 100 to 9999; it is a number$/, 'no_dates'],
  [/^(.+) has the class (.+) in R; its numbers are taken as they are$/, 'class_of_r'],
  [/^the values of (.+) have labels in the format (.+), which the file does not contain$/, 'labels_elsewhere'],
  [/^SPSS weights the cases of this file by (.+); here every row counts once$/, 'weighted'],
];

/** The places in a list of cells. */
const placed = (text) => (lang() === 'zh' ? text.replace(/ \((\d+) cells?, first in row (\d+)\)/g, '（$1 个单元格，首个在第 $2 行）').replace(/ in row (\d+)/g, '（第 $1 行）').replace(/ and (\d+) more/, ' 等另外 $1 种').replace(/, (?=")/g, '、') : text);

/** What the service says of the data, in words of this page; unknown sentences as they came. */
export function remarkText(remark) {
  // files without lines count the rows of the data
  const message = remark.message.replace(/(row \d+) of the data/g, '$1');
  for (const [pattern, key] of KNOWN) {
    const hit = message.match(pattern);
    if (hit) return t(`data.said.${key}`, Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name, i) => [name, placed(hit[i + 1] ?? '?').replace(/^(\S+) to (\S+)$/, '$1 – $2')])));
  }
  return remark.message;
}

/** What to do, as far as it is no field of a request. */
function adviceText(remark) {
  if (!remark.suggestion || remark.suggestion.includes('`')) return '';
  return has(`data.advice.${remark.type}`) ? t(`data.advice.${remark.type}`) : lang() === 'zh' ? '' : remark.suggestion[0].toUpperCase() + remark.suggestion.slice(1);
}

const quoted = (texts) => texts.map((text) => `"${text}"`).join(lang() === 'zh' ? '、' : ', ');

/** What a step does to the data, in a few words. */
export function stepText(step) {
  if (step.kind === 'drop_rows') return t('data.step.drop_rows', { rows: step.rows.slice(0, 5).join(', ') + (step.rows.length > 5 ? ' …' : '') });
  if (step.kind !== 'convert') return t(`draft.steps.${step.kind}`);
  return [
    t(`data.step.${step.to}`, { column: step.column, one: step.one ?? '' }),
    step.remove?.length > 0 && t('data.step.without', { texts: quoted(step.remove) }),
    step.decimal && step.decimal !== '.' && t('data.step.decimal', { sign: step.decimal }),
    step.missing?.length > 0 && t('data.step.missing', { texts: quoted(step.missing.slice(0, 5)) }),
  ].filter(Boolean).join(lang() === 'zh' ? '，' : ', ');
}

/** The step that a flow of rows names `convert main` and the like, where a plan has it. */
export const isRepair = (name) => /^(convert|drop_rows) /.test(name);

const same = (a, b) => JSON.stringify(a, Object.keys(a).sort()) === JSON.stringify({ ...b, ...pick(b, a) }, Object.keys(a).sort());
// a draft shows its steps with further fields
const pick = (from, like) => Object.fromEntries(Object.keys(like).map((key) => [key, from[key] ?? like[key]]));

/** True if a draft carries out a repair. */
const isDone = (steps, step) => steps.some((s) => s.kind === step.kind && s.column === step.column && same(step, s));

/** Rows are left out before anything is read: their numbers are those of the file. */
const added = (steps, step) => (step.kind === 'drop_rows' ? [step, ...steps] : [...steps, step]);

/** The variable that a remark names as the way out, where no step repairs the data: one time of two columns. */
const derivedIn = (remark) => (remark.type === 'time_in_parts' ? remark.message.match(/derive a variable by (.+)$/)?.[1] : undefined);

/** True for remarks that need a look, or that a press can settle. */
export const matters = (remark) => remark.severity === 'warning' || remark.repairs?.length > 0 || derivedIn(remark) !== undefined;

function derivation(remark, repair) {
  const expression = derivedIn(remark);
  if (!expression || !repair?.derive) return null;
  const known = repair.derived().find((v) => v.expression === expression);
  if (known) return h('div', { class: 'row repair' }, h('code', {}, `${known.name} = ${expression}`), badge(t('data.repair.derived'), 'ok'));
  const name = 'time';
  return h('div', { class: 'row repair' }, h('code', {}, `${name} = ${expression}`),
    button(t('data.repair.derive'), { id: `derive-${remark.column}`, disabled: repair.disabled, 'aria-label': `${t('data.repair.derive')}: ${name}`, onclick: () => repair.derive({ name, expression }) }));
}

/** The buttons of a remark: `repair.steps()` are those of the draft, `repair.set(steps)` changes them, `repair.go()` leads to where they are. */
function repairs(remark, repair) {
  if (!remark.repairs?.length || !repair) return null;
  if (!repair.set) return h('div', {}, button(t('data.repair.there'), { kind: 'quiet', onclick: repair.go }));
  const steps = repair.steps();
  return remark.repairs.map((step) => {
    const done = isDone(steps, step);
    const rest = steps.filter((s) => !(s.kind === step.kind && (step.column ? s.column === step.column : same(step, s))));
    const id = `repair-${step.column ?? step.kind}-${step.to ?? step.rows.join('-')}`.slice(0, 80);
    return h('div', { class: 'row repair' }, h('span', { class: done ? '' : 'muted' }, stepText(step)), done && badge(t('data.repair.done'), 'ok'),
      button(t(done ? 'data.repair.undo' : 'data.repair.do'), { id, disabled: repair.disabled, 'aria-label': `${t(done ? 'data.repair.undo' : 'data.repair.do')}: ${stepText(step)}`, onclick: () => repair.set(done ? rest : added(rest, step)) }));
  });
}

/** Remarks on the data, those that need attention first; of several `files` (`{dataset_key, original_name}`) each names its own. */
export function remarks(list, repair, files = []) {
  const fileOf = (w) => files.length > 1 && files.find((f) => f.dataset_key === w.dataset_key)?.original_name;
  if (list.length === 0) return null;
  // what a repair settles is said once
  const said = list.filter((w) => w.type !== 'mixed_types' || !list.some((o) => o.column === w.column && o.repairs?.length > 0));
  const order = said.sort((a, b) => (b.severity === 'warning') - (a.severity === 'warning'));
  const item = (w) => h('li', {}, badge(t(w.severity === 'warning' ? 'data.look' : 'data.remark'), w.severity === 'warning' ? 'warn' : 'info'),
    h('div', {}, h('p', {}, h('strong', {}, has(`data.warning.${w.type}`) ? t(`data.warning.${w.type}`) : w.type.replace(/_/g, ' ')), w.column && [' ', h('code', {}, w.column)], fileOf(w) && h('span', { class: 'muted' }, ` · ${fileOf(w)}`)),
      h('p', { class: 'hint' }, [remarkText(w), adviceText(w)].filter(Boolean).join(lang() === 'zh' ? '。' : '. ')), repairs(w, repair), derivation(w, repair)));
  const serious = order.filter((w) => w.severity === 'warning').length;
  const error = repair?.error?.();
  return disclosure(t('data.warnings', { n: said.length }), { open: serious > 0, cls: 'warnings', id: 'remarks' }, h('ul', {}, order.map(item)), error && note('fail', error.message));
}
