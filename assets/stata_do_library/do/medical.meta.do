* medical.meta 1.0.1: what do the studies say together? Fixed and random effects, heterogeneity, small-study test.
* Reads p_effect p_se p_study p_model p_eform p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_effect' `p_se'
ss_sample `p_effect' `p_se', strok(`p_study')
quietly count if ss_use & `p_se' <= 0
ss_check nonpos_weights, fail(r(N) > 0) value(r(N))
quietly keep if ss_use
local k = _N
ss_check few_df, fail(`k' < 2) value(`k')
ss_check too_few_studies, warn(`k' < 10) value(`k')
quietly duplicates report `p_study'
ss_check dup_key, fail(r(unique_value) < r(N)) value(r(N) - r(unique_value))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname w w2 q tau2 i2 h2 fixed fixed_se random random_se hk z t handle half
tempfile rows tests
tempvar weight part star
quietly generate double `weight' = 1 / `p_se'^2
quietly summarize `p_effect' [aweight = `weight']
scalar `fixed' = r(mean)
quietly summarize `weight'
scalar `w' = r(sum)
quietly generate double `part' = `weight'^2
quietly summarize `part'
scalar `w2' = r(sum)
quietly replace `part' = `weight' * (`p_effect' - `fixed')^2
quietly summarize `part'
scalar `q' = r(sum)
scalar `fixed_se' = 1 / sqrt(`w')
* DerSimonian and Laird (1986)
scalar `tau2' = max(0, (`q' - (`k' - 1)) / (`w' - `w2' / `w'))
scalar `i2' = max(0, (`q' - (`k' - 1)) / `q')
quietly generate double `star' = 1 / (`p_se'^2 + `tau2')
quietly summarize `p_effect' [aweight = `star']
scalar `random' = r(mean)
quietly replace `part' = `star' * (`p_effect' - `random')^2
quietly summarize `part'
scalar `hk' = r(sum)
quietly summarize `star'
scalar `random_se' = 1 / sqrt(r(sum))
* Hartung and Knapp (2001)
scalar `hk' = sqrt(`hk' / ((`k' - 1) * r(sum)))
scalar `z' = invnormal(1 - (1 - `p_level' / 100) / 2)
scalar `t' = invttail(`k' - 1, (1 - `p_level' / 100) / 2)
postfile `handle' str32 model double estimate double std_error double statistic double p_value double ci_low double ci_high double ratio double ratio_low double ratio_high str244 note using "`rows'"
foreach model in fixed random {
    post `handle' ("`model'") (``model'') (``model'_se') (``model'' / ``model'_se') (2 * normal(-abs(``model'' / ``model'_se'))) (``model'' - `z' * ``model'_se') (``model'' + `z' * ``model'_se') ///
        (cond(`p_eform', exp(``model''), .)) (cond(`p_eform', exp(``model'' - `z' * ``model'_se'), .)) (cond(`p_eform', exp(``model'' + `z' * ``model'_se'), .)) (cond("`model'" == "`p_model'", "chosen model", ""))
}
post `handle' ("random_hartung_knapp") (`random') (`hk') (`random' / `hk') (2 * ttail(`k' - 1, abs(`random' / `hk'))) (`random' - `t' * `hk') (`random' + `t' * `hk') ///
    (cond(`p_eform', exp(`random'), .)) (cond(`p_eform', exp(`random' - `t' * `hk'), .)) (cond(`p_eform', exp(`random' + `t' * `hk'), .)) ("t with `=`k' - 1' degrees of freedom")
* Higgins, Thompson and Spiegelhalter (2009): effect of a new study
scalar `half' = cond(`k' > 2, invttail(max(1, `k' - 2), (1 - `p_level' / 100) / 2) * sqrt(`tau2' + `random_se'^2), .)
post `handle' ("prediction_interval") (`random') (.) (.) (.) (`random' - `half') (`random' + `half') (cond(`p_eform', exp(`random'), .)) (cond(`p_eform', exp(`random' - `half'), .)) (cond(`p_eform', exp(`random' + `half'), .)) ("effect in a new study")
postclose `handle'
postfile `handle' str32 test double statistic double df1 double df2 double p_value str244 note using "`tests'"
post `handle' ("cochran_q") (`q') (`k' - 1) (.) (chi2tail(`k' - 1, `q')) ("chi2; null: one common effect")
post `handle' ("i_squared") (`i2') (.) (.) (.) ("share of the variation that is between studies")
post `handle' ("tau_squared") (`tau2') (.) (.) (.) ("variance between studies (DerSimonian and Laird)")
* Egger and others (1997): standardised effects on precision
quietly generate double ss_standard = `p_effect' / `p_se'
quietly generate double ss_precision = 1 / `p_se'
capture regress ss_standard ss_precision
if _rc == 0 & `k' > 2 {
    post `handle' ("egger") (_b[_cons] / _se[_cons]) (e(df_r)) (.) (2 * ttail(e(df_r), abs(_b[_cons] / _se[_cons]))) ("t; null: effects do not depend on the size of the study")
}
postclose `handle'
ss_metric estimate = ``p_model''
ss_metric tau2 = `tau2'
ss_metric i2 = `i2'
ss_metric n_studies = `k'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_pooled.csv", rows("`rows'")
ss_export using "table_tests.csv", rows("`tests'")
tempname sums
tempfile studies
quietly summarize `weight', meanonly
scalar `w' = r(sum)
quietly summarize `star', meanonly
scalar `w2' = r(sum)
ss_groups `p_study', generate(ss_group)
postfile `sums' str2045 study double position double effect double std_error double ci_low double ci_high double weight_fixed double weight_random using "`studies'"
forvalues i = 1/`k' {
    local g = ss_group[`i']
    local name : label ss_group `g'
    post `sums' (`"`macval(name)'"') (`i') (`p_effect'[`i']) (`p_se'[`i']) (`p_effect'[`i'] - `z' * `p_se'[`i']) (`p_effect'[`i'] + `z' * `p_se'[`i']) (100 * `weight'[`i'] / `w') (100 * `star'[`i'] / `w2')
}
postclose `sums'
local pooled = ``p_model''
* the table has the ratios, the figure the scale on which the intervals are symmetric
local what = cond(`p_eform', "Effect (logarithm)", "Effect")
local pooled_low = `pooled' - `z' * ``p_model'_se'
local pooled_high = `pooled' + `z' * ``p_model'_se'
ss_source
local engine "`r(engine)'"
preserve
quietly use "`studies'", clear
tempfile shown
quietly save "`shown'"
local axis ""
forvalues i = 1/`k' {
    local text = study[`i']
    local axis `"`macval(axis)' `i' `"`macval(text)'"'"'
}
local last = `k' + 1
local axis `"`macval(axis)' `last' "Pooled (`p_model')""'
quietly expand 2 in `k'
quietly replace position = `last' in `last'
quietly replace effect = `pooled' in `last'
quietly replace ci_low = `pooled_low' in `last'
quietly replace ci_high = `pooled_high' in `last'
twoway (rcap ci_low ci_high position, horizontal lcolor("0 114 178")) (scatter position effect if position <= `k', mcolor("0 114 178") msymbol(square)) (scatter position effect if position > `k', mcolor("213 94 0") msymbol(diamond)), ///
    ylabel(`macval(axis)', angle(0) nogrid) yscale(reverse range(0.5 `=`last' + 0.5')) xline(0, lcolor(gs8)) xline(`pooled', lcolor("213 94 0") lpattern(dash)) legend(off) ///
    title("Effects of the studies") ytitle("") xtitle("`what' with `p_level'% interval") note("N = `k' studies; `engine'")
ss_figure using "fig_forest.svg"
quietly use "`shown'", clear
twoway (scatter std_error effect, mcolor("0 114 178")), yscale(reverse range(0)) xline(`pooled', lcolor("213 94 0") lpattern(dash)) legend(off) ///
    title("Funnel plot") xtitle("`what'") ytitle("Standard error") ylabel(, angle(0)) note("Dashed: pooled effect (`p_model'); N = `k' studies; `engine'")
ss_figure using "fig_funnel.svg"
quietly drop position
tempfile listed
quietly save "`listed'"
restore
ss_export using "table_studies.csv", rows("`listed'")
ss_event step name=export status=ok
