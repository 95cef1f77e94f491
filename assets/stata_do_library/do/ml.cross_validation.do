* ml.cross_validation 1.0.0: which regression predicts new rows better? Cross-validation of one or two sets of regressors.
* Reads p_outcome p_regressors(_fv) p_block2(_fv) p_model p_folds p_group.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_block2', strok(`p_group') maxloss(0.2)
quietly keep if ss_use
if "`p_model'" == "logit" {
    ss_binary `p_outcome'
}
quietly summarize `p_outcome'
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
* folds follow the rows in turn, or whole groups: the same data give the same folds
if "`p_group'" == "" {
    quietly generate long ss_unit = _n
}
else {
    quietly egen long ss_unit = group(`p_group')
}
quietly generate long ss_fold = mod(ss_unit - 1, `p_folds') + 1
quietly summarize ss_unit
ss_check too_few_values, fail(r(max) < 2 * `p_folds') value(r(max))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle
tempfile rows folds
local models = 1 + ("`p_block2'" != "")
local terms1 "`p_regressors_fv'"
local terms2 "`p_regressors_fv' `p_block2_fv'"
quietly generate double ss_mean = .
forvalues m = 1/`models' {
    quietly generate double ss_p`m' = .
}
postfile `handle' double model double fold double n double rmse double mae using "`folds'"
forvalues f = 1/`p_folds' {
    quietly summarize `p_outcome' if ss_fold != `f'
    quietly replace ss_mean = r(mean) if ss_fold == `f'
    forvalues m = 1/`models' {
        local rc = 0
        if "`p_model'" == "regress" {
            quietly regress `p_outcome' `terms`m'' if ss_fold != `f'
        }
        else {
            capture quietly logit `p_outcome' `terms`m'' if ss_fold != `f'
            local rc = _rc
        }
        ss_check converge, fail(`rc' != 0) value(`rc')
        quietly predict double ss_new if ss_fold == `f'
        quietly replace ss_p`m' = ss_new if ss_fold == `f'
        drop ss_new
        quietly generate double ss_error = (`p_outcome' - ss_p`m')^2 if ss_fold == `f'
        quietly generate double ss_off = abs(`p_outcome' - ss_p`m') if ss_fold == `f'
        quietly summarize ss_error
        local rmse = sqrt(r(mean))
        local n = r(N)
        quietly summarize ss_off
        post `handle' (`m') (`f') (`n') (`rmse') (r(mean))
        drop ss_error ss_off
    }
}
postclose `handle'
ss_event step name=estimate status=ok

ss_event step name=score status=begin
postfile `handle' str32 model double n double rmse double mae double r2 double correlation double auc double log_loss double rmse_in_sample double r2_in_sample using "`rows'"
quietly generate double ss_error0 = (`p_outcome' - ss_mean)^2
quietly summarize ss_error0
local base = r(sum)
forvalues m = 1/`models' {
    quietly count if missing(ss_p`m')
    ss_check level_mismatch, warn(r(N) > 0) value(r(N)) row(`m')
    quietly generate double ss_error`m' = (`p_outcome' - ss_p`m')^2
    quietly generate double ss_off`m' = abs(`p_outcome' - ss_p`m')
    quietly summarize ss_error`m'
    local n = r(N)
    local rmse`m' = sqrt(r(mean))
    local r2 = 1 - r(sum) / `base'
    quietly summarize ss_off`m'
    local mae = r(mean)
    quietly correlate `p_outcome' ss_p`m'
    local rho = r(rho)
    local auc = .
    local loss = .
    if "`p_model'" == "logit" {
        quietly roctab `p_outcome' ss_p`m'
        local auc = r(area)
        quietly generate double ss_loss = -ln(cond(`p_outcome' == 1, ss_p`m', 1 - ss_p`m'))
        quietly summarize ss_loss
        local loss = r(mean)
        drop ss_loss
    }
    if "`p_model'" == "regress" {
        quietly regress `p_outcome' `terms`m''
    }
    else {
        quietly logit `p_outcome' `terms`m''
    }
    quietly predict double ss_all
    quietly generate double ss_in = (`p_outcome' - ss_all)^2
    quietly summarize `p_outcome'
    local spread = r(Var) * (r(N) - 1)
    quietly summarize ss_in
    post `handle' ("model`m'") (`n') (`rmse`m'') (`mae') (`r2') (`rho') (`auc') (`loss') (sqrt(r(mean))) (1 - r(sum) / `spread')
    drop ss_all ss_in
    if `m' == 1 {
        ss_metric rmse = `rmse1'
        ss_metric r2 = `r2'
    }
}
postclose `handle'
local better = .
local p = .
if `models' == 2 {
    * paired comparison of the squared errors, row by row
    quietly ttest ss_error1 == ss_error2
    local better = r(mu_1) - r(mu_2)
    local p = r(p)
    ss_metric gain = `better'
    ss_metric gain_p = `p'
}
ss_event step name=score status=ok

ss_event step name=export status=begin
ss_export using "table_scores.csv", rows("`rows'")
ss_export using "table_folds.csv", rows("`folds'")
local used = _N
ss_fit_table using "table_fit.csv", values(N `used' folds `p_folds' models `models' gain_squared_error `better' gain_p `p') se(none)
ss_label `p_outcome'
local name = r(text)
ss_source
local engine "`r(engine)'"
preserve
quietly use "`folds'", clear
quietly replace fold = fold + 0.15 * (model == 2)
twoway (scatter rmse fold if model == 1, mcolor("0 114 178")) (scatter rmse fold if model == 2, mcolor("213 94 0") msymbol(triangle)), title(`"Error of the prediction of new rows: `macval(name)'"') xtitle("Fold") ytitle("Root mean squared error") ///
    ylabel(, angle(0)) legend(order(1 "first set of regressors" 2 "both sets")) note("N = `used'; `engine'")
ss_figure using "fig_scores.svg"
restore
ss_event step name=export status=ok
