*! ss_propensity 1.0.0: fits the logit of a treatment before teffects does and checks it
* Usage: ss_propensity treatment "terms"
* Rows that a term predicts perfectly leave the sample (perfect_pred), the search must converge (converge), and
* scores near 0 or 1 are counted (overlap: below 0.02 or above 0.98).
program define ss_propensity
    args treatment terms
    quietly count if ss_use
    local before = r(N)
    capture noisily logit `treatment' `terms' if ss_use
    if _rc != 0 {
        ss_check converge, fail(1) value(_rc)
    }
    ss_check converge, fail(e(converged) == 0) value(e(converged))
    quietly replace ss_use = 0 if !e(sample)
    quietly count if ss_use
    ss_check perfect_pred, warn(r(N) < `before') value(`before' - r(N))
    tempvar score
    quietly predict double `score' if ss_use, pr
    quietly count if ss_use & (`score' < 0.02 | `score' > 0.98)
    ss_check overlap, warn(r(N) > 0) value(r(N))
    quietly summarize `score' if ss_use & `treatment' == 1, meanonly
    ss_metric score_treated = r(mean)
    quietly summarize `score' if ss_use & `treatment' == 0, meanonly
    ss_metric score_control = r(mean)
end
