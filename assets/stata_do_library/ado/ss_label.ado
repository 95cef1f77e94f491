*! ss_label 1.0.0: the words for a variable or a model term, from labels
* Usage: ss_label term; returns r(text): variable label (or name), with the value label of a level.
program define ss_label, rclass
    args term
    quietly _ms_parse_parts `term'
    local parts = 1
    local type "`r(type)'"
    if "`type'" == "interaction" | "`type'" == "product" {
        local parts = r(k_names)
    }
    forvalues i = 1/`parts' {
        local suffix ""
        if `parts' > 1 {
            local suffix "`i'"
        }
        local name`i' "`r(name`suffix')'"
        local operator`i' "`r(ts_op`suffix')'"
        local level`i' = r(level`suffix')
    }
    local text ""
    forvalues i = 1/`parts' {
        local words "`name`i''"
        capture confirm variable `name`i''
        if _rc == 0 {
            local own : variable label `name`i''
            if `"`macval(own)'"' != "" {
                local words `"`macval(own)'"'
            }
            if `level`i'' < . {
                local category : label (`name`i'') `level`i''
                local words `"`macval(words)': `macval(category)'"'
            }
        }
        if "`operator`i''" != "" {
            local words `"`operator`i''.`macval(words)'"'
        }
        if `i' > 1 {
            local text `"`macval(text)' x "'
        }
        local text `"`macval(text)'`macval(words)'"'
    }
    return local text `"`macval(text)'"'
end
