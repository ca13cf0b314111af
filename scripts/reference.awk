# reference.awk: public headers read as pages of Markdown. Called by reference.sh:
#     awk -v out=FOLDER -v examples=FOLDER -v concepts=FILE -f reference.awk HEADER...
# Writes out/NAME.md for each header, out/README.md and out/names.md. What has no comment, or is not understood, is
# said on standard error as a line "header.h: ..."; the exit status is then 1.
#
# What it expects of a header: an opening comment; sections that begin with a comment "---- Name ----"; a comment in
# front of each group of declarations (a group ends with a blank line); indented lines in comments are code. A type
# without a comment belongs to the group behind it, and so does a macro with options to its function "..._with".

# ---- Texts ----

function trim(s) { sub(/^[ \t]+/, "", s); sub(/[ \t]+$/, "", s); return s }
function complain(h, what) { print h ".h: " what | "cat >&2"; failures++ }
function identifier_before(s, at,   head) { # the name that ends in front of place `at`
    head = substr(s, 1, at - 1)
    sub(/[ \t]+$/, "", head)
    return match(head, /[A-Za-z_0-9]+$/) ? substr(head, RSTART) : ""
}
# Splits at commas outside of parentheses, braces and brackets; returns the count.
function split_list(s, part,   i, n, depth, c) {
    n = 1; part[1] = ""; depth = 0
    for (i = 1; i <= length(s); i++) {
        c = substr(s, i, 1)
        if (c ~ /[({[]/) depth++
        else if (c ~ /[)}\]]/) depth--
        if (c == "," && depth == 0) part[++n] = ""
        else part[n] = part[n] c
    }
    for (i = 1; i <= n; i++) part[i] = trim(part[i])
    return n
}
# The text between the parenthesis at place `at` and its partner; END_AT is the partner's place, or 0.
function inside(s, at,   i, depth, c) {
    depth = 0; END_AT = 0
    for (i = at; i <= length(s); i++) {
        c = substr(s, i, 1)
        if (c == "(") depth++
        else if (c == ")" && --depth == 0) { END_AT = i; return substr(s, at + 1, i - at - 1) }
    }
    return ""
}
function replace_all(s, from, to,   at, result) {
    result = ""
    while ((at = index(s, from)) > 0) {
        result = result substr(s, 1, at - 1) to
        s = substr(s, at + length(from))
    }
    return result s
}

# A name as a link to where it is described, unless that is here.
function linked(shown, name) {
    if (!(name in HOME) || (name in HERE)) return "`" shown "`"
    return "[`" shown "`](" (HOME[name] == PAGE ? "" : HOME[name] ".md") "#" name ")"
}
function escaped(s) { # not by gsub, whose replacements differ where there are backslashes
    s = replace_all(s, "\\", "\\\\")
    s = replace_all(s, "*", "\\*")
    s = replace_all(s, "<", "\\<")
    return replace_all(s, " _", " \\_")
}

# A paragraph of a comment as Markdown: names and calls as code, names as links.
function inline(s,   result, at, word, call, close_at, rest) {
    result = ""
    while (s != "") {
        if (!match(s, /`[^`]*`|tp_[A-Za-z0-9_]*[A-Za-z0-9]_?|TP_[A-Z0-9_]*[A-Z0-9]_?|[a-z0-9_]+\.h|docs\/[a-z-]+\.md/))
            return result escaped(s)
        at = RSTART; word = substr(s, RSTART, RLENGTH); rest = substr(s, RSTART + RLENGTH)
        result = result escaped(substr(s, 1, at - 1))
        if (word ~ /^`/) result = result (substr(word, 2, length(word) - 2) in HOME ? \
            linked(substr(word, 2, length(word) - 2), substr(word, 2, length(word) - 2)) : word)
        else if (word ~ /^docs\//) result = result "[" word "](../" substr(word, 6) ")"
        else if (word ~ /\.h$/) {
            word = substr(word, 1, length(word) - 2)
            result = result (word in IS_HEADER && word != PAGE ? "[" word ".h](" word ".md)" : "`" word ".h`")
        } else if (substr(rest, 1, 1) == "(") {
            call = inside(rest, 1); close_at = END_AT
            if (close_at && close_at < 200) { word = word substr(rest, 1, close_at); rest = substr(rest, close_at + 1) }
            result = result linked(word, substr(word, 1, index(word "(", "(") - 1))
        } else result = result linked(word, word)
        s = rest
    }
    return result
}

# A comment's text (lines separated by line ends) as Markdown.
function markdown(text,   line, n, i, result, paragraph, block, is_c) {
    n = split(text, line, "\n"); result = ""; paragraph = ""
    for (i = 1; i <= n; i++) {
        if (line[i] ~ /^    /) {
            if (paragraph != "") { result = result inline(paragraph) "\n\n"; paragraph = "" }
            block = ""; is_c = 0
            for (; i <= n && (line[i] ~ /^    / || (line[i] == "" && i < n && line[i + 1] ~ /^    /)); i++) {
                block = block substr(line[i], 5) "\n"
                if (line[i] ~ /[;{]$/ || line[i] ~ /; +(\/\/|\/\*)/) is_c = 1
            }
            i--
            sub(/\n+$/, "\n", block)
            result = result (is_c ? "```c\n" : "```text\n") block "```\n\n"
        } else if (line[i] == "") {
            if (paragraph != "") { result = result inline(paragraph) "\n\n"; paragraph = "" }
        } else if (line[i] ~ /^- /) {
            if (paragraph != "") { result = result inline(paragraph) (paragraph ~ /^- / ? "\n" : "\n\n") }
            paragraph = line[i]
        } else paragraph = paragraph (paragraph == "" ? "" : " ") trim(line[i])
    }
    if (paragraph != "") result = result inline(paragraph) "\n\n"
    return result
}

# ---- Reading ----

# Macros that declare: their bodies, and what they stand for when called.
function keep_macro(definition,   at) {
    if (!match(definition, /^#define [A-Za-z_0-9]+\(/)) return
    at = RSTART + RLENGTH - 1
    MACRO_NAME = substr(definition, 9, at - 9)
    MACRO_PARAMETERS[MACRO_NAME] = inside(definition, at)
    MACRO_BODY[MACRO_NAME] = trim(substr(definition, END_AT + 1))
}
function expanded(call,   name, at, n, m, p, a, body, i, given) {
    at = index(call, "("); name = substr(call, 1, at - 1)
    if (!(name in MACRO_BODY)) return ""
    given = inside(call, at)
    n = split_list(MACRO_PARAMETERS[name], p); m = split_list(given, a)
    body = MACRO_BODY[name]
    for (i = 1; i <= n; i++) if (p[i] != "...") {
        gsub("##" p[i] "##", (i <= m ? a[i] : ""), body)
        gsub("##" p[i], (i <= m ? a[i] : ""), body)
        gsub(p[i] "##", (i <= m ? a[i] : ""), body)
        body = replace_word(body, p[i], i <= m ? a[i] : "")
    }
    return body
}
function replace_word(s, word, to,   result, before, after) {
    result = ""
    while ((at_ = index(s, word)) > 0) {
        before = at_ > 1 ? substr(s, at_ - 1, 1) : " "; after = substr(s, at_ + length(word), 1)
        result = result substr(s, 1, at_ - 1) (before ~ /[A-Za-z0-9_]/ || after ~ /[A-Za-z0-9_]/ ? word : to)
        s = substr(s, at_ + length(word))
    }
    return result s
}

# C++ overloads say which arguments a macro with options takes by place.
function read_overloads(text,   at, head, name, list, n, p, i, type, shown) {
    while (match(text, /inline [^;{}()]*[ *]tp_[A-Za-z0-9_]+\(/)) {
        at = RSTART + RLENGTH - 1
        head = substr(text, RSTART + 7, RLENGTH - 8)
        name = identifier_before(head, length(head) + 1)
        list = inside(text, at)
        if (!END_AT) return
        n = split_list(list, p); type = ""; shown = ""
        for (i = 1; i <= n; i++) if (p[i] ~ /_options &?options/) { type = p[i]; sub(/^const /, "", type); sub(/ .*/, "", type) }
        for (i = 1; i <= n; i++) {
            if (p[i] ~ /_options &?options/) continue
            if (p[i] ~ / = /) { # optional, or required in C, where options follow it
                if (type == "" || type == "?") { type = "?"; continue }
                sub(/ = .*/, "", p[i])
            }
            shown = shown (shown == "" ? "" : ", ") p[i]
            if (type == "?" || type == "") REQUIRED[options_name(name), identifier_before(p[i], length(p[i]) + 1)] = 1
            else REQUIRED[type, identifier_before(p[i], length(p[i]) + 1)] = 1
        }
        if (type != "" && !(name in OVERLOAD)) OVERLOAD[name] = shown
        text = substr(text, END_AT + 1)
    }
}

function options_name(name) { sub(/_$/, "", name); return name "_options" }

function read_defaults(type, line,   n, p, i, at, value, name) {
    sub(/;.*$/, "", line)
    n = split_list(line, p)
    for (i = 1; i <= n; i++) if ((at = index(p[i], " = ")) > 0) {
        name = identifier_before(p[i], at)
        DEFAULT[type, name] = substr(p[i], at + 3)
    }
}

# The lines of a header as C sees them, in C_LINE[1..C_LINES]; what only C++ sees is read for overloads and defaults.
function preprocess(h,   i, depth, kind, line, mode, k, open_type, cxx, statement) {
    C_LINES = 0; depth = 0; open_type = ""; statement = ""
    for (i = 1; i <= LINES[h]; i++) {
        line = LINE[h, i]
        if (line ~ /^#[ ]*if/) {
            kind[++depth] = line ~ /ifdef __cplusplus/ ? "cxx" : "c"
            on_else[depth] = line ~ /ifdef __cplusplus/ ? "c" : line ~ /ifndef __cplusplus/ ? "cxx" : "none"
            continue
        }
        if (line ~ /^#[ ]*(else|elif)/) { kind[depth] = on_else[depth]; continue }
        if (line ~ /^#[ ]*endif/) { depth--; continue }
        mode = "c"
        for (k = 1; k <= depth; k++) if (kind[k] == "none" || (kind[k] == "cxx" && mode != "none")) mode = kind[k]
        if (mode == "c") {
            C_LINE[++C_LINES] = line
            if (line ~ /^(typedef )?struct [a-z_0-9A-Z]+ \{$/) { open_type = line; sub(/ \{$/, "", open_type); sub(/^.* /, "", open_type) }
            if (line ~ /^\}/) open_type = ""
        } else if (mode == "cxx") {
            if (open_type != "") { read_defaults(open_type, line); continue }
            # Statements of several lines become one.
            if (statement == "" && line !~ /^(#define|static|inline|template|TP_)/) continue
            if (line ~ /^TP_[A-Z_0-9]+\(.*\)$/ && statement == "") { read_overloads(expanded(line)); continue }
            cxx = line; sub(/\\$/, "", cxx)
            statement = statement (statement == "" ? "" : " ") trim(cxx)
            if (statement ~ /^#define/) {
                if (line !~ /\\$/) { keep_macro(statement); statement = "" }
            } else if (line ~ /^\{?\}?$/ || line ~ /[{;}]$/) { read_overloads(statement " {"); statement = "" }
        }
    }
}

# A comment from C_LINE[i] on, without its stars; CLOSED is its last line.
function read_comment(i,   text, line, first) {
    text = ""; first = 1
    for (; i <= C_LINES; i++) {
        line = C_LINE[i]
        if (first) sub(/^[ ]*\/\*[ ]?/, "", line)
        else { sub(/^[ ]*\*\/$/, "*/", line); if (line != "*/") sub(/^ \*[ ]?/, "", line) }
        CLOSED = i
        if (line ~ /\*\/[ ]*$/) {
            sub(/[ ]*\*\/[ ]*$/, "", line)
            return text (line == "" ? "" : (first ? "" : "\n") line)
        }
        text = text (first ? "" : "\n") line
        first = 0
    }
    return text
}

# A struct's lines as they are shown: defaults as values, and comments in one column.
function tidy_struct(type, text,   line, n, i, m, code, comment, widest, result, j, p, name, kept, at, start, shift_) {
    n = split(text, line, "\n"); m = 0
    for (i = 1; i <= n; i++) { # a field on one line
        kept = line[i]
        while (kept !~ /\/\*/ && kept !~ /[;{}]$/ && kept !~ /^[ ]*[^ ].*\*\/$/ && i < n && !in_comment_ && kept !~ /^[ ]*$/)
            kept = kept " " trim(line[++i])
        if (kept ~ /\/\*/ && kept !~ /\*\//) in_comment_ = 1
        else if (kept ~ /\*\//) in_comment_ = 0
        line[++m] = kept
    }
    in_comment_ = 0
    for (i = 1; i <= m; i++) {
        if ((at = match(line[i], / TP_[A-Z_]*DEFAULT\(/)) > 0) {
            start = RSTART + RLENGTH - 1
            p = inside(line[i], start)
            name = identifier_before(line[i], at)
            DEFAULT[type, name] = p
            line[i] = substr(line[i], 1, at - 1) substr(line[i], END_AT + 1)
        }
        code = line[i]; comment = ""
        if ((at = match(code, /[ ]+\/\*/)) > 1 && substr(code, 1, at) ~ /[^ ]/) { comment = trim(substr(code, at)); code = substr(code, 1, at - 1) }
        if (code ~ /;$/ && code !~ /\(\*/ && code ~ /[^ ]/) {
            for (name in FIELDS_) delete FIELDS_[name]
            j = split_list(substr(trim(code), 1, length(trim(code)) - 1), FIELDS_)
            code = substr(code, 1, match(code, /[^ ]/) - 1)
            for (k_ = 1; k_ <= j; k_++) {
                name = FIELDS_[k_]; sub(/\[.*$/, "", name); name = identifier_before(name, length(name) + 1)
                p = (type, name) in DEFAULT && !((type, name) in REQUIRED) ? DEFAULT[type, name] : ""
                sub(/^nullptr$/, "NULL", p)
                sub(/^__builtin_nan\(""\)$/, "NAN", p)
                code = code (k_ > 1 ? ", " : "") FIELDS_[k_] (p == "" ? "" : " = " p)
            }
            code = code ";"
            if (comment == "/* " p " */") comment = ""
        }
        CODE_[i] = code; COMMENT_[i] = comment; MOVED_[i] = at
    }
    widest = 0
    for (i = 1; i <= m; i++) if (COMMENT_[i] != "" && length(CODE_[i]) > widest && length(CODE_[i]) <= 48) widest = length(CODE_[i])
    result = ""; shift_ = -1
    for (i = 1; i <= m; i++) {
        code = CODE_[i]
        if (COMMENT_[i] != "") {
            while (length(code) < widest) code = code " "
            shift_ = COMMENT_[i] ~ /\*\// ? -1 : length(code) + 4
            code = code " " COMMENT_[i]
        } else if (shift_ > 0) { # a comment's further lines
            code = trim(code)
            if (code ~ /\*\//) { kept = shift_; shift_ = -1 } else kept = shift_
            while (kept-- > 0) code = " " code
        }
        result = result (i > 1 ? "\n" : "") code
    }
    return result
}

function add_item(kind, name, code) {
    ITEMS++
    ITEM_KIND[ITEMS] = kind; ITEM_NAME[ITEMS] = name; ITEM_CODE[ITEMS] = code; ITEM_GROUP[ITEMS] = GROUPS
    ITEM_HEADER[ITEMS] = H
    GROUP_ITEMS[GROUPS] = GROUP_ITEMS[GROUPS] " " ITEMS
    if (kind == "function") FUNCTION[name] = ITEMS
}
function new_group(comment) {
    GROUPS++
    GROUP_COMMENT[GROUPS] = comment; GROUP_SECTION[GROUPS] = SECTION; GROUP_HEADER[GROUPS] = H; GROUP_ITEMS[GROUPS] = ""
    GROUP_IS_FIRST[GROUPS] = SECTION && !(SECTION in HAS_GROUP)
    HAS_GROUP[SECTION] = 1
    GROUP_OPEN = 1
}

# A declaration that begins at C_LINE[i]; returns its last line.
function read_declaration(i,   text, line, name, at, body, call, helper, n, p, k) {
    line = C_LINE[i]
    if (line ~ /^#define /) {
        text = line
        while (C_LINE[i] ~ /\\$/) { i++; text = text "\n" C_LINE[i] }
        body = text; gsub(/[ ]*\\\n[ ]*/, " ", body)
        match(body, /^#define [A-Za-z_0-9]+/); name = substr(body, 9, RLENGTH - 8)
        if (name == toupper("TAPER_" H "_H") || name == "TAPER_H" || name ~ /_$/ && name ~ /^TP_/ || name ~ /_DEFAULT$/ || name == "TP_API" ||
            name == "TP_BEGIN" || name == "TP_CLOSE" || name == "TP_PRINTF" || name == "TP_CLEANUP") return i
        keep_macro(body)
        if (body ~ /TP_API/) return i # it is expanded where it is called
        if (body !~ /^#define [A-Za-z_0-9]+\(/) { if (substr(body, length(name) + 9) != "") add_item("constant", name, text); return i }
        n = split_list(MACRO_PARAMETERS[name], p)
        if (p[1] == "function" || name ~ /^TP_/ && name != "TP_WITH_OPTIONS" && MACRO_BODY[name] ~ /TP_WITH_OPTIONS|_Generic/)
            return i # it only helps others
        if (name ~ /^tp_/) {
            call = MACRO_BODY[name]
            helper = substr(call, 1, index(call, "(") - 1)
            if (helper in MACRO_BODY && MACRO_BODY[helper] ~ /TP_WITH_OPTIONS/) call = expanded(call)
            if (call ~ /^TP_WITH_OPTIONS\(/) {
                split_list(inside(call, 16), p)
                add_item("call", name, "")
                ITEM_OF[ITEMS] = p[2]
                CALL_BODY[name] = call
                return i
            }
        }
        if (body ~ /TP_WITH_LIST\(tp_/) {
            match(body, /TP_WITH_LIST\(/)
            split_list(inside(body, RSTART + RLENGTH - 1), p)
            add_item("list", name, p[2] " *")
            ITEM_OF[ITEMS] = p[1]
            return i
        }
        if (body ~ /TP_OPERAND\(|TP_NUMBER\(/) { add_item("generic", name, ""); return i }
        if (text ~ /\n/) { at = index(body, "("); inside(body, at); text = substr(body, 1, END_AT) }
        add_item("macro", name, text)
        return i
    }
    if (line ~ /^TP_API /) {
        text = line
        while (text !~ /;$/ && i < C_LINES) text = text "\n" C_LINE[++i]
        sub(/^TP_API /, "", text)
        if ((at = match(text, /[ \n]+TP_PRINTF\([0-9, ]*\)/)) > 0) text = substr(text, 1, at - 1) substr(text, RSTART + RLENGTH)
        # The lines behind the first one stand under its parenthesis, wherever that is now.
        gsub(/\n[ ]+/, " ", text)
        add_item("function", identifier_before(text, index(text, "(")), text)
        return i
    }
    if (line ~ /^static inline /) {
        text = line
        while (C_LINE[i] !~ /^\}/ && i < C_LINES) { i++; if (C_LINE[i] !~ /^[{}]/ && text !~ /\)$/) text = text " " trim(C_LINE[i]) }
        sub(/^static inline /, "", text)
        add_item("function", identifier_before(text, index(text, "(")), text ";")
        return i
    }
    if (line ~ /^typedef (struct|union) [A-Za-z_0-9]+ [A-Za-z_0-9]+;$/) {
        name = line; sub(/;$/, "", name); sub(/^.* /, "", name)
        add_item("opaque", name, line)
        return i
    }
    if (line ~ /^(typedef )?(struct|enum|union) [A-Za-z_0-9]+ \{/ ) {
        text = line
        if (line !~ /\}.*;$/) do { i++; text = text "\n" C_LINE[i] } while (C_LINE[i] !~ /^\}/ && i < C_LINES)
        match(line, /(struct|enum|union) [A-Za-z_0-9]+/)
        name = substr(line, RSTART, RLENGTH); sub(/^.* /, "", name)
        add_item(line ~ /struct/ ? "struct" : "enum", name, text)
        return i
    }
    if (line ~ /^typedef /) {
        text = line
        while (text !~ /;$/ && i < C_LINES) text = text " " trim(C_LINE[++i])
        match(text, /\(\*[A-Za-z_0-9]+\)/)
        name = RSTART ? substr(text, RSTART + 2, RLENGTH - 3) : identifier_before(text, length(text))
        add_item("type", name, text)
        return i
    }
    if (line ~ /^TP_[A-Z_0-9]+\(.*\)$/ && (text = expanded(line)) != "") {
        n = split(text, p, ";")
        for (k = 1; k <= n; k++) if (trim(p[k]) ~ /^TP_API /) {
            text = trim(p[k]) ";"; sub(/^TP_API /, "", text)
            add_item("function", identifier_before(text, index(text, "(")), text)
        }
        return i
    }
    if (line !~ /^(TP_BEGIN|TP_CLOSE|#include|#undef|#error|#pragma|extern "C" \{|\})/)
        complain(H, "not understood: " line)
    return i
}

function read_header(h,   i, text, comment, title) {
    H = h; SECTION = 0
    preprocess(h)
    SECTIONS[h] = 0; GROUP_OPEN = 0; comment = ""
    for (i in HAS_GROUP) delete HAS_GROUP[i]
    i = 1
    if (C_LINE[1] !~ /^\/\*/) complain(h, "no opening comment")
    else { INTRODUCTION[h] = read_comment(1); i = CLOSED + 1 }
    for (; i <= C_LINES; i++) {
        if (C_LINE[i] ~ /^[ ]*$/) {
            if (comment != "") { new_group(comment); GROUP_IS_TEXT[GROUPS] = 1; comment = "" }
            GROUP_OPEN = 0
        } else if (C_LINE[i] ~ /^[ ]*\/\* ----/) {
            text = read_comment(i); i = CLOSED
            title = text; sub(/\n.*/, "", title); sub(/^---- /, "", title); sub(/ ----.*$/, "", title)
            sub(/^[^\n]*\n*/, "", text)
            SECTION = ++SECTIONS[h]
            SECTION_TITLE[h, SECTION] = title; SECTION_TEXT[h, SECTION] = text
            GROUP_OPEN = 0; comment = ""
        } else if (C_LINE[i] ~ /^[ ]*\/\*/) {
            comment = read_comment(i); i = CLOSED
            GROUP_OPEN = 0
        } else {
            if (C_LINE[i] ~ /^(TP_BEGIN|TP_CLOSE|#include|#undef)/) continue
            if (!GROUP_OPEN) { new_group(comment); comment = "" }
            i = read_declaration(i)
        }
    }
}

# ---- Putting together ----

function move_item(item, group) {
    sub(" " item "( |$)", " ", GROUP_ITEMS[ITEM_GROUP[item]])
    sub(/ +$/, "", GROUP_ITEMS[ITEM_GROUP[item]])
    GROUP_ITEMS[group] = GROUP_ITEMS[group] " " item
    ITEM_GROUP[item] = group
}
function is_its_function(macro, f,   base) {
    base = macro; sub(/_$/, "", base)
    return f == macro "_with" || f == base "_with" || f == base "_with_"
}
function join_groups(   g, i, n, p, f, base, k, types_only, item) {
    # Macros with options, and those over a tensor or a number, go to their functions.
    for (i = 1; i <= ITEMS; i++) {
        f = ""
        if (ITEM_KIND[i] == "call") {
            base = ITEM_NAME[i]
            f = ITEM_OF[i]
            if (GROUP_COMMENT[ITEM_GROUP[i]] !~ /^(tp_|$)/ && !is_its_function(base, f)) continue
        } else if (ITEM_KIND[i] == "list") {
            f = ITEM_OF[i]
        } else if (ITEM_KIND[i] == "generic") {
            base = ITEM_NAME[i]
            f = base "_tensor"
            if (!(f in FUNCTION) && base ~ /_$/) f = substr(base, 1, length(base) - 1) "_tensor_"
            if (!(f in FUNCTION)) f = base "_scalar"
        }
        if (f == "" || !(f in FUNCTION)) continue
        g = ITEM_GROUP[FUNCTION[f]]
        if (g == ITEM_GROUP[i]) continue
        if (GROUP_COMMENT[ITEM_GROUP[i]] != "" && !(ITEM_GROUP[i] in USED_COMMENT)) {
            GROUP_USAGE[g] = GROUP_USAGE[g] (GROUP_USAGE[g] == "" ? "" : " ") GROUP_COMMENT[ITEM_GROUP[i]]
            USED_COMMENT[ITEM_GROUP[i]] = 1
        }
        move_item(i, g)
    }
    # Types without a comment go to the group behind.
    for (g = 1; g < GROUPS; g++) {
        if (GROUP_COMMENT[g] != "" || GROUP_ITEMS[g] == "") continue
        n = split(trim(GROUP_ITEMS[g]), p, " "); types_only = 1
        for (k = 1; k <= n; k++) if (ITEM_KIND[p[k]] !~ /^(opaque|struct|enum|type)$/) types_only = 0
        if (!types_only) continue
        for (f = g + 1; f <= GROUPS && (GROUP_ITEMS[f] == "" && !GROUP_IS_TEXT[f]); f++);
        if (f > GROUPS || GROUP_HEADER[f] != GROUP_HEADER[g] || GROUP_IS_TEXT[f]) continue
        GROUP_ITEMS[f] = GROUP_ITEMS[g] " " GROUP_ITEMS[f]
        for (k = 1; k <= n; k++) ITEM_GROUP[p[k]] = f
        GROUP_ITEMS[g] = ""
    }
    # A section's heading stands for the comment of what comes right behind it.
    for (g = 1; g <= GROUPS; g++) if (GROUP_ITEMS[g] != "" && GROUP_COMMENT[g] == "" && !GROUP_IS_FIRST[g]) {
        n = split(trim(GROUP_ITEMS[g]), p, " ")
        for (k = 1; k <= n; k++) if (ITEM_KIND[p[k]] != "opaque") { complain(GROUP_HEADER[g], "no comment: " ITEM_NAME[p[k]]); MISSING++ }
    }
}

# The names of a group for its heading: functions, or else types; without those that only serve a macro beside them.
function group_names(g, names,   n, p, k, count, kind, pass, name, seen) {
    n = split(trim(GROUP_ITEMS[g]), p, " "); count = 0
    for (k = 1; k <= n; k++) seen[ITEM_NAME[p[k]]] = ITEM_KIND[p[k]]
    for (pass = 1; pass <= 2 && count == 0; pass++)
        for (k = 1; k <= n; k++) {
            kind = ITEM_KIND[p[k]]; name = ITEM_NAME[p[k]]
            if ((pass == 1) != (kind ~ /^(function|macro|call|list|generic|constant)$/)) continue
            if (kind == "function" && hidden(name, seen)) continue
            names[++count] = name
        }
    return count
}
function hidden(name, seen,   base, end) {
    end = name ~ /_$/ ? "_" : ""
    base = name
    if (end == "_") base = substr(base, 1, length(base) - 1)
    if (base !~ /_(n|with|tensor|scalar|integer)$/) {
        if (name ~ /_with_$/) base = substr(name, 1, length(name) - 1)
        else return 0
    }
    sub(/_[a-z]+$/, "", base)
    return ((base end) in seen && seen[base end] != "function") || ((base "_") in seen && seen[base "_"] == "call")
}
function result_type(code,   at, head) {
    at = index(code, "("); head = substr(code, 1, at - 1)
    sub(/[A-Za-z_0-9]+$/, "", head)
    return head
}
function options_type(code) {
    return match(code, /tp_[a-z0-9_]+_options/) ? substr(code, RSTART, RLENGTH) : ""
}
# A declaration on lines of at most 100 characters.
function folded(code,   at, n, p, i, line, result, indent) {
    if (length(code) <= 100 || code ~ /\n/) return code
    at = index(code, "("); inside(code, at)
    if (!END_AT) return code
    n = split_list(substr(code, at + 1, END_AT - at - 1), p)
    line = substr(code, 1, at); indent = sprintf("%" (at > 60 ? 4 : at) "s", ""); result = ""
    for (i = 1; i <= n; i++) {
        if (i > 1 && length(line) + length(p[i]) + 2 > 100) { result = result line "\n"; line = indent p[i] (i < n ? "," : "") }
        else line = line (i > 1 ? " " : "") p[i] (i < n ? "," : "")
    }
    return result line substr(code, END_AT)
}
function call_code(item,   f, code, shown, type) {
    f = ITEM_OF[item]; code = f in FUNCTION ? ITEM_CODE[FUNCTION[f]] : ""
    shown = ITEM_NAME[item] in OVERLOAD ? OVERLOAD[ITEM_NAME[item]] : ""
    if (!(ITEM_NAME[item] in OVERLOAD) && match(CALL_BODY[ITEM_NAME[item]], /\.[a-z_0-9]+ = __VA_ARGS__/))
        shown = substr(CALL_BODY[ITEM_NAME[item]], RSTART + 1, RLENGTH - 15)
    type = options_type(code)
    if (!(type in HERE)) OPTIONS_OF = type
    return folded(result_type(code) ITEM_NAME[item] "(" shown (shown == "" ? "" : ", ") "...);")
}
function group_code(g,   n, p, k, code, item, kind, types, calls, rest, last_type) {
    n = split(trim(GROUP_ITEMS[g]), p, " "); types = ""; calls = ""; rest = ""
    for (k = 1; k <= n; k++) {
        item = p[k]; kind = ITEM_KIND[item]; code = ITEM_CODE[item]
        if (kind == "struct") types = types (types == "" ? "" : "\n") tidy_struct(ITEM_NAME[item], code) "\n"
        else if (kind ~ /^(enum|opaque|type)$/) types = types (types == "" || kind != last_type ? (types == "" ? "" : "\n") : "") folded(code) "\n"
        else if (kind == "call") calls = calls call_code(item) "\n"
        else if (kind == "list") calls = calls result_type(ITEM_CODE[FUNCTION[ITEM_OF[item]]]) ITEM_NAME[item] "(" code "first, ...);\n"
        else if (kind == "generic") calls = calls generic_code(item) "\n"
        else if (kind == "function") rest = rest folded(code) "\n"
        else rest = rest code "\n"
        last_type = kind
    }
    return types (types != "" && calls rest != "" ? "\n" : "") calls rest
}
function generic_code(item,   name, f, code) {
    name = ITEM_NAME[item]
    f = name "_tensor"
    if (!(f in FUNCTION) && name ~ /_$/) f = substr(name, 1, length(name) - 1) "_tensor_"
    if (f in FUNCTION) {
        code = ITEM_CODE[FUNCTION[f]]; sub(f, name, code); sub(/tp_tensor \*[a-z]+\)/, "b)", code)
        if (MACRO_PARAMETERS[name] ~ /c$/) sub(/b\);/, "c);", code)
        return code " /* the last one is a tensor or a number */"
    }
    f = name "_scalar"
    code = ITEM_CODE[FUNCTION[f]]; sub(f, name, code); sub(/double b/, "b", code)
    return code " /* b is a number */"
}

# ---- Writing ----

function slug(title) {
    title = tolower(title); gsub(/[^a-z0-9 _-]/, "", title); gsub(/ /, "-", title)
    return title
}
# What a header is for: the first sentence of its opening comment.
function summary(h,   s) {
    s = INTRODUCTION[h]; sub(/\n\n.*$/, "", s); gsub(/\n/, " ", s)
    if (match(s, /\.( |$)/)) s = substr(s, 1, RSTART - 1)
    return s
}
function write_example(h, to,   file, line, text, output, in_output) {
    file = examples "/" h ".c"; text = ""; output = ""; in_output = 0
    while ((getline line < file) > 0) {
        if (line == "/* Output:") { in_output = 1; output = ""; continue }
        if (in_output) { if (line != "*/") output = output line "\n"; continue }
        text = text line "\n"
    }
    close(file)
    if (text == "") { if (SECTIONS[h] || GROUP_COUNT[h]) WITHOUT_EXAMPLE = WITHOUT_EXAMPLE " " h; return }
    sub(/\n+$/, "\n", text)
    printf "## Example\n\n```c\n%s```\n\nIt prints:\n\n```text\n%s```\n\n", text, output > to
}
function write_group(g, to,   n, names, k, heading, p, m) {
    if (GROUP_IS_TEXT[g]) { printf "%s", markdown(GROUP_COMMENT[g]) > to; return }
    for (k in HERE) delete HERE[k]
    m = split(trim(GROUP_ITEMS[g]), p, " ")
    for (k = 1; k <= m; k++) HERE[ITEM_NAME[p[k]]] = 1
    n = group_names(g, names); heading = ""
    for (k = 1; k <= n; k++) heading = heading (k > 1 ? ", " : "") names[k]
    for (k = 1; k <= m; k++) printf "<a id=\"%s\"></a>", ITEM_NAME[p[k]] > to
    OPTIONS_OF = ""
    printf "\n### %s\n\n```c\n%s```\n\n%s", heading, group_code(g), markdown(GROUP_COMMENT[g]) > to
    if (OPTIONS_OF != "") printf "Options: %s.\n\n", linked(OPTIONS_OF, OPTIONS_OF) > to
    if (GROUP_USAGE[g] != "") printf "%s", markdown(GROUP_USAGE[g]) > to
    for (k in HERE) delete HERE[k]
}
function contents(h, section,   g, n, names, k, result) {
    result = ""
    for (g = 1; g <= GROUPS; g++) if (GROUP_HEADER[g] == h && GROUP_SECTION[g] == section && GROUP_ITEMS[g] != "") {
        n = group_names(g, names)
        for (k = 1; k <= n; k++) if (names[k] !~ /_$/ || k == 1 || names[k] != names[k - 1] "_") result = result (result == "" ? "" : ", ") "[" names[k] "](#" names[k] ")"
    }
    return result
}
function write_page(h,   to, s, g, list, heading) {
    to = out "/" h ".md"; PAGE = h
    printf "<!-- Written by scripts/reference.sh from taper/%s.h and examples/%s.c. -->\n# taper/%s.h\n\n", h, h, h > to
    printf "%s", markdown(INTRODUCTION[h]) > to
    if (INCLUDES[h] != "" && !GROUP_COUNT[h]) printf "It includes %s.\n\n", INCLUDES[h] > to
    write_example(h, to)
    list = ""
    for (s = 0; s <= SECTIONS[h]; s++) if ((heading = contents(h, s)) != "")
        list = list "- " (s ? "[" SECTION_TITLE[h, s] "](#" slug(SECTION_TITLE[h, s]) "): " : "") heading "\n"
    if (list != "") printf "## Contents\n\n%s\n", list > to
    for (s = 0; s <= SECTIONS[h]; s++) {
        if (s) printf "## %s\n\n%s", SECTION_TITLE[h, s], markdown(SECTION_TEXT[h, s]) > to
        for (g = 1; g <= GROUPS; g++) if (GROUP_HEADER[g] == h && GROUP_SECTION[g] == s && (GROUP_ITEMS[g] != "" || (GROUP_IS_TEXT[g] && !(g in USED_COMMENT)))) write_group(g, to)
    }
    printf "[All headers](README.md) | [All names](names.md)\n" > to
    close(to)
}
function write_index(   to, line, h, known, n, p, k, other, i) {
    to = out "/README.md"; PAGE = "README"
    printf "<!-- Written by scripts/reference.sh from the headers and concepts.txt. -->\n# Reference\n\n" > to
    while ((getline line < concepts) > 0) {
        if (line ~ /^@/) { # a concept's headers: a table
            n = split(substr(line, 2), p, " ")
            printf "\n| header | what it holds |\n|---|---|\n" > to
            for (k = 1; k <= n; k++) if (p[k] in IS_HEADER) {
                known[p[k]] = 1
                printf "| [%s](%s.md) | %s |\n", p[k], p[k], replace_all(inline(summary(p[k])), "|", "\\|") > to
            } else complain("concepts.txt", "no such header: " p[k])
        } else print line > to
    }
    close(concepts)
    other = ""
    for (i = 1; i <= HEADERS; i++) if (!(HEADER[i] in known))
        other = other "| [" HEADER[i] "](" HEADER[i] ".md) | " replace_all(inline(summary(HEADER[i])), "|", "\\|") " |\n"
    if (other != "") printf "\n## More\n\n| header | what it holds |\n|---|---|\n%s", other > to
    close(to)
}
function write_names(   to, i, command) {
    to = out "/names.md"
    printf "<!-- Written by scripts/reference.sh from the headers. -->\n# All names\n\n" > to
    printf "%d functions, macros and types, and where they are described.\n\n", NAMES > to
    printf "| name | header |\n|---|---|\n" > to
    close(to)
    command = "LC_ALL=C sort >>'" to "'"
    for (i = 1; i <= ITEMS; i++) if (HOME[ITEM_NAME[i]] == ITEM_HEADER[i] && !(ITEM_NAME[i] in LISTED)) {
        LISTED[ITEM_NAME[i]] = 1
        print "| [" ITEM_NAME[i] "](" ITEM_HEADER[i] ".md#" ITEM_NAME[i] ") | " ITEM_HEADER[i] " |" | command
    }
    close(command)
}

FNR == 1 {
    name = FILENAME; sub(/^.*\//, "", name); sub(/\.h$/, "", name)
    HEADER[++HEADERS] = name; IS_HEADER[name] = 1
}
{ sub(/\r$/, ""); LINE[name, FNR] = $0; LINES[name] = FNR }
/^#include "taper\// {
    included = $2; gsub(/"|taper\/|\.h/, "", included)
    INCLUDES[name] = INCLUDES[name] (INCLUDES[name] == "" ? "" : ", ") "[" included ".h](" included ".md)"
}

END {
    for (i = 1; i <= HEADERS; i++) read_header(HEADER[i])
    join_groups()
    for (i = 1; i <= ITEMS; i++) {
        if (!(ITEM_NAME[i] in HOME) || ITEM_KIND[i] != "opaque") { if (!(ITEM_NAME[i] in HOME)) NAMES++; HOME[ITEM_NAME[i]] = ITEM_HEADER[i] }
        GROUP_COUNT[ITEM_HEADER[i]]++
    }
    for (i = 1; i <= HEADERS; i++) write_page(HEADER[i])
    write_index()
    write_names()
    if (WITHOUT_EXAMPLE != "") print "without an example:" WITHOUT_EXAMPLE
    exit failures > 0
}
