*! ss_series 1.0.0: saves a statistic of a variable by group and time as rows for a table
* Usage: ss_series using "temporary file", y(varname) time(varname) group(variable of ss_groups) stat(mean|sum|median)
* Columns group (its name), time, n, value; returns r(points).
program define ss_series, rclass
    syntax using/, Y(varname) TIme(varname) GROup(varname) STat(string)
    preserve
    quietly keep if ss_use
    collapse (count) n = `y' (`stat') value = `y', by(`group' `time')
    decode `group', generate(name)
    rename `time' time
    keep name time n value
    rename name group
    order group time n value
    format time %18.0g
    local points = _N
    quietly save "`using'", replace
    restore
    return scalar points = `points'
end
