/* Texts and their labels from a table. */
#include "base/region.h"
#include "taper/ops.h"
#include "taper/text_model.h"

tp_labelled_texts *tp_read_labelled_texts_with(const tp_labelled_texts_options *options)
{
    const tp_labelled_texts_options *o = options;
    if (!o || !o->text_column) {
        tp__null_argument(o ? "read_labelled_texts: text_column" : "read_labelled_texts: options");
        return NULL;
    }
    const char *const columns[] = {o->text_column, o->label_column, NULL};
    const tp_table_options table_options = {.path = o->path,
                                            .delimiter = o->delimiter,
                                            .quote = o->quote,
                                            .header = true,
                                            .longest_row = 16777216,
                                            .columns = columns};
    tp_table *table = tp_read_table_with(&table_options);
    if (!table)
        return NULL;
    tp_labelled_texts *texts = tp_region_alloc(tp__region_current(), sizeof *texts);
    if (!texts)
        return NULL;
    *texts = (tp_labelled_texts){
        .count = tp_table_rows(table), .texts = tp_table_strings(table, o->text_column), .table = table};
    if (!texts->texts)
        return NULL;
    if (o->label_column) {
        tp_tensor *labels = tp_table_numbers(table, o->label_column, TP_BOOL);
        TP_SCOPE_NO_GRAD(labels);
        texts->labels = tp_to(labels, TP_F32);
        tp_release(labels);
        if (!texts->labels)
            return NULL;
    }
    return texts;
}
