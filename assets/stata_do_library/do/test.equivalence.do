* test.equivalence 1.0.0: are two group means equal within a margin? Two one-sided t tests.
* Reads p_variable p_group p_margin p_unequal p_alpha. The difference is the first group minus the second.
ss_event step name=sample status=begin
confirm numeric variable `p_variable'
ss_sample `p_variable', strok(`p_group')
ss_groups `p_group', generate(ss_group) levels(two) small
local first : label ss_group 1
local second : label ss_group 2
quietly summarize `p_variable' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
ss_check bounds_order, fail(`p_margin' <= 0) value(`p_margin')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table difference se df lower upper half worst
tempfile rows
local option = cond(`p_unequal' == 1, "unequal", "")
ttest `p_variable' if ss_use, by(ss_group) `option'
scalar `difference' = r(mu_1) - r(mu_2)
scalar `se' = r(se)
scalar `df' = r(df_t)
local n = r(N_1) + r(N_2)
local apart = r(p)
scalar `lower' = (`difference' + `p_margin') / `se'
scalar `upper' = (`difference' - `p_margin') / `se'
scalar `half' = invttail(`df', `p_alpha') * `se'
scalar `worst' = max(ttail(`df', `lower'), ttail(`df', -`upper'))
local covered = 100 * (1 - 2 * `p_alpha')
postfile `table' str32 test double estimate double std_error double statistic double df1 double p_value double ci_low double ci_high str244 note using "`rows'"
post `table' ("difference") (`difference') (`se') (.) (`df') (.) (`difference' - `half') (`difference' + `half') (`"`macval(first)' minus `macval(second)'; `covered'% interval"')
post `table' ("above_lower_margin") (`difference' + `p_margin') (`se') (`lower') (`df') (ttail(`df', `lower')) (.) (.) ("null: difference at or below -`p_margin'")
post `table' ("below_upper_margin") (`difference' - `p_margin') (`se') (`upper') (`df') (ttail(`df', -`upper')) (.) (.) ("null: difference at or above `p_margin'")
local verdict = cond(`worst' < `p_alpha', "equivalent within the margin", "equivalence not shown")
post `table' ("equivalence") (.) (.) (.) (`df') (`worst') (.) (.) ("`verdict'")
post `table' ("difference_from_zero") (`difference') (`se') (`difference' / `se') (`df') (`apart') (.) (.) ("null: equal means")
postclose `table'
ss_metric difference = `difference'
ss_metric p_equivalence = `worst'
ss_event note key=verdict value="`verdict'"
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_tost.csv", rows("`rows'")
ss_source
local engine "`r(engine)'"
ss_label `p_variable'
local outcome = r(text)
preserve
quietly use "`rows'", clear
quietly keep in 1
quietly generate byte position = 1
twoway (rcap ci_low ci_high position, horizontal lcolor("0 114 178")) (scatter position estimate, mcolor("0 114 178")), ///
    xline(-`p_margin' `p_margin', lcolor("213 94 0") lpattern(dash)) xline(0, lcolor(gs8)) ylabel(none) yscale(range(0.5 1.5)) legend(off) ///
    title(`"Equivalence of means: `macval(outcome)'"') xtitle("Difference with `covered'% interval; dashed: margins") ytitle("") note("N = `n'; `engine'")
ss_figure using "fig_interval.svg"
restore
ss_event step name=export status=ok
