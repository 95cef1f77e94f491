*! ss_coef_table 1.1.1: writes the coefficient table of the last estimation, or of a matrix like r(table)
* Usage: ss_coef_table using "file.csv", [table(matrix) focal(variable) equation(text) eform(column) blank results indicators(variables)]
* Base levels are left out, and every level has an anchor (see ss_level); omitted terms keep an empty row with the note "omitted".
* eform() adds exponentiated estimates and limits, left empty with blank. With focal() the
* check "collinear" is printed; it fails when every term of the focal variable was omitted.
* Level 1 of a variable of indicators() (see ss_indicators) has its name; with equation(dydx) the note is "from 0 to 1".
program define ss_coef_table
    syntax using/ [, Table(name) FOCal(name) EQuation(string) EForm(name) BLank RESults INDicators(string)]
    tempname values handle
    if "`table'" == "" {
        matrix `values' = r(table)
    }
    else {
        matrix `values' = `table'
    }
    local terms : colnames `values'
    local equations : coleq `values'
    local count = colsof(`values')
    local extra ""
    if "`eform'" != "" {
        local extra "double `eform' double `eform'_low double `eform'_high"
    }
    tempfile rows
    postfile `handle' str2045 equation str2045 term double estimate double std_error double statistic double p_value double ci_low double ci_high `extra' str20 note using "`rows'"
    local omitted = 0
    local seen = 0
    local kept = 0
    local row = 0
    local levels ""
    forvalues j = 1/`count' {
        local term : word `j' of `terms'
        local group : word `j' of `equations'
        if "`group'" == "_" {
            local group "`e(depvar)'"
        }
        * the exponential of a parameter of shape is no ratio
        local is_shape = "`group'" == "/"
        if "`equation'" != "" {
            local group "`equation'"
        }
        quietly _ms_parse_parts `term'
        local omit = r(omit)
        local base = 0
        local names "`r(name)'"
        if "`r(type)'" == "factor" {
            local base = r(base)
            local level "`names'.`=r(level)'"
            local is_said : list level in levels
            local is_indicator : list names in indicators
            if !`is_said' & !`is_indicator' {
                local levels "`levels' `level'"
                ss_level `names' `=r(level)' `base'
            }
        }
        if "`r(type)'" == "interaction" | "`r(type)'" == "product" {
            local parts = r(k_names)
            forvalues i = 1/`parts' {
                local names "`names' `r(name`i')'"
                if r(base`i') == 1 {
                    local base = 1
                }
            }
        }
        if `base' == 1 {
            continue
        }
        local row = `row' + 1
        local note ""
        local is_indicator : list names in indicators
        if "`r(type)'" == "factor" & `is_indicator' {
            local term "`names'"
            local note = cond("`equation'" == "dydx", "from 0 to 1", "")
        }
        * margins names an omitted term without its mark
        if "`equation'" == "dydx" {
            local omit = `omit' | (el(`values', 1, `j') == 0 & missing(el(`values', 2, `j')))
        }
        local is_focal : list focal in names
        if "`focal'" == "" {
            local is_focal = 0
        }
        local seen = `seen' + `is_focal'
        if `omit' == 1 {
            local omitted = `omitted' + 1
            local blanks "(.) (.) (.) (.) (.) (.)"
            if "`eform'" != "" {
                local blanks "`blanks' (.) (.) (.)"
            }
            post `handle' ("`group'") ("`term'") `blanks' ("omitted")
        }
        else {
            local kept = `kept' + `is_focal'
            local more ""
            if "`blank'" != "" | ("`eform'" != "" & `is_shape') {
                local more "(.) (.) (.)"
            }
            else if "`eform'" != "" {
                local more "(exp(el(`values', 1, `j'))) (exp(el(`values', 5, `j'))) (exp(el(`values', 6, `j')))"
            }
            post `handle' ("`group'") ("`term'") (el(`values', 1, `j')) (el(`values', 2, `j')) (el(`values', 3, `j')) (el(`values', 4, `j')) (el(`values', 5, `j')) (el(`values', 6, `j')) `more' ("`note'")
            if "`results'" != "" & `row' <= 20 {
                local b = strtrim(strofreal(el(`values', 1, `j'), "%24.16e"))
                local se = strtrim(strofreal(el(`values', 2, `j'), "%24.16e"))
                local p = strtrim(strofreal(el(`values', 4, `j'), "%24.16e"))
                ss_event result row=`row' estimate=`b' se=`se' p=`p'
            }
        }
    }
    postclose `handle'
    ss_export using "`using'", rows("`rows'")
    if "`focal'" != "" {
        ss_check collinear, warn(`omitted' > 0) fail(`seen' > 0 & `kept' == 0) value(`omitted')
    }
end
