/* table.c: tables of text: one pass finds the cells in place, others make numbers of them. */
#include "table.h"

#include "file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    NUMBER = 400, /* bytes of the longest number            */
    SHOWN = 40    /* bytes of a cell or a name in a message */
};

/* ---- lines into cells --------------------------------------------------------------------- */

typedef struct {
    mf_table *table;
    char *at, *end;
    char separator; /* ' ' stands for any number of blanks and tabs */
    size_t line;    /* of `at`, from 1 */
    size_t cells, cell_room, records, line_room;
    mf_error *err;
} parser;

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* Is there an end of a line? CR counts only before LF or at the very end. */
static bool at_newline(const parser *p) {
    return p->at == p->end || *p->at == '\n' ||
           (*p->at == '\r' && (p->at + 1 == p->end || p->at[1] == '\n'));
}

static void skip_newline(parser *p) {
    if (p->at < p->end && *p->at == '\r')
        ++p->at;
    if (p->at < p->end)
        ++p->at;
    ++p->line;
}

/* Blanks before or behind a cell; a tab is none where it separates. */
static void skip_blanks(parser *p) {
    while (p->at < p->end && (*p->at == ' ' || (*p->at == '\t' && p->separator != '\t')))
        ++p->at;
}

static void *grown(void *list, size_t used, size_t *room, size_t size) {
    if (used < *room)
        return list;
    *room = *room ? 2 * *room : 64;
    return realloc(list, *room * size);
}

static mf_status no_memory(parser *p) {
    return mf_fail(p->err, MF_ENOMEM, "no memory for a table of %zu lines", p->line);
}

static mf_status add_cell(parser *p, const char *at, size_t length) {
    size_t room = p->cell_room;
    mf_table_cell *more = grown(p->table->cells, p->cells, &room, sizeof *more);
    if (!more)
        return no_memory(p);
    p->table->cells = more;
    p->cell_room = room;
    more[p->cells++] = (mf_table_cell){at, length};
    return MF_OK;
}

static mf_status add_record(parser *p, size_t line) {
    size_t room = p->line_room;
    size_t *more = grown(p->table->lines, p->records, &room, sizeof *more);
    if (!more)
        return no_memory(p);
    p->table->lines = more;
    p->line_room = room;
    more[p->records++] = line;
    return MF_OK;
}

/* A cell in quotes: what it holds moves together in place. */
static mf_status quoted_cell(parser *p) {
    char *from = ++p->at, *to = from;
    size_t line = p->line;
    for (;; ++p->at) {
        if (p->at == p->end)
            return mf_fail(p->err, MF_EFORMAT, "line %zu: a quote is not closed", line);
        p->line += *p->at == '\n';
        if (*p->at == '"') {
            if (p->at + 1 == p->end || p->at[1] != '"')
                break;
            ++p->at;
        }
        *to++ = *p->at;
    }
    ++p->at;
    skip_blanks(p);
    if (!at_newline(p) && *p->at != p->separator && !(p->separator == ' ' && is_blank(p->at[-1])))
        return mf_fail(p->err, MF_EFORMAT, "line %zu: text behind a closed quote", p->line);
    return add_cell(p, from, (size_t)(to - from));
}

static mf_status bare_cell(parser *p) {
    const char *from = p->at;
    while (!at_newline(p) && *p->at != p->separator && !(p->separator == ' ' && *p->at == '\t'))
        ++p->at;
    size_t length = (size_t)(p->at - from);
    while (length > 0 && is_blank(from[length - 1]))
        --length;
    return add_cell(p, from, length);
}

/* The cells of one line; *n: how many. */
static mf_status read_record(parser *p, size_t *n) {
    for (*n = 1;; ++*n) {
        skip_blanks(p);
        mf_status status = p->at < p->end && *p->at == '"' ? quoted_cell(p) : bare_cell(p);
        if (status < 0)
            return status;
        if (p->separator == ' ')
            skip_blanks(p);
        if (at_newline(p))
            return MF_OK;
        p->at += p->separator != ' ';
    }
}

/* Is there a line without cells, or one that is a comment? Then it is passed. */
static bool pass_line(parser *p) {
    char *start = p->at;
    skip_blanks(p);
    if (p->at < p->end && *p->at == '#')
        while (p->at < p->end && *p->at != '\n')
            ++p->at;
    if (at_newline(p)) {
        skip_newline(p);
        return true;
    }
    p->at = start;
    return false;
}

/* What separates the cells of the line that begins here. */
static char separator_of(const parser *p) {
    bool comma = false, quoted = false;
    for (const char *at = p->at; at < p->end && (quoted || *at != '\n'); ++at) {
        quoted ^= *at == '"';
        if (*at == '\t' && !quoted)
            return '\t';
        comma |= *at == ',' && !quoted;
    }
    return comma ? ',' : ' ';
}

static mf_status read_records(parser *p) {
    mf_table *table = p->table;
    while (p->at < p->end) {
        if (pass_line(p))
            continue;
        if (p->records == 0)
            p->separator = separator_of(p);
        size_t line = p->line, n;
        mf_status status = read_record(p, &n);
        if (status >= 0)
            status = add_record(p, line);
        if (status < 0)
            return status;
        if (p->records == 1)
            table->columns = n;
        if (n != table->columns)
            return mf_fail(p->err, MF_EFORMAT, "line %zu has %zu cells, the first one has %zu",
                           line, n, table->columns);
        if (p->at < p->end)
            skip_newline(p);
    }
    table->rows = p->records;
    return MF_OK;
}

/* ---- cells ------------------------------------------------------------------------------------ */

static bool is_word(mf_table_cell cell, const char *word) {
    return cell.length == strlen(word) && strncasecmp(cell.at, word, cell.length) == 0;
}

bool mf_table_is_missing(mf_table_cell cell) {
    return cell.length == 0 || is_word(cell, "NA") || is_word(cell, "N/A");
}

/* inf and nan, with or without a sign. */
static bool special(mf_table_cell cell, double *x) {
    bool negative = *cell.at == '-';
    if (negative || *cell.at == '+')
        cell = (mf_table_cell){cell.at + 1, cell.length - 1};
    if (is_word(cell, "inf") || is_word(cell, "infinity"))
        *x = negative ? -HUGE_VAL : HUGE_VAL;
    else if (is_word(cell, "nan"))
        *x = NAN;
    else
        return false;
    return true;
}

/* The cell as a number; false if it is none. One that is too large becomes infinite. */
static bool number(mf_table_cell cell, double *x) {
    char text[NUMBER + 1], *end;
    if (cell.length == 0 || cell.length > NUMBER)
        return false;
    if (special(cell, x))
        return true;
    for (size_t i = 0; i < cell.length; ++i) {
        char c = cell.at[i];
        text[i] = c == 'd' || c == 'D' ? 'e' : c;
        if (!strchr("0123456789+-.eE", text[i]))
            return false;
    }
    text[cell.length] = '\0';
    *x = strtod(text, &end); /* LC_NUMERIC is always "C" here */
    return end == text + cell.length;
}

mf_table_cell mf_table_get(const mf_table *table, size_t row, size_t column) {
    return table->cells[(row + table->header) * table->columns + column];
}

size_t mf_table_line(const mf_table *table, size_t row) {
    return table->lines[row + table->header];
}

mf_table_cell mf_table_name(const mf_table *table, size_t column) {
    return table->header ? table->cells[column] : (mf_table_cell){"", 0};
}

bool mf_table_is_numeric(const mf_table *table, size_t column) {
    double x;
    size_t row = 0;
    while (row < table->rows && mf_table_is_missing(mf_table_get(table, row, column)))
        ++row;
    return row == table->rows || number(mf_table_get(table, row, column), &x);
}

static int shown(mf_table_cell cell) {
    return (int)(cell.length < SHOWN ? cell.length : SHOWN);
}

mf_status mf_table_numbers(const mf_table *table, size_t column, double *out, mf_error *err) {
    for (size_t row = 0; row < table->rows; ++row) {
        mf_table_cell cell = mf_table_get(table, row, column);
        if (mf_table_is_missing(cell)) {
            out[row] = NAN;
        } else if (!number(cell, &out[row]) || !(isfinite(out[row]) || special(cell, &out[row]))) {
            mf_table_cell name = mf_table_name(table, column);
            return mf_fail(err, MF_EFORMAT,
                           "line %zu, column %zu%s%.*s%s: expected a number, got '%.*s'",
                           mf_table_line(table, row), column + 1, table->header ? " ('" : "",
                           shown(name), name.at, table->header ? "')" : "", shown(cell), cell.at);
        }
    }
    return MF_OK;
}

/* ---- tables ------------------------------------------------------------------------------------ */

/* A first line without a number is a header, unless nothing is in it. */
static bool is_header(const mf_table *table) {
    double x;
    bool words = false;
    for (size_t c = 0; c < table->columns; ++c) {
        if (number(table->cells[c], &x))
            return false;
        words |= !mf_table_is_missing(table->cells[c]);
    }
    return words;
}

mf_status mf_table_parse(mf_table *table, char *text, size_t size, mf_error *err) {
    *table = (mf_table){.text = text};
    parser p = {.table = table, .at = text, .end = text + size, .line = 1, .err = err};
    mf_status status = MF_OK;
    const char *nul = size ? memchr(text, '\0', size) : NULL;
    if (nul)
        status = mf_fail(err, MF_EFORMAT, "not a table of text: byte %zu is a NUL",
                         (size_t)(nul - text) + 1);
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        p.at += 3;
    if (status >= 0)
        status = read_records(&p);
    if (status < 0) {
        mf_table_close(table);
        return status;
    }
    table->header = table->rows > 0 && is_header(table);
    table->rows -= table->header;
    return MF_OK;
}

mf_status mf_table_open(mf_table *table, const char *path, mf_error *err) {
    mf_file file;
    char *text = NULL;
    *table = (mf_table){0};
    mf_status status = mf_file_open(&file, path, "", 0, err);
    if (status < 0)
        return status;
    if (!(text = malloc(file.size + 1)))
        status = mf_fail(err, MF_ENOMEM, "no memory for its %zu bytes", file.size);
    if (status >= 0)
        status = mf_file_read(&file, path, 0, text, file.size, err);
    size_t size = file.size;
    mf_file_close(&file);
    if (status >= 0)
        return mf_table_parse(table, text, size, err);
    free(text);
    return status;
}

void mf_table_close(mf_table *table) {
    free(table->text);
    free(table->cells);
    free(table->lines);
    *table = (mf_table){0};
}
