/* array_print.c: an array as text: shape, then its elements in columns, the middle of a
 * large one left out.                                                                   */
#include "array_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_ROWS = 12, SHOWN_COLUMNS = 10, CELL = 32 };

/* Which of n are shown: all, or the first ones, a gap (marked n) and the last ones. */
static size_t choose(size_t n, size_t most, size_t *shown) {
    size_t count = n <= most ? n : most, head = n <= most ? n : most / 2;
    for (size_t i = 0; i < count; ++i)
        shown[i] = i < head ? i : i == head && n > most ? n : n - (count - i);
    return count;
}

typedef struct {
    const mfl_array *a;
    size_t rows[SHOWN_ROWS], cols[SHOWN_COLUMNS], n_rows, n_cols;
    const char *format;
} picture;

static double cell_value(const picture *p, size_t i, size_t j) {
    return p->a->ndim == 1 ? p->a->data[p->cols[j] * p->a->stride]
                           : p->a->data[p->rows[i] * p->a->stride + p->cols[j]];
}

static bool is_gap(const picture *p, size_t i, size_t j) {
    return p->cols[j] == (p->a->ndim == 1 ? p->a->rows : p->a->cols) ||
           (p->a->ndim == 2 && p->rows[i] == p->a->rows);
}

/* One format for all: integers, fixed point, or exponents where the range is wide. */
static const char *choose_format(const picture *p) {
    double low = HUGE_VAL, high = 0;
    bool whole = true;
    for (size_t i = 0; i < p->n_rows; ++i)
        for (size_t j = 0; j < p->n_cols; ++j) {
            double x = is_gap(p, i, j) ? 0 : fabs(cell_value(p, i, j));
            if (!isfinite(x))
                continue;
            whole = whole && x == floor(x);
            high = fmax(high, x);
            if (x > 0)
                low = fmin(low, x);
        }
    if (whole && high < 1e7)
        return "%.0f";
    return high < 1e5 && low >= 1e-3 ? "%.4f" : "%.4e";
}

static void write_cell(const picture *p, size_t i, size_t j, char *out) {
    double x = is_gap(p, i, j) ? 0 : cell_value(p, i, j);
    if (is_gap(p, i, j))
        snprintf(out, CELL, "...");
    else if (isnan(x))
        snprintf(out, CELL, "nan");
    else
        snprintf(out, CELL, p->format, x);
}

int mfl_array_tostring(lua_State *L) {
    picture p = {.a = mfl_array_check(L, 1), .n_rows = 1};
    const bool vector = p.a->ndim == 1;
    p.n_cols = choose(vector ? p.a->rows : p.a->cols, SHOWN_COLUMNS, p.cols);
    if (!vector)
        p.n_rows = choose(p.a->rows, SHOWN_ROWS, p.rows);
    p.format = choose_format(&p);
    char cell[CELL], padded[CELL + 8];
    size_t width = 0;
    for (size_t i = 0; i < p.n_rows; ++i)
        for (size_t j = 0; j < p.n_cols; ++j) {
            write_cell(&p, i, j, cell);
            width = strlen(cell) > width ? strlen(cell) : width;
        }
    mfl_array_push_shape(L, p.a);
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    luaL_addstring(&text, vector ? "mf.array of " : "mf.array ");
    lua_pushvalue(L, 2);
    luaL_addvalue(&text);
    for (size_t i = 0; i < p.n_rows; ++i) {
        if (p.n_cols)
            luaL_addstring(&text, vector ? ":" : "\n");
        for (size_t j = 0; j < p.n_cols; ++j) {
            write_cell(&p, i, j, cell);
            snprintf(padded, sizeof padded, "  %*s", vector ? 0 : (int)width, cell);
            luaL_addstring(&text, padded);
        }
    }
    luaL_pushresult(&text);
    return 1;
}
