*! ss_survival 1.0.0: declares survival time and prints the checks not_binary, neg_values and no_events
* Usage: ss_survival time failure [, group(variable of ss_groups)]; returns r(events).
* Failure is coded 0/1, time is above zero. With group() every group needs an event.
program define ss_survival, rclass
    syntax varlist(min=2 max=2 numeric) [, GROup(varname)]
    local time : word 1 of `varlist'
    local failure : word 2 of `varlist'
    quietly count if ss_use & `failure' != 0 & `failure' != 1
    ss_check not_binary, fail(r(N) > 0) value(r(N))
    quietly count if ss_use & `time' <= 0
    ss_check neg_values, fail(r(N) > 0) value(r(N))
    quietly count if ss_use & `failure' == 1
    local events = r(N)
    local least = `events'
    if "`group'" != "" {
        quietly summarize `group' if ss_use, meanonly
        local groups = r(max)
        forvalues g = 1/`groups' {
            quietly count if ss_use & `failure' == 1 & `group' == `g'
            local least = min(`least', r(N))
        }
    }
    ss_check no_events, fail(`least' == 0) value(`least')
    quietly stset `time' if ss_use, failure(`failure') noshow
    return scalar events = `events'
end
