// The layout of result tables, without a page: CSV, numbers as C's printf writes them, models side by side.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

const source = await readFile(new URL('../../../assets/console/tables.js', import.meta.url));
const { fixed, parseCsv, plain, pValue, regression, stars } = await import(`data:text/javascript;base64,${source.toString('base64')}`);

const style = {
  decimals: 2, stars: true, name: (text) => text, term: (text) => text, model: (text) => `M${text}`, cell: (_, text) => text,
  base: '(base)', omitted: '(omitted)', interval: 'CI', log: 'estimate (log)', ofRatio: (ratio) => `${ratio} CI`,
};
const texts = (rows) => rows.map((row) => row.cells.map((c) => (c.below ? `${c.text} ${c.below}` : c.text)).join('|'));

test('tables: csv is read as rfc 4180 says', () => {
  const { columns, rows } = parseCsv('\uFEFFa,b,c\r\n1,"x, ""y""\nz",\r\n2,,3');
  assert.deepEqual(columns, ['a', 'b', 'c']);
  assert.deepEqual(rows, [['1', 'x, "y"\nz', ''], ['2', '', '3']]);
});

test('tables: numbers are written as printf writes them', () => {
  // as printf("%.3f", double) writes them; small ones with two digits more, the smallest and large ones as "%.3e"
  const known = [[1.0005, 3, '1.000'], [-2.5, 0, '-2'], [0.125, 2, '0.12'], [1234567.891, 2, '1234567.89'], [0, 3, '0.000'], [-0, 3, '0.000'],
    [0.00001913, 3, '0.000019'], [-0.00001913, 2, '-0.000019'], [0.0003375, 3, '0.00034'], [0.0000997, 3, '0.000100'], [0.0004, 0, '0.00040'], [1.5e-7, 3, '0.00000015'],
    [1.25e-8, 3, '1.250e-08'], [2.5e12, 3, '2.500e+12'], [0.375, 2, '0.38'], [3.5, 0, '4']];
  for (const [x, decimals, text] of known) assert.equal(fixed(x, decimals), text, `${x} ${decimals}`);
  assert.deepEqual([0.0004, 0.03456, 0.001, 0].map((p) => pValue(p, 3)), ['<0.001', '0.035', '0.001', '<0.001']);
  assert.deepEqual([0.009, 0.01, 0.05, 0.1, null].map(stars), ['***', '**', '*', '', '']);
});

test('tables: one model has its interval, its ratio and its fit below', () => {
  const table = parseCsv('equation,term,estimate,std_error,statistic,p_value,ci_low,ci_high,odds_ratio,odds_ratio_low,odds_ratio_high,note\n'
    + 'y,x,0.5,0.1,5,0.0000006,0.3,0.7,1.6487,1.3499,2.0138,\ny,1.g,0,.,.,.,.,.,1,.,.,base\ny,z,.,.,.,.,.,.,.,.,.,omitted\ny,_cons,-1.234,0.7,-1.8,0.078,-2.6,0.14,.,.,.,\n');
  const fit = parseCsv('metric,value,note\nN,120,\nr2_p,0.25,\nlevel,95,\nstd_errors,,robust\n');
  const { head, rows } = regression(table, { fit }, style);
  assert.deepEqual(head, ['', 'estimate (log)', 'odds_ratio', 'odds_ratio CI', 'p_value']);
  assert.deepEqual(texts(rows), ['x|0.50*** (0.10)|1.65|[1.35, 2.01]|<0.001', '1.g|0.00 (base)|1.00||', 'z|(omitted)|||', '_cons|-1.23* (0.70)|||0.078', 'N|120|||', 'r2_p|0.25|||']);
});

test('tables: several models stand side by side with the constant last', () => {
  const table = parseCsv('model,equation,term,estimate,std_error,statistic,p_value,ci_low,ci_high,note\n'
    + '1,y,x,1,0.5,2,0.04,0,2,\n1,y,_cons,3,1,3,0.003,1,5,\n2,y,x,2,0.5,4,0.0001,1,3,\n2,y,_cons,4,1,4,0.0001,2,6,\n2,y,z,5,9,0.5,0.6,-10,20,\n');
  const comparison = parseCsv('model,n,r2,note\n1,50,0.1,\n2,50,0.3,\n');
  const { head, rows } = regression(table, { comparison }, style);
  assert.deepEqual(head, ['', 'M1', 'M2']);
  assert.deepEqual(texts(rows), ['x|1.00** (0.50)|2.00*** (0.50)', 'z||5.00 (9.00)', '_cons|3.00*** (1.00)|4.00*** (1.00)', 'n|50|50', 'r2|0.10|0.30']);
});

test('tables: any other table shows the columns that have values', () => {
  const { head, rows, total } = plain(parseCsv('variable,n,mean,note\na,10,1.5,\nb,12,.,\n'), style, 1);
  assert.deepEqual(head.map((c) => [c.text, c.numeric]), [['variable', false], ['n', true], ['mean', true]]);
  assert.deepEqual([texts(rows), total], [['a|10|1.50'], 2]);
  assert.equal(regression(parseCsv('variable,n\na,1\n'), {}, style), null);
});

test('tables: a p-value among other measures is printed as one', () => {
  const table = parseCsv('metric,value,note\nN,90,\np_welch,0.000428,\nr2_p,0.000428,\n');
  const { rows } = plain(table, { ...style, decimals: 3 });
  assert.deepEqual(rows.map((row) => row.cells[1].text), ['90', '<0.001', '0.00043'], 'and a share is none');
});
