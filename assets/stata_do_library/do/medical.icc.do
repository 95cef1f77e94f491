* medical.icc 1.0.0: how reliable are ratings of the same targets? Intraclass correlations of three models.
* Reads p_vars (one column for each rater or occasion, one row for each target) p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_vars'
ss_sample `p_vars', maxloss(0.2)
local k : word count `p_vars'
quietly count if ss_use
local n = r(N)
ss_check few_df, warn(`n' < 10) value(`n')
tempvar mean spread
quietly egen double `mean' = rowmean(`p_vars') if ss_use
quietly summarize `mean' if ss_use
ss_check zero_spread, fail(r(N) < 2 | r(sd) == 0) value(r(sd))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table means handle
tempfile rows mean_rows
postfile `means' str128 rater double n double mean double sd double min double max using "`mean_rows'"
foreach variable of local p_vars {
    quietly summarize `variable' if ss_use
    post `means' ("`variable'") (r(N)) (r(mean)) (r(sd)) (r(min)) (r(max))
}
postclose `means'
preserve
quietly keep if ss_use
quietly generate long ss_target = _n
local number = 0
foreach variable of local p_vars {
    local number = `number' + 1
    quietly generate double ss_rating`number' = `variable'
}
keep ss_target ss_rating*
quietly reshape long ss_rating, i(ss_target) j(ss_rater)
postfile `table' str32 model str16 unit double icc double ci_low double ci_high double statistic double df1 double df2 double p_value str244 note using "`rows'"
foreach model in one_way random mixed {
    if "`model'" == "one_way" {
        icc ss_rating ss_target, level(`p_level')
        local note "each target has other raters"
    }
    if "`model'" == "random" {
        icc ss_rating ss_target ss_rater, absolute level(`p_level')
        local note "absolute agreement, raters are a sample of raters"
        ss_metric icc_single = r(icc_i)
        ss_metric icc_average = r(icc_avg)
    }
    if "`model'" == "mixed" {
        icc ss_rating ss_target ss_rater, mixed consistency level(`p_level')
        local note "consistency, these raters only"
        ss_metric icc_consistency = r(icc_i)
    }
    post `table' ("`model'") ("single") (r(icc_i)) (r(icc_i_lb)) (r(icc_i_ub)) (r(icc_i_F)) (r(icc_i_df1)) (r(icc_i_df2)) (r(icc_i_p)) ("`note'; one rating")
    post `table' ("`model'") ("average") (r(icc_avg)) (r(icc_avg_lb)) (r(icc_avg_ub)) (r(icc_i_F)) (r(icc_i_df1)) (r(icc_i_df2)) (r(icc_i_p)) ("`note'; mean of `k' ratings")
}
postclose `table'
restore
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_icc.csv", rows("`rows'")
ss_export using "table_raters.csv", rows("`mean_rows'")
ss_event step name=export status=ok
