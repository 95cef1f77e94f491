* ts.var 1.0.3: vector autoregression with lag choice, Granger tests, stability and impulse responses.
* Reads p_vars p_time_var p_lags p_steps p_level.
ss_event step name=sample status=begin
foreach variable of local p_vars {
    confirm numeric variable `variable'
}
ss_sample `p_vars' `p_time_var'
local count : word count `p_vars'
local wanted = cond("`p_lags'" == "", 1, real("`p_lags'"))
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
tempname handle stats granger re im modulus coefficients
tempfile lag_rows granger_rows irf_rows stable_rows responses
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
ss_event step name=lags status=ok

ss_event step name=estimate status=begin
var `p_vars' if ss_use, lags(1/`lags') level(`p_level')
matrix `coefficients' = r(table)
ss_metric ll = e(ll)
ss_metric aic = e(aic)
local used = e(N)
ss_fit_table using "table_fit.csv", scalars(N ll aic hqic sbic fpe detsig_ml) se(ml) values(lags `lags' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients')
vargranger
matrix `granger' = r(gstats)
local equations : roweq `granger'
local names : rownames `granger'
postfile `handle' str2045 equation str2045 excluded double chi2 double df double p_value using "`granger_rows'"
local rows = rowsof(`granger')
forvalues i = 1/`rows' {
    post `handle' ("`: word `i' of `equations''") ("`: word `i' of `names''") (el(`granger', `i', 1)) (el(`granger', `i', 2)) (el(`granger', `i', 3))
}
postclose `handle'
varstable
matrix `re' = r(Re)
matrix `im' = r(Im)
matrix `modulus' = r(Modulus)
local largest = el(`modulus', 1, 1)
ss_check unstable, warn(`largest' >= 1) value(`largest')
ss_metric largest_modulus = el(`modulus', 1, 1)
postfile `handle' double number double real double imaginary double modulus using "`stable_rows'"
local rows = colsof(`modulus')
forvalues i = 1/`rows' {
    post `handle' (`i') (el(`re', 1, `i')) (el(`im', 1, `i')) (el(`modulus', 1, `i'))
}
postclose `handle'
irf create ss, step(`p_steps') set("`responses'", replace) replace
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_lags.csv", rows("`lag_rows'")
ss_export using "table_granger.csv", rows("`granger_rows'")
ss_export using "table_stability.csv", rows("`stable_rows'")
local z = invnormal(1 - (1 - `p_level' / 100) / 2)
ss_source
local engine "`r(engine)'"
preserve
quietly use "`responses'", clear
quietly generate double low = oirf - `z' * stdoirf
quietly generate double high = oirf + `z' * stdoirf
rename stdoirf std_error
rename fevd share
quietly generate pair = impulse + " to " + response
keep impulse response step oirf std_error low high share pair
order impulse response step oirf std_error low high share pair
twoway (rarea low high step, color(gs13)) (line oirf step, lcolor("0 114 178")), by(pair, rescale legend(off) title("Orthogonal responses to a shock of one standard deviation") note("`p_level'% intervals; `lags' lags; N = `used' periods; `engine'")) ///
    yline(0, lcolor(gs8) lpattern(dash)) xtitle("Periods after the shock") ytitle("")
ss_figure using "fig_irf.svg"
drop pair
quietly save "`irf_rows'", replace
restore
ss_export using "table_irf.csv", rows("`irf_rows'")
ss_event step name=export status=ok
