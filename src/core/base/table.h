/* table.h: tables of text (.tsv, .csv): lines of cells under a header, or without one.
 *
 * The first line that is neither blank nor a comment (#) says how cells are separated: by tabs
 * if it has one, else by commas, else by blanks. A cell may stand in "quotes", with "" for one
 * of them, and may then hold separators and newlines. The first line is a header if none of its
 * cells is a number. Lines end in LF or CRLF. A column whose first cell with a value is a number
 * holds numbers, and then every cell must be one; an empty cell, NA or N/A is missing. Numbers
 * have a decimal point, and inf and nan count as numbers; 1d-3 is one, as Fortran writes it.  */
#ifndef MF_TABLE_H
#define MF_TABLE_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    const char *at;
    size_t length;
} mf_table_cell;

/* A table that has been read. All zero is closed; it owns its text and its index of cells. */
typedef struct {
    char *text;
    mf_table_cell *cells; /* the header, if there is one, then rows x columns */
    size_t *lines;        /* where the header and the rows begin, from 1      */
    size_t rows, columns;
    bool header;
} mf_table;

/* Reads a file. MF_EIO: it cannot be read; MF_EFORMAT: not a table of text; the message names
 * the line. A file without a line has no columns.                                          */
mf_status mf_table_open(mf_table *table, const char *path, mf_error *err);

/* The same of `size` bytes of malloc'ed text, which the table owns, whatever comes of it. */
mf_status mf_table_parse(mf_table *table, char *text, size_t size, mf_error *err);

void mf_table_close(mf_table *table); /* idempotent */

mf_table_cell mf_table_get(const mf_table *table, size_t row, size_t column);
size_t mf_table_line(const mf_table *table, size_t row); /* of the file, from 1 */

/* The name of a column in the header; of length 0 without one. */
mf_table_cell mf_table_name(const mf_table *table, size_t column);

bool mf_table_is_missing(mf_table_cell cell);

/* Is the column one of numbers? One without any value is. */
bool mf_table_is_numeric(const mf_table *table, size_t column);

/* The column's numbers, one for each row, NaN where one is missing. MF_EFORMAT: a cell is no
 * number; the message names line, column and cell.                                         */
mf_status mf_table_numbers(const mf_table *table, size_t column, double *out, mf_error *err);

#endif
