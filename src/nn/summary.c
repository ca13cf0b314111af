/* Runs a module with an observer, and says what was seen. */
#include "taper/summary.h"
#include "nn/module.h"
#include "nn/writer.h"

#include <string.h>

/* ---- Counting ---- */

typedef struct watch {
    tp__observer observer; /* first: what is called with it finds the watch */
    const tp__places *places;
    tp_summary *summary;
    bool overflow;
} watch;

static void add(watch *w, int64_t *sum, int64_t more)
{
    w->overflow |= more < 0 || __builtin_add_overflow(*sum, more, sum);
}

static void note_run(tp__observer *observer, const tp_module *module, const tp_tensor *x, const tp_tensor *y)
{
    watch *w = (watch *)(void *)observer;
    size_t i = 0;
    while (i < w->places->count && w->places->items[i].module != module)
        i++;
    if (!y || i == w->places->count)
        return;
    tp_layer_summary *layer = &w->summary->layers[i];
    if (!layer->runs++) {
        layer->output_ndim = y->ndim;
        memcpy(layer->output_shape, y->shape, (size_t)y->ndim * sizeof *y->shape);
    }
    if (module->count)
        add(w, &layer->multiply_adds, module->count(module, x, y));
    if (!module->children.count)
        add(w, &w->summary->output_bytes, y->stored * (int64_t)tp_dtype_size((tp_dtype)y->dtype));
}

/* Sets or restores the modes of all modules; `modes` has room for as many. */
static void set_modes(const tp__places *places, bool *modes, bool restore)
{
    for (size_t i = 0; i < places->count; i++) {
        tp_module *m = places->items[i].module;
        if (!restore)
            modes[i] = m->training;
        m->training = restore && modes[i];
    }
}

static tp_status run(tp_module *module, tp_tensor *example, watch *w)
{
    TP_SCOPE(summary);
    TP_SCOPE_NO_GRAD(summary);
    bool *modes = tp_region_alloc(tp__region_current(), w->places->count);
    if (!modes)
        return TP_ERROR_MEMORY;
    set_modes(w->places, modes, false);
    tp__observer *before = tp__module_observer;
    tp__module_observer = &w->observer;
    const tp_tensor *y = tp_forward(module, example);
    tp__module_observer = before;
    set_modes(w->places, modes, true);
    if (!y)
        return tp__ctx.error != TP_OK ? tp__ctx.error : TP_ERROR_MEMORY;
    return w->overflow ? tp_fail(TP_ERROR_VALUE, "there are more multiply-adds than an int64 holds") : TP_OK;
}

/* Whether a tensor stands in no earlier module, nor earlier in its own. */
static bool is_new(const tp__places *places, size_t at, bool buffers, size_t k)
{
    const tp_module *own = places->items[at].module;
    const tp_tensor *t = (buffers ? &own->buffers : &own->parameters)->items[k].is.tensor;
    for (size_t i = 0; i <= at; i++) {
        const tp_module *m = places->items[i].module;
        const tp__members *members = buffers ? &m->buffers : &m->parameters;
        for (size_t j = 0; j < (i < at ? members->count : k); j++)
            if (members->items[j].is.tensor == t)
                return false;
    }
    return true;
}

static int64_t bytes_of(const tp_tensor *t)
{
    return t->numel * (int64_t)tp_dtype_size((tp_dtype)t->dtype);
}

static void count_tensors(const tp__places *places, tp_summary *s)
{
    for (size_t i = 0; i < places->count; i++) {
        const tp_module *m = places->items[i].module;
        for (size_t k = 0; k < m->parameters.count; k++) {
            const tp_tensor *t = m->parameters.items[k].is.tensor;
            if (!is_new(places, i, false, k))
                continue;
            s->layers[i].parameters += t->numel;
            s->layers[i].trainable += t->requires_grad ? t->numel : 0;
            s->parameter_bytes += bytes_of(t);
        }
        for (size_t k = 0; k < m->buffers.count; k++)
            if (is_new(places, i, true, k))
                s->buffer_bytes += bytes_of(m->buffers.items[k].is.tensor);
    }
}

static int level_of(const char *path)
{
    int level = *path ? 1 : 0;
    while ((path = strchr(path, '.'))) {
        level++;
        path++;
    }
    return level;
}

static tp_summary *summarize(tp_module *module, tp_tensor *example, const tp__places *places)
{
    tp_region *region = tp__region_current();
    tp_summary *s = tp_region_alloc(region, sizeof *s);
    if (!s || !(s->layers = tp_region_alloc(region, places->count * sizeof *s->layers)))
        return NULL;
    s->count = (int64_t)places->count;
    for (size_t i = 0; i < places->count; i++)
        s->layers[i] = (tp_layer_summary){.path = places->items[i].path,
                                          .type = places->items[i].module->type,
                                          .level = level_of(places->items[i].path),
                                          .output_ndim = -1};
    count_tensors(places, s);
    watch w = {{note_run}, places, s, false};
    if (example && run(module, example, &w) != TP_OK)
        return NULL;
    for (int64_t i = 0; i < s->count; i++) {
        s->parameters += s->layers[i].parameters;
        s->trainable += s->layers[i].trainable;
        add(&w, &s->multiply_adds, s->layers[i].multiply_adds);
    }
    return s;
}

tp_summary *tp_summarize(tp_module *module, tp_tensor *example)
{
    if (!module)
        return tp__null_argument("summarize: module"), NULL;
    tp__places places;
    if (!tp__region_current() || tp__module_places(module, true, &places) != TP_OK)
        return NULL;
    tp_summary *s = summarize(module, example, &places);
    tp__free(places.items);
    return s;
}

/* ---- The table ---- */

enum { COLUMNS = 5 };

/* One line's cells. */
typedef struct line {
    const char *cells[COLUMNS];
} line;

/* "fc1 (Linear)", indented; the type alone for the module itself. */
static char *name_cell(const tp_layer_summary *l)
{
    tp__writer out = {0};
    const char *dot = strrchr(l->path, '.');
    tp__writef(&out, "%*s", 2 * l->level, "");
    if (*l->path)
        tp__writef(&out, "%s (%s)", dot ? dot + 1 : l->path, l->type);
    else
        tp__writef(&out, "%s", l->type);
    return tp__writer_text(&out);
}

static char *output_cell(const tp_layer_summary *l)
{
    char text[TP__SHAPE_TEXT_SIZE] = "-";
    if (l->output_ndim >= 0)
        tp__shape_text(text, sizeof text, l->output_ndim, l->output_shape);
    return tp__region_strdup(tp__region_current(), text);
}

/* The number, with "-" for 0. */
static char *number_cell(int64_t number)
{
    char text[24] = "-";
    if (number)
        snprintf(text, sizeof text, "%lld", (long long)number);
    return tp__region_strdup(tp__region_current(), text);
}

static line line_of(const tp_layer_summary *l)
{
    return (line){{name_cell(l), output_cell(l), number_cell(l->parameters), number_cell(l->trainable),
                   number_cell(l->multiply_adds)}};
}

/* The first two columns stand to the left, the numbers to the right. */
static void write_line(tp__writer *out, const line *l, const int widths[COLUMNS])
{
    tp__writef(out, "%-*s  %-*s", widths[0], l->cells[0], widths[1], l->cells[1]);
    for (int c = 2; c < COLUMNS; c++)
        tp__writef(out, "  %*s", widths[c], l->cells[c]);
    tp__writef(out, "\n");
}

static char *table_text(const tp_summary *s)
{
    const size_t n = (size_t)s->count + 2;
    line *lines = tp_region_alloc(tp__region_current(), n * sizeof *lines);
    if (!lines)
        return NULL;
    lines[0] = (line){{"Layer", "Output", "Parameters", "Trainable", "Multiply-adds"}};
    for (int64_t i = 0; i < s->count; i++)
        lines[i + 1] = line_of(&s->layers[i]);
    lines[n - 1] = (line){
        {"Total", "", number_cell(s->parameters), number_cell(s->trainable), number_cell(s->multiply_adds)}};
    int widths[COLUMNS] = {0};
    for (size_t i = 0; i < n; i++)
        for (int c = 0; c < COLUMNS; c++) {
            if (!lines[i].cells[c])
                return NULL;
            const int width = (int)strlen(lines[i].cells[c]);
            widths[c] = width > widths[c] ? width : widths[c];
        }
    tp__writer out = {0};
    for (size_t i = 0; i < n; i++)
        write_line(&out, &lines[i], widths);
    tp__writef(&out, "Bytes: parameters %lld, buffers %lld, outputs %lld\n", (long long)s->parameter_bytes,
               (long long)s->buffer_bytes, (long long)s->output_bytes);
    return tp__writer_text(&out);
}

tp_status tp_module_summary(FILE *stream, tp_module *module, tp_tensor *example)
{
    if (!stream)
        return tp__null_argument("module_summary: stream");
    TP_SCOPE(summary);
    const tp_summary *s = tp_summarize(module, example);
    const char *text = s ? table_text(s) : NULL;
    if (!text)
        return tp__ctx.error != TP_OK ? tp__ctx.error : TP_ERROR_MEMORY;
    if (fputs(text, stream) < 0)
        return tp_fail(TP_ERROR_IO, "module_summary: the stream refused the text");
    return TP_OK;
}
