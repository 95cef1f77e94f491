export default {
  "en": {
    "findings.title": "Main results",
    "findings.lead": "Rules wrote these sentences from the numbers of the tables; no language model took part.",
    "findings.none": "There are no sentences for this analysis: the tables and figures below carry its results.",
    "findings.limits": "Keep in mind",
    "findings.table": "Table",
    "findings.table.of": "Show the table {file}",
    "findings.rows": "{used} of {all} rows were used."
  },
  "zh": {
    "findings.title": "主要结果",
    "findings.lead": "这些句子由规则根据表格中的数字写成，没有语言模型参与。",
    "findings.none": "此分析没有对应的句子，结果见下方的表格与图形。",
    "findings.limits": "请注意",
    "findings.table": "表格",
    "findings.table.of": "显示表格 {file}",
    "findings.rows": "{all} 行中使用了 {used} 行。"
  }
};
