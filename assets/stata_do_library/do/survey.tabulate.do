* survey.tabulate 1.0.1: are two categories related in the population? Weighted shares and a design-based test.
* Reads p_row p_column p_weight_var p_psu p_strata_var p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_weight_var'
ss_sample, strok(`p_row' `p_column' `p_psu' `p_strata_var') weight(`p_weight_var') kind(pweight)
ss_groups `p_row', generate(ss_row) levels(many)
local rows = r(groups)
ss_groups `p_column', generate(ss_column) levels(many)
local columns = r(groups)
ss_check too_many_levels, fail(`rows' * `columns' > 200) value(`rows' * `columns')
local unit "_n"
if "`p_psu'" != "" {
    quietly egen long ss_psu = group(`p_strata_var' `p_psu') if ss_use
    local unit "ss_psu"
}
local strata ""
local single = 0
if "`p_strata_var'" != "" {
    quietly egen long ss_stratum = group(`p_strata_var') if ss_use
    local strata "strata(ss_stratum)"
    if "`p_psu'" != "" {
        quietly egen byte ss_first = tag(ss_stratum ss_psu) if ss_use
    }
    else {
        quietly generate byte ss_first = 1 if ss_use
    }
    quietly egen long ss_units = total(ss_first) if ss_use, by(ss_stratum)
    quietly summarize ss_units if ss_use
    local single = r(min) == 1
}
ss_check single_psu, warn(`single') value(`single')
quietly svyset `unit' [pweight = `p_weight_var'], `strata' singleunit(centered)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle b v t
tempfile cells tests
svy: tabulate ss_row ss_column if ss_use, pearson
local n = e(N)
local population = e(N_pop)
local n_psu = e(N_psu)
local n_strata = e(N_strata)
local df = e(df_r)
local note "F of Rao and Scott, second order; null: no relation"
if missing(e(F_Pear)) {
    local note "not computed: a combination of categories has no row"
}
postfile `handle' str32 test double statistic double df1 double df2 double p_value str244 note using "`tests'"
post `handle' ("pearson_f") (e(F_Pear)) (e(df1_Pear)) (e(df2_Pear)) (e(p_Pear)) ("`note'")
post `handle' ("pearson_chi2") (e(cun_Pear)) ((`rows' - 1) * (`columns' - 1)) (.) (.) ("before the correction for the design")
postclose `handle'
ss_metric f_stat = e(F_Pear)
ss_metric p = e(p_Pear)
scalar `t' = invttail(`df', (1 - `p_level' / 100) / 2)
quietly generate double ss_cell = .
quietly generate byte ss_part = .
postfile `handle' str2045 row str2045 column double count double share_percent double row_percent double std_error double ci_low double ci_high using "`cells'"
local least = .
forvalues i = 1/`rows' {
    local first : label ss_row `i'
    forvalues j = 1/`columns' {
        local second : label ss_column `j'
        quietly count if ss_row == `i' & ss_column == `j'
        local count = r(N)
        local least = min(`least', `count')
        quietly replace ss_cell = 100 * (ss_row == `i' & ss_column == `j') if ss_use
        quietly summarize ss_cell [aweight = `p_weight_var'] if ss_use
        local share = r(mean)
        quietly replace ss_part = ss_use & ss_row == `i'
        quietly replace ss_cell = 100 * (ss_column == `j') if ss_use
        quietly svy, subpop(ss_part): mean ss_cell if ss_use
        matrix `b' = e(b)
        matrix `v' = e(V)
        post `handle' (`"`macval(first)'"') (`"`macval(second)'"') (`count') (`share') (el(`b', 1, 1)) (sqrt(el(`v', 1, 1))) (el(`b', 1, 1) - `t' * sqrt(el(`v', 1, 1))) (el(`b', 1, 1) + `t' * sqrt(el(`v', 1, 1)))
    }
}
postclose `handle'
ss_check sparse_cells, warn(`least' < 5) value(`least')
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_shares.csv", rows("`cells'")
ss_export using "table_test.csv", rows("`tests'")
ss_fit_table using "table_fit.csv", values(N `n' population `population' n_strata `n_strata' n_psu `n_psu' df_r `df' level `p_level') se(linearized) weight(pweight)
ss_event step name=export status=ok
