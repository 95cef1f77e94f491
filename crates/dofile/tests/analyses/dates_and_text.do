* dates and strings
clear
input str12 d str20 name str10 amt
"2020-01-15" "  Müller, Anna " "1,200.50"
"2020-02-29" "Smith, John" "350"
"2021-12-31" "李, 明" "n/a"
end
gen date = date(d, "YMD")
format date %td
gen m = mofd(date)
format m %tm
gen q = qofd(date)
format q %tq
gen y = year(date)
gen dow = dow(date)
gen age = floor((mdy(12,31,2021) - date)/365.25)
replace name = strtrim(name)
gen last = substr(name, 1, strpos(name, ",") - 1)
gen first = trim(substr(name, strpos(name, ",") + 1, .))
gen up = upper(first)
gen len = ustrlen(last)
destring amt, gen(amount) ignore(",") force
assert missing(amount) in 3
assert amount[1] == 1200.5
assert last[1] == "Müller" & first[2] == "John"
split name, parse(",") gen(part)
gen str20 s2 = regexr(name, "[aeiou]", "*")
gen ok = regexm(d, "^([0-9]+)-([0-9]+)-([0-9]+)$")
gen yy = real(regexs(1)) if regexm(d, "^([0-9]+)-([0-9]+)-([0-9]+)$")
assert yy == y
list date m q y dow last first len amount, abbreviate(10)
display "Today: " %td td(15jan2020) " week " week(td(15jan2020))
display %tdCCYY-NN-DD td(15jan2020)
di string(date[2], "%tdD_m_CY")
assert month(date[2]) == 2
gen double ts = clock("2020-01-15 13:45:10", "YMDhms")
format ts %tc
list ts in 1
assert hh(ts) == 13
gen eom = dofm(m + 1) - 1
format eom %tdDD/NN/CCYY
list date eom
