#!/bin/sh
# Behaves like a batch engine, well or badly, as a line of the do-file's body says. For tests of the
# worker and the verdict: it computes nothing.
first=$(sed -n 's/^display "SS_EVENT|begin|run=\(.*\)"$/\1/p' main.do)
run=${first%%|*}
n1=${first##*nonce=}
n2=$(sed -n 's/^display "SS_EVENT|end|nonce=\(.*\)"$/\1/p' main.do)
behaviour=$(sed -n 's/^\* behaviour: //p' main.do)

begin() {
    printf '. display "SS_EVENT|begin|run=%s|nonce=%s"\nSS_EVENT|begin|run=%s|nonce=%s\n' "$run" "$n1" "$run" "$n1"
}
body() {
    printf 'SS_EVENT|%s\n' "step|k=$n1|name=estimate|status=begin" "metric|k=$n1|name=n_total|value=50" \
        "metric|k=$n1|name=n_selected|value=50" "metric|k=$n1|name=n_used|value=40" "result|k=$n1|row=1" \
        "check|k=$n1|id=few_df|status=warn|value=3" "step|k=$n1|name=estimate|status=ok"
}
end() {
    printf '. display "SS_EVENT|end|nonce=%s"\nSS_EVENT|end|nonce=%s\n\n. exit, clear\n' "$n2" "$n2"
}
table() {
    printf 'term,estimate,std_error,p_value,ci_low,ci_high,note\nx,1.5,0.5,0.01,0.5,2.5,\n_cons,1,1,0.3,-1,3,\n' \
        > table_coefficients.csv
}
good() {
    { begin; body; end; } > main.log
    table
}

# A licence that comes back is a file beside the engine's own path, which the sandbox lets it read.
if [ -n "$1" ] && [ -e "$1/unlicensed" ]; then
    echo "Your Stata license has expired"
    exit 0
fi
case "$behaviour" in
"") { begin; end; } > main.log ;;
good) good; echo extra > notes.txt; echo x > profile.do ;;
hostile_names)
    good
    bidi=$(printf 'gpj.\342\200\256exe.csv')
    lines=$(printf 'line\nend.txt')
    for name in -rf "a\"b'c.csv" '<img src=x>.svg' "$bidi" "$lines" stdout 'back\slash'; do
        printf '%s\n' "$name" > "./$name"
    done
    bytes=$(printf 'no\377text.csv')
    mkdir sub
    echo x > "./$bytes"
    echo x > "./sub/$bytes" ;;
slow) { begin; body; } > main.log; touch started; sleep 1; end >> main.log; table ;;
forever) { begin; body; } > main.log; touch started; while :; do sleep 0.05; done ;;
family)
    { begin; body; } > main.log
    setsid sh -c 'trap "" TERM; setsid sleep 997 & sleep 998' &
    touch started
    while :; do sleep 0.05; done ;;
nothing) ;;
no_log) table ;;
empty_log) : > main.log; table ;;
truncated) { begin; body; } > main.log; table ;;
error) { begin; body; printf '. summarize foo\nvariable foo not found\nr(111);\n\nend of do-file\nr(111);\n'; } > main.log; table ;;
failed_check)
    { begin; body; printf 'SS_EVENT|check|k=%s|id=dup_key|status=fail|value=2|rc=459\n. error 459\nr(459);\n\nend of do-file\n' "$n1"; } > main.log
    table ;;
unsupported) { begin; printf '. mixed y x\ncommand mixed is not supported by the open engine\nr(199);\n\nend of do-file\n'; } > main.log ;;
licence) echo "Your Stata license has expired" ;;
wrong_nonce) n2=00000000000000000000000000000000; good ;;
early_nonce) { begin; echo "text $n2"; body; end; } > main.log; table ;;
text_after_end) good; echo "more output" >> main.log ;;
other_run) run=run_other; good ;;
no_table) { begin; body; end; } > main.log ;;
empty_table) good; : > table_coefficients.csv ;;
header_only) good; echo term,estimate,std_error,p_value,ci_low,ci_high,note > table_coefficients.csv ;;
# a run cannot set times: what was there before the start is older
stale_table) good; touch -d 2001-01-01 table_coefficients.csv ;;
linked_table) good; mv table_coefficients.csv other.csv; ln -s other.csv table_coefficients.csv ;;
broken_table) good; echo 'x,abc,1,1,1,1,' >> table_coefficients.csv ;;
status) good; exit 4 ;;
crash) { begin; body; } > main.log; kill -9 $$ ;;
children)
    good
    # a sandbox without control groups refuses a session of its own
    if setsid true; then setsid sleep 996 & else sleep 996 & fi ;;
changes_data) echo changed > data.dta; good ;;
rewrites_do) good; sed 's/behaviour/behavior/' main.do > forged.do; mv forged.do main.do ;;
removes_do) good; rm main.do ;;
links_do) good; mv main.do other.do; ln -s other.do main.do ;;
own_names)
    good
    echo captured
    for name in stdout stderr run.meta.json run.error.json STDOUT; do echo forged > "$name"; done
    mkdir renderings main.log.d
    echo forged > renderings/report.docx
    echo kept > main.log.d/notes.txt ;;
own_folders)
    good
    mkdir stdout run.meta.json
    echo forged > stdout/x
    echo forged > run.meta.json/x ;;
esac
