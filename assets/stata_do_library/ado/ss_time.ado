*! ss_time 1.1.0: numbers the periods of a time series and declares them
* Usage: ss_time variable, least(#)
* Keeps the rows of the sample, sorted by time. Makes ss_period: the variable itself in whole steps, or the year,
* quarter, month, week or day of a daily date, the longest that gives every row a period of its own. Days without weekends, of which
* nearly all others have a row, are trading days: ss_period numbers them, and ss_day is the date for figures.
* Checks: non_numeric (times as text), dup_key (repeated times), gap_time (fails: lags need a series without gaps), too_few_periods (fewer
* than least()), trading_days (warns: the weekdays without a row). Returns r(periods) and r(unit).
program define ss_time, rclass
    syntax varname, LEast(integer)
    capture confirm numeric variable `varlist'
    local text = _rc != 0
    ss_check non_numeric, fail(`text') value(`text')
    quietly keep if ss_use
    sort `varlist'
    tempvar step
    quietly generate double `step' = `varlist' - `varlist'[_n - 1]
    quietly count if `step' == 0
    ss_check dup_key, fail(r(N) > 0) value(r(N))
    local format : format `varlist'
    local unit "step"
    quietly generate double ss_period = `varlist'
    if substr("`format'", 1, 3) == "%td" {
        local unit "day"
        tempvar key
        quietly generate double `key' = .
        foreach candidate in day week month quarter year {
            if "`candidate'" == "day" {
                quietly replace `key' = `varlist'
            }
            if "`candidate'" == "week" {
                quietly replace `key' = floor((`varlist' - `varlist'[1]) / 7)
            }
            if "`candidate'" == "month" {
                quietly replace `key' = mofd(`varlist')
            }
            if "`candidate'" == "quarter" {
                quietly replace `key' = qofd(`varlist')
            }
            if "`candidate'" == "year" {
                quietly replace `key' = yofd(`varlist')
            }
            quietly count if `key' == `key'[_n - 1]
            if r(N) == 0 {
                quietly replace ss_period = `key'
                local unit "`candidate'"
            }
        }
        local letters "day %td week %10.0g month %tm quarter %tq year %ty"
        local place : list posof "`unit'" in letters
        format ss_period `: word `=`place' + 1' of `letters''
        if "`unit'" == "day" {
            * weekdays from the first to the last: 4 January 1960, day 3, was a Monday
            local last = 5 * floor((`varlist'[_N] - 3) / 7) + min(mod(`varlist'[_N] - 3, 7) + 1, 5)
            local first = 5 * floor((`varlist'[1] - 3) / 7) + min(mod(`varlist'[1] - 3, 7) + 1, 5)
            local closed = `last' - `first' + 1 - _N
            quietly count if inlist(dow(`varlist'), 0, 6)
            if r(N) == 0 & `varlist'[_N] - `varlist'[1] >= 14 & `closed' <= 0.1 * (_N + `closed') {
                local unit "trading day"
                quietly generate double ss_day = `varlist'
                format ss_day %td
                quietly replace ss_period = _n
                format ss_period %10.0g
                ss_check trading_days, warn(1) value(`closed')
            }
        }
    }
    else {
        * steps of one whole number, such as every second year
        quietly summarize `step', meanonly
        local width = r(min)
        if r(N) > 0 & `width' > 0 {
            quietly replace ss_period = (`varlist' - `varlist'[1]) / `width'
            if `width' == 1 & `varlist'[1] == floor(`varlist'[1]) {
                quietly replace ss_period = `varlist'
                format ss_period `format'
            }
        }
    }
    local periods = _N
    quietly count if ss_period != ss_period[_n - 1] + 1 & _n > 1
    ss_check gap_time, fail(r(N) > 0) value(r(N))
    ss_check too_few_periods, fail(`periods' < `least') value(`periods')
    local own : variable label `varlist'
    if `"`macval(own)'"' == "" {
        local own "`varlist'"
    }
    if "`unit'" == "trading day" {
        label variable ss_day `"`macval(own)'"'
        local own `"`macval(own)' (number of the trading day)"'
    }
    label variable ss_period `"`macval(own)'"'
    tsset ss_period
    ss_metric n_periods = `periods'
    return scalar periods = `periods'
    return local unit "`unit'"
end
