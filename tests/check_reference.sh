#!/bin/sh
# check_reference.sh SOURCE BUILD: docs/reference is what scripts/reference.sh makes of the headers, and every public
# declaration has a comment. (`make reference` writes it again.)
set -u
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

sh "$source/scripts/reference.sh" "$work/pages" "$build/include" || failed=1
for page in "$source"/docs/reference/*.md "$work"/pages/*.md; do
    name=${page##*/}
    if ! diff "$source/docs/reference/$name" "$work/pages/$name" >"$work/difference" 2>&1; then
        echo "docs/reference/$name is not what the headers say; make reference writes it again:"
        head -5 "$work/difference"
        failed=1
    fi
done

# A header that is wrong must be found: a declaration without a comment, and a comment that is changed.
mkdir -p "$work/wrong/taper"
printf '/* A header. */\n\n/* Something. */\nTP_API int tp_known(void);\n\nTP_API int tp_unknown(void);\n' \
    >"$work/wrong/taper/wrong.h"
if sh "$source/scripts/reference.sh" "$work/other" "$work/wrong" >"$work/messages" 2>&1 ||
    ! grep -q 'wrong.h: no comment: tp_unknown' "$work/messages" || grep -q 'tp_known' "$work/messages"; then
    echo "a declaration without a comment is not found"
    failed=1
fi
if ! grep -q '^Something\.$' "$work/other/wrong.md"; then
    echo "a comment does not reach its page"
    failed=1
fi
exit $failed
