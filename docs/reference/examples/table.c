#include <taper/taper.h>

int main(void)
{
    FILE *file = fopen("prices.csv", "w");
    fputs("item,price\n\"tea, green\",2.5\ncoffee,three\n", file);
    fclose(file);

    tp_table *table = tp_read_table("prices.csv", .delimiter = ',');
    if (!table)
        return tp_report(stderr);
    size_t length;
    const char *item = tp_string_at(tp_table_strings(table, "item"), 0, &length);
    printf("%lld rows, the first one: %.*s\n", (long long)tp_table_rows(table), (int)length, item);
    if (!tp_table_numbers(table, "price", TP_F32))
        tp_report(stdout); /* says where */

    tp_table_reader *reader = tp_table_reader_open("prices.csv", .delimiter = ','); /* in constant memory */
    tp_table_row row;
    while (tp_table_reader_next(reader, &row) == TP_OK)
        printf("line %lld: %.*s\n", (long long)row.line, (int)row.fields[1].length, row.fields[1].bytes);
    tp_finish();
    return 0;
}

/* Output:
2 rows, the first one: tea, green
prices.csv:3: column 'price' holds 'three', which is no number
line 2: 2.5
line 3: three
*/
