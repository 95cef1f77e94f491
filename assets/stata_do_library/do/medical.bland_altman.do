* medical.bland_altman 1.0.0: do two methods of measuring agree? Bias, limits of agreement and concordance.
* Reads p_first p_second p_level. The difference is the first method minus the second.
ss_event step name=sample status=begin
confirm numeric variable `p_first' `p_second'
ss_sample `p_first' `p_second', maxloss(0.2)
quietly generate double ss_gap = `p_first' - `p_second' if ss_use
quietly generate double ss_middle = (`p_first' + `p_second') / 2 if ss_use
quietly summarize ss_gap if ss_use
ss_check zero_spread, fail(r(N) < 3 | r(sd) == 0) value(r(sd))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table bias sd t z limit_se low high ccc slope
tempfile rows
postfile `table' str32 measure double estimate double std_error double statistic double p_value double ci_low double ci_high double n str244 note using "`rows'"
quietly summarize ss_gap if ss_use
local n = r(N)
scalar `bias' = r(mean)
scalar `sd' = r(sd)
scalar `t' = invttail(`n' - 1, (1 - `p_level' / 100) / 2)
scalar `z' = invnormal(1 - (1 - `p_level' / 100) / 2)
post `table' ("bias") (`bias') (`sd' / sqrt(`n')) (`bias' / (`sd' / sqrt(`n'))) (2 * ttail(`n' - 1, abs(`bias' / (`sd' / sqrt(`n'))))) (`bias' - `t' * `sd' / sqrt(`n')) (`bias' + `t' * `sd' / sqrt(`n')) (`n') ("mean of first minus second; null: no bias")
post `table' ("sd_of_differences") (`sd') (.) (.) (.) (.) (.) (`n') ("unit of the measurements")
* Bland and Altman (1999): error of a limit
scalar `limit_se' = `sd' * sqrt(1 / `n' + `z'^2 / (2 * (`n' - 1)))
scalar `low' = `bias' - `z' * `sd'
scalar `high' = `bias' + `z' * `sd'
post `table' ("lower_limit") (`low') (`limit_se') (.) (.) (`low' - `t' * `limit_se') (`low' + `t' * `limit_se') (`n') ("`p_level'% of differences lie above it and below the upper limit")
post `table' ("upper_limit") (`high') (`limit_se') (.) (.) (`high' - `t' * `limit_se') (`high' + `t' * `limit_se') (`n') ("limit of agreement")
quietly count if ss_use & (ss_gap < `low' | ss_gap > `high')
post `table' ("share_outside") (r(N) / `n') (.) (.) (.) (.) (.) (r(N)) ("differences outside the limits; n is their number")
quietly regress ss_gap ss_middle if ss_use
scalar `slope' = 2 * ttail(e(df_r), abs(_b[ss_middle] / _se[ss_middle]))
post `table' ("proportional_bias") (_b[ss_middle]) (_se[ss_middle]) (_b[ss_middle] / _se[ss_middle]) (`slope') (_b[ss_middle] - invttail(e(df_r), (1 - `p_level' / 100) / 2) * _se[ss_middle]) (_b[ss_middle] + invttail(e(df_r), (1 - `p_level' / 100) / 2) * _se[ss_middle]) (`n') ("slope of the difference on the mean; null: bias does not depend on size")
quietly correlate `p_first' `p_second' if ss_use, covariance
* Lin (1989), with the moments divided by n
scalar `ccc' = 2 * r(cov_12) * (`n' - 1) / `n' / ((r(Var_1) + r(Var_2)) * (`n' - 1) / `n' + `bias'^2)
post `table' ("concordance") (`ccc') (.) (.) (.) (.) (.) (`n') ("Lin's concordance correlation coefficient")
quietly correlate `p_first' `p_second' if ss_use
post `table' ("correlation") (r(rho)) (.) (.) (.) (.) (.) (`n') ("Pearson; high correlation is no agreement")
postclose `table'
ss_metric bias = `bias'
ss_metric lower_limit = `low'
ss_metric upper_limit = `high'
ss_metric concordance = `ccc'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_agreement.csv", rows("`rows'")
ss_source
local engine "`r(engine)'"
local middle = `bias'
local bottom = `low'
local top = `high'
twoway (scatter ss_gap ss_middle if ss_use, mcolor("0 114 178") msize(small)), yline(`middle', lcolor("0 158 115")) yline(`bottom' `top', lcolor("213 94 0") lpattern(dash)) ///
    yline(0, lcolor(gs8) lpattern(dot)) title("Difference against mean: `p_first' and `p_second'") xtitle("Mean of both methods") ytitle("`p_first' minus `p_second'") ///
    ylabel(, angle(0)) legend(off) note("Line: bias; dashed: limits of agreement; N = `n'; `engine'")
ss_figure using "fig_bland_altman.svg"
ss_event step name=export status=ok
