*! ss_binary 1.0.0: checks that a variable of the sample is 0 or 1 and takes both values
* Usage: ss_binary variable
program define ss_binary
    syntax varname
    quietly count if ss_use & `varlist' != 0 & `varlist' != 1
    local others = r(N)
    quietly summarize `varlist' if ss_use, meanonly
    ss_check not_binary, fail(`others' > 0 | r(mean) == 0 | r(mean) == 1) value(`others')
end
