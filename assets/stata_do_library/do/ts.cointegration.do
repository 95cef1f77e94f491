* ts.cointegration 1.0.1: Johansen tests of the number of long-run relations, the relations and the adjustment to them.
* Reads p_vars p_time_var p_lags p_trend p_rank p_level.
ss_event step name=sample status=begin
foreach variable of local p_vars {
    confirm numeric variable `variable'
}
ss_sample `p_vars' `p_time_var'
local count : word count `p_vars'
local wanted = cond("`p_lags'" == "", 2, real("`p_lags'"))
ss_time `p_time_var', least(`=`wanted' + `count' * `wanted' + 10')
local periods = r(periods)
local row = 0
foreach variable of local p_vars {
    local row = `row' + 1
    quietly summarize `variable' if ss_use
    ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd)) row(`row')
}
tempname together
quietly correlate `p_vars' if ss_use
matrix `together' = r(C)
ss_check collinear, fail(det(`together') < 1e-12) value(det(`together'))
ss_event step name=sample status=ok

ss_event step name=lags status=begin
tempname handle stats
tempfile lag_rows root_rows rank_rows relation_rows serial_rows
local most = max(1, min(8, floor(`periods' / (`count' * 3 + 2))))
if "`p_lags'" != "" {
    local most = max(`most', `p_lags')
    local most = min(`most', floor((`periods' - 5) / (`count' + 1)))
}
varsoc `p_vars' if ss_use, maxlag(`most')
matrix `stats' = r(stats)
local rows = rowsof(`stats')
local lags "`p_lags'"
if "`lags'" == "" {
    local best = .
    local lags = 1
    forvalues i = 2/`rows' {
        if el(`stats', `i', 7) < `best' {
            local best = el(`stats', `i', 7)
            local lags = `i' - 1
        }
    }
}
postfile `handle' double lag double ll double lr double p_value double fpe double aic double hqic double sbic using "`lag_rows'"
forvalues i = 1/`rows' {
    post `handle' (el(`stats', `i', 1)) (el(`stats', `i', 2)) (el(`stats', `i', 3)) (el(`stats', `i', 5)) (el(`stats', `i', 6)) (el(`stats', `i', 7)) (el(`stats', `i', 8)) (el(`stats', `i', 9))
}
postclose `handle'
ss_metric lags = `lags'
local before = `lags' - 1
local unsuitable = 0
local drift = cond(inlist("`p_trend'", "trend", "rtrend"), "trend", "")
postfile `handle' str2045 series str16 form double statistic double lags double n double p_value double critical_5 using "`root_rows'"
foreach variable of local p_vars {
    dfuller `variable' if ss_use, lags(`before') `drift'
    local unsuitable = `unsuitable' + (r(p) < 0.05)
    post `handle' ("`variable'") ("level") (r(Zt)) (`before') (r(N)) (r(p)) (r(cv_5))
    dfuller D.`variable' if ss_use, lags(`before')
    local unsuitable = `unsuitable' + (r(p) >= 0.05)
    post `handle' ("`variable'") ("difference") (r(Zt)) (`before') (r(N)) (r(p)) (r(cv_5))
}
postclose `handle'
ss_check not_integrated, warn(`unsuitable' > 0) value(`unsuitable')
ss_event step name=lags status=ok

ss_event step name=rank status=begin
* Osterwald-Lenum (1992), Oxford Bulletin of Economics and Statistics 54: 5% values by the number of series less the rank
local trace_none "3.84 12.53 24.31 39.89 59.46 82.49 109.99 141.20"
local max_none "3.84 11.44 17.89 23.80 30.04 36.36 41.51 47.99"
local trace_rconstant "9.24 19.96 34.91 53.12 76.07 102.14 131.70 165.58"
local max_rconstant "9.24 15.67 22.00 28.14 34.40 40.30 46.45 52.00"
local trace_constant "3.76 15.41 29.68 47.21 68.52 94.15 124.24 156.00"
local max_constant "3.76 14.07 20.97 27.07 33.46 39.37 45.28 51.42"
local trace_rtrend "12.25 25.32 42.44 62.99 87.31 114.90 146.76 182.82"
local max_rtrend "12.25 18.96 25.54 31.46 37.52 43.97 49.42 55.50"
local trace_trend "3.74 18.17 34.55 54.64 77.74 104.94 136.61 170.80"
local max_trend "3.74 16.87 23.78 30.33 36.41 42.48 48.45 54.25"
tempname trace largest lambda ll
vecrank `p_vars' if ss_use, lags(`lags') trend(`p_trend') max
matrix `trace' = e(trace)
matrix `largest' = e(max)
matrix `lambda' = e(lambda)
matrix `ll' = e(ll)
local accepted = -1
local accepted_max = -1
postfile `handle' double rank double ll double eigenvalue double trace double trace_5 double largest double largest_5 using "`rank_rows'"
forvalues r = 0/`count' {
    local i = `r' + 1
    if `r' < `count' {
        local left = `count' - `r'
        local trace_5 : word `left' of `trace_`p_trend''
        local largest_5 : word `left' of `max_`p_trend''
        post `handle' (`r') (el(`ll', 1, `i')) (el(`lambda', 1, `i')) (el(`trace', 1, `i')) (`trace_5') (el(`largest', 1, `i')) (`largest_5')
        if `accepted' < 0 & el(`trace', 1, `i') <= `trace_5' {
            local accepted = `r'
        }
        if `accepted_max' < 0 & el(`largest', 1, `i') <= `largest_5' {
            local accepted_max = `r'
        }
    }
    else {
        post `handle' (`r') (el(`ll', 1, `i')) (.) (.) (.) (.) (.)
    }
}
postclose `handle'
local accepted = cond(`accepted' < 0, `count', `accepted')
local accepted_max = cond(`accepted_max' < 0, `count', `accepted_max')
local rank = cond("`p_rank'" == "", `accepted', real("`p_rank'"))
ss_check bounds_order, fail(`rank' >= `count' & "`p_rank'" != "") value(`rank')
ss_metric rank_trace = `accepted'
ss_metric rank_largest = `accepted_max'
ss_metric rank = `rank'
ss_metric ll = el(`ll', 1, `rank' + 1)
ss_check rank_zero, warn(`rank' == 0) value(`rank')
ss_check full_rank, warn(`rank' == `count') value(`rank')
ss_check tests_disagree, warn(`accepted' != `accepted_max') value(`accepted_max')
ss_event step name=rank status=ok

ss_event step name=estimate status=begin
local fitted = `rank' > 0 & `rank' < `count'
if `fitted' == 1 {
    tempname coefficients beta v b se z lm
    vec `p_vars' if ss_use, lags(`lags') trend(`p_trend') rank(`rank') level(`p_level')
    matrix `coefficients' = r(table)
    ss_fit_table using "table_fit.csv", scalars(N ll aic hqic sbic detsig_ml) se(ml) values(lags `lags' rank `rank' level `p_level')
    ss_coef_table using "table_coefficients.csv", table(`coefficients')
    matrix `beta' = e(beta)
    matrix `v' = e(V_beta)
    local relations : coleq `beta'
    local names : colnames `beta'
    local columns = colsof(`beta')
    local critical = invnormal(1 - (1 - `p_level' / 100) / 2)
    postfile `handle' str32 relation str2045 term double estimate double std_error double statistic double p_value double ci_low double ci_high str20 note using "`relation_rows'"
    forvalues j = 1/`columns' {
        local relation : word `j' of `relations'
        local term : word `j' of `names'
        scalar `b' = el(`beta', 1, `j')
        scalar `se' = sqrt(el(`v', `j', `j'))
        local note ""
        if `se' == 0 | missing(`se') {
            scalar `se' = .
            local note = cond("`term'" == "_cons" | "`term'" == "_trend", "from the model", "fixed")
        }
        scalar `z' = `b' / `se'
        post `handle' ("`relation'") ("`term'") (`b') (`se') (`z') (2 * normal(-abs(`z'))) (`b' - `critical' * `se') (`b' + `critical' * `se') ("`note'")
    }
    postclose `handle'
    quietly predict double ss_relation, ce equation(_ce1)
    veclmar, mlag(2)
    matrix `lm' = r(lm)
    postfile `handle' double lag double chi2 double df double p_value using "`serial_rows'"
    forvalues i = 1/`=rowsof(`lm')' {
        post `handle' (el(`lm', `i', 1)) (el(`lm', `i', 2)) (el(`lm', `i', 3)) (el(`lm', `i', 4))
    }
    postclose `handle'
    ss_check serial_correlation, warn(el(`lm', 1, 4) < 0.05) value(el(`lm', 1, 4))
}
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_lags.csv", rows("`lag_rows'")
ss_export using "table_unit_roots.csv", rows("`root_rows'")
ss_export using "table_rank.csv", rows("`rank_rows'")
if `fitted' == 1 {
    ss_export using "table_relations.csv", rows("`relation_rows'")
    ss_export using "table_serial.csv", rows("`serial_rows'")
    ss_time_plot using "fig_relation.svg", y(ss_relation) title("Deviation from the first long-run relation") ytitle("Deviation")
}
ss_event step name=export status=ok
