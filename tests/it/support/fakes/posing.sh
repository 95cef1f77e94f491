#!/bin/sh
# Poses as a batch Stata in one of many ways, as its first argument says; for tests of the attestation. It
# computes nothing of what the probe asks.
kind=$1
service=$2
shift 2
answers() { # hash, u, v, b, c
    printf 'SSP|engine=|sv=18|ed=MP|fl=IC|se=1|mp=1|os=Unix|born=01 Jan 2025\n'
    printf 'SSP|k=  2385389520|h=%12s\n' "$1"
    printf 'SSP|u=%s|v=%s\nSSP|b=%s|c=%s\nSSP|end\n' "$2" "$3" "$4" "$5"
}
half=+1.0000000000000X-001
case "$kind" in
silent) ;;
banner) printf '  ___  ____  ____  ____  ____ (R)\n Stata/MP 18.0\n' > main.log ;;
echo) sed 's/^/. /' main.do > main.log ;;
canned) answers 1234567 $half $half $half $half > main.log ;;
replayed)
    {
        printf ': c = "%064d"\n' 0
        answers 2987053602 $half $half $half $half
    } > main.log ;;
hash_only)
    # knows the answer to the published check vector, whatever was asked
    answers 2987053602 $half $half $half $half > main.log ;;
no_mata)
    {
        printf 'SSP|engine=|sv=18|ed=MP|fl=IC|se=1|mp=1|os=Unix|born=01 Jan 2025\n'
        printf 'SSP|u=%s|v=%s\nSSP|b=%s|c=%s\nSSP|end\n' $half $half $half $half
    } > main.log ;;
cut) printf 'SSP|engine=|sv=18|ed=MP|fl=IC|se=1|mp=1|os=Unix|born=x\nSSP|k=  2385389520|h=1\n' > main.log ;;
licence) echo "Your Stata license has expired" ;;
crash) kill -9 $$ ;;
status) exit 1 ;;
open) exec "$service" dofile "$@" ;;
open_renamed)
    "$service" dofile "$@"
    sed -e 's/engine=open/engine=/' -e 's/open engine/Stata/g' main.log > other.log
    mv other.log main.log ;;
esac
