/* table.c: tables of text give back what random tables were written as, in every notation.
 * The reader is asked for random cells, quoted and not, between tabs, commas and blanks.   */
#include "core/base/table.h"
#include "check.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 7, COLUMNS = 5, TABLES = 3000, CELL = 12 };

static uint64_t state = 5;

static unsigned draw(unsigned n) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(state >> 33) % n;
}

/* A cell of letters, and where quotes allow it of anything. */
static void make_word(char *cell, bool quoted) {
    static const char plain[] = "abcxyz", any[] = "ab\"\"\n,\t #";
    size_t n = 1 + draw(CELL - 2);
    for (size_t i = 0; i < n; ++i)
        cell[i] = quoted ? any[draw(sizeof any - 1)] : plain[draw(sizeof plain - 1)];
    cell[n] = '\0';
}

static size_t write_cell(char *out, const char *cell, bool quoted) {
    size_t n = 0;
    if (!quoted)
        return (size_t)sprintf(out, "%s", cell);
    out[n++] = '"';
    for (; *cell; ++cell) {
        out[n++] = *cell;
        if (*cell == '"')
            out[n++] = '"';
    }
    out[n++] = '"';
    return n;
}

/* One table: columns 0 and 2 hold numbers, the others words; the first line never quotes what
 * would be mistaken for its separator.                                                     */
static void round_trip(void) {
    static char words[ROWS][COLUMNS][CELL];
    static double numbers[ROWS][COLUMNS];
    static const char *const newlines[] = {"\n", "\r\n"};
    const char separator = "\t, "[draw(3)];
    const char *newline = newlines[draw(2)];
    char *text = malloc(1 << 16);
    size_t n = (size_t)sprintf(text, "%s# a comment%s%s", draw(2) ? "\xEF\xBB\xBF" : "", newline,
                               newline);
    n += (size_t)sprintf(text + n, "a%cb%cc%cd%ce%s", separator, separator, separator, separator,
                         newline);
    for (size_t r = 0; r < ROWS; ++r)
        for (size_t c = 0; c < COLUMNS; ++c) {
            bool quoted = draw(2);
            if (c == 0 || c == 2) {
                numbers[r][c] = ldexp((double)draw(1u << 31) - (1 << 30), (int)draw(1000) - 500);
                n += (size_t)sprintf(text + n, "%.17g", numbers[r][c]);
            } else {
                make_word(words[r][c], quoted);
                n += write_cell(text + n, words[r][c], quoted);
            }
            if (c + 1 < COLUMNS)
                text[n++] = separator;
            else if (r + 1 < ROWS || draw(2))
                n += (size_t)sprintf(text + n, "%s", newline);
        }
    mf_table table;
    mf_error err = {0};
    expect(mf_table_parse(&table, text, n, &err) == MF_OK, "a table is read");
    expect(table.header && table.rows == ROWS && table.columns == COLUMNS, "of its size");
    for (size_t c = 0; c < COLUMNS && table.rows == ROWS; ++c) {
        double column[ROWS];
        bool numeric = c == 0 || c == 2;
        expect(mf_table_name(&table, c).at[0] == (char)('a' + c), "columns have their names");
        expect(mf_table_is_numeric(&table, c) == numeric, "numbers are numbers, words are words");
        if (numeric)
            expect(mf_table_numbers(&table, c, column, &err) == MF_OK, "and are read");
        for (size_t r = 0; r < ROWS; ++r) {
            mf_table_cell cell = mf_table_get(&table, r, c);
            expect(numeric ? column[r] == numbers[r][c]
                           : cell.length == strlen(words[r][c]) &&
                                     memcmp(cell.at, words[r][c], cell.length) == 0,
                   "each cell is what was written");
        }
    }
    mf_table_close(&table);
}

/* The text is refused with a message that has `part` in it. */
static void refused(const char *text, const char *part) {
    mf_table table;
    mf_error err = {0};
    double x[8];
    mf_status status = mf_table_parse(&table, strdup(text), strlen(text), &err);
    for (size_t c = 0; status >= 0 && c < table.columns; ++c)
        if (mf_table_is_numeric(&table, c))
            status = mf_table_numbers(&table, c, x, &err);
    expect(status == MF_EFORMAT && strstr(err.text, part), part);
    mf_table_close(&table);
}

static void no_table(void) {
    mf_table table;
    mf_error err = {0};
    refused("a b\n1 2\n3\n", "line 3 has 1 cells, the first one has 2");
    refused("a,b\n1,2\n3,x\n", "line 3, column 2 ('b'): expected a number, got 'x'");
    refused("1,2\n3,0x10\n", "line 2, column 2: expected a number, got '0x10'");
    refused("x\n1\n1e400\n", "got '1e400'");
    refused("a,\"b\nc,d\n", "line 1: a quote is not closed");
    refused("a,\"b\"c\n", "line 1: text behind a closed quote");
    char *nul = calloc(4, 1);
    memcpy(nul, "1 2", 3);
    expect(mf_table_parse(&table, nul, 4, &err) == MF_EFORMAT, "bytes are no text");
    expect(mf_table_open(&table, "no/such/file", &err) == MF_EIO, "a file that is not there");
    expect(mf_table_parse(&table, calloc(1, 1), 0, &err) == MF_OK && table.columns == 0,
           "nothing is a table without columns");
    mf_table_close(&table);
    mf_table_close(&table);
}

int main(void) {
    for (int i = 0; i < TABLES; ++i)
        round_trip();
    no_table();
    return verdict();
}
