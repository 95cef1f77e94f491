* ts.describe 1.0.2: a time series over time, its autocorrelations and a test for white noise.
* Reads p_variable p_time_var p_lags.
ss_event step name=sample status=begin
confirm numeric variable `p_variable'
ss_sample `p_variable' `p_time_var'
ss_time `p_time_var', least(8)
local periods = r(periods)
quietly summarize `p_variable' if ss_use
ss_check zero_spread, fail(r(sd) == 0) value(r(sd))
local lags "`p_lags'"
if "`lags'" == "" {
    local lags = min(floor(`periods' / 2) - 2, 24)
}
ss_check bounds_order, fail(`lags' >= `periods' - 1) value(`lags')
ss_event step name=sample status=ok

ss_event step name=correlate status=begin
tempname correlogram summary
tempfile lag_rows summary_rows
quietly summarize `p_variable' if ss_use, detail
postfile `summary' str32 metric double value using "`summary_rows'"
foreach metric in N mean sd min p50 max skewness kurtosis {
    post `summary' ("`metric'") (r(`metric'))
}
quietly regress `p_variable' ss_period if ss_use
post `summary' ("trend_per_period") (_b[ss_period])
postclose `summary'
corrgram `p_variable' if ss_use, lags(`lags') noplot
postfile `correlogram' double lag double autocorrelation double partial double bartlett_se double q double p_value using "`lag_rows'"
local sum = 0
forvalues lag = 1/`lags' {
    * Bartlett's standard error under a moving average of the lower order
    local se = sqrt((1 + 2 * `sum') / `periods')
    post `correlogram' (`lag') (r(ac`lag')) (r(pac`lag')) (`se') (r(q`lag')) (chi2tail(`lag', r(q`lag')))
    local sum = `sum' + r(ac`lag')^2
}
postclose `correlogram'
ss_metric ac1 = r(ac1)
wntestq `p_variable' if ss_use, lags(`lags')
ss_metric q = r(stat)
ss_metric p_white_noise = r(p)
ss_event step name=correlate status=ok

ss_event step name=export status=begin
ss_export using "table_corrgram.csv", rows("`lag_rows'")
ss_export using "table_summary.csv", rows("`summary_rows'")
ss_label `p_variable'
local name = r(text)
ss_time_plot using "fig_line.svg", y(`p_variable') title(`"`macval(name)' over time"') ytitle(`"`macval(name)'"')
ss_source
ac `p_variable' if ss_use, lags(`lags') title(`"Autocorrelation: `macval(name)'"') xtitle("Lag (periods)") ytitle("Autocorrelation") ///
    note("Bars outside the band differ from zero at 5% (Bartlett); N = `periods' periods; `r(engine)'")
ss_figure using "fig_ac.svg"
pac `p_variable' if ss_use, lags(`lags') title(`"Partial autocorrelation: `macval(name)'"') xtitle("Lag (periods)") ytitle("Partial autocorrelation") ///
    note("Bars outside the band differ from zero at 5%; N = `periods' periods; `r(engine)'")
ss_figure using "fig_pac.svg"
ss_event step name=export status=ok
