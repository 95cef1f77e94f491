* desc.correlation 1.0.0: Pearson or Spearman correlations of two or more variables.
* Reads p_vars p_method p_pairwise p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_vars'
if `p_pairwise' == 1 {
    ss_sample
    tempvar complete
    quietly egen `complete' = rowmiss(`p_vars')
    quietly count if ss_use
    local selected = r(N)
    quietly count if ss_use & `complete' > 0
    ss_check missing_loss, warn(r(N) > 0.2 * `selected') value(r(N) / `selected')
}
else {
    ss_sample `p_vars', maxloss(0.2)
}
local row = 0
foreach variable of local p_vars {
    local row = `row' + 1
    quietly summarize `variable' if ss_use
    ss_check zero_spread, fail(r(N) < 2 | r(sd) == 0) value(r(sd)) row(`row')
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
if "`p_method'" != "spearman" {
    pwcorr `p_vars' if ss_use, obs sig
}
local count : word count `p_vars'
ss_metric n_variables = `count'
tempname correlations p_values r n p z matrix
matrix `matrix' = I(`count')
tempfile correlation_rows p_value_rows
postfile `correlations' str32 row str32 column double correlation double ci_low double ci_high double n str32 note using "`correlation_rows'"
postfile `p_values' str32 row str32 column double p_value double n str32 note using "`p_value_rows'"
forvalues i = 1/`count' {
    local first : word `i' of `p_vars'
    forvalues j = 1/`i' {
        local second : word `j' of `p_vars'
        quietly count if ss_use & !missing(`first', `second')
        scalar `n' = r(N)
        scalar `r' = 1
        scalar `p' = .
        scalar `z' = .
        if `j' < `i' {
            scalar `r' = .
            if `n' > 1 & "`p_method'" == "spearman" {
                quietly spearman `first' `second' if ss_use
                scalar `r' = r(rho)
            }
            else if `n' > 1 {
                quietly correlate `first' `second' if ss_use
                scalar `r' = r(rho)
            }
            * t distribution of r; interval of Fisher's z, for ranks with the standard error 1/sqrt(n - 3) too
            scalar `p' = 2 * ttail(`n' - 2, abs(`r') * sqrt((`n' - 2) / (1 - `r'^2)))
            scalar `z' = invnormal(1 - (1 - `p_level' / 100) / 2) / sqrt(`n' - 3)
        }
        matrix `matrix'[`i', `j'] = `r'
        matrix `matrix'[`j', `i'] = `r'
        post `correlations' ("`first'") ("`second'") (`r') (tanh(atanh(`r') - `z')) (tanh(atanh(`r') + `z')) (`n') ("`p_method'")
        post `p_values' ("`first'") ("`second'") (`p') (`n') ("`p_method'")
    }
}
postclose `correlations'
postclose `p_values'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_correlation.csv", rows("`correlation_rows'")
ss_export using "table_p_values.csv", rows("`p_value_rows'")
ss_matrix_plot using "fig_matrix.svg", matrix(`matrix') variables(`p_vars') title("Correlation matrix (`p_method')")
ss_event step name=export status=ok
