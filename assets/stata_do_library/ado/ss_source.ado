*! ss_source 1.0.0: names the program that computes, for notes under figures and in fit tables
* Returns r(engine); real Stata has no c(engine), the open engine says "open".
program define ss_source, rclass
    local text "Stata `c(stata_version)'"
    if "`c(engine)'" != "" {
        local text "`c(engine)' engine, language version `c(stata_version)'"
    }
    return local engine "`text'"
end
