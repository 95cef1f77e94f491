* desc.frequency 1.0.0: how often each category occurs, with shares and missing values.
* Reads p_vars p_max_levels.
ss_event step name=sample status=begin
ss_sample
confirm variable `p_vars'
quietly count if ss_use
local total = r(N)
local most = 0
local i = 0
foreach variable of local p_vars {
    local i = `i' + 1
    tempvar first
    quietly egen byte `first' = tag(`variable') if ss_use
    quietly count if `first' == 1
    local most = max(`most', r(N))
    drop `first'
}
ss_check too_many_levels, fail(`most' > `p_max_levels') value(`most')
ss_event step name=sample status=ok

ss_event step name=tabulate status=begin
tempname table
tempfile rows
postfile `table' str32 variable str2045 value str2045 label double n double percent double valid_percent double cumulative_percent using "`rows'"
local levels_total = 0
foreach variable of local p_vars {
    capture tabulate `variable' if ss_use
    if _rc != 0 {
        ss_event note key=no_table value=`variable' rc=`=_rc'
    }
    local type : type `variable'
    local text = substr("`type'", 1, 3) == "str"
    quietly count if ss_use & !missing(`variable')
    local valid = r(N)
    quietly egen long ss_level = group(`variable') if ss_use
    local levels = 0
    if `valid' > 0 {
        quietly summarize ss_level, meanonly
        local levels = r(max)
    }
    local levels_total = `levels_total' + `levels'
    local running = 0
    quietly generate long ss_place = _n
    forvalues k = 1/`levels' {
        quietly summarize ss_place if ss_level == `k', meanonly
        local row = r(min)
        local n = r(N)
        local running = `running' + `n'
        if `text' {
            local value = `variable'[`row']
            local label ""
        }
        else {
            local number = `variable'[`row']
            local value = strtrim(strofreal(`number', "%18.0g"))
            local label : label (`variable') `number', strict
        }
        post `table' ("`variable'") (`"`macval(value)'"') (`"`macval(label)'"') (`n') (100 * `n' / `total') (100 * `n' / `valid') (100 * `running' / `valid')
    }
    post `table' ("`variable'") ("missing") ("") (`total' - `valid') (100 * (`total' - `valid') / `total') (.) (.)
    drop ss_level ss_place
}
postclose `table'
ss_metric n_levels = `levels_total'
ss_event step name=tabulate status=ok

ss_event step name=export status=begin
ss_export using "table_frequencies.csv", rows("`rows'")
local focal : word 1 of `p_vars'
ss_label `focal'
local title = r(text)
ss_source
local engine "`r(engine)'"
preserve
quietly use "`rows'", clear
quietly keep if variable == "`focal'" & n > 0
quietly generate str2045 words = cond(label == "", value, label)
quietly save "`rows'", replace
restore
ss_bar_plot using "fig_bars.svg", rows("`rows'") height(percent) names(words) title(`"Frequency of `macval(title)'"') ///
    xtitle("Share of rows (%)") ytitle(`"`macval(title)'"') note("N = `total' rows of the sample; `engine'")
ss_event step name=export status=ok
