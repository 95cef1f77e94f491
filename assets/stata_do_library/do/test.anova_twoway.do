* test.anova_twoway 1.0.1: two-way analysis of variance with the means of all cells.
* Reads p_outcome p_factor_a p_factor_b p_interaction p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome', strok(`p_factor_a' `p_factor_b')
quietly summarize `p_outcome' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
ss_groups `p_factor_a', generate(ss_first) levels(many)
local height = r(groups)
ss_groups `p_factor_b', generate(ss_second) levels(many)
local width = r(groups)
quietly egen long ss_cell = group(ss_first ss_second) if ss_use
quietly summarize ss_cell, meanonly
local filled = r(max)
ss_check empty_cell, fail(`p_interaction' == 1 & `filled' < `height' * `width') value(`height' * `width' - `filled')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname anova means cells error total
tempfile anova_rows mean_rows
local between = cond(`p_interaction' == 1, "##", " ")
anova `p_outcome' ss_first`between'ss_second if ss_use
ss_check few_df, warn(e(df_r) < 10) fail(e(df_r) < 1) value(e(df_r))
scalar `error' = e(rss) / e(df_r)
local freedom = e(df_r)
postfile `anova' str32 source str2045 term double sum_squares double df double mean_square double statistic double p_value double partial_eta2 str244 note using "`anova_rows'"
post `anova' ("model") ("") (e(mss)) (e(df_m)) (e(mss) / e(df_m)) (e(F)) (Ftail(e(df_m), `freedom', e(F))) (e(mss) / (e(mss) + e(rss))) ("")
local names `""factor_a" "factor_b" "interaction""'
local texts `""`p_factor_a'" "`p_factor_b'" "`p_factor_a'#`p_factor_b'""'
forvalues k = 1/`=2 + `p_interaction'' {
    local name : word `k' of `names'
    local text : word `k' of `texts'
    post `anova' ("`name'") ("`text'") (e(ss_`k')) (e(df_`k')) (e(ss_`k') / e(df_`k')) (e(F_`k')) (Ftail(e(df_`k'), `freedom', e(F_`k'))) (e(ss_`k') / (e(ss_`k') + e(rss))) ("partial (type III)")
    ss_metric p_`name' = Ftail(e(df_`k'), `freedom', e(F_`k'))
}
post `anova' ("residual") ("") (e(rss)) (`freedom') (`error') (.) (.) (.) ("")
post `anova' ("total") ("") (e(mss) + e(rss)) (e(df_m) + `freedom') (.) (.) (.) (.) ("")
ss_metric r2 = e(r2)
ss_metric df_r = e(df_r)
local used = e(N)
margins ss_first#ss_second, level(`p_level')
matrix `cells' = r(table)
* equal variances over the cells, Bartlett's test
capture quietly oneway `p_outcome' ss_cell if ss_use
if _rc == 0 & r(df_bart) < . {
    post `anova' ("bartlett") ("") (.) (r(df_bart)) (.) (r(chi2bart)) (chi2tail(r(df_bart), r(chi2bart))) (.) ("chi2 test of equal variances over the cells")
    ss_check unequal_var, warn(chi2tail(r(df_bart), r(chi2bart)) < 0.05) value(chi2tail(r(df_bart), r(chi2bart)))
}
else {
    ss_check unequal_var, value(.)
}
postclose `anova'
postfile `means' double position double series str2045 level_a str2045 level_b double n double observed_mean double margin double std_error double ci_low double ci_high using "`mean_rows'"
local column = 0
forvalues i = 1/`height' {
    local first : label ss_first `i'
    forvalues j = 1/`width' {
        local second : label ss_second `j'
        local column = `column' + 1
        quietly summarize `p_outcome' if ss_use & ss_first == `i' & ss_second == `j', meanonly
        post `means' (`i') (`j') (`"`macval(first)'"') (`"`macval(second)'"') (r(N)) (r(mean)) (el(`cells', 1, `column')) (el(`cells', 2, `column')) (el(`cells', 5, `column')) (el(`cells', 6, `column'))
    }
}
postclose `means'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_anova.csv", rows("`anova_rows'")
ss_cells_plot using "fig_margins.svg", rows("`mean_rows'") outcome(`p_outcome') first(ss_first) second(ss_second) n(`used') level(`p_level')
ss_cells_table using "table_margins.csv", rows("`mean_rows'")
ss_event step name=export status=ok
