/* cover.c: bisection of the half-line. */
#include "cover.h"

#include <stdlib.h>

static mf_status append(mf_box **list, size_t *n, size_t *room, mf_box box, mf_error *err) {
    if (*n == *room) {
        size_t more = 2 * *room + 64;
        mf_box *grown = realloc(*list, more * sizeof box);
        if (!grown)
            return mf_fail(err, MF_ENOMEM, "no memory for %zu boxes", more);
        *list = grown;
        *room = more;
    }
    (*list)[(*n)++] = box;
    return MF_OK;
}

mf_status mf_cover_push(mf_cover *c, mf_box box, mf_error *err) {
    return append(&c->todo, &c->waiting, &c->todo_room, box, err);
}

mf_box mf_cover_pop(mf_cover *c) {
    return c->todo[--c->waiting];
}

static double compact(mf_box box, double x) {
    return box.chart == MF_NEAR ? x / (1 + x) : 1 / (1 + x);
}

mf_status mf_cover_accept(mf_cover *c, mf_box box, mf_error *err) {
    double length = compact(box, box.high) - compact(box, box.low);
    c->covered += length < 0 ? -length : length;
    return append(&c->done, &c->judged, &c->done_room, box, err);
}

mf_status mf_cover_split(mf_cover *c, mf_box box, mf_error *err) {
    double middle = box.low + (box.high - box.low) / 2;
    if (!(box.low < middle && middle < box.high) || box.high - box.low < 1e-200)
        return MF_EACCURACY;
    mf_status status = mf_cover_push(c, (mf_box){box.chart, middle, box.high}, err);
    if (status >= 0)
        status = mf_cover_push(c, (mf_box){box.chart, box.low, middle}, err);
    return status;
}

void mf_cover_clear(mf_cover *c) {
    free(c->todo);
    free(c->done);
    *c = (mf_cover){0};
}
