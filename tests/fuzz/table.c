/* table.c: libFuzzer on the reader of tables of text: every cell lies in memory, every column
 * is numbers or an error with words.                                                         */
#include "core/base/table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const mf_table *table) {
    static volatile unsigned sum;
    double *numbers = malloc((table->rows + 1) * sizeof *numbers);
    for (size_t c = 0; numbers && c < table->columns; ++c) {
        mf_error err = {0};
        sum += (unsigned)mf_table_name(table, c).length;
        for (size_t r = 0; r < table->rows; ++r) {
            mf_table_cell cell = mf_table_get(table, r, c);
            for (size_t i = 0; i < cell.length; ++i)
                sum += (unsigned char)cell.at[i];
            if (mf_table_line(table, r) < r + 1)
                abort();
        }
        if (mf_table_is_numeric(table, c) && mf_table_numbers(table, c, numbers, &err) < 0 &&
            err.text[0] == '\0')
            abort(); /* no error without a message */
    }
    free(numbers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mf_table table;
    mf_error err = {0};
    char *text = malloc(size); /* of its exact size: the first byte behind it is seen */
    if (!text)
        return 0;
    memcpy(text, data, size);
    if (mf_table_parse(&table, text, size, &err) < 0 && err.text[0] == '\0')
        abort();
    walk(&table);
    mf_table_close(&table);
    return 0;
}
