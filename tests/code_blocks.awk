# code_blocks.awk -v out=FOLDER FILE...: writes each piece of C code of headers (indented lines in comments) and
# documents (indented blocks, and blocks fenced as c) as a program FOLDER/NUMBER.c, whose first line says where it is
# from. A piece with a main function is a program; of others, functions, types and directives stand in front, and the
# statements in a function behind them. A document can leave a piece out: <!-- not compiled: why --> in front of it.

function is_code(   i) {
    for (i = 1; i <= n; i++)
        if (line[i] ~ /[;{]$/ || line[i] ~ /; +(\/\/|\/\*)/ || line[i] ~ /^(typedef|static|#include) /) return 1
    return 0
}
function flush(   file, i, is_program, front, body, next_, depth) {
    if (n > 0 && (fenced || is_code()) && !skipped) {
        file = sprintf("%s/%03d.c", out, ++count)
        print "// " FILENAME ":" first > file
        for (i = 1; i <= n; i++) if (line[i] ~ /int main\(/) is_program = 1
        if (is_program) for (i = 1; i <= n; i++) print line[i] > file
        else {
            front = ""; body = ""
            for (i = 1; i <= n; i++) {
                next_ = i < n ? line[i + 1] : ""
                if (line[i] ~ /^#/) { front = front line[i] "\n"; while (line[i] ~ /\\$/) front = front line[++i] "\n" }
                else if (line[i] ~ /^[a-z].*\)$/ && next_ == "{" || line[i] ~ /^(static|typedef) /) {
                    # Up to where its braces are closed.
                    for (depth = 0; i <= n; i++) {
                        front = front line[i] "\n"
                        depth += gsub(/\{/, "{", line[i]) - gsub(/\}/, "}", line[i])
                        if (depth == 0 && line[i] ~ /[;}]$/) break
                    }
                }
                else body = body line[i] "\n"
            }
            printf "#include \"snippet.h\"\n%s\nstatic int snippet(void)\n{\n    {\n%s    }\n    return 0;\n}\n", front, body > file
            printf "int main(void)\n{\n    snippet_begin();\n    return snippet_end(snippet());\n}\n" > file
        }
        close(file)
    }
    n = 0; skipped = 0; fenced = 0
}
function add(text) { if (n == 0) first = FNR; line[++n] = text }

FNR == 1 { flush(); in_fence = 0; in_comment = 0; header = FILENAME ~ /\.h$/; blank = 1 }
header {
    if ($0 ~ /^\/\*/) in_comment = 1
    if (in_comment && $0 ~ /^ \*     [^ ]/) add(substr($0, 8))
    else if (in_comment && n > 0 && $0 ~ /^ \*     /) add(substr($0, 8))
    else if (in_comment && n > 0 && $0 ~ /^ \*$/) add("")
    else if (n > 0) flush()
    if (n > 0 && $0 ~ /\*\//) { sub(/ *\*\/$/, "", line[n]); flush() }
    if ($0 ~ /\*\//) { flush(); in_comment = 0 }
    next
}
in_fence { if (/^```/) { in_fence = 0; if (fenced) flush(); else n = 0 } else if (fenced) add($0); next }
/^```/ { flush_keep = skip_next; flush(); skipped = flush_keep; skip_next = 0; in_fence = 1; fenced = /^```c$/; next }
/^<!-- not compiled: / { skip_next = 1; next }
/^    / && (n > 0 || blank) { if (n == 0) { skipped = skip_next; skip_next = 0 } add(substr($0, 5)); next }
/^$/ { blank = 1; if (n > 0) add(""); next }
{ flush(); blank = 0 }
END { flush() }
