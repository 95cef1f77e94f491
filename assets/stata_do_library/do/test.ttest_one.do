* test.ttest_one 1.0.0: is the mean of a variable different from a stated value?
* Reads p_variable p_null_value p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_variable'
ss_sample `p_variable'
quietly summarize `p_variable' if ss_use
ss_check zero_spread, fail(r(N) < 2 | r(sd) == 0) value(r(sd))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table half effect
tempfile rows
ttest `p_variable' == `p_null_value' if ss_use, level(`p_level')
scalar `half' = invttail(r(df_t), (1 - `p_level' / 100) / 2) * r(se)
scalar `effect' = (r(mu_1) - `p_null_value') / r(sd_1)
postfile `table' str32 test double estimate double std_error double statistic double df1 double p_value double p_less double p_greater double ci_low double ci_high double n str244 note using "`rows'"
post `table' ("mean") (r(mu_1)) (r(se)) (.) (.) (.) (.) (.) (r(mu_1) - `half') (r(mu_1) + `half') (r(N_1)) ("standard deviation `=strofreal(r(sd_1), "%9.0g")'")
post `table' ("t_difference") (r(mu_1) - `p_null_value') (r(se)) (r(t)) (r(df_t)) (r(p)) (r(p_l)) (r(p_u)) (r(mu_1) - `p_null_value' - `half') (r(mu_1) - `p_null_value' + `half') (r(N_1)) ("null: the mean is `p_null_value'")
* standardised difference; bias correction with gamma functions, Hedges (1981)
post `table' ("cohen_d") (`effect') (.) (.) (.) (.) (.) (.) (.) (.) (r(N_1)) ("difference in standard deviations")
post `table' ("hedges_g") (`effect' * exp(lngamma(r(df_t) / 2) - lngamma((r(df_t) - 1) / 2)) / sqrt(r(df_t) / 2)) (.) (.) (.) (.) (.) (.) (.) (.) (r(N_1)) ("bias-corrected")
postclose `table'
ss_metric mean = r(mu_1)
ss_metric t = r(t)
ss_metric df = r(df_t)
ss_metric p = r(p)
ss_metric cohen_d = `effect'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_ttest.csv", rows("`rows'")
ss_event step name=export status=ok
