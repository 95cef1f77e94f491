*! ss_issues_text 1.0.0: posts what looks wrong in a text variable
* Usage: ss_issues_text handle variable rows distinct
* Looks for blanks around values, spellings that differ in case or blanks only, numbers and missing marks kept as text.
program define ss_issues_text
    args handle variable total distinct
    tempvar plain first mark
    quietly count if ss_use & `variable' != strtrim(`variable')
    if r(N) > 0 {
        ss_issue `handle' `variable' outer_blanks `r(N)' `total' "blanks before or after the text"
    }
    quietly generate `plain' = ustrlower(strtrim(`variable'))
    quietly egen byte `first' = tag(`plain') if ss_use
    quietly count if `first' == 1
    if r(N) < `distinct' {
        ss_issue `handle' `variable' case_variants `=`distinct' - r(N)' `total' "spellings that differ in case or blanks only; rows = surplus spellings"
    }
    quietly generate byte `mark' = inlist(`plain', "na", "n/a", "null", "none", "-", ".", "?", "nan") | inlist(`plain', "无", "未知", "不详", "缺失")
    quietly count if ss_use & `mark'
    local marks = r(N)
    if `marks' > 0 {
        ss_issue `handle' `variable' missing_marks `marks' `total' "text that stands for a missing value"
    }
    quietly count if ss_use & `plain' != "" & missing(real(`plain')) & !`mark'
    local words = r(N)
    quietly count if ss_use & !missing(real(`plain'))
    if `words' == 0 & r(N) > 0 {
        ss_issue `handle' `variable' number_as_text `r(N)' `total' "all values are numbers but the variable is text"
    }
end
