*! ss_indicators 1.1.0: enters the regressors of 0 and 1 as factors, whose marginal effects are differences ([R] margins)
* Usage: ss_indicators [terms]; returns r(terms), with i. before every variable of the sample that takes 0 and 1 and no
* other value, and r(names), these variables. Terms with an operator stay as they are, but for c.a##i.b, where such a variable
* gets i. as well: it would be two variables else.
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
        local at = strpos("`term'", "##")
        if `at' > 0 {
            local first = substr("`term'", 1, `at' - 1)
            local second = substr("`term'", `at' + 2, .)
            foreach side in first second {
                local plain = subinstr("``side''", "c.", "", 1)
                local is_indicator : list plain in names
                if `is_indicator' {
                    local `side' "i.`plain'"
                }
            }
            local entered "`first'##`second'"
        }
        local terms "`terms' `entered'"
    }
    return local terms = strtrim("`terms'")
    return local names = strtrim("`names'")
end
