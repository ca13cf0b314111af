/* NumPy's .npy format: a magic string, a version, a header that is a Python dictionary, the elements.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
#include "taper/npy.h"
#include "io/elements.h"
#include "io/file.h"
#include "io/number.h"
#include "io/utf8.h"

#include <string.h>
#include <unistd.h>

#define MAGIC "\x93NUMPY"
#define LONGEST_HEADER (1 << 20)

static const struct {
    const char *letters; /* NumPy's kind and size */
    tp_dtype dtype;
} types[] = {{"b1", TP_BOOL}, {"u1", TP_U8},  {"i4", TP_I32}, {"i8", TP_I64},
             {"f4", TP_F32},  {"f8", TP_F64}, {"f2", TP_F16}};
#define TYPES (sizeof types / sizeof *types)

typedef struct header {
    const char *path;
    const char *text; /* zero-ended; `at` goes through it */
    const char *at;
    int64_t text_offset; /* in the file */
    int64_t data_offset;
    tp_dtype dtype;
    bool big_endian, fortran_order;
    int ndim;
    int64_t shape[TP_MAX_DIMS];
    bool has_descr, has_order, has_shape;
} header;

/* ---- Reading ---- */

static tp_status fail(const header *h, const char *what)
{
    return tp_fail(TP_ERROR_FORMAT, "%s: byte %lld: %s", h->path,
                   (long long)(h->text_offset + (h->at - h->text)), what);
}

static bool next_is(header *h, char c)
{
    while (*h->at == ' ' || *h->at == '\t' || *h->at == '\n' || *h->at == '\r')
        h->at++;
    if (*h->at != c)
        return false;
    h->at++;
    return true;
}

/* A Python string without escapes. */
static tp_status parse_string(header *h, const char **text, size_t *length)
{
    const char quote = next_is(h, '\'') ? '\'' : next_is(h, '"') ? '"' : 0;
    const char *end = quote ? strchr(h->at, quote) : NULL;
    if (!end)
        return fail(h, "a quoted string was expected");
    *text = h->at;
    *length = (size_t)(end - h->at);
    h->at = end + 1;
    return TP_OK;
}

static tp_status parse_descr(header *h)
{
    char quoted[TP__QUOTE_SIZE];
    const char *text, *refused = h->at;
    size_t length;
    if (next_is(h, '['))
        return tp_fail(TP_ERROR_UNSUPPORTED, "%s: the array has fields (descr %s), which no tensor has",
                       h->path, tp__quote(quoted, sizeof quoted, refused, strlen(refused)));
    TP__TRY(parse_string(h, &text, &length));
    const char order = length == 3 ? text[0] : 0;
    for (size_t i = 0; i < TYPES; i++) {
        if (!order || !strchr("<>|=", order) || memcmp(text + 1, types[i].letters, 2) != 0)
            continue;
        h->dtype = types[i].dtype;
        h->big_endian = order == '>' || (order == '=' && !tp__little_endian());
        return TP_OK;
    }
    return tp_fail(TP_ERROR_UNSUPPORTED,
                   "%s: elements of descr %s; b1, u1, i4, i8, f2, f4 and f8 can be read", h->path,
                   tp__quote(quoted, sizeof quoted, text, length));
}

static tp_status parse_order(header *h)
{
    next_is(h, ' '); /* skips white space */
    if (strncmp(h->at, "True", 4) == 0) {
        h->fortran_order = true;
        h->at += 4;
    } else if (strncmp(h->at, "False", 5) == 0) {
        h->at += 5;
    } else {
        return fail(h, "True or False was expected");
    }
    return TP_OK;
}

static tp_status parse_shape(header *h)
{
    if (!next_is(h, '('))
        return fail(h, "'(' was expected");
    while (!next_is(h, ')')) {
        const size_t digits = strspn(h->at, "0123456789");
        if (h->ndim == TP_MAX_DIMS)
            return tp_fail(TP_ERROR_UNSUPPORTED, "%s: the array has more than %d dimensions", h->path,
                           TP_MAX_DIMS);
        if (!digits || tp__parse_i64(h->at, digits, &h->shape[h->ndim]) != TP_OK)
            return fail(h, "a size was expected");
        h->ndim++;
        h->at += digits;
        if (*h->at == 'L') /* as written by Python 2 */
            h->at++;
        if (!next_is(h, ',')) {
            if (h->ndim == 1 || !next_is(h, ')'))
                return fail(h, "',' was expected");
            break;
        }
    }
    return TP_OK;
}

static tp_status parse_entry(header *h)
{
    const char *key;
    size_t length;
    TP__TRY(parse_string(h, &key, &length));
    if (!next_is(h, ':'))
        return fail(h, "':' was expected");
    bool *seen = NULL;
    tp_status (*parse)(header *) = NULL;
    if (length == 5 && memcmp(key, "descr", 5) == 0)
        seen = &h->has_descr, parse = parse_descr;
    else if (length == 13 && memcmp(key, "fortran_order", 13) == 0)
        seen = &h->has_order, parse = parse_order;
    else if (length == 5 && memcmp(key, "shape", 5) == 0)
        seen = &h->has_shape, parse = parse_shape;
    if (!parse || *seen) {
        char quoted[TP__QUOTE_SIZE];
        return tp_fail(TP_ERROR_FORMAT, "%s: the header's key %s is %s", h->path,
                       tp__quote(quoted, sizeof quoted, key, length), parse ? "there twice" : "not known");
    }
    *seen = true;
    next_is(h, ' ');
    return parse(h);
}

static tp_status parse_header(header *h)
{
    if (!next_is(h, '{'))
        return fail(h, "'{' was expected");
    while (!next_is(h, '}')) {
        TP__TRY(parse_entry(h));
        if (!next_is(h, ',')) {
            if (!next_is(h, '}'))
                return fail(h, "',' or '}' was expected");
            break;
        }
    }
    next_is(h, '\n');
    if (*h->at)
        return fail(h, "something stands behind the header");
    if (!h->has_descr || !h->has_order || !h->has_shape)
        return tp_fail(TP_ERROR_FORMAT, "%s: the header has no '%s'", h->path,
                       !h->has_descr   ? "descr"
                       : !h->has_order ? "fortran_order"
                                       : "shape");
    return TP_OK;
}

/* The header's text, to be freed. */
static char *read_header(int file, header *h, int64_t file_size)
{
    unsigned char start[12] = {0};
    const size_t got = file_size < 12 ? (size_t)file_size : 12;
    if (tp__read_at(file, h->path, start, got, 0) != TP_OK)
        return NULL;
    if (got < 10 || memcmp(start, MAGIC, 6) != 0)
        return tp__fail_null(TP_ERROR_FORMAT, "%s: not a .npy file: it does not begin with \\x93NUMPY",
                             h->path);
    const unsigned version = start[6];
    if (version < 1 || version > 3 || start[7] != 0)
        return tp__fail_null(TP_ERROR_UNSUPPORTED, "%s: version %u.%u of the .npy format", h->path, version,
                             (unsigned)start[7]);
    uint32_t length = start[8] | (uint32_t)start[9] << 8;
    if (version > 1)
        length |= (uint32_t)start[10] << 16 | (uint32_t)start[11] << 24;
    h->text_offset = version == 1 ? 10 : 12;
    h->data_offset = h->text_offset + length;
    if (length > LONGEST_HEADER || h->data_offset > file_size)
        return tp__fail_null(TP_ERROR_FORMAT, "%s: byte 8: a header of %u bytes in a file of %lld", h->path,
                             (unsigned)length, (long long)file_size);
    char *text = tp__malloc((size_t)length + 1);
    if (!text)
        return NULL;
    if (tp__read_at(file, h->path, text, length, h->text_offset) != TP_OK) {
        tp__free(text);
        return NULL;
    }
    text[length] = 0;
    if (memchr(text, 0, length)) {
        tp__free(text);
        return tp__fail_null(TP_ERROR_FORMAT, "%s: a NUL byte in the header", h->path);
    }
    h->text = h->at = text;
    return text;
}

static tp_status check_size(const header *h, int64_t file_size)
{
    char shape[TP__SHAPE_TEXT_SIZE];
    tp__shape_text(shape, sizeof shape, h->ndim, h->shape);
    const int64_t numel = tp__numel(h->ndim, h->shape);
    int64_t bytes;
    if (numel < 0 || __builtin_mul_overflow(numel, (int64_t)tp_dtype_size(h->dtype), &bytes))
        return tp_fail(TP_ERROR_FORMAT, "%s: the shape %s is too large", h->path, shape);
    if (bytes != file_size - h->data_offset)
        return tp_fail(TP_ERROR_FORMAT,
                       "%s: byte %lld: %lld bytes follow, but %s of %s in the shape %s are %lld", h->path,
                       (long long)h->data_offset, (long long)(file_size - h->data_offset), "elements",
                       tp_dtype_name(h->dtype), shape, (long long)bytes);
    return TP_OK;
}

/* Row-major `t` from a file that holds it column-major, which is row-major with the dimensions reversed. */
static tp_status read_fortran(int file, const header *h, tp_tensor *t)
{
    TP_SCOPE(npy_load);
    int64_t reversed[TP_MAX_DIMS] = {0}, strides[TP_MAX_DIMS] = {0}, back[TP_MAX_DIMS] = {0};
    for (int i = 0; i < h->ndim; i++)
        reversed[i] = h->shape[h->ndim - 1 - i];
    tp__contiguous_strides(h->ndim, reversed, strides);
    for (int i = 0; i < h->ndim; i++)
        back[i] = strides[h->ndim - 1 - i];
    tp_tensor *raw = tp_zeros_n(h->dtype, h->ndim, reversed);
    if (!raw)
        return tp_error();
    TP__TRY(tp__read_elements(file, h->path, "the array", h->data_offset, h->big_endian, raw));
    const tp_tensor *turned = tp__tensor_view(raw, h->ndim, h->shape, back, 0);
    if (!turned)
        return tp_error();
    tp__copy_elements(turned, t);
    return TP_OK;
}

static tp_tensor *load(int file, header *h, int64_t file_size)
{
    char *text = read_header(file, h, file_size);
    if (!text)
        return NULL;
    const tp_status status = parse_header(h);
    tp__free(text);
    if (status != TP_OK || check_size(h, file_size) != TP_OK)
        return NULL;
    tp_tensor *t = tp_zeros_n(h->dtype, h->ndim, h->shape);
    if (!t)
        return NULL;
    const tp_status read =
        h->fortran_order && h->ndim > 1
            ? read_fortran(file, h, t)
            : tp__read_elements(file, h->path, "the array", h->data_offset, h->big_endian, t);
    return read == TP_OK ? t : NULL;
}

tp_tensor *tp_npy_load(const char *path)
{
    if (!path) {
        tp__null_argument("npy_load: path");
        return NULL;
    }
    int64_t file_size;
    const int file = tp__open_regular(path, &file_size);
    if (file < 0)
        return NULL;
    header h = {.path = path};
    tp_tensor *t = load(file, &h, file_size);
    close(file);
    return t;
}

/* ---- Writing ---- */

/* NumPy writes what is contiguous when read column by column as such. */
static bool is_column_major(const tp_tensor *t)
{
    int64_t shape[TP_MAX_DIMS] = {0}, strides[TP_MAX_DIMS] = {0};
    for (int i = 0; i < t->ndim; i++) {
        shape[i] = t->shape[t->ndim - 1 - i];
        strides[i] = t->strides[t->ndim - 1 - i];
    }
    return t->numel > 0 && !t->contiguous && tp__is_contiguous(t->ndim, shape, strides);
}

/* The whole header into `text`; returns its length, a multiple of 64. */
static size_t write_header(char *text, size_t size, const tp_tensor *t, bool column_major)
{
    const char *letters = "";
    for (size_t i = 0; i < TYPES; i++)
        if (types[i].dtype == (tp_dtype)t->dtype)
            letters = types[i].letters;
    memcpy(text, MAGIC "\x01\x00\x00\x00", 10);
    size_t at = 10;
    at += (size_t)snprintf(text + at, size - at, "{'descr': '%c%s', 'fortran_order': %s, 'shape': (",
                           letters[1] == '1' ? '|' : '<', letters, column_major ? "True" : "False");
    for (int i = 0; i < t->ndim; i++)
        at += (size_t)snprintf(text + at, size - at,
                               i              ? ", %lld"
                               : t->ndim == 1 ? "%lld,"
                                              : "%lld",
                               (long long)t->shape[i]);
    at += (size_t)snprintf(text + at, size - at, "), }");
    /* NumPy leaves room for the dimension that grows when arrays are appended to reach 21 digits. */
    if (t->ndim) {
        char digits[24];
        const int64_t growing = t->shape[column_major ? t->ndim - 1 : 0];
        const size_t room = 21 - (size_t)snprintf(digits, sizeof digits, "%lld", (long long)growing);
        memset(text + at, ' ', room);
        at += room;
    }
    const size_t padding = 64 - (at + 1) % 64;
    memset(text + at, ' ', padding);
    at += padding;
    text[at++] = '\n';
    text[8] = (char)((at - 10) & 0xFF);
    text[9] = (char)((at - 10) >> 8);
    return at;
}

static tp_status write_array(tp__output *output, void *context)
{
    const tp_tensor *t = context;
    char text[512];
    const bool column_major = is_column_major(t);
    TP__TRY(tp__output_write(output, text, write_header(text, sizeof text, t, column_major)));
    if (!column_major)
        return tp__write_elements(output, t);
    TP_SCOPE(npy_save);
    int64_t shape[TP_MAX_DIMS] = {0}, strides[TP_MAX_DIMS] = {0};
    for (int i = 0; i < t->ndim; i++) {
        shape[i] = t->shape[t->ndim - 1 - i];
        strides[i] = t->strides[t->ndim - 1 - i];
    }
    const tp_tensor *turned = tp__tensor_view(t, t->ndim, shape, strides, 0);
    return turned ? tp__write_elements(output, turned) : tp_error();
}

tp_status tp_npy_save(const char *path, const tp_tensor *t)
{
    if (!path)
        return tp__null_argument("npy_save: path");
    TP__TRY(tp__check_writable(t, "npy_save: the tensor"));
    if (t->dtype == TP_BF16)
        return tp_fail(TP_ERROR_DTYPE,
                       "npy_save: NumPy has no bfloat16; save float32 (tp_to), or safetensors");
    return tp__write_atomically(path, write_array, (void *)(uintptr_t)t);
}
