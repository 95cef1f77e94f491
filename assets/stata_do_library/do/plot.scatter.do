* plot.scatter 1.0.1: scatter plot of two variables with a fitted line, by group when given.
* Reads p_y p_x p_group p_fit p_title.
ss_event step name=sample status=begin
local texts = 0
foreach variable in `p_y' `p_x' {
    local type : type `variable'
    local texts = `texts' + (substr("`type'", 1, 3) == "str")
}
ss_check non_numeric, fail(`texts' > 0) value(`texts')
ss_sample `p_y' `p_x', strok(`p_group')
local groups = 1
if "`p_group'" != "" {
    ss_groups `p_group', generate(ss_group)
    local groups = r(groups)
    ss_check too_many_levels, fail(`groups' > 6) value(`groups')
}
else {
    quietly generate byte ss_group = 1 if ss_use
    label define ss_group 1 "all"
    label values ss_group ss_group
}
ss_event step name=sample status=ok

ss_event step name=summarise status=begin
tempname table mean_x mean_y sd_x sd_y r
tempfile rows
postfile `table' str2045 group double n double mean_x double sd_x double mean_y double sd_y double correlation double slope double intercept using "`rows'"
forvalues g = 1/`groups' {
    local name : label ss_group `g'
    quietly summarize `p_x' if ss_group == `g'
    scalar `mean_x' = r(mean)
    scalar `sd_x' = r(sd)
    quietly summarize `p_y' if ss_group == `g'
    scalar `mean_y' = r(mean)
    scalar `sd_y' = r(sd)
    local n = r(N)
    * a line needs two different values of x
    ss_check zero_spread, fail("`p_fit'" != "none" & (`sd_x' == 0 | missing(`sd_x'))) value(`sd_x') row(`g')
    scalar `r' = .
    if `n' > 2 & `sd_x' > 0 & `sd_y' > 0 {
        quietly correlate `p_x' `p_y' if ss_group == `g'
        scalar `r' = r(rho)
    }
    post `table' (`"`macval(name)'"') (`n') (`mean_x') (`sd_x') (`mean_y') (`sd_y') (`r') (`r' * `sd_y' / `sd_x') (`mean_y' - `r' * `sd_y' / `sd_x' * `mean_x')
}
postclose `table'
ss_event step name=summarise status=ok

ss_event step name=export status=begin
ss_export using "table_points_summary.csv", rows("`rows'")
ss_scatter_plot using "fig_scatter.svg", y(`p_y') x(`p_x') group(ss_group) fit(`p_fit') title(`"`p_title'"')
ss_event step name=export status=ok
