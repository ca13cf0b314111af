/* What PyTorch prints for a module: its type, its own description, and its children one level further in. */
#include "nn/module.h"
#include "nn/writer.h"

#include <string.h>

static void indent(tp__writer *out, int level)
{
    for (int i = 0; i < level; i++)
        tp__write(out, "  ", 2);
}

/* A text of the module's own; NULL without an error if there is none. */
static tp_status describe(const tp_module *module, char **text)
{
    *text = NULL;
    const int length = module->describe ? module->describe(module, NULL, 0) : 0;
    if (length < 0)
        return tp_fail(TP_ERROR_VALUE, "the description of a %s failed", module->type);
    if (!length)
        return TP_OK;
    char *made = tp__malloc((size_t)length + 1);
    if (!made)
        return TP_ERROR_MEMORY;
    made[0] = 0;
    module->describe(module, made, (size_t)length + 1);
    *text = made;
    return TP_OK;
}

static tp_status write_module(tp__writer *out, const tp_module *module, int level);

/* How many children of a list from `first` on print alike: PyTorch writes them as one. */
static tp_status count_alike(const tp_module *list, size_t first, size_t *same)
{
    tp__writer one = {0};
    tp_status status = write_module(&one, list->children.items[first].is.module, 0);
    bool alike = true;
    while (status == TP_OK && alike && first + *same < list->children.count) {
        tp__writer other = {0};
        status = write_module(&other, list->children.items[first + *same].is.module, 0);
        alike = status == TP_OK && !one.failed && !other.failed && one.length == other.length &&
                !memcmp(one.bytes, other.bytes, one.length);
        *same += alike;
        tp__writer_drop(&other);
    }
    tp__writer_drop(&one);
    return status;
}

static tp_status write_module(tp__writer *out, const tp_module *module, int level)
{
    char *description;
    tp__writef(out, "%s(", module->type);
    TP__TRY(describe(module, &description));
    const size_t children = module->children.count;
    if (description && !children && !strchr(description, '\n')) {
        tp__write(out, description, strlen(description));
    } else if (description || children) {
        tp__write(out, "\n", 1);
        for (const char *line = description; line;) {
            const char *end = strchr(line, '\n');
            indent(out, level + 1);
            tp__write(out, line, end ? (size_t)(end - line) : strlen(line));
            tp__write(out, "\n", 1);
            line = end ? end + 1 : NULL;
        }
    }
    const bool lines = children || (description && strchr(description, '\n'));
    tp__free(description);
    const bool is_list = !strcmp(module->type, "ModuleList");
    for (size_t i = 0, same; i < children; i += same) {
        const tp__member *child = &module->children.items[i];
        same = 1;
        if (is_list)
            TP__TRY(count_alike(module, i, &same));
        indent(out, level + 1);
        if (same > 1)
            tp__writef(out, "(%s-%s): %zu x ", child->name, module->children.items[i + same - 1].name, same);
        else
            tp__writef(out, "(%s): ", child->name);
        TP__TRY(write_module(out, child->is.module, level + 1));
        tp__write(out, "\n", 1);
    }
    if (lines)
        indent(out, level);
    tp__write(out, ")", 1);
    return TP_OK;
}

char *tp_module_repr(const tp_module *module)
{
    if (!module)
        return tp__null_argument("module_repr: module"), NULL;
    TP_FRAME("module_repr");
    tp__writer out = {0};
    if (write_module(&out, module, 0) == TP_OK)
        return tp__writer_text(&out);
    tp__writer_drop(&out);
    return NULL;
}

tp_status tp_module_print(FILE *stream, const tp_module *module)
{
    TP_SCOPE(print);
    if (!stream || !module)
        return tp__null_argument(stream ? "module_print: module" : "module_print: stream");
    const char *text = tp_module_repr(module);
    if (!text)
        return tp__ctx.error;
    if (fprintf(stream, "%s\n", text) < 0)
        return tp_fail(TP_ERROR_IO, "module_print: the stream refused the text");
    return TP_OK;
}
