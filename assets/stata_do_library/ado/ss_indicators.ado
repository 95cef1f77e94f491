*! ss_indicators 1.0.0: enters the regressors of 0 and 1 as factors, whose marginal effects are differences ([R] margins)
* Usage: ss_indicators [terms]; returns r(terms), with i. before every variable of the sample that takes 0 and 1 and no
* other value, and r(names), these variables. Terms with an operator stay as they are.
program define ss_indicators, rclass
    local terms ""
    local names ""
    foreach term of local 0 {
        local entered "`term'"
        capture confirm numeric variable `term', exact
        if _rc == 0 {
            quietly count if ss_use & `term' != 0 & `term' != 1
            local others = r(N)
            quietly summarize `term' if ss_use, meanonly
            if `others' == 0 & r(min) == 0 & r(max) == 1 {
                local entered "i.`term'"
                local names "`names' `term'"
            }
        }
        local terms "`terms' `entered'"
    }
    return local terms = strtrim("`terms'")
    return local names = strtrim("`names'")
end
