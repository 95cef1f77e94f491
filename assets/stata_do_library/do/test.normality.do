* test.normality 1.0.0: tests of normality and normal quantile plots of variables.
* Reads p_vars.
ss_event step name=sample status=begin
local row = 0
foreach variable of local p_vars {
    local row = `row' + 1
    capture confirm numeric variable `variable'
    ss_check non_numeric, fail(_rc != 0) row(`row')
}
ss_sample
local row = 0
foreach variable of local p_vars {
    local row = `row' + 1
    quietly summarize `variable' if ss_use
    ss_check no_obs, fail(r(N) == 0) value(r(N)) row(`row')
    ss_check zero_spread, fail(r(N) < 2 | r(sd) == 0) value(r(sd)) row(`row')
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table
tempfile rows
postfile `table' str32 variable str32 test double n double statistic double df1 double p_value str244 note using "`rows'"
local row = 0
foreach variable of local p_vars {
    local row = `row' + 1
    quietly summarize `variable' if ss_use, detail
    local n = r(N)
    post `table' ("`variable'") ("skewness") (`n') (r(skewness)) (.) (.) ("0 under normality")
    post `table' ("`variable'") ("kurtosis") (`n') (r(kurtosis)) (.) (.) ("3 under normality")
    ss_check size_out_of_range, warn(`n' < 8 | `n' > 2000) value(`n') row(`row')
    if inrange(`n', 4, 2000) {
        swilk `variable' if ss_use, noties
        post `table' ("`variable'") ("shapiro_wilk") (`n') (r(W)) (.) (r(p)) ("null: normal; z = `=strofreal(r(z), "%9.4f")'")
        if `row' == 1 {
            ss_metric w = r(W)
            ss_metric p_w = r(p)
        }
    }
    else {
        post `table' ("`variable'") ("shapiro_wilk") (`n') (.) (.) (.) ("not computed: 4 to 2,000 values are needed")
        if `row' == 1 {
            ss_metric w = .
            ss_metric p_w = .
        }
    }
    if inrange(`n', 5, 5000) {
        sfrancia `variable' if ss_use, noties
        post `table' ("`variable'") ("shapiro_francia") (`n') (r(W)) (.) (r(p)) ("null: normal; z = `=strofreal(r(z), "%9.4f")'")
    }
    else {
        post `table' ("`variable'") ("shapiro_francia") (`n') (.) (.) (.) ("not computed: 5 to 5,000 values are needed")
    }
    if `n' >= 8 {
        sktest `variable' if ss_use, noadjust
        post `table' ("`variable'") ("skewness_test") (`n') (.) (.) (r(P_skew)) ("null: no skewness")
        post `table' ("`variable'") ("kurtosis_test") (`n') (.) (.) (r(P_kurt)) ("null: kurtosis of 3")
        post `table' ("`variable'") ("skewness_kurtosis") (`n') (r(chi2)) (2) (r(P_chi2)) ("chi2; null: normal (D'Agostino and others 1990)")
    }
    else {
        post `table' ("`variable'") ("skewness_kurtosis") (`n') (.) (.) (.) ("not computed: 8 values are needed")
    }
}
postclose `table'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_normality.csv", rows("`rows'")
ss_normal_plot using "fig_qq.svg", variables(`p_vars')
ss_event step name=export status=ok
