#!/bin/sh
# valgrind.sh BUILD [NAME ...]: runs test programs (all of them, or those named) under valgrind; an invalid access or
# a lost block fails. A test that takes longer than 3 seconds by itself would take minutes there, and is skipped.
# The last line is "N passed, N failed[, N skipped]".
set -u
build=${1:?"usage: valgrind.sh BUILD [NAME ...]"}
shift
patience=3
# coverage is no test, but a program that writes a page of the documentation.
if [ $# -eq 0 ]; then
    set -- $(find "$build/tests" -maxdepth 1 -type f -perm -u+x -exec basename {} \; | grep -vx coverage | LC_ALL=C sort)
fi
# Under valgrind fma(-1, 1, 1) is -0, where processors give 0, and so a gradient is -inf in place of inf: of these only
# what valgrind finds counts, not what they find.
numbers_differ=" test_elementwise_golden "

output=$(mktemp)
trap 'rm -f "$output"' EXIT
passed=0 failed=0 skipped=0
for name in "$@"; do
    timeout $patience "$build/tests/$name" </dev/null >"$output" 2>&1
    status=$?
    if [ $status -eq 77 ] || [ $status -eq 124 ]; then
        [ $status -eq 124 ] && why="longer than $patience seconds" || why=$(grep '^SKIPPED: ' "$output")
        echo "skipped  $name: ${why#SKIPPED: }"
        skipped=$((skipped + 1))
        continue
    fi
    timeout 900 valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect \
        --errors-for-leak-kinds=definite,indirect --num-callers=30 "$build/tests/$name" </dev/null >"$output" 2>&1
    status=$?
    case $numbers_differ in *" $name "*) [ $status -ne 1 ] || status=0 ;; esac
    if [ $status -eq 0 ]; then
        echo "passed   $name"
        passed=$((passed + 1))
    else
        echo "FAILED   $name (status $status)"
        cat "$output"
        failed=$((failed + 1))
    fi
done
[ $((passed + failed)) -gt 0 ] || { echo "no test was run"; failed=1; }
printf '\n%d passed, %d failed' $passed $failed
[ $skipped -eq 0 ] || printf ', %d skipped' $skipped
echo
[ $failed -eq 0 ]
