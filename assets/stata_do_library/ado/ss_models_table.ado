*! ss_models_table 1.2.0: writes the coefficients of several models below each other, with a model column
* Usage: ss_models_table using "file.csv", models(name matrix [name matrix ...]) [focal(variable) eform(column) blank column(name) equation(text) indicators(variables)]
* column() renames the first column, equation() the second one's text. With focal() the check "collinear" is printed as in ss_coef_table; eform(), blank and indicators() are as there.
program define ss_models_table
    syntax using/, MOdels(string) [FOCal(name) EForm(name) BLank COLumn(name) EQuation(string) INDicators(string)]
    tempname handle values
    if "`column'" == "" {
        local column "model"
    }
    if "`equation'" == "" {
        local equation "`e(depvar)'"
    }
    tempfile rows
    local extra ""
    local none ""
    if "`eform'" != "" {
        local extra "double `eform' double `eform'_low double `eform'_high"
        local none "(.) (.) (.)"
    }
    postfile `handle' str32 `column' str2045 equation str2045 term double estimate double std_error double statistic double p_value double ci_low double ci_high `extra' str20 note using "`rows'"
    local omitted = 0
    local seen = 0
    local kept = 0
    local levels ""
    while "`models'" != "" {
        gettoken model models : models
        gettoken table models : models
        matrix `values' = `table'
        local terms : colnames `values'
        local count = colsof(`values')
        forvalues j = 1/`count' {
            local term : word `j' of `terms'
            quietly _ms_parse_parts `term'
            local omit = r(omit)
            local base = 0
            local name "`r(name)'"
            if "`r(type)'" == "factor" {
                local base = r(base)
                local level "`name'.`=r(level)'"
                local is_said : list level in levels
                local is_indicator : list name in indicators
                if !`is_said' & !`is_indicator' {
                    local levels "`levels' `level'"
                    ss_level `name' `=r(level)' `base'
                }
            }
            local names "`name'"
            if "`r(type)'" == "interaction" | "`r(type)'" == "product" {
                local parts = r(k_names)
                forvalues i = 1/`parts' {
                    local names "`names' `r(name`i')'"
                    if r(base`i') == 1 {
                        local base = 1
                    }
                }
            }
            local is_focal : list focal in names
            if "`focal'" == "" {
                local is_focal = 0
            }
            if `base' == 1 {
                continue
            }
            local note ""
            local is_indicator : list name in indicators
            if "`r(type)'" == "factor" & `is_indicator' {
                local term "`name'"
                local note = cond("`equation'" == "dydx", "from 0 to 1", "")
            }
            * margins names an omitted term without its mark
            if "`equation'" == "dydx" {
                local omit = `omit' | (el(`values', 1, `j') == 0 & missing(el(`values', 2, `j')))
            }
            local seen = `seen' + `is_focal'
            if `omit' == 1 {
                local omitted = `omitted' + 1
                post `handle' ("`model'") ("`equation'") ("`term'") (.) (.) (.) (.) (.) (.) `none' ("omitted")
            }
            else {
                local kept = `kept' + `is_focal'
                local more "`none'"
                if "`eform'" != "" & "`blank'" == "" & "`term'" != "lnalpha" {
                    local more "(exp(el(`values', 1, `j'))) (exp(el(`values', 5, `j'))) (exp(el(`values', 6, `j')))"
                }
                post `handle' ("`model'") ("`equation'") ("`term'") (el(`values', 1, `j')) (el(`values', 2, `j')) (el(`values', 3, `j')) (el(`values', 4, `j')) (el(`values', 5, `j')) (el(`values', 6, `j')) `more' ("`note'")
            }
        }
    }
    postclose `handle'
    ss_export using "`using'", rows("`rows'")
    if "`focal'" != "" {
        ss_check collinear, warn(`omitted' > 0) fail(`seen' > 0 & `kept' == 0) value(`omitted')
    }
end
