/* JSON: a strict reader and a writer, for safetensors headers, model configurations and logs. */
#ifndef TAPER_IO_JSON_H
#define TAPER_IO_JSON_H

#include "base/region.h"

typedef enum tp__json_kind {
    TP__JSON_NULL,
    TP__JSON_BOOL,
    TP__JSON_NUMBER,
    TP__JSON_STRING,
    TP__JSON_ARRAY,
    TP__JSON_OBJECT
} tp__json_kind;

/* One value. Members of an object and items of an array are a list, in the order of the text; a key that
 * stands twice is in the list twice. */
typedef struct tp__json {
    tp__json_kind kind;
    bool boolean;
    bool is_integer;       /* a number without point and exponent that fits an int64 */
    struct tp__json *next; /* in the list of the object or array around it */
    const char *key;       /* in an object, else NULL; UTF-8, with a zero behind */
    size_t key_length;     /* more than strlen(key) if the key holds U+0000 */
    size_t offset;         /* byte of the text where the value begins */
    union {
        struct {
            double number;
            int64_t integer;
        };
        struct {
            const char *text; /* UTF-8, with a zero behind */
            size_t length;
        };
        struct {
            struct tp__json *first;
            size_t count;
        };
    };
} tp__json;

#define TP__JSON_DEPTH 64

/* Reads one value and nothing but white space behind it, into `region`. NULL after an error: what is wrong
 * and at which byte, behind `name`. Nesting deeper than TP__JSON_DEPTH is refused, so that no text can
 * exhaust the stack. */
tp__json *tp__json_parse(tp_region *region, const char *name, const char *text, size_t length);

/* The member with that key, the first of several; NULL if there is none or `object` is none. */
const tp__json *tp__json_get(const tp__json *object, const char *key);

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
