/* JSON: a strict reader and a writer, for safetensors headers, model configurations and logs. */
#ifndef TAPER_IO_JSON_H
#define TAPER_IO_JSON_H

#include "base/error.h"

typedef enum tp__json_kind {
    TP__JSON_NULL,
    TP__JSON_BOOL,
    TP__JSON_NUMBER,
    TP__JSON_STRING,
    TP__JSON_ARRAY,
    TP__JSON_OBJECT
} tp__json_kind;

/* A string as it stands between its quotes, escapes and all. */
typedef struct tp__json_text {
    const char *raw;
    size_t length;
} tp__json_text;

/* One value: a place in the text, which must stay. */
typedef struct tp__json {
    tp__json_kind kind;
    bool boolean;
    bool is_integer;         /* a number without point and exponent that fits an int64 */
    int64_t integer;         /* that */
    tp__json_text key;       /* of a member of an object, else no text */
    tp__json_text text;      /* of a string or a number */
    const char *begin, *end; /* where it begins, and where the whole text ends */
} tp__json;

#define TP__JSON_DEPTH 64

/* Checks a text, of one value and nothing but white space behind it. TP_ERROR_FORMAT says what is wrong and
 * at which byte, behind `name`. Nesting deeper than TP__JSON_DEPTH is refused, so that no text can exhaust
 * the stack. */
tp_status tp__json_parse(const char *name, const char *text, size_t length, tp__json *value);

/* The first item of an array or member of an object, and the one behind an item; false if there is none. A
 * key that stands twice comes twice. A step reads over the item once. */
bool tp__json_first(const tp__json *list, tp__json *item);
bool tp__json_next(tp__json *item);
/* How many there are; reads the list once. */
size_t tp__json_count(const tp__json *list);

/* The member with that key, the first of several; false if there is none or `object` is none. */
bool tp__json_get(const tp__json *object, const char *key, tp__json *member);

/* Whether the string means this text. */
bool tp__json_is(tp__json_text string, const char *text);
/* What the string means as UTF-8 with a zero behind, into room for its length and one byte more. Returns the
 * length, which is more than strlen if the string holds U+0000. */
size_t tp__json_decode(tp__json_text string, char *out);
/* A number's value; only TP_ERROR_MEMORY can be the matter. */
tp_status tp__json_f64(const tp__json *value, double *number);

/* Text that grows. After the first failure, which is recorded, nothing more is written. Zero it to begin;
 * `indent` spaces a level make it many lines, 0 makes it one line without spaces. */
typedef struct tp__json_writer {
    char *bytes; /* not ended by a zero */
    size_t length, capacity;
    int indent;
    int depth;
    bool any[TP__JSON_DEPTH]; /* whether something stands in the open object or array already */
    bool after_key;
    tp_status status;
} tp__json_writer;

void tp__json_begin_object(tp__json_writer *w);
void tp__json_end_object(tp__json_writer *w);
void tp__json_begin_array(tp__json_writer *w);
void tp__json_end_array(tp__json_writer *w);
void tp__json_key(tp__json_writer *w, const char *key);
/* Text that is no UTF-8 is refused with TP_ERROR_VALUE. */
void tp__json_string(tp__json_writer *w, const char *text);
void tp__json_string_n(tp__json_writer *w, const char *text, size_t length);
/* The shortest form that reads back as the same double; NaN and infinities become null. */
void tp__json_number(tp__json_writer *w, double value);
void tp__json_integer(tp__json_writer *w, int64_t value);
void tp__json_bool(tp__json_writer *w, bool value);
void tp__json_null(tp__json_writer *w);
/* A line end, for one value a line, after the outermost value. */
void tp__json_newline(tp__json_writer *w);
/* Frees the text; the writer is as new. */
void tp__json_writer_free(tp__json_writer *w);

#endif
