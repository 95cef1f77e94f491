* ml.lasso 1.0.1: choice of predictors and prediction by the lasso.
* Reads p_outcome p_candidates(_fv) p_model p_selection p_folds p_seed.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
foreach variable of local p_candidates {
    confirm numeric variable `variable'
}
ss_sample `p_outcome' `p_candidates', maxloss(0.2)
if "`p_model'" == "logit" {
    ss_binary `p_outcome'
}
if "`p_model'" == "poisson" {
    quietly count if ss_use & `p_outcome' < 0
    ss_check neg_values, fail(r(N) > 0) value(r(N))
}
quietly summarize `p_outcome' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
local varying = 0
foreach variable of local p_candidates {
    quietly summarize `variable' if ss_use
    if r(sd) > 0 & !missing(r(sd)) {
        local varying = `varying' + 1
    }
}
ss_check zero_spread, fail(`varying' == 0) value(`varying')
quietly count if ss_use
local used = r(N)
ss_check too_few_values, fail(`used' < 3 * `p_folds') value(`used')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle knots penalized after standard gof gof_after
tempfile selected_rows path_rows fit_rows
local how "cv, folds(`p_folds')"
if "`p_selection'" == "bic" {
    local how "bic"
}
capture noisily lasso `p_model' `p_outcome' `p_candidates_fv' if ss_use, selection(`how') rseed(`p_seed')
local code = _rc
ss_check converge, fail(`code' == 430) value(`code')
if `code' != 0 {
    error `code'
}
ss_metric lambda = e(lambda_sel)
ss_metric n_selected_terms = e(k_nonzero_sel)
ss_metric n_candidates = e(k_allvars)
ss_event metric name=seed value=`p_seed'
local kept "`e(allvars_sel)'"
matrix `penalized' = e(b)
matrix `after' = e(b_postselection)
matrix `standard' = e(b_standardized)
local terms : colnames `penalized'
local count = colsof(`penalized')
postfile `handle' str2045 term double standardized double penalized double postselection str8 selected using "`selected_rows'"
forvalues j = 1/`count' {
    local term : word `j' of `terms'
    local chosen = cond("`term'" == "_cons" | el(`penalized', 1, `j') != 0, "yes", "no")
    post `handle' ("`term'") (el(`standard', 1, `j')) (el(`penalized', 1, `j')) (el(`after', 1, `j')) ("`chosen'")
}
postclose `handle'
local lambda = e(lambda_sel)
local chosen_id = e(ID_sel)
lassoknots, alllambdas
matrix `knots' = r(table)
local points = rowsof(`knots')
* a model without terms explains nothing, up to rounding
postfile `handle' double id double lambda double nonzero double fit double cv_mean double cv_se double bic using "`path_rows'"
forvalues k = 1/`points' {
    post `handle' (el(`knots', `k', 1)) (el(`knots', `k', 2)) (el(`knots', `k', 3)) (cond(abs(el(`knots', `k', 4)) < 1e-12, 0, el(`knots', `k', 4))) (el(`knots', `k', 5)) (el(`knots', `k', 6)) (el(`knots', `k', 7))
}
postclose `handle'
lassogof if ss_use
matrix `gof' = r(table)
lassogof if ss_use, postselection
matrix `gof_after' = r(table)
ss_metric fit = el(`gof', 1, 2)
ss_metric loss = el(`gof', 1, 1)
postfile `handle' str32 metric double value str244 note using "`fit_rows'"
local what = cond("`p_model'" == "linear", "mean squared error", "mean deviance")
post `handle' ("N") (`used') ("")
post `handle' ("candidates") (`count' - 1) ("")
post `handle' ("selected") (el(`knots', `chosen_id', 3)) ("`p_selection'")
post `handle' ("lambda") (el(`knots', `chosen_id', 2)) ("")
post `handle' ("loss_penalized") (el(`gof', 1, 1)) ("`what' in the sample")
post `handle' ("fit_penalized") (el(`gof', 1, 2)) ("R2 or deviance ratio in the sample")
post `handle' ("loss_postselection") (el(`gof_after', 1, 1)) ("`what' in the sample")
post `handle' ("fit_postselection") (el(`gof_after', 1, 2)) ("R2 or deviance ratio in the sample")
post `handle' ("cv_mean") (el(`knots', `chosen_id', 5)) ("mean loss out of the fold; empty without cross-validation")
post `handle' ("cv_se") (el(`knots', `chosen_id', 6)) ("")
post `handle' ("seed") (`p_seed') ("")
ss_source
post `handle' ("engine") (.) ("`r(engine)'")
postclose `handle'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_selected.csv", rows("`selected_rows'")
ss_export using "table_path.csv", rows("`path_rows'")
ss_export using "table_fit.csv", rows("`fit_rows'")
ss_label `p_outcome'
local name = r(text)
ss_source
local engine "`r(engine)'"
preserve
quietly use "`path_rows'", clear
local criterion "cv_mean"
local ytitle "Loss out of the fold"
if "`p_selection'" == "bic" {
    local criterion "bic"
    local ytitle "BIC"
}
quietly generate double log_lambda = log10(lambda)
local at = log10(`lambda')
quietly summarize nonzero if id == `chosen_id', meanonly
local terms = r(mean)
twoway (connected `criterion' log_lambda, lcolor("0 114 178") mcolor("0 114 178") msize(small)), xline(`at', lcolor(gs8) lpattern(dash)) ///
    title(`"Choice of the penalty: `macval(name)'"') xtitle("Penalty (log10 of lambda)") ytitle("`ytitle'") ylabel(, angle(0)) ///
    note("Dashed: selected penalty, `terms' terms; N = `used'; seed `p_seed'; `engine'")
ss_figure using "fig_path.svg"
restore
ss_event step name=export status=ok
