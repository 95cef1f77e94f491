*! ss_arima_psi 1.0.0: moving-average weights of the last arima in levels, for the spread of its forecasts
* Usage: ss_arima_psi name, horizon(#) d(#) sd(#) season(#)
* Makes the matrix name (1 by horizon) of weights at lags 0, 1, ...; returns r(invertible), 0 when a root of the
* moving average lies on or inside the unit circle (Schur-Cohn recursion).
program define ss_arima_psi, rclass
    syntax name(name=psi), Horizon(integer) D(integer) SD(integer) SEason(integer)
    tempname b ar ma factor ar1 ma1 ars mas
    matrix `b' = e(b)
    local names : colnames `b'
    local equations : coleq `b'
    foreach kind in ar1 ma1 ars mas {
        matrix ``kind'' = 1
    }
    local count = colsof(`b')
    forvalues j = 1/`count' {
        local equation : word `j' of `equations'
        local term : word `j' of `names'
        if substr("`equation'", 1, 4) != "ARMA" {
            continue
        }
        local operator = substr("`term'", 1, strpos("`term'", ".") - 1)
        local lag = cond("`operator'" == "L", 1, real(substr("`operator'", 2, .)))
        local which = substr("`term'", strpos("`term'", ".") + 1, 2)
        local kind "`which'1"
        if "`equation'" != "ARMA" {
            local kind "`which's"
            local lag = `lag' * `season'
        }
        local width = colsof(``kind'')
        if `width' < `lag' + 1 {
            matrix ``kind'' = ``kind'', J(1, `lag' + 1 - `width', 0)
        }
        matrix ``kind''[1, `lag' + 1] = cond("`which'" == "ar", -el(`b', 1, `j'), el(`b', 1, `j'))
    }
    matrix `ar' = `ar1'
    matrix `ma' = `ma1'
    ss_arima_times `ar' `ars'
    ss_arima_times `ma' `mas'
    * Schur-Cohn: every reflection coefficient of an invertible polynomial is below one in size
    tempname left next
    matrix `left' = `ma'
    local invertible = 1
    local degree = colsof(`left') - 1
    while `degree' > 0 & `invertible' == 1 {
        local k = el(`left', 1, `degree' + 1) / el(`left', 1, 1)
        if abs(`k') >= 1 - 1e-6 {
            local invertible = 0
        }
        else {
            matrix `next' = J(1, `degree', 0)
            forvalues i = 1/`degree' {
                matrix `next'[1, `i'] = (el(`left', 1, `i') - `k' * el(`left', 1, `degree' + 2 - `i')) / (1 - (`k')^2)
            }
            matrix `left' = `next'
        }
        local degree = `degree' - 1
    }
    matrix `factor' = (1, -1)
    forvalues i = 1/`d' {
        ss_arima_times `ar' `factor'
    }
    if `sd' > 0 {
        matrix `factor' = J(1, `season' + 1, 0)
        matrix `factor'[1, 1] = 1
        matrix `factor'[1, `season' + 1] = -1
        forvalues i = 1/`sd' {
            ss_arima_times `ar' `factor'
        }
    }
    matrix `psi' = J(1, `horizon', 0)
    forvalues h = 1/`horizon' {
        local value = 0
        if `h' <= colsof(`ma') {
            local value = el(`ma', 1, `h')
        }
        local most = min(`h' - 1, colsof(`ar') - 1)
        forvalues i = 1/`most' {
            local value = `value' - el(`ar', 1, `i' + 1) * el(`psi', 1, `h' - `i')
        }
        matrix `psi'[1, `h'] = `value'
    }
    return scalar invertible = `invertible'
end

* Multiplies the polynomial in the first matrix by the one in the second.
program define ss_arima_times
    args first second
    tempname out
    local n = colsof(`first')
    local m = colsof(`second')
    matrix `out' = J(1, `n' + `m' - 1, 0)
    forvalues i = 1/`n' {
        forvalues j = 1/`m' {
            matrix `out'[1, `i' + `j' - 1] = el(`out', 1, `i' + `j' - 1) + el(`first', 1, `i') * el(`second', 1, `j')
        }
    }
    matrix `first' = `out'
end
