/* cover.h: a stack of boxes still to be judged, and a list of those that are. */
#ifndef MF_COVER_H
#define MF_COVER_H

#include "box.h"

typedef struct {
    mf_box *todo, *done;
    size_t waiting, todo_room, judged, done_room;
    double covered; /* of the half-line, in t = r/(1 + r) */
} mf_cover;

mf_status mf_cover_push(mf_cover *, mf_box, mf_error *err);
mf_box mf_cover_pop(mf_cover *);
mf_status mf_cover_accept(mf_cover *, mf_box, mf_error *err);

/* Pushes both halves of a box, the left one on top; MF_EACCURACY: it is too small to cut. */
mf_status mf_cover_split(mf_cover *, mf_box, mf_error *err);
void mf_cover_clear(mf_cover *);

#endif
