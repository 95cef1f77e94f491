*! ss_paths 1.0.0: indirect, direct and total effect by two linear regressions
* Usage: ss_paths outcome treatment mediator, [controls(terms)]; for the prefix bootstrap
* Stores r(indirect), r(direct) and r(total).
program define ss_paths, rclass
    syntax varlist(min=3 max=3 numeric) [, CONTROLs(string)]
    tokenize `varlist'
    tempname first
    quietly regress `3' `2' `controls'
    scalar `first' = _b[`2']
    quietly regress `1' `2' `3' `controls'
    return scalar indirect = `first' * _b[`3']
    return scalar direct = _b[`2']
    return scalar total = `first' * _b[`3'] + _b[`2']
end
