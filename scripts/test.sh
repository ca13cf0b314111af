#!/bin/sh
# test.sh BUILD [ctest's arguments]: runs the tests of a build folder. What was skipped is listed with its reason, in
# whole or in part (a test prints a line "SKIPPED: why"). The last line is "N passed, N failed[, N skipped]".
set -u
build=${1:?"usage: test.sh BUILD [ctest's arguments]"}
shift

# Sanitizers: leaks count, huge requests are answered with NULL as malloc would, reports show where they come from.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:detect_stack_use_after_return=1:allocator_may_return_null=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"

results=$build/test-results.log
rm -f "$results" "$build/Testing/Temporary/LastTest.log"
ctest --test-dir "$build" --output-on-failure -j "${JOBS:-1}" --output-log "$results" "$@" </dev/null
status=$?
[ -r "$results" ] || results=/dev/null

awk '
    / Testing: / { name = $NF; fields = split($0, part, " Testing: "); if (fields > 1) name = part[2] }
    /^SKIPPED: / { if (!said++) print "\nSkipped, in whole or in part:"; sub(/^SKIPPED: /, ""); print "  " name ": " $0 }
' "$build/Testing/Temporary/LastTest.log" 2>/dev/null

awk -v status=$status '
    /^ *[0-9]+\/[0-9]+ +Test +#[0-9]+: / {
        if (/ Passed +[0-9.]+ sec/) passed++
        else if (/\*\*\*Skipped/) skipped++
        else failed++
    }
    END {
        if (!(passed + failed + skipped)) { print "no test was run"; failed = 1 }
        if (status && !failed) { print "ctest failed with status " status; failed = 1 }
        printf "\n%d passed, %d failed", passed, failed
        if (skipped) printf ", %d skipped", skipped
        print ""
        exit failed > 0
    }' "$results"
