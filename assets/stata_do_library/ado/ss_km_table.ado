*! ss_km_table 1.0.0: writes the survivor function by group, at every event time or at chosen times
* Usage: ss_km_table using "file.csv", group(variable of ss_groups) [times(numlist)]
* Reads ss_s ss_se ss_low ss_high of sts generate and _t _d _st; entry is at time zero.
* at_risk: under observation just before the time; events: at the time; events_to_date, censored_to_date: up to it.
program define ss_km_table
    syntax using/, GROup(varname) [TImes(numlist >0 sort)]
    tempfile rows
    preserve
    quietly keep if _st == 1
    quietly generate str244 ss_name = ""
    quietly summarize `group', meanonly
    local groups = r(max)
    forvalues g = 1/`groups' {
        local text : label `group' `g'
        quietly replace ss_name = `"`macval(text)'"' if `group' == `g'
    }
    sort `group' _t
    quietly by `group': generate double ss_left = _N - _n + 1
    quietly by `group': generate double ss_events_to_date = sum(_d)
    quietly by `group': generate double ss_censored_to_date = sum(1 - _d)
    quietly by `group' _t: generate double ss_at_risk = ss_left[1]
    quietly by `group' _t: generate double ss_events = sum(_d)
    quietly by `group' _t: keep if _n == _N
    if "`times'" == "" {
        quietly keep if ss_events > 0
        * a column of the data may have one of the new names
        keep ss_name _t ss_at_risk ss_events ss_events_to_date ss_censored_to_date ss_s ss_se ss_low ss_high
        rename (ss_name _t ss_at_risk ss_events ss_events_to_date ss_censored_to_date ss_s ss_se ss_low ss_high) ///
            (group time at_risk events events_to_date censored_to_date survival std_error ci_low ci_high)
        quietly generate str40 note = ""
        order group time at_risk events events_to_date censored_to_date survival std_error ci_low ci_high note
        quietly save "`rows'"
    }
    else {
        tempname handle
        postfile `handle' str244 group double time double at_risk double events double events_to_date double censored_to_date double survival double std_error double ci_low double ci_high str40 note using "`rows'"
        quietly generate long ss_row = _n
        forvalues g = 1/`groups' {
            local text : label `group' `g'
            quietly summarize ss_row if `group' == `g', meanonly
            local first = r(min)
            local end = r(max)
            foreach time of local times {
                quietly summarize ss_row if `group' == `g' & _t <= `time', meanonly
                local last = r(max)
                quietly summarize ss_left if `group' == `g' & _t >= `time', meanonly
                local left = r(max)
                local note ""
                if r(N) == 0 {
                    local left = 0
                }
                else {
                    quietly summarize ss_at_risk if `group' == `g' & _t >= `time', meanonly
                    local left = r(max)
                }
                quietly summarize ss_events if `group' == `g' & _t == `time', meanonly
                local now = 0
                if r(N) > 0 {
                    local now = r(max)
                }
                if missing(`last') {
                    post `handle' (`"`macval(text)'"') (`time') (`left') (`now') (0) (0) (1) (.) (.) (.) ("before the first observed time")
                }
                else if `time' > _t[`end'] & ss_s[`end'] > 0 {
                    post `handle' (`"`macval(text)'"') (`time') (`left') (`now') (ss_events_to_date[`last']) (ss_censored_to_date[`last']) (.) (.) (.) (.) ("after the last observation")
                }
                else {
                    post `handle' (`"`macval(text)'"') (`time') (`left') (`now') (ss_events_to_date[`last']) (ss_censored_to_date[`last']) (ss_s[`last']) (ss_se[`last']) (ss_low[`last']) (ss_high[`last']) ("")
                }
            }
        }
        postclose `handle'
    }
    restore
    ss_export using "`using'", rows("`rows'")
end
