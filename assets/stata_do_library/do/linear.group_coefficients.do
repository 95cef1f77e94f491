* linear.group_coefficients 1.1.1: do coefficients differ between two groups? Separate regressions, joint test and Chow test.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_group p_level. Differences are the first group minus the second.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls', strok(`p_group') maxloss(0.2)
ss_linear_probability `p_outcome'
ss_groups `p_group', generate(ss_group) levels(two) small
local first : label ss_group 1
local second : label ss_group 2
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname one two b v d z handle chow
tempfile rows tests
local rss = 0
forvalues g = 1/2 {
    regress `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use & ss_group == `g', level(`p_level')
    estimates store ss_model`g'
    local n`g' = e(N)
    local r2_`g' = e(r2)
    local rank`g' = e(rank)
    local rss = `rss' + e(rss)
    ss_check few_df, warn(e(df_r) < 10) fail(e(df_r) < 1) value(e(df_r)) row(`g')
}
matrix `one' = e(b)
local terms : colnames `one'
suest ss_model1 ss_model2, level(`p_level')
matrix `b' = e(b)
matrix `v' = e(V)
scalar `z' = invnormal(1 - (1 - `p_level' / 100) / 2)
local joint ""
local count = 0
local focal_p = .
matrix `d' = J(6, colsof(`one'), .)
matrix colnames `d' = `terms'
postfile `handle' str2045 term double first double se_first double second double se_second double difference double std_error double statistic double p_value double ci_low double ci_high str2045 note using "`rows'"
local j = 0
foreach term of local terms {
    local j = `j' + 1
    local i1 = colnumb(`b', "ss_model1_mean:`term'")
    local i2 = colnumb(`b', "ss_model2_mean:`term'")
    quietly _ms_parse_parts `term'
    if "`r(type)'" == "factor" & r(base) == 1 {
        continue
    }
    if missing(`i1') | missing(`i2') {
        post `handle' ("`term'") (.) (.) (.) (.) (.) (.) (.) (.) (.) (.) ("in one group only")
        continue
    }
    local v1 = el(`v', `i1', `i1')
    local v2 = el(`v', `i2', `i2')
    if `v1' == 0 | `v2' == 0 {
        post `handle' ("`term'") (.) (.) (.) (.) (.) (.) (.) (.) (.) (.) ("omitted")
        continue
    }
    local gap = el(`b', 1, `i1') - el(`b', 1, `i2')
    local se = sqrt(`v1' + `v2' - 2 * el(`v', `i1', `i2'))
    local p = 2 * normal(-abs(`gap' / `se'))
    post `handle' ("`term'") (el(`b', 1, `i1')) (sqrt(`v1')) (el(`b', 1, `i2')) (sqrt(`v2')) (`gap') (`se') (`gap' / `se') (`p') (`gap' - `z' * `se') (`gap' + `z' * `se') (`"`first' minus `second'"')
    matrix `d'[1, `j'] = `gap'
    matrix `d'[2, `j'] = `se'
    matrix `d'[5, `j'] = `gap' - `z' * `se'
    matrix `d'[6, `j'] = `gap' + `z' * `se'
    if `count' == 0 {
        local focal_p = `p'
        local focal_gap = `gap'
    }
    local count = `count' + 1
    if "`term'" != "_cons" {
        local joint "`joint' ([ss_model1_mean]`term' = [ss_model2_mean]`term')"
    }
}
postclose `handle'
ss_check collinear, fail(`count' < 2) value(`count')
ss_metric difference = `focal_gap'
ss_metric difference_p = `focal_p'
ss_event step name=estimate status=ok

ss_event step name=tests status=begin
postfile `handle' str32 test double statistic double df1 double df2 double p_value str120 note using "`tests'"
test `joint'
post `handle' ("slopes") (r(chi2)) (r(df)) (.) (r(p)) ("chi2, robust; null: all slopes are equal")
ss_metric slopes_p = r(p)
test `joint' ([ss_model1_mean]_cons = [ss_model2_mean]_cons)
post `handle' ("slopes_and_constant") (r(chi2)) (r(df)) (.) (r(p)) ("chi2, robust; null: one regression fits both groups")
quietly regress `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use
local df2 = `n1' + `n2' - `rank1' - `rank2'
local df1 = `rank1' + `rank2' - e(rank)
scalar `chow' = ((e(rss) - `rss') / `df1') / (`rss' / `df2')
post `handle' ("chow") (`chow') (`df1') (`df2') (Ftail(`df1', `df2', `chow')) ("F with equal variances; null: one regression fits both groups")
ss_metric chow = `chow'
local r2_pooled = e(r2)
postclose `handle'
ss_event step name=tests status=ok

ss_event step name=export status=begin
ss_export using "table_differences.csv", rows("`rows'")
ss_export using "table_tests.csv", rows("`tests'")
local used = `n1' + `n2'
ss_fit_table using "table_fit.csv", values(N `used' n_first `n1' n_second `n2' r2_first `r2_1' r2_second `r2_2' r2_pooled `r2_pooled' level `p_level') se(robust, both groups jointly)
ss_label `p_outcome'
ss_coef_plot using "fig_differences.svg", table(`d') level(`p_level') n(`used') se(robust standard errors) title(`"Coefficients, `first' less `second': `r(text)'"') xtitle("Difference of the coefficients with `p_level'% interval")
ss_event step name=export status=ok
