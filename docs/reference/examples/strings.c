#include <taper/taper.h>

int main(void)
{
    tp_strings *texts = tp_strings_from_array(3, (const char *const[]){"one", "two and", "three"});
    for (int64_t i = 0; i < texts->count; i++) {
        size_t length;
        const char *text = tp_string_at(texts, i, &length); /* not ended by a zero */
        printf("%zu bytes: %.*s\n", length, (int)length, text);
    }
    tp_strings *some = tp_strings_select(texts, (const int64_t[]){2, 0}, 2);
    printf("%s, %s\n", tp_string_copy(some, 0), tp_string_copy(some, 1)); /* these are */
    tp_finish();
    return 0;
}

/* Output:
3 bytes: one
7 bytes: two and
5 bytes: three
three, one
*/
