export default {
"en": {
"trial.title": "Try it without a code",
"trial.lead": "Choose a question. Sample data are uploaded and a draft is suggested; you check it and run it. Everything is removed after {hours} {hours|hour|hours}.",
"trial.lead.own": "Choose a question with sample data, or use your own file of up to {size}: only data that may leave your hands. Everything is removed after {hours} {hours|hour|hours}.",
"trial.begin": "Try this",
"trial.own": "Try my own file",
"trial.busy": "Opening …",
"trial.mark": "This is a trial with at most {runs} {runs|run|runs}. Data and results are removed at {at}: download what you need.",
"problem.TRIAL_LIMIT": "A trial does not include this",
"problem.TRIAL_LIMIT.next": "Redeem a task code for an analysis without these bounds."
},
"zh": {
"trial.title": "无需任务码即可试用",
"trial.lead": "选择一个问题：系统会上传示例数据并给出分析草案，由您核对后运行。所有内容在 {hours} 小时后删除。",
"trial.lead.own": "选择一个带示例数据的问题，或使用自己的文件（不超过 {size}，仅限可以对外提供的数据）。所有内容在 {hours} 小时后删除。",
"trial.begin": "试一试",
"trial.own": "用我的文件试用",
"trial.busy": "正在打开……",
"trial.mark": "这是一次试用，最多运行 {runs} 次。数据和结果将于 {at} 删除，请及时下载所需内容。",
"problem.TRIAL_LIMIT": "试用不包含此功能",
"problem.TRIAL_LIMIT.next": "请使用任务码，进行没有这些限制的分析。"
}
};
