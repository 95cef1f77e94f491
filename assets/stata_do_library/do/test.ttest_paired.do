* test.ttest_paired 1.1.0: did a measurement change within the same unit?
* Reads p_first p_second p_level. The difference is second minus first.
ss_event step name=sample status=begin
confirm numeric variable `p_first' `p_second'
ss_sample `p_first' `p_second', maxloss(0.2)
quietly generate double ss_change = `p_second' - `p_first' if ss_use
quietly summarize ss_change
ss_check zero_spread, fail(r(N) < 2 | r(sd) == 0) value(r(sd))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table half freedom
tempfile rows
postfile `table' str32 test double estimate double std_error double statistic double df1 double p_value double p_less double p_greater double ci_low double ci_high double n str244 note using "`rows'"
foreach part in first second {
    quietly summarize `p_`part'' if ss_use
    scalar `half' = invttail(r(N) - 1, (1 - `p_level' / 100) / 2) * r(sd) / sqrt(r(N))
    post `table' ("mean_`part'") (r(mean)) (r(sd) / sqrt(r(N))) (.) (.) (.) (.) (.) (r(mean) - `half') (r(mean) + `half') (r(N)) ("`p_`part''")
}
ttest `p_second' == `p_first' if ss_use, level(`p_level')
scalar `freedom' = r(df_t)
scalar `half' = invttail(`freedom', (1 - `p_level' / 100) / 2) * r(se)
post `table' ("t_paired") (r(mu_1) - r(mu_2)) (r(se)) (r(t)) (`freedom') (r(p)) (r(p_l)) (r(p_u)) (r(mu_1) - r(mu_2) - `half') (r(mu_1) - r(mu_2) + `half') (r(N_1)) ("second minus first; null: no change")
ss_metric change = r(mu_1) - r(mu_2)
ss_metric t = r(t)
ss_metric df = r(df_t)
ss_metric p = r(p)
quietly summarize ss_change
post `table' ("sd_change") (r(sd)) (.) (.) (.) (.) (.) (.) (.) (.) (r(N)) ("standard deviation of the change")
post `table' ("cohen_dz") (r(mean) / r(sd)) (.) (.) (.) (.) (.) (.) (.) (.) (r(N)) ("change in standard deviations of the change")
ss_metric cohen_dz = r(mean) / r(sd)
quietly count if ss_change > 0 & !missing(ss_change)
post `table' ("share_increased") (r(N) / (`freedom' + 1)) (.) (.) (.) (.) (.) (.) (.) (.) (`freedom' + 1) ("units with second above first")
pwcorr `p_first' `p_second' if ss_use, sig
tempname sig
matrix `sig' = r(sig)
post `table' ("correlation") (r(rho)) (.) (.) (.) (el(`sig', 2, 1)) (.) (.) (.) (.) (`freedom' + 1) ("Pearson, first with second")
postclose `table'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_ttest.csv", rows("`rows'")
ss_pairs_plot using "fig_pairs.svg", first(`p_first') second(`p_second')
ss_event step name=export status=ok
