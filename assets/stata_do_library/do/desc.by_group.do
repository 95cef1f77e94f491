* desc.by_group 1.0.0: statistics of numeric variables for each group and for all rows.
* Reads p_vars p_group p_stats.
ss_event step name=sample status=begin
confirm numeric variable `p_vars'
ss_sample, strok(`p_group')
ss_groups `p_group', generate(ss_group) levels(many) small
local groups = r(groups)
ss_metric n_groups = `groups'
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tabstat `p_vars' if ss_use, by(ss_group) statistics(count mean sd min p50 max) columns(statistics)
tempname table
tempfile rows
postfile `table' str32 variable str2045 group double n double missing double mean double sd double min double p25 double p50 double p75 double max double p1 double p99 double skewness double kurtosis using "`rows'"
foreach variable of local p_vars {
    ss_post_stats `table' "`variable'" "all" `variable' "ss_use" `p_stats'
    forvalues g = 1/`groups' {
        local name : label ss_group `g'
        ss_post_stats `table' "`variable'" `"`macval(name)'"' `variable' "ss_use & ss_group == `g'" `p_stats'
    }
}
postclose `table'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_by_group.csv", rows("`rows'")
ss_label `p_group'
ss_group_plot using "fig_group_means.svg", variables(`p_vars') group(ss_group) title(`"Means by `=r(text)'"')
ss_event step name=export status=ok
