*! ss_panel 1.0.0: numbers units and periods of a panel and checks its key and its variation
* Usage: ss_panel unit time, [within(varlist)]
* Makes ss_panel and ss_period (both 1, 2, ...), prints the checks panel_unset and dup_key, and with
* within() no_within for each variable. Returns r(period): the variable to enter as i.period, the time
* itself unless it can be negative.
program define ss_panel, rclass
    syntax varlist(min=2 max=2) [, WIthin(varlist)]
    local unit : word 1 of `varlist'
    local time : word 2 of `varlist'
    capture confirm numeric variable `time'
    local text = _rc != 0
    local broken = 0
    if !`text' {
        quietly count if ss_use & `time' != floor(`time')
        local broken = r(N)
    }
    ss_check panel_unset, fail(`text' | `broken' > 0) value(`broken')
    quietly egen long ss_panel = group(`unit') if ss_use
    quietly summarize `time' if ss_use, meanonly
    * factor variables need levels from zero upwards
    local period "`time'"
    if r(min) < 0 {
        local period "ss_period"
    }
    quietly egen long ss_period = group(`time') if ss_use
    quietly duplicates report ss_panel ss_period if ss_use
    ss_check dup_key, fail(r(unique_value) < r(N)) value(r(N) - r(unique_value))
    local row = 0
    foreach variable of local within {
        local row = `row' + 1
        tempvar least most
        quietly egen double `least' = min(`variable') if ss_use, by(ss_panel)
        quietly egen double `most' = max(`variable') if ss_use, by(ss_panel)
        quietly count if ss_use & `least' < `most'
        ss_check no_within, fail(r(N) == 0) value(r(N)) row(`row')
    }
    return local period "`period'"
end
