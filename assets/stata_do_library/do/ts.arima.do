* ts.arima 1.0.2: ARIMA model of a series by exact maximum likelihood and its forecast with intervals.
* Reads p_variable p_time_var p_p p_d p_q p_seasonal p_horizon p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_variable'
ss_sample `p_variable' `p_time_var'
local seasonal ""
local sp = 0
local sd = 0
local sq = 0
local season = 1
if "`p_seasonal'" != "" {
    local rest "`p_seasonal'"
    foreach part in sp sd sq season {
        gettoken number rest : rest, parse(",")
        local `part' = `number'
        gettoken comma rest : rest, parse(",")
    }
    ss_check bounds_order, fail(`season' < 2) value(`season')
    local seasonal "sarima(`sp',`sd',`sq',`season')"
}
local lost = `p_d' + `sd' * `season'
local terms = `p_p' + `p_q' + `sp' + `sq' + 2
ss_time `p_time_var', least(`=`lost' + 3 * `terms' + max(`p_p', `p_q') + `season' * max(`sp', `sq') + 5')
local periods = r(periods)
quietly summarize `p_variable' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
local constant ""
if `lost' > 1 {
    local constant "noconstant"
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients psi handle sigma total
tempfile forecast_rows
capture noisily arima `p_variable' if ss_use, arima(`p_p',`p_d',`p_q') `seasonal' `constant' vce(oim) level(`p_level')
local code = _rc
ss_check converge, fail(`code' == 430 | `code' == 504) value(`code')
if `code' != 0 {
    error `code'
}
matrix `coefficients' = r(table)
scalar `sigma' = e(sigma)
ss_metric ll = e(ll)
ss_metric sigma = e(sigma)
ss_metric aic = -2 * e(ll) + 2 * e(rank)
ss_arima_psi `psi', horizon(`p_horizon') d(`p_d') sd(`sd') season(`season')
ss_check noninvertible, warn(r(invertible) == 0) value(r(invertible))
ss_fit_table using "table_fit.csv", scalars(N ll sigma) se(oim) values(aic -2*e(ll)+2*e(rank) bic -2*e(ll)+ln(e(N))*e(rank) level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') results
ss_event step name=estimate status=ok

ss_event step name=forecast status=begin
local last = ss_period[_N]
tsappend, add(`p_horizon')
quietly predict double ss_forecast, y dynamic(`=`last' + 1')
local z = invnormal(1 - (1 - `p_level' / 100) / 2)
quietly generate double ss_error = .
scalar `total' = 0
postfile `handle' double step double period double forecast double std_error double low double high using "`forecast_rows'"
forvalues h = 1/`p_horizon' {
    scalar `total' = `total' + el(`psi', 1, `h')^2
    local row = `periods' + `h'
    quietly replace ss_error = `sigma' * sqrt(`total') in `row'
    post `handle' (`h') (ss_period[`row']) (ss_forecast[`row']) (ss_error[`row']) (ss_forecast[`row'] - `z' * ss_error[`row']) (ss_forecast[`row'] + `z' * ss_error[`row'])
}
postclose `handle'
ss_metric forecast_1 = ss_forecast[`periods' + 1]
ss_event step name=forecast status=ok

ss_event step name=export status=begin
ss_export using "table_forecast.csv", rows("`forecast_rows'")
quietly generate double ss_low = ss_forecast - `z' * ss_error
quietly generate double ss_high = ss_forecast + `z' * ss_error
ss_label `p_variable'
local name = r(text)
local xtitle : variable label ss_period
ss_source
local from = max(1, `periods' - 5 * `p_horizon' - 20)
twoway (rarea ss_low ss_high ss_period if _n > `periods', color(gs13)) (line `p_variable' ss_period if _n <= `periods' & _n >= `from', lcolor("0 114 178")) ///
    (line ss_forecast ss_period if _n > `periods', lcolor("213 94 0")), legend(order(2 "observed" 3 "forecast" 1 "`p_level'% interval")) ///
    title(`"Forecast: `macval(name)'"') xtitle(`"`macval(xtitle)'"') ytitle(`"`macval(name)'"') ylabel(, angle(0)) note("ARIMA(`p_p',`p_d',`p_q') `seasonal'; N = `periods' periods; `r(engine)'")
ss_figure using "fig_forecast.svg"
ss_event step name=export status=ok
