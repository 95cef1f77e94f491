export default {
"en": {
"findings.lead": "Rules wrote these sentences from the numbers of the tables; no language model took part.",
"findings.limits": "Keep in mind",
"findings.none": "There are no sentences for this analysis: the tables and figures below carry its results.",
"findings.rows": "{used} of {all} rows were used.",
"findings.table": "Table",
"findings.table.of": "Show the table {file}",
"findings.title": "Main results"
},
"zh": {
"findings.lead": "这些句子由规则根据表格中的数字写成，没有语言模型参与。",
"findings.limits": "请注意",
"findings.none": "此分析没有对应的句子，结果见下方的表格与图形。",
"findings.rows": "{all} 行中使用了 {used} 行。",
"findings.table": "表格",
"findings.table.of": "显示表格 {file}",
"findings.title": "主要结果"
}
};
