* plot.bar_means 1.0.0: bars of means, sums, counts or shares by one or two groups.
* Reads p_variable p_group p_over2 p_stat p_interval p_title p_level.
ss_event step name=sample status=begin
if "`p_variable'" != "" {
    confirm numeric variable `p_variable'
}
local stat "`p_stat'"
if "`p_variable'" == "" & inlist("`stat'", "mean", "sum") {
    local stat "count"
}
ss_sample `p_variable', strok(`p_group' `p_over2')
ss_groups `p_group', generate(ss_group)
local bars = r(groups)
ss_check too_many_levels, fail(`bars' > 30) value(`bars') row(1)
local series = 1
if "`p_over2'" != "" {
    ss_groups `p_over2', generate(ss_over)
    local series = r(groups)
    ss_check too_many_levels, fail(`series' > 6) value(`series') row(2)
}
else {
    quietly generate byte ss_over = 1 if ss_use
    label define ss_over 1 "all"
    label values ss_over ss_over
}
ss_event step name=sample status=ok

ss_event step name=count status=begin
tempname table half value
tempfile rows
postfile `table' double position double series str2045 group str2045 over2 double n double value double ci_low double ci_high using "`rows'"
forvalues s = 1/`series' {
    local second : label ss_over `s'
    if "`p_over2'" == "" {
        local second ""
    }
    quietly count if ss_over == `s'
    local whole = r(N)
    forvalues g = 1/`bars' {
        local first : label ss_group `g'
        quietly count if ss_group == `g' & ss_over == `s'
        local n = r(N)
        scalar `value' = cond("`stat'" == "share", 100 * `n' / `whole', `n')
        scalar `half' = .
        if inlist("`stat'", "mean", "sum") {
            quietly summarize `p_variable' if ss_group == `g' & ss_over == `s'
            scalar `value' = cond("`stat'" == "mean", r(mean), r(sum))
            if "`stat'" == "mean" & `n' > 1 {
                scalar `half' = invttail(`n' - 1, (1 - `p_level' / 100) / 2) * r(sd) / sqrt(`n')
            }
        }
        post `table' (`g') (`s') (`"`macval(first)'"') (`"`macval(second)'"') (`n') (`value') (`value' - `half') (`value' + `half')
    }
}
postclose `table'
ss_metric n_bars = `bars' * `series'
ss_event step name=count status=ok

ss_event step name=export status=begin
local shown ""
if "`p_variable'" != "" {
    local shown "variable(`p_variable')"
}
ss_bars_plot using "fig_bars.svg", rows("`rows'") stat(`stat') group(ss_group) over(ss_over) `shown' interval(`p_interval') level(`p_level') title(`"`p_title'"')
ss_cells_table using "table_bars.csv", rows("`rows'")
ss_event step name=export status=ok
