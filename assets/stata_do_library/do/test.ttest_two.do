* test.ttest_two 1.1.0: difference of two group means, with equal and unequal variances.
* Reads p_variable p_group p_unequal p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_variable'
ss_sample `p_variable', strok(`p_group')
ss_groups `p_group', generate(ss_group) levels(two) small
quietly summarize `p_variable' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | r(N) < 3) value(r(sd))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table ratio pooled freedom
tempfile rows
postfile `table' str32 test double estimate double std_error double statistic double df1 double df2 double p_value double p_less double p_greater double ci_low double ci_high double n str244 note using "`rows'"
forvalues g = 1/2 {
    local name : label ss_group `g'
    quietly summarize `p_variable' if ss_use & ss_group == `g'
    scalar `pooled' = invttail(r(N) - 1, (1 - `p_level' / 100) / 2) * r(sd) / sqrt(r(N))
    post `table' ("mean_group`g'") (r(mean)) (r(sd) / sqrt(r(N))) (.) (.) (.) (.) (.) (.) (r(mean) - `pooled') (r(mean) + `pooled') (r(N)) (`"`macval(name)'"')
    post `table' ("sd_group`g'") (r(sd)) (.) (.) (.) (.) (.) (.) (.) (.) (.) (r(N)) (`"standard deviation of `macval(name)'"')
}
foreach option in "" unequal {
    ttest `p_variable' if ss_use, by(ss_group) `option' level(`p_level')
    scalar `ratio' = invttail(r(df_t), (1 - `p_level' / 100) / 2) * r(se)
    local chosen ""
    if ("`option'" == "unequal") == (`p_unequal' == 1) {
        local chosen "chosen"
        ss_metric difference = r(mu_1) - r(mu_2)
        ss_metric t = r(t)
        ss_metric df = r(df_t)
        ss_metric p = r(p)
    }
    local name = cond("`option'" == "", "t_equal_variances", "t_unequal_variances")
    post `table' ("`macval(name)'") (r(mu_1) - r(mu_2)) (r(se)) (r(t)) (r(df_t)) (.) (r(p)) (r(p_l)) (r(p_u)) (r(mu_1) - r(mu_2) - `ratio') (r(mu_1) - r(mu_2) + `ratio') (r(N_1) + r(N_2)) ("`chosen'")
}
* pooled standard deviation; Hedges' factor with gamma functions, Hedges (1981)
scalar `pooled' = sqrt(((r(N_1) - 1) * r(sd_1)^2 + (r(N_2) - 1) * r(sd_2)^2) / (r(N_1) + r(N_2) - 2))
scalar `ratio' = (r(mu_1) - r(mu_2)) / `pooled'
scalar `freedom' = r(N_1) + r(N_2) - 2
post `table' ("cohen_d") (`ratio') (.) (.) (.) (.) (.) (.) (.) (.) (.) (`freedom' + 2) ("pooled standard deviation")
post `table' ("hedges_g") (`ratio' * exp(lngamma(`freedom' / 2) - lngamma((`freedom' - 1) / 2)) / sqrt(`freedom' / 2)) (.) (.) (.) (.) (.) (.) (.) (.) (.) (`freedom' + 2) ("bias-corrected")
ss_metric cohen_d = `ratio'
sdtest `p_variable' if ss_use, by(ss_group) level(`p_level')
post `table' ("variance_ratio") (r(F)) (.) (r(F)) (r(df_1)) (r(df_2)) (r(p)) (r(p_l)) (r(p_u)) (.) (.) (`freedom' + 2) ("F test of equal variances")
postclose `table'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_ttest.csv", rows("`rows'")
ss_label `p_variable'
ss_group_plot using "fig_group_means.svg", variables(`p_variable') group(ss_group) level(`p_level') title(`"Group means: `=r(text)'"')
ss_event step name=export status=ok
