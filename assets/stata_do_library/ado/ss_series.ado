*! ss_series 1.0.0: saves a statistic of a variable by group and time as rows for a table
* Usage: ss_series using "temporary file", y(varname) time(varname) group(variable of ss_groups) stat(mean|sum|median)
* Columns group (its name), time, n, value; returns r(points).
program define ss_series, rclass
    syntax using/, Y(varname) TIme(varname) GROup(varname) STat(string)
    preserve
    quietly keep if ss_use
    * a column of the data may have one of the new names
    collapse (count) ss_n = `y' (`stat') ss_value = `y', by(`group' `time')
    decode `group', generate(ss_name)
    rename (`group' `time' ss_n ss_value) (ss_group_number time n value)
    drop ss_group_number
    rename ss_name group
    order group time n value
    format time %18.0g
    local points = _N
    quietly save "`using'", replace
    restore
    return scalar points = `points'
end
