/* Tables of known words, lent out. */
#include "base/region.h"
#include "text/count_vectorizer.h"

static void free_list(tp__known_table *table)
{
    while (table) {
        tp__known_table *next = table->next;
        tp__word_table_free(&table->words);
        tp__free(table);
        table = next;
    }
}

static void end(void *argument)
{
    tp__known_words *known = argument;
    free_list(known->free);
    pthread_mutex_destroy(&known->mutex);
}

tp__known_words *tp__known_words_new(tp_region *region)
{
    tp__known_words *known = tp__region_bump(region, sizeof *known);
    if (!known)
        return NULL;
    known->free = NULL;
    if (pthread_mutex_init(&known->mutex, NULL))
        return tp__fail_null(TP_ERROR_THREAD, "a mutex could not be made");
    if (tp_region_on_end(region, end, known) == TP_OK)
        return known;
    pthread_mutex_destroy(&known->mutex);
    return NULL;
}

void tp__known_words_forget(tp__known_words *known)
{
    pthread_mutex_lock(&known->mutex);
    tp__known_table *table = known->free;
    known->free = NULL;
    pthread_mutex_unlock(&known->mutex);
    free_list(table);
}

tp__known_table *tp__known_words_take(tp__known_words *known)
{
    pthread_mutex_lock(&known->mutex);
    tp__known_table *table = known->free;
    if (table)
        known->free = table->next;
    pthread_mutex_unlock(&known->mutex);
    if (!table && (table = tp__calloc(1, sizeof *table)))
        table->words.limit = TP__KEPT_WORDS;
    return table;
}

void tp__known_words_give(tp__known_words *known, tp__known_table *table)
{
    if (!table)
        return;
    pthread_mutex_lock(&known->mutex);
    table->next = known->free;
    known->free = table;
    pthread_mutex_unlock(&known->mutex);
}
