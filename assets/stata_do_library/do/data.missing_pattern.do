* data.missing_pattern 1.0.0: how much is missing in each variable, and which ones are missing together.
* Reads p_vars (all variables when empty).
ss_event step name=sample status=begin
ss_sample
local vars "`p_vars'"
if "`vars'" == "" {
    foreach variable of varlist _all {
        if substr("`variable'", 1, 3) != "ss_" {
            local vars "`vars' `variable'"
        }
    }
}
confirm variable `vars'
quietly count if ss_use
local total = r(N)
ss_event step name=sample status=ok

ss_event step name=describe status=begin
misstable summarize `vars' if ss_use
tempname table patterns
tempfile rows pattern_rows
postfile `table' str32 variable str2045 label str8 kind double n double missing double missing_share double extended_missing double only_missing using "`rows'"
quietly generate int ss_gaps = 0
foreach variable of local vars {
    quietly replace ss_gaps = ss_gaps + missing(`variable')
}
local empty = 0
local with_gaps ""
foreach variable of local vars {
    local type : type `variable'
    local label : variable label `variable'
    local text = substr("`type'", 1, 3) == "str"
    quietly count if ss_use & missing(`variable')
    local missing = r(N)
    local extended = 0
    if !`text' {
        quietly count if ss_use & `variable' > .
        local extended = r(N)
    }
    quietly count if ss_use & missing(`variable') & ss_gaps == 1
    post `table' ("`variable'") (`"`macval(label)'"') (cond(`text', "text", "number")) (`total' - `missing') (`missing') (`missing' / `total') (`extended') (r(N))
    local empty = `empty' + (`missing' == `total')
    if `missing' > 0 {
        local with_gaps "`with_gaps' `variable'"
    }
}
postclose `table'
ss_check all_missing, warn(`empty' > 0) value(`empty')
local count : word count `with_gaps'
ss_metric n_variables_missing = `count'
quietly count if ss_use & ss_gaps == 0
ss_metric n_complete = r(N)
ss_metric share_complete = r(N) / `total'
ss_event step name=describe status=ok

ss_event step name=patterns status=begin
if `count' > 0 {
    misstable patterns `with_gaps' if ss_use, frequency
}
quietly generate strL ss_pattern = ""
foreach variable of local with_gaps {
    quietly replace ss_pattern = ss_pattern + cond(missing(`variable'), " `variable'", "") if ss_use
}
quietly egen long ss_kind = group(ss_pattern) if ss_use, missing
quietly summarize ss_kind, meanonly
local kinds = r(max)
quietly bysort ss_kind: generate long ss_size = _N if ss_use
quietly egen byte ss_first = tag(ss_kind) if ss_use
quietly generate byte ss_some = ss_gaps > 0
quietly count if ss_first == 1
local kinds = r(N)
gsort -ss_first ss_some -ss_size ss_kind
local shown = min(`kinds', 200)
postfile `patterns' double pattern double rows double share double n_missing str2045 missing_variables using "`pattern_rows'"
local covered = 0
forvalues i = 1/`shown' {
    local which = cond(ss_pattern[`i'] == "", "none", strtrim(ss_pattern[`i']))
    post `patterns' (`i') (ss_size[`i']) (ss_size[`i'] / `total') (ss_gaps[`i']) ("`which'")
    local covered = `covered' + ss_size[`i']
}
if `kinds' > `shown' {
    post `patterns' (`shown' + 1) (`total' - `covered') ((`total' - `covered') / `total') (.) ("all other patterns")
}
postclose `patterns'
ss_metric n_patterns = `kinds'
ss_event step name=patterns status=ok

ss_event step name=export status=begin
ss_export using "table_missing.csv", rows("`rows'")
ss_export using "table_patterns.csv", rows("`pattern_rows'")
ss_source
local engine "`r(engine)'"
preserve
quietly use "`rows'", clear
quietly generate double percent = 100 * missing_share
quietly generate str2045 words = cond(label == "", variable, label)
gsort -missing
quietly save "`rows'", replace
restore
ss_bar_plot using "fig_missing.svg", rows("`rows'") height(percent) names(words) title("Missing values by variable") ///
    xtitle("Missing (% of rows)") ytitle("") note("N = `total' rows of the sample; `engine'")
ss_event step name=export status=ok
